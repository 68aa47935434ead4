package intake

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// cellsAtOnce bounds how many cells are compared row by row at a time.
const cellsAtOnce = 500

// freshRow is a row of the load that is being settled.
type freshRow struct {
	place usage.Place
	hash  xxh3.Uint128
	cost  money.Fixed
	wide  money.Decimal // what of the cost is too long for cost
}

// settleAmbiguous compares cells row by row with what is sealed. A cell whose rows are all there already is a part of a
// download that was cut differently, and skipped. Otherwise unbilled rows replace the older ones, and billed rows are
// added as far as they are new, or refused.
func (s *sealing) settleAmbiguous(ctx context.Context, slot usage.Slot, list []ambiguousCell, v *verdicts) error {
	for part := range slices.Chunk(list, cellsAtOnce) {
		fresh, err := s.freshRows(ctx, part)
		if err != nil {
			return err
		}
		sealed, err := s.sealedRows(ctx, part)
		if err != nil {
			return err
		}
		for _, d := range part {
			here := cellKeyOf(d.cell)
			each := s.isOld(d.cell) && eachKnown(fresh[here], sealed[here])
			known := intersect(fresh[here], sealed[here])
			switch {
			case each:
				v.skip = append(v.skip, skipped{d.cell, knownRows})
			case int64(len(known)) == d.cell.Rows:
				v.skip = append(v.skip, skipped{d.cell, knownRows})
			case !slot.Billed && s.req.answering == nil:
				v.replace(d.older)
			case s.req.Add:
				s.leaveOut(d.cell, known)
			default:
				return differ(slot, d.cell, d.older, s.called(d.cell.Entitlement))
			}
		}
	}
	return nil
}

// freshRows reads what the load has in cells.
func (s *sealing) freshRows(ctx context.Context, part []ambiguousCell) (map[cellKey][]freshRow, error) {
	var cells []usage.Cell
	for _, d := range part {
		cells = append(cells, d.cell)
	}
	out := map[cellKey][]freshRow{}
	var buf []byte
	err := s.writer.CellRows(ctx, cells, func(r usage.CellRow) error {
		row := freshRow{place: usage.Place{File: r.File, Line: r.Line}, cost: r.Cost}
		row.hash, buf = star.FingerprintOf(&r, buf)
		for _, w := range r.Wide {
			if w.Column == usage.BillingPreTaxTotal {
				row.wide = row.wide.Add(w.Value)
			}
		}
		at := cellKeyOf(usage.Cell{Entitlement: r.Entitlement, Day: r.Day})
		out[at] = append(out[at], row)
		return nil
	})
	return out, err
}

// sealedRows counts the sealed rows of cells by their hash.
func (s *sealing) sealedRows(ctx context.Context, part []ambiguousCell) (map[cellKey]map[xxh3.Uint128]int, error) {
	var cells []usage.Cell
	for _, d := range part {
		cells = append(cells, d.older...)
	}
	out := map[cellKey]map[xxh3.Uint128]int{}
	var buf []byte
	err := s.service.Rows.CellRows(ctx, s.grant.Scope, cells, func(r usage.CellRow) error {
		var h xxh3.Uint128
		h, buf = star.FingerprintOf(&r, buf)
		at := cellKeyOf(usage.Cell{Entitlement: r.Entitlement, Day: r.Day})
		if out[at] == nil {
			out[at] = map[xxh3.Uint128]int{}
		}
		out[at][h]++
		return nil
	})
	return out, err
}

// intersect lists the rows that are sealed already; of identical rows as many as are. The last of a file are taken
// first, so that which ones stay does not depend on the order of reading.
func intersect(fresh []freshRow, sealed map[xxh3.Uint128]int) (known []freshRow) {
	slices.SortFunc(fresh, func(a, b freshRow) int {
		return cmp.Or(cmp.Compare(b.place.File, a.place.File), cmp.Compare(b.place.Line, a.place.Line))
	})
	for _, r := range fresh {
		if sealed[r.hash] > 0 {
			sealed[r.hash]--
			known = append(known, r)
		}
	}
	return known
}

// eachKnown says whether all rows of each file are sealed: of files that were imported before, rows that stand in
// several of them may have been counted once.
func eachKnown(fresh []freshRow, sealed map[xxh3.Uint128]int) bool {
	byFile := map[uint16][]freshRow{}
	for _, r := range fresh {
		byFile[r.place.File] = append(byFile[r.place.File], r)
	}
	for _, rows := range byFile {
		if len(intersect(rows, maps.Clone(sealed))) < len(rows) {
			return false
		}
	}
	return true
}

// leaveOut takes single rows out of a cell of the load.
func (s *sealing) leaveOut(c usage.Cell, known []freshRow) {
	sum := s.sums[star.KeyOf(c)]
	for _, r := range known {
		sum.Subtract(r.hash.Hi, r.hash.Lo, r.cost)
		sum.AddLong(r.wide.Neg())
		s.drop = append(s.drop, r.place)
		s.file(r.place.File).skip(knownRows, 1)
	}
}
