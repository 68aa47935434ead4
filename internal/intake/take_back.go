package intake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// isWhole says whether the files of the command are all of their invoices and count instead of what is sealed: then
// what they do not have any more is taken back.
func (r *Request) isWhole() bool { return r.Complete && r.Supersede && !r.Add }

// missingCells lists the sealed cells of a slot that are not among those just read.
func missingCells(fresh []usage.Cell, have []sealedBatch) (out []usage.Cell) {
	is := map[cellKey]bool{}
	for _, c := range fresh {
		is[cellKeyOf(c)] = true
	}
	for _, h := range have {
		for at, c := range h.cells {
			if !is[at] {
				out = append(out, c)
			}
		}
	}
	return out
}

// takeBack takes cells of a billed slot out of what counts, because the files that are all of its invoice do not have
// them. Where rows of the files were kept aside, or a file could not be read, what it may be that is missing stays.
func (s *sealing) takeBack(ctx context.Context, slot usage.Slot, cells []usage.Cell) error {
	kept, all := s.unread()
	var taken, left []usage.Cell
	for _, c := range cells {
		if all || kept[strings.ToLower(c.Entitlement)] {
			left = append(left, c)
		} else {
			taken = append(taken, c)
		}
	}
	for _, c := range taken {
		s.out.Masks = append(s.out.Masks, usage.Mask{Batch: c.Batch, Entitlement: strings.ToLower(c.Entitlement), Day: c.Day})
	}
	if err := s.reportCells(ctx, slot, taken, "taken_back", "%s are sealed and no longer in the files, which are all of it: they were taken back"); err != nil {
		return err
	}
	return s.reportCells(ctx, slot, left, "not_taken_back",
		"%s are sealed and not in the files; they still count, because rows of the files that may be these were kept aside or refused. Correct the files and import them again")
}

// takeOtherMonths takes back the months of the load's invoices in which the files have no row any more.
func (s *sealing) takeOtherMonths(ctx context.Context) error {
	months, invoices := map[usage.Slot]bool{}, map[usage.Slot]bool{}
	for number := range s.touched {
		slot := s.slots[number]
		months[slot] = true
		slot.Period = 0
		invoices[slot] = slot.Billed
	}
	other := map[usage.Slot]bool{}
	for _, b := range s.have {
		invoice := b.Slot
		invoice.Period = 0
		if invoices[invoice] && !months[b.Slot] {
			other[b.Slot] = true
		}
	}
	for _, slot := range slices.SortedFunc(maps.Keys(other), compareSlots) {
		have, err := s.sealedCells(ctx, slot)
		if err != nil {
			return err
		}
		if err := s.takeBack(ctx, slot, missingCells(nil, have)); err != nil {
			return err
		}
		if _, all := s.unread(); !all {
			s.supersedeEmpty(have)
		}
	}
	return nil
}

// supersedeEmpty takes batches of which no cell counts any more out altogether: a month without rows is no month of the
// invoice.
func (s *sealing) supersedeEmpty(have []sealedBatch) {
	masked := map[usage.Mask]bool{}
	for _, m := range s.out.Masks {
		masked[m] = true
	}
	for _, h := range have {
		left := 0
		for at, c := range h.cells {
			if !masked[usage.Mask{Batch: c.Batch, Entitlement: at.entitlement, Day: at.day}] {
				left++
			}
		}
		if left == 0 {
			s.out.Supersede = append(s.out.Supersede, h.batch.Number)
			s.have = slices.DeleteFunc(s.have, func(b usage.Batch) bool { return b.Number == h.batch.Number })
		}
	}
}

// unread says of which entitlements rows of the files were kept aside; all says that they may be of any.
func (s *sealing) unread() (of map[string]bool, all bool) {
	of = map[string]bool{}
	for _, f := range s.files {
		all = all || f.failed != nil || f.asideOfAny
		maps.Copy(of, f.asideOf)
	}
	return of, all
}

// reportCells says something of sealed cells, with their rows and money.
func (s *sealing) reportCells(ctx context.Context, slot usage.Slot, cells []usage.Cell, code, format string) error {
	if len(cells) == 0 {
		return nil
	}
	cost, err := s.costOf(ctx, cells)
	if err != nil {
		return err
	}
	rows := rowsOf(cells)
	what := fmt.Sprintf("%d rows with %s %s (%s)", rows, cost, slot.Currency, s.daysOf(cells))
	s.out.Load.Problems = append(s.out.Load.Problems, usage.Problem{
		File: slotName(slot), Code: code, Verdict: usage.Warned, Rows: rows, Reason: fmt.Sprintf(format, what),
	})
	return nil
}

// daysOf names the first of some cells, and how many there are.
func (s *sealing) daysOf(cells []usage.Cell) string {
	first := slices.MinFunc(cells, func(a, b usage.Cell) int {
		if a.Day != b.Day {
			return int(a.Day) - int(b.Day)
		}
		return strings.Compare(a.Entitlement, b.Entitlement)
	})
	text := fmt.Sprintf("entitlement %s on %s", s.called(first.Entitlement), first.Day)
	if more := len(cells) - 1; more > 0 {
		text += fmt.Sprintf(", and %d more days of entitlements", more)
	}
	return text
}

// costOf is Σ BillingPreTaxTotal of sealed cells, exactly.
func (s *sealing) costOf(ctx context.Context, cells []usage.Cell) (cost money.Decimal, err error) {
	sum := money.Fixed{}
	for part := range slices.Chunk(cells, cellsAtOnce) {
		err := s.service.Rows.CellRows(ctx, s.grant.Scope, part, func(r usage.CellRow) error {
			sum = sum.Add(r.Cost)
			for _, w := range r.Wide {
				if w.Column == usage.BillingPreTaxTotal {
					cost = cost.Add(w.Value)
				}
			}
			return nil
		})
		if err != nil {
			return cost, err
		}
	}
	return cost.Add(sum.Decimal()), nil
}

// readTakenOut finds the cells of earlier loads that were taken out of what counts since: a file that was imported before
// does not bring them back. What was withdrawn may come again.
func (s *sealing) readTakenOut(ctx context.Context) error {
	s.takenOut = map[usage.Slot]map[cellKey]bool{}
	if !slices.ContainsFunc(s.files, func(f *sourceFile) bool { return f.counts() && s.old[f.Digest] }) {
		return nil
	}
	slots := map[uint32]usage.Slot{}
	return s.service.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		batches, err := s.service.Store.Batches(ctx, r, s.grant.Scope, usage.BatchFilter{Dataset: usage.DailyUsage, Superseded: true, AnyOf: s.periods()})
		if err != nil {
			return err
		}
		for _, b := range batches {
			if b.State != usage.Withdrawn {
				slots[b.Number] = b.Slot
			}
		}
		masks, err := s.service.Store.Masks(ctx, r, s.grant.Scope, slices.Sorted(maps.Keys(slots)))
		for _, m := range masks {
			at := s.takenOut[slots[m.Batch]]
			if at == nil {
				at = map[cellKey]bool{}
				s.takenOut[slots[m.Batch]] = at
			}
			at[cellKey{strings.ToLower(m.Entitlement), m.Day}] = true
		}
		return err
	})
}
