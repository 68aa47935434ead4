package intake

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// freshLine is a line that was just read, with its file.
type freshLine struct {
	file *sourceFile
	usage.SealedLine
}

// statements makes the batches of reconciliation lines: one per provider invoice and currency.
func (s *sealing) statements(ctx context.Context) error {
	groups := map[usage.Slot][]freshLine{}
	for _, f := range s.files {
		if !f.counts() {
			continue
		}
		slices.SortFunc(f.lines, func(a, b usage.StatementLine) int { return cmp.Compare(a.Line, b.Line) })
		for _, l := range f.lines {
			p, err := s.periodOf(l.InvoiceNumber, f.name)
			if err != nil {
				return err
			}
			slot := usage.Slot{
				Connector: Connector, Dataset: usage.Reconciliation, Account: strings.ToLower(l.PartnerID), Currency: l.Currency,
				Period: p, Billed: l.InvoiceNumber != "", Invoice: l.InvoiceNumber,
			}
			groups[slot] = append(groups[slot], freshLine{f, usage.SealedLine{File: f.Digest, Period: p, StatementLine: l}})
		}
	}
	for _, slot := range slices.SortedFunc(maps.Keys(groups), compareSlots) {
		if err := s.statement(ctx, slot, groups[slot]); err != nil {
			return err
		}
	}
	for _, slot := range slices.SortedFunc(maps.Keys(groups), compareSlots) {
		if err := s.reportCredited(ctx, slot, groups[slot]); err != nil {
			return err
		}
	}
	return nil
}

// periodOf is the period of an invoice: that of imported billed rows which name it, else the one asked for.
func (s *sealing) periodOf(invoice, file string) (period.Month, error) {
	found := usage.PeriodOf(s.have, invoice)
	if found != 0 {
		return found, nil
	}
	if p := cmp.Or(s.req.Period, s.req.answering.monthOf(invoice)); p != 0 {
		return p, nil
	}
	return 0, fault.New(fault.Invalid, "period_unknown",
		"%s: no imported usage names invoice %s, so its period is not known; nothing was imported. Say --period YYYY-MM", file, invoice)
}

// statement seals the lines of one invoice, as far as they are not sealed already. Lines that differ from sealed ones
// are a Conflict, unless they are to be added or to replace them. Unbilled lines are replaced by a newer download,
// and by the lines of the invoice.
func (s *sealing) statement(ctx context.Context, slot usage.Slot, lines []freshLine) error {
	if s.linesCovered(slot) {
		for _, l := range lines {
			l.file.skip(isCovered, 1)
		}
		return nil
	}
	sealed, batches, err := s.sealedLines(ctx, slot)
	if err != nil {
		return err
	}
	all := sealed.Len()
	fresh := s.takeKnown(lines, sealed)
	if err := s.linesRepeat(slot, lines, fresh); err != nil {
		return err
	}
	other := len(fresh) > 0 || s.req.Supersede && (sealed.Len() > 0 || slices.ContainsFunc(batches, func(b usage.Batch) bool { return b.Slot.Period != slot.Period }))
	switch {
	case len(batches) == 0 || !other || s.req.answering != nil: // then they come on top, also of unbilled ones
	case s.req.Supersede, !slot.Billed:
		s.reportLinesTakenBack(slot, batches, lines, fresh, sealed.Len())
		fresh = lines
		for _, b := range batches {
			s.out.Supersede = append(s.out.Supersede, b.Number)
		}
	case !s.req.Add:
		return fault.New(fault.Conflict, "lines_differ",
			"%d reconciliation lines of %s are sealed already, and %d of the %d just read are not among them; nothing was imported. Import with --add if they come on top, or with --supersede if they replace the sealed ones",
			all, slotName(slot), len(fresh), len(lines))
	}
	s.countSkipped(lines, fresh)
	if slot.Billed {
		for _, b := range s.have {
			if b.Slot.Dataset == usage.Reconciliation && !b.Slot.Billed && b.Slot.Account == slot.Account && b.Slot.Currency == slot.Currency && b.Slot.Period == slot.Period {
				s.out.Supersede = append(s.out.Supersede, b.Number)
			}
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return s.lineBatch(slot, fresh)
}

// linesRepeat is a Conflict when lines stand in more than one file of the command, unless --add says that all count: no
// other source says how often they do. Known lines stay as often as they are sealed.
func (s *sealing) linesRepeat(slot usage.Slot, lines, fresh []freshLine) error {
	if s.req.Add {
		return nil
	}
	if s.req.Supersede {
		fresh = lines
	}
	first := map[string]*sourceFile{}
	again, cost := 0, money.Decimal{}
	var here, there *sourceFile
	for _, l := range fresh {
		content := usage.Content(l.StatementLine)
		f := first[content]
		if f == nil {
			first[content] = l.file
		} else if f != l.file {
			again, cost, here, there = again+1, cost.Add(l.Subtotal), f, l.file
		}
	}
	if again == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "lines_repeated",
		"%d reconciliation lines with %s %s of %s stand in %s and in %s; nothing was imported. Import with --add if all of them count; if the files overlap, import one command after the other, the second with --add",
		again, cost, slot.Currency, slotName(slot), here.name, there.name)
}

// reportLinesTakenBack says what of the sealed lines of an invoice is not among those that replace them; fresh are those of the
// latter that were not sealed.
func (s *sealing) reportLinesTakenBack(slot usage.Slot, batches []usage.Batch, lines, fresh []freshLine, gone int) {
	if !slot.Billed || gone == 0 {
		return
	}
	cost := money.Decimal{}
	for _, b := range batches {
		cost = cost.Add(b.Cost)
	}
	for _, l := range lines {
		cost = cost.Sub(l.Subtotal)
	}
	for _, l := range fresh {
		cost = cost.Add(l.Subtotal)
	}
	s.out.Load.Problems = append(s.out.Load.Problems, usage.Problem{
		File: slotName(slot), Code: "taken_back", Verdict: usage.Warned, Rows: int64(gone),
		Reason: fmt.Sprintf("%d reconciliation lines with %s %s are sealed and not among those that replace them: they no longer count", gone, cost, slot.Currency),
	})
}

// linesCovered says whether lines are unbilled, and the invoice of their period has come.
func (s *sealing) linesCovered(slot usage.Slot) bool {
	is := func(o usage.Slot) bool {
		return o.Dataset == usage.Reconciliation && o.Billed && o.Account == slot.Account && o.Currency == slot.Currency && o.Period == slot.Period
	}
	return !slot.Billed && slices.ContainsFunc(s.have, func(b usage.Batch) bool { return is(b.Slot) })
}

// takeKnown takes the lines that are sealed already out of those that are, and lists the others. Where a known line is
// sealed once more, because others replace what is sealed, it stays what it was: as the earlier reading had it.
func (s *sealing) takeKnown(lines []freshLine, sealed *star.LineSet) (fresh []freshLine) {
	for i := range lines {
		if reading, known := sealed.Take(lines[i].StatementLine); known {
			lines[i].StatementLine = lines[i].As(reading)
		} else {
			fresh = append(fresh, lines[i])
		}
	}
	return fresh
}

// sealedLines counts the sealed lines of an invoice, in whichever period they are.
func (s *sealing) sealedLines(ctx context.Context, slot usage.Slot) (*star.LineSet, []usage.Batch, error) {
	var batches []usage.Batch
	numbers := map[uint32]bool{}
	periods := map[period.Month]bool{}
	for _, b := range s.have {
		o := b.Slot
		if o.Period = slot.Period; o != slot || !slot.Billed && b.Slot.Period != slot.Period {
			continue
		}
		batches = append(batches, b)
		numbers[b.Number], periods[b.Slot.Period] = true, true
	}
	out := &star.LineSet{}
	if len(batches) == 0 {
		return out, nil, nil
	}
	err := s.service.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		for p := range periods {
			list, err := s.service.Store.Statement(ctx, r, s.grant.Scope, p)
			if err != nil {
				return err
			}
			for i := range list {
				if numbers[list[i].Batch] {
					out.Add(list[i].StatementLine)
				}
			}
		}
		return nil
	})
	return out, batches, err
}

// countSkipped counts the lines that are not sealed again with the files they came from.
func (s *sealing) countSkipped(lines, fresh []freshLine) {
	n := map[*sourceFile]int64{}
	for _, l := range lines {
		n[l.file]++
	}
	for _, l := range fresh {
		n[l.file]--
	}
	for f, rows := range n {
		f.skip(knownRows, rows)
	}
}

// warnOfLines warns of lines that do not come to what they print, or whose dates cannot be: by file and line, up to a limit
// for each file.
func warnOfLines(fresh []freshLine) {
	for _, l := range fresh {
		for _, d := range l.Warnings() {
			d.File = l.file.name
			l.file.warnOfLine(d)
		}
	}
}

// lineBatch makes the batch of fresh lines of one invoice.
func (s *sealing) lineBatch(slot usage.Slot, fresh []freshLine) error {
	number, err := s.loading.batch(slot)
	if err != nil {
		return err
	}
	b := usage.Batch{
		ID:     id.Batch("bat_" + id.Derive("batch", fmt.Sprint(s.number), fmt.Sprint(number))),
		Number: number, Load: s.out.Load.ID, LoadNumber: s.number, Slot: slot, State: usage.Sealed, Complete: true,
		Rows: int64(len(fresh)), SealedAt: s.at,
	}
	all := make([]string, len(fresh))
	warnOfLines(fresh)
	for i, l := range fresh {
		l.Batch = number
		all[i] = usage.Content(l.StatementLine)
		b.Cost = b.Cost.Add(l.Subtotal)
		s.out.Lines = append(s.out.Lines, l.SealedLine)
	}
	b.Digest = star.LinesDigest(all)
	s.out.Batches = append(s.out.Batches, b)
	s.have = append(s.have, b)
	return nil
}
