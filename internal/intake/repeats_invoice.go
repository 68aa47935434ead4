package intake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// repeatsInvoice is a Conflict when days of entitlements of a provider's invoice hold the very rows that another invoice
// holds for the same days: the provider voided that one and billed again, or its number was changed. Late usage, other
// rows of those days, is taken. Unless --add says that both count, the other invoice has to be withdrawn first. The load
// must be closed: its rows are read.
func (s *sealing) repeatsInvoice(ctx context.Context) error {
	if s.req.Add {
		return nil
	}
	masked := map[usage.Mask]bool{}
	for _, m := range slices.Concat(s.masks, s.out.Masks) {
		m.Entitlement = strings.ToLower(m.Entitlement)
		masked[m] = true
	}
	fresh := s.sums.List()
	for _, b := range s.out.Batches {
		if !b.Slot.Billed || b.Slot.Dataset != usage.DailyUsage {
			continue
		}
		for _, o := range s.have {
			if o.Slot == b.Slot || !o.Slot.Billed || !sameMonth(o.Slot, b.Slot) || s.superseded(o.Number) || o.LoadNumber == s.number && o.Number > b.Number {
				continue
			}
			if err := s.repeatsBatch(ctx, b, o, fresh, masked); err != nil {
				return err
			}
		}
	}
	return nil
}

// repeatsBatch holds a batch of the load against one of another invoice.
func (s *sealing) repeatsBatch(ctx context.Context, b, other usage.Batch, fresh []usage.Cell, masked map[usage.Mask]bool) error {
	have := map[cellKey]usage.Cell{}
	cells, err := s.service.Rows.Cells(ctx, s.grant.Scope, []uint32{other.Number})
	if err != nil {
		return err
	}
	for _, c := range cells {
		if !masked[usage.Mask{Batch: c.Batch, Entitlement: strings.ToLower(c.Entitlement), Day: c.Day}] {
			have[cellKeyOf(c)] = c
		}
	}
	var candidates []usage.Cell // one behind the other: of the load, and of the other
	for _, c := range fresh {
		if o, is := have[cellKeyOf(c)]; is && c.Batch == b.Number && o.Rows == c.Rows {
			candidates = append(candidates, c, o)
		}
	}
	names := entryNames{s: s, of: map[uint32]map[uint32]usage.Hash{}}
	rows, cost := int64(0), money.Decimal{}
	var first usage.Cell
	for part := range slices.Chunk(candidates, cellsAtOnce) { // an even number
		sums, err := s.withoutInvoice(ctx, part, &names, map[uint32]uint32{b.Number: b.LoadNumber, other.Number: other.LoadNumber})
		if err != nil {
			return err
		}
		for pair := range slices.Chunk(part, 2) {
			mine, theirs := sums[star.KeyOf(lower(pair[0]))], sums[star.KeyOf(lower(pair[1]))]
			if mine == nil || theirs == nil || *mine != *theirs {
				continue
			}
			if rows == 0 {
				first = pair[0]
			}
			rows, cost = rows+pair[0].Rows, cost.Add(mine.cost.Decimal()).Add(money.MustParse(mine.wide))
		}
	}
	if rows == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "repeats_invoice",
		"%d rows with %s %s of invoice %s are those of invoice %s but for the number, the first of entitlement %s on %s; nothing was imported. If the provider voided invoice %s, take it out first: purveyor usage withdraw --invoice %s. If both count, import with --add",
		rows, cost, b.Slot.Currency, b.Slot.Invoice, other.Slot.Invoice, s.called(first.Entitlement), first.Day, other.Slot.Invoice, other.Slot.Invoice)
}

func lower(c usage.Cell) usage.Cell {
	c.Entitlement = strings.ToLower(c.Entitlement)
	return c
}

// sumWithoutInvoice is a multiset of rows but for the number of their invoice.
type sumWithoutInvoice struct {
	hash [16]byte
	cost money.Fixed
	wide string // Σ of the amounts too long for cost
}

// withoutInvoice adds up the rows of cells, whichever invoice they name.
func (s *sealing) withoutInvoice(ctx context.Context, cells []usage.Cell, names *entryNames, loads map[uint32]uint32) (map[star.Key]*sumWithoutInvoice, error) {
	var rows []usage.CellRow
	err := s.service.Rows.CellRows(ctx, s.grant.Scope, cells, func(r usage.CellRow) error {
		r.Entitlement, r.Wide = strings.ToLower(r.Entitlement), slices.Clone(r.Wide)
		rows = append(rows, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := names.learn(ctx, rows, loads); err != nil {
		return nil, err
	}
	out := map[star.Key]*sumWithoutInvoice{}
	var buf []byte
	for i := range rows {
		r := &rows[i]
		r.EntryHash = names.of[loads[r.Batch]][r.Entry]
		var h xxh3.Uint128
		h, buf = star.FingerprintOf(r, buf)
		at := star.Key{Batch: r.Batch, Entitlement: r.Entitlement, Day: r.Day}
		x := out[at]
		if x == nil {
			x = &sumWithoutInvoice{wide: "0"}
			out[at] = x
		}
		x.hash, x.cost = star.AddHashes(x.hash, h.Bytes()), x.cost.Add(r.Cost)
		for _, w := range r.Wide {
			if w.Column == usage.BillingPreTaxTotal {
				x.wide = money.MustParse(x.wide).Add(w.Value).String()
			}
		}
	}
	return out, nil
}

// entryNames are hashes of entries but for the number of their invoice, by load and number.
type entryNames struct {
	s  *sealing
	of map[uint32]map[uint32]usage.Hash
}

// learn reads the entries of rows that are not known yet.
func (n *entryNames) learn(ctx context.Context, rows []usage.CellRow, loads map[uint32]uint32) error {
	need := map[uint32]map[uint32]bool{}
	for i := range rows {
		load := loads[rows[i].Batch]
		if n.of[load] == nil {
			n.of[load] = map[uint32]usage.Hash{}
		}
		if _, known := n.of[load][rows[i].Entry]; !known {
			if need[load] == nil {
				need[load] = map[uint32]bool{}
			}
			need[load][rows[i].Entry] = true
		}
	}
	canon := star.CanonicalFormOf(usage.Reading)
	for load, numbers := range need {
		err := n.s.service.Rows.Entries(ctx, n.s.grant.Scope, load, slices.Sorted(maps.Keys(numbers)), func(e usage.EntryRecord) error {
			var values [usage.NumColumns][]byte
			for c := range values {
				values[c] = []byte(e.Value[c])
			}
			values[usage.InvoiceNumber] = nil
			n.of[load][e.Number] = star.HashOf(canon.Entry(nil, &values))
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading the entries of load %d: %w", load, err)
		}
	}
	return nil
}
