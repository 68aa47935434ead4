package intake

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// sealing turns what was read into what the ledger records.
type sealing struct {
	*loading
	req      Request
	grant    access.Grant
	have     []usage.Batch
	masks    []usage.Mask
	old      map[string]bool                 // digests of files that earlier loads read
	takenOut map[usage.Slot]map[cellKey]bool // cells of earlier loads that were taken out since; only where a file is old
	sums     star.Cells
	// slots that the load has rows of, sealed before or not
	touched     map[uint32]bool
	at          time.Time
	twice       map[entryOf]*surplus // rows that stand in several files of the load
	drop        []usage.Place        // rows of the load that are sealed already, one by one
	removed     []usage.Cell         // cells of the load that are not sealed again
	done        []completion
	marks       []uint32 // batches of earlier loads that are complete now
	aside       asides
	superseding []usage.Batch // unbilled ones that do not count any more
	out         usage.Seal
}

// seal settles usage and lines; the rows of the load that do not count are taken out of it again.
func (s *sealing) seal(ctx context.Context) error {
	loadID := id.Load("lod_" + id.Derive("load", fmt.Sprint(s.number)))
	s.out.Load = usage.Load{ID: loadID, Number: s.number, At: s.at}
	if s.note != "" {
		s.out.Load.Problems = append(s.out.Load.Problems, usage.Problem{Code: "ledger_older", Reason: s.note, Verdict: usage.Noted})
	}
	s.keptAside()
	if err := s.readTakenOut(ctx); err != nil {
		return err
	}
	if err := s.usage(ctx); err != nil {
		return err
	}
	if err := s.statements(ctx); err != nil {
		return err
	}
	s.countRows()
	return nil
}

// close makes the rows of the load durable. Without any, nothing of it is kept: all its rows are sealed already, or are
// reconciliation lines, which are the ledger's.
func (s *sealing) close(ctx context.Context) error {
	if s.sealsRows() {
		return s.writer.Close(ctx)
	}
	return s.writer.Abort(ctx)
}

func (s *sealing) sealsRows() bool {
	return slices.ContainsFunc(s.out.Batches, func(b usage.Batch) bool { return b.Slot.Dataset == usage.DailyUsage })
}

// order is the slots of the load, billed ones first: whether they are complete decides what unbilled rows are worth.
func (s *sealing) order() []uint32 {
	return slices.SortedFunc(maps.Keys(s.slots), func(a, b uint32) int { return compareSlots(s.slots[a], s.slots[b]) })
}

// usage settles overlap slot by slot, and makes the batches of what is left.
func (s *sealing) usage(ctx context.Context) error {
	if s.req.isWhole() {
		if err := s.takeOtherMonths(ctx); err != nil {
			return err
		}
	}
	all := s.sums.List()
	said := false
	for _, number := range s.order() {
		slot := s.slots[number]
		if !slot.Billed && !said {
			s.completeStated()
			said = true
		}
		fresh := slices.DeleteFunc(slices.Clone(all), func(c usage.Cell) bool { return c.Batch != number })
		if len(fresh) == 0 {
			continue
		}
		v, err := s.overlap(ctx, slot, fresh)
		if err != nil {
			return err
		}
		for _, x := range v.skip {
			s.removed = append(s.removed, x.cell)
			s.skip(x)
		}
		s.replaced(v, fresh)
		if err := s.takeBack(ctx, slot, v.taken); err != nil {
			return err
		}
		s.out.Masks = append(s.out.Masks, v.masks...)
		if b, any := s.batch(number, slot); any {
			s.out.Batches = append(s.out.Batches, b)
			s.have = append(s.have, b)
		}
	}
	if !said {
		s.completeStated()
	}
	if err := s.writer.Remove(ctx, s.removed); err != nil {
		return err
	}
	if err := s.writer.RemoveRows(ctx, s.drop); err != nil {
		return err
	}
	if err := s.findRepeats(ctx); err != nil {
		return err
	}
	for file, lines := range s.once { // a rebuild passes over them too
		for line := range lines {
			s.drop = append(s.drop, usage.Place{File: file, Line: uint32(line)})
		}
	}
	return s.writer.PutCells(ctx, s.sums.List())
}

// overlap holds the cells of a slot against what is sealed there.
func (s *sealing) overlap(ctx context.Context, slot usage.Slot, fresh []usage.Cell) (verdicts, error) {
	have, err := s.sealedCells(ctx, slot)
	if err != nil {
		return verdicts{}, err
	}
	v, err := overlap(slot, fresh, have, !slot.Billed && s.covered(slot), mode{
		extra: s.req.answering != nil, add: s.req.Add, supersede: s.req.Supersede, whole: s.req.isWhole(), old: s.isOld,
		takenOut: func(c usage.Cell) bool { return s.takenOut[slot][cellKeyOf(c)] }, called: s.called,
	})
	if err != nil {
		return v, err
	}
	return v, s.settleAmbiguous(ctx, slot, v.ambiguous, &v)
}

// isOld says whether an earlier load read every file that a cell is from.
func (s *sealing) isOld(c usage.Cell) bool {
	return !slices.ContainsFunc(s.files, func(f *sourceFile) bool { return f.rowsIn(c) > 0 && !s.old[f.Digest] })
}

// rowsIn is how many rows of a cell a file brought.
func (f *sourceFile) rowsIn(c usage.Cell) int64 {
	if sum := f.cells[star.KeyOf(c)]; sum != nil && f.counts() {
		return sum.Rows()
	}
	return 0
}

// counts says whether rows of the file count at all.
func (f *sourceFile) counts() bool { return f.failed == nil && !f.repeats }

func (s *sealing) file(number uint16) *sourceFile { return s.files[number-1] }

// skip leaves a cell out and counts its rows with the files they came from.
func (s *sealing) skip(x skipped) {
	delete(s.sums, star.KeyOf(x.cell))
	for _, f := range s.files {
		f.skip(x.why, f.rowsIn(x.cell))
	}
}

// replaced says how many older rows are superseded, with the first file that brought newer ones.
func (s *sealing) replaced(v verdicts, fresh []usage.Cell) {
	if v.replacedRows == 0 {
		return
	}
	for _, f := range s.files {
		if slices.ContainsFunc(fresh, func(c usage.Cell) bool { return f.rowsIn(c) > 0 }) {
			f.problems = append(f.problems, usage.Problem{
				File: f.name, Code: "replaced_rows", Verdict: usage.Noted, Rows: v.replacedRows,
				Reason: fmt.Sprint(v.replacedRows, " rows sealed before gave way to newer ones of the same entitlements and days"),
			})
			return
		}
	}
}

// compareSlots puts billed slots first.
func compareSlots(a, b usage.Slot) int {
	if a.Billed != b.Billed {
		if a.Billed {
			return -1
		}
		return 1
	}
	return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(string(a.Currency), string(b.Currency)),
		cmp.Compare(a.Period, b.Period), strings.Compare(a.Invoice, b.Invoice))
}

// sealedCells reads what earlier loads sealed in a slot.
func (s *sealing) sealedCells(ctx context.Context, slot usage.Slot) ([]sealedBatch, error) {
	var out []sealedBatch
	var earlier []uint32
	at := map[uint32]int{}
	for _, b := range s.have {
		if b.Slot != slot || b.LoadNumber == s.number {
			continue
		}
		at[b.Number] = len(out)
		out = append(out, sealedBatch{b, map[cellKey]usage.Cell{}})
		earlier = append(earlier, b.Number)
	}
	cells, err := s.service.Rows.Cells(ctx, s.grant.Scope, earlier)
	if err != nil {
		return nil, err
	}
	for _, c := range cells {
		out[at[c.Batch]].cells[cellKeyOf(c)] = c
	}
	for _, m := range s.masks {
		if i, ok := at[m.Batch]; ok {
			delete(out[i].cells, cellKey{strings.ToLower(m.Entitlement), m.Day})
		}
	}
	return out, nil
}

// batch makes the batch of a slot from the cells that are left.
func (s *sealing) batch(number uint32, slot usage.Slot) (usage.Batch, bool) {
	b := usage.Batch{
		ID:     id.Batch("bat_" + id.Derive("batch", fmt.Sprint(s.number), fmt.Sprint(number))),
		Number: number, Load: s.out.Load.ID, LoadNumber: s.number, Slot: slot, State: usage.Sealed, SealedAt: s.at,
	}
	var cells []usage.Cell
	for _, c := range s.sums.List() {
		if c.Batch == number {
			cells = append(cells, c)
			b.Rows += c.Rows
			b.Cost = b.Cost.Add(s.sums[star.KeyOf(c)].Total())
		}
	}
	b.Digest = star.CellsDigest(cells)
	return b, b.Rows > 0
}

// countRows says where the rows of each file went.
func (s *sealing) countRows() {
	for _, f := range s.files {
		c := usage.Counts{In: f.in, Quarantined: f.aside, Skipped: f.skipped()}
		switch {
		case f.failed != nil:
			s.out.Load.FilesRefused++
			c = usage.Counts{In: f.in, Refused: f.in}
			s.out.Load.Problems = append(s.out.Load.Problems, usage.Problem{
				File: f.name, Code: fault.CodeOf(f.failed), Reason: f.failed.Error(), Verdict: usage.Refused, Rows: f.in,
			})
		default:
			s.out.Load.Problems = append(s.out.Load.Problems, f.report()...)
		}
		c.Sealed = c.In - c.Quarantined - c.Refused - c.Skipped
		f.Rows = c
		slices.SortFunc(f.AsPrinted, func(a, b usage.AsPrinted) int { return cmp.Compare(a.Line, b.Line) })
		s.out.Load.Rows = s.out.Load.Rows.Add(c)
		s.out.Load.Files = append(s.out.Load.Files, f.File)
	}
}
