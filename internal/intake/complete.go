package intake

import (
	"context"
	"fmt"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// The ways in which billed rows come to be known as complete (money-path §3).
const (
	bySaying   = "said" // --complete
	byManifest = "manifest"
	byControls = "control_totals"
)

// completion is a batch that is now known to be complete, and by what.
type completion struct {
	Batch   usage.Batch `json:"-"`
	Invoice string      `json:"invoice"`
	Period  string      `json:"period"`
	By      string      `json:"by"`
}

// completeStated completes the billed slots of the load of which the command or a manifest says so. Nothing is complete of
// which pages are missing.
func (s *sealing) completeStated() {
	if slices.ContainsFunc(s.files, func(f *sourceFile) bool { return f.partial && f.counts() }) {
		return
	}
	listed := s.listed()
	for _, number := range s.order() {
		slot := s.slots[number]
		switch {
		case !slot.Billed || !s.touched[number]:
		case s.req.Complete:
			s.complete(slot, bySaying)
		case listed[number]:
			s.complete(slot, byManifest)
		}
	}
}

// complete marks the batches of an invoice's month; who says so himself means all billed rows of the invoice's own
// month. Once they are complete, unbilled rows of the month are superseded. Rows of an earlier month are late usage:
// they say nothing about the rest of it.
func (s *sealing) complete(slot usage.Slot, by string) {
	if open := s.against(slot, by); len(open) > 0 {
		s.notComplete(slot, by, open)
		return
	}
	own := s.isOwn(slot)
	for i := range s.have {
		b := &s.have[i]
		mine := b.Slot == slot || by == bySaying && own && b.Slot.Billed && sameMonth(b.Slot, slot)
		if mine && !b.Complete && !s.superseded(b.Number) {
			b.Complete = true
			s.done = append(s.done, completion{*b, b.Slot.Invoice, b.Slot.Period.String(), by})
		}
	}
	if own && s.covered(slot) {
		s.supersedeUnbilled(slot)
		s.nowBilled(slot)
	}
}

// isOwn says whether the month of a billed slot is the one its invoice is for.
func (s *sealing) isOwn(slot usage.Slot) bool {
	return usage.PeriodOf(s.have, slot.Invoice) == slot.Period
}

func (s *sealing) superseded(number uint32) bool { return slices.Contains(s.out.Supersede, number) }

// supersedeUnbilled takes the unbilled batches of a month out of what counts.
func (s *sealing) supersedeUnbilled(slot usage.Slot) {
	for _, b := range s.have {
		if !b.Slot.Billed && sameMonth(b.Slot, slot) && !s.superseded(b.Number) {
			s.out.Supersede = append(s.out.Supersede, b.Number)
			s.superseding = append(s.superseding, b)
		}
	}
}

// reportSuperseded says what the unbilled rows come to that no longer count, because the billed ones of their month are complete.
func (s *sealing) reportSuperseded(ctx context.Context) error {
	for _, b := range s.superseding {
		was, err := s.service.counted(ctx, s.grant, b, slices.Concat(s.masks, s.out.Masks))
		if err != nil {
			return err
		}
		if was.Rows > 0 {
			s.out.Load.Problems = append(s.out.Load.Problems, usage.Problem{
				File: slotName(b.Slot), Code: "gave_way", Verdict: usage.Noted, Rows: was.Rows,
				Reason: fmt.Sprintf("%d unbilled rows with %s %s do not count any more: the billed rows of their month are complete", was.Rows, was.Cost, was.Currency),
			})
		}
	}
	return nil
}

// covered says whether the billed set of a slot's month is complete: there is one, and no batch of it is not.
func (s *sealing) covered(slot usage.Slot) bool {
	complete := false
	for _, b := range s.have {
		if !b.Slot.Billed || !sameMonth(b.Slot, slot) || !s.isOwn(b.Slot) || s.superseded(b.Number) {
			continue
		}
		if !b.Complete {
			return false
		}
		complete = true
	}
	return complete
}

// sameMonth says whether two slots of daily usage are of one account, currency and period.
func sameMonth(a, b usage.Slot) bool {
	return a.Dataset == usage.DailyUsage && b.Dataset == usage.DailyUsage && a.Connector == b.Connector && a.Account == b.Account &&
		a.Currency == b.Currency && a.Period == b.Period
}

// control completes the invoices the load touches whose reconciliation lines all equal their rows, and whose rows all
// stand behind a line. The load must be closed: its rows are read.
func (s *sealing) control(ctx context.Context) error {
	seen := map[usage.Slot]bool{}
	for _, b := range s.out.Batches {
		if b.Slot.Invoice == "" || s.superseded(b.Number) {
			continue
		}
		at := b.Slot
		at.Dataset, at.Period = "", 0
		if seen[at] {
			continue
		}
		seen[at] = true
		settled, batches, err := s.settled(ctx, at)
		if err != nil {
			return err
		}
		if settled {
			for _, x := range batches {
				s.complete(x.Slot, byControls)
			}
		}
	}
	return nil
}

// settled says whether the rows and lines of an invoice account for each other, unless its rows are complete anyway.
func (s *sealing) settled(ctx context.Context, invoice usage.Slot) (bool, []usage.Batch, error) {
	var rows, lines []usage.Batch
	open := false
	for _, b := range s.have {
		at := b.Slot
		if at.Dataset, at.Period = "", 0; at != invoice || s.superseded(b.Number) {
			continue
		}
		if b.Slot.Dataset == usage.DailyUsage {
			rows = append(rows, b)
			open = open || !b.Complete
		} else {
			lines = append(lines, b)
		}
	}
	if !open || len(lines) == 0 {
		return false, nil, nil
	}
	printed, err := s.printed(ctx, lines)
	if err != nil {
		return false, nil, err
	}
	totals, err := usage.ReadControls(ctx, s.service.Rows, s.grant.Scope, rows, slices.Concat(s.masks, s.out.Masks))
	if err != nil {
		return false, nil, err
	}
	return totals.Settled(printed), rows, nil
}

// printed reads the lines of batches: those of this load are at hand, the others are in the ledger.
func (s *sealing) printed(ctx context.Context, batches []usage.Batch) (out []usage.StatementLine, err error) {
	numbers, periods := map[uint32]bool{}, map[period.Month]bool{}
	for _, b := range batches {
		numbers[b.Number] = true
		if b.LoadNumber != s.number {
			periods[b.Slot.Period] = true
		}
	}
	take := func(list []usage.SealedLine) {
		for i := range list {
			if numbers[list[i].Batch] {
				out = append(out, list[i].StatementLine)
			}
		}
	}
	take(s.out.Lines)
	if len(periods) == 0 {
		return out, nil
	}
	err = s.service.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		for p := range periods {
			list, err := s.service.Store.Statement(ctx, r, s.grant.Scope, p)
			if err != nil {
				return err
			}
			take(list)
		}
		return nil
	})
	return out, err
}

// finish puts what is complete into the seal, and says so.
func (s *sealing) finish() {
	s.recordAsides()
	s.otherMonths()
	done := map[uint32]bool{}
	for _, c := range s.done {
		done[c.Batch.Number] = true
		if c.Batch.LoadNumber != s.number {
			s.marks = append(s.marks, c.Batch.Number)
		}
		if c.By != bySaying {
			s.out.Load.Problems = append(s.out.Load.Problems, usage.Problem{
				File: slotName(c.Batch.Slot), Code: "found_complete", Verdict: usage.Noted,
				Reason: fmt.Sprintf("the %d billed rows sealed as %s are complete (%s)", c.Batch.Rows, c.Batch.ID, c.By),
			})
		}
	}
	for i := range s.out.Batches {
		s.out.Batches[i].Complete = s.out.Batches[i].Complete || done[s.out.Batches[i].Number]
	}
	slices.Sort(s.out.Supersede)
	s.out.Supersede = slices.Compact(s.out.Supersede)
	slices.SortFunc(s.out.Batches, func(a, b usage.Batch) int { return int(a.Number) - int(b.Number) })
}

// write records a load in the ledger, with what it completes: one transaction.
func (s *sealing) write(ctx context.Context, t tx.Tx) error {
	v := s.service
	if err := v.Store.Seal(ctx, t, s.out); err != nil {
		return err
	}
	if err := v.Events.Append(ctx, t, event.UsageSealed, s.grant.Actor, string(s.out.Load.ID), s.out.Load.Rows); err != nil {
		return err
	}
	if err := s.recordPrinted(ctx, t); err != nil {
		return err
	}
	if err := v.Store.MarkComplete(ctx, t, s.grant.Scope, s.marks); err != nil {
		return err
	}
	for _, c := range s.done {
		if err := v.Events.Append(ctx, t, event.UsageComplete, s.grant.Actor, string(c.Batch.ID), c); err != nil {
			return err
		}
	}
	return nil
}
