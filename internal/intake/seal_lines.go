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
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// freshLine is a line that was just read, with its file and what makes it the same line wherever it stands.
type freshLine struct {
	file    *sourceFile
	content string
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
			groups[slot] = append(groups[slot], freshLine{f, usage.Content(l), usage.SealedLine{File: f.Digest, Period: p, StatementLine: l}})
		}
	}
	for _, slot := range slices.SortedFunc(maps.Keys(groups), compareSlots) {
		if err := s.statement(ctx, slot, groups[slot]); err != nil {
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
	if s.req.Period != 0 {
		return s.req.Period, nil
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
	left := maps.Clone(sealed)
	fresh := slices.DeleteFunc(slices.Clone(lines), func(l freshLine) bool {
		known := left[l.content] > 0
		left[l.content]--
		return known
	})
	other := len(fresh) > 0 || s.req.Supersede && (len(lines) < count(sealed) || slices.ContainsFunc(batches, func(b usage.Batch) bool { return b.Slot.Period != slot.Period }))
	switch {
	case len(batches) == 0 || !other:
	case s.req.Supersede, !slot.Billed:
		fresh = lines
		for _, b := range batches {
			s.out.Supersede = append(s.out.Supersede, b.Number)
		}
	case !s.req.Add:
		return fault.New(fault.Conflict, "lines_differ",
			"%d reconciliation lines of %s are sealed already, and %d of the %d just read are not among them; nothing was imported. Import with --add if they come on top, or with --supersede if they replace the sealed ones",
			count(sealed), slotName(slot), len(fresh), len(lines))
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

// linesCovered says whether lines are unbilled, and the invoice of their period has come.
func (s *sealing) linesCovered(slot usage.Slot) bool {
	is := func(o usage.Slot) bool {
		return o.Dataset == usage.Reconciliation && o.Billed && o.Account == slot.Account && o.Currency == slot.Currency && o.Period == slot.Period
	}
	return !slot.Billed && slices.ContainsFunc(s.have, func(b usage.Batch) bool { return is(b.Slot) })
}

// sealedLines counts the sealed lines of an invoice by their content, in whichever period they are.
func (s *sealing) sealedLines(ctx context.Context, slot usage.Slot) (map[string]int, []usage.Batch, error) {
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
	out := map[string]int{}
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
					out[usage.Content(list[i].StatementLine)]++
				}
			}
		}
		return nil
	})
	return out, batches, err
}

func count(lines map[string]int) (n int) {
	for _, times := range lines {
		n += times
	}
	return n
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

// doubtful warns of lines that do not come to what they print, or whose dates cannot be: by file and line, up to a limit
// for each file.
func doubtful(fresh []freshLine) {
	for _, l := range fresh {
		for _, d := range l.Doubts() {
			d.File = l.file.name
			l.file.doubt(d)
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
	doubtful(fresh)
	for i, l := range fresh {
		l.Batch = number
		all[i] = l.content
		b.Cost = b.Cost.Add(l.Subtotal)
		s.out.Lines = append(s.out.Lines, l.SealedLine)
	}
	b.Digest = star.LinesDigest(all)
	s.out.Batches = append(s.out.Batches, b)
	s.have = append(s.have, b)
	return nil
}
