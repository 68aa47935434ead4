package intake

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// aside is what a row that is kept aside says of itself, as far as it can be read.
func (w *worker) aside(r *Row) aside.Item {
	if r.Whole != nil && r.Shared != nil {
		r.Whole()
	}
	text := func(c usage.Column) string { return clip(strings.TrimSpace(string(r.Values[c]))) }
	a := aside.Item{
		Kind: aside.KeptAside, File: w.file.name, Dataset: string(usage.DailyUsage), Line: r.Line, Column: w.bad.Column, Code: w.bad.Code, Reason: w.bad.Reason,
		Value: w.bad.Value, Rows: 1, Money: money.Totals{}, Account: strings.ToLower(text(usage.PartnerID)), Invoice: text(usage.InvoiceNumber),
		Customer: text(usage.CustomerID), CustomerName: text(usage.CustomerName), Entitlement: text(usage.EntitlementID),
		EntitlementName: text(usage.EntitlementDescription), Product: text(usage.ProductID), ProductName: text(usage.ProductName), Meter: text(usage.MeterName),
	}
	a.Unbilled = a.Invoice == ""
	if d, ok := w.load.service.ParseDay(w.reading, r.Values[usage.UsageDate]); ok {
		a.Day, a.Period = d, d.Month()
	}
	amount, wrong := money.Parse(string(r.Values[usage.BillingPreTaxTotal]))
	currency, unknown := money.ParseCurrency(string(r.Values[usage.BillingCurrency]))
	if wrong != nil || unknown != nil {
		a.Unreadable = 1
	} else {
		a.Money.Add(money.Of(amount, currency))
	}
	w.buf = w.canon.Entry(w.buf[:0], &r.Values)
	h := star.HashOf(w.buf) // as the dictionary names entries
	a.Entry, a.Row = hex.EncodeToString(h[:]), w.rowHash(r)
	return a
}

// lineAside is what a statement line that is kept aside says of itself, as far as it can be read.
func (w *worker) lineAside(l *usage.StatementLine, bad *usage.Problem) aside.Item {
	a := aside.Item{
		Kind: aside.KeptAside, File: w.file.name, Dataset: string(usage.Reconciliation), Line: l.Line, Column: bad.Column, Code: bad.Code, Reason: bad.Reason,
		Value: bad.Value, Rows: 1, Money: money.Totals{}, Account: strings.ToLower(l.PartnerID), Invoice: l.InvoiceNumber, Unbilled: l.InvoiceNumber == "",
		Customer: clip(l.CustomerID), CustomerName: clip(l.CustomerName), Product: clip(l.ProductID), ProductName: clip(l.ProductName), Meter: clip(l.MeterDescription),
	}
	a.Row = w.lineHash(l, bad)
	if l.Currency == "" || strings.EqualFold(bad.Column, "Subtotal") {
		a.Unreadable = 1
	} else {
		a.Money.Add(money.Of(l.Subtotal, l.Currency))
	}
	return a
}

// asides is what is open, and what of it a load brings.
type asides struct {
	before   []aside.Item // open in the ledger
	fresh    []aside.Item // of this load
	answered map[string]aside.AnswerKind
}

// standing lists what is open once the load is sealed.
func (a *asides) standing() []aside.Item {
	return slices.DeleteFunc(slices.Concat(a.before, a.fresh), func(x aside.Item) bool { return a.answered[x.Ref] != "" })
}

func (a *asides) answer(ref string, how aside.AnswerKind) {
	if a.answered[ref] == "" {
		a.answered[ref] = how
	}
}

// openAsides reads what is open, what was written off, and which rows count as printed.
func (v *Service) openAsides(ctx context.Context, s *loading) error {
	return v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err := v.Store.Asides(ctx, r, s.scope, aside.Filter{OpenOr: []aside.AnswerKind{aside.WrittenOff, aside.AsPrinted}})
		s.printed = printedRows{}
		for i := range list {
			switch a := &list[i]; {
			case a.Answer == nil:
				s.open = append(s.open, *a)
			case a.Answer.How == aside.WrittenOff:
				s.closed = append(s.closed, *a)
			case a.Answer.How == aside.AsPrinted && a.Row != "":
				s.printed[a.Row]++
			}
		}
		if s.answering != nil {
			for _, a := range s.answering.items {
				s.printed[a.Row]++
			}
		}
		s.wanted = v.newWanted(s.open)
		return err
	})
}

// keptAside gathers what of the load's files does not count, and what of the ledger's these files bring.
func (s *sealing) keptAside() {
	s.aside = asides{before: s.open, answered: map[string]aside.AnswerKind{}}
	for _, f := range s.files {
		var list []aside.Item
		switch {
		case f.failed != nil:
			list = s.refusedFile(f)
		case !f.repeats: // what another file of the load holds too is named there
			list = f.rows.List()
		}
		for i := range list {
			a := &list[i]
			a.Ref, a.Load, a.LoadNumber = aside.Ref(s.number, f.number, a.Line, i), s.out.Load.ID, s.number
			if a.Period == 0 {
				a.Period = s.monthOf(a.Invoice, f)
			}
		}
		list = s.writtenOff(f, list)
		s.aside.fresh = append(s.aside.fresh, list...)
	}
	s.sum()
	if s.req.answering != nil { // nothing else is answered by it
		for i := range s.req.answering.items {
			s.aside.answer(s.req.answering.items[i].Ref, aside.AsPrinted)
		}
		return
	}
	s.correct()
	s.leaveOutOpen()
}

// sum says of the load what does not count, before any of it is answered.
func (s *sealing) sum() {
	if o := aside.NewOpen(s.aside.fresh); o != nil {
		o.Items = nil
		s.out.Load.Aside = o
	}
}

// leaveOutOpen leaves out what is open already: the same file read once more, and not mended.
func (s *sealing) leaveOutOpen() {
	known := map[string]bool{}
	s.aside.fresh = slices.DeleteFunc(s.aside.fresh, func(a aside.Item) bool {
		i := slices.IndexFunc(s.aside.before, func(b aside.Item) bool { return s.aside.answered[b.Ref] == "" && !known[b.Ref] && a.IsAgain(&b) })
		if i >= 0 {
			known[s.aside.before[i].Ref] = true
		}
		return i >= 0
	})
}

// refusedFile is what a refused file comes to: of each invoice that was reached in it, the rows and their money.
func (s *sealing) refusedFile(f *sourceFile) []aside.Item {
	var sums aside.Sums
	begin := func(a *aside.Item) {
		a.Kind, a.File, a.Dataset, a.Code, a.Reason = aside.RefusedFile, f.name, string(f.Dataset), fault.CodeOf(f.failed), f.failed.Error()
	}
	add := func(at aside.Of, a aside.Item) {
		if !at.Unbilled {
			at.Period = s.monthOf(at.Invoice, f)
		}
		sums.Add(at, &a, begin)
	}
	for k, sum := range f.cells {
		slot := s.slots[k.Batch]
		add(aside.Of{Period: slot.Period, Account: slot.Account, Invoice: slot.Invoice, Unbilled: !slot.Billed},
			aside.Item{Rows: sum.Rows(), Money: money.Totals{slot.Currency: sum.Total()}})
	}
	for i := range f.lines {
		l := &f.lines[i]
		add(aside.Of{Account: strings.ToLower(l.PartnerID), Invoice: l.InvoiceNumber}, aside.Item{Rows: 1, Money: money.Totals{l.Currency: l.Subtotal}})
	}
	for _, a := range f.rows.List() {
		add(aside.Of{Period: a.Period, Account: a.Account, Invoice: a.Invoice, Unbilled: a.Unbilled}, a)
	}
	if len(sums.List()) == 0 {
		add(aside.Of{}, aside.Item{})
	}
	return sums.List()
}

// monthOf is the month of an invoice: of imported rows or those of the load. Of what names no invoice it is the one
// month that the load's other rows are of, and 0 where they do not agree.
func (s *sealing) monthOf(invoice string, f *sourceFile) period.Month {
	if found := usage.PeriodOf(s.have, invoice); found != 0 {
		return found
	}
	var found, all period.Month
	agree := true
	own := map[string]period.Month{}
	for _, slot := range s.slots {
		key := slot.Invoice
		own[key] = max(own[key], slot.Period)
	}
	for name, p := range own {
		if name == invoice && invoice != "" {
			found = p
		}
		agree = agree && (all == 0 || all == p)
		all = p
	}
	switch {
	case found != 0:
		return found
	case f.Dataset == usage.Reconciliation && s.req.Period != 0:
		return s.req.Period
	case agree:
		return all
	}
	return 0
}

// against is what prevents calling the billed rows of a slot complete. A refused file of which nothing can be told
// may hold rows of any month: saying that a month is complete says nothing of it, unlike the provider's own totals.
func (s *sealing) against(slot usage.Slot, by string) []aside.Item {
	own := usage.PeriodOf(s.have, slot.Invoice)
	return slices.DeleteFunc(s.aside.standing(), func(a aside.Item) bool {
		anything := by == bySaying && a.Kind == aside.RefusedFile && a.Period == 0 && !a.Unbilled && a.Invoice == ""
		return !anything && !a.Stops(slot.Invoice, max(own, slot.Period))
	})
}

// notComplete notes that a month was to be complete and is not.
func (s *sealing) notComplete(slot usage.Slot, by string, list []aside.Item) {
	p := max(usage.PeriodOf(s.have, slot.Invoice), slot.Period)
	for _, have := range s.out.Load.NotComplete {
		if have.Invoice == slot.Invoice && have.Period == p {
			return
		}
	}
	open := aside.NewOpen(list)
	open.Items = nil
	if by == bySaying {
		s.out.Load.NotComplete = append(s.out.Load.NotComplete, aside.NotComplete{Invoice: slot.Invoice, Period: p, Open: open})
	}
	s.out.Load.Problems = append(s.out.Load.Problems, usage.Problem{
		File: slotName(slot), Code: "not_complete", Verdict: usage.Warned, Rows: open.Rows,
		Reason: fmt.Sprintf("%s is not complete: %s do not count. Import the corrected file, or answer each (\"unresolved list\"), and import again with --complete", p, open),
	})
}

// nowBilled closes unbilled rows kept aside of a month whose billed rows are complete: these count instead.
func (s *sealing) nowBilled(slot usage.Slot) {
	for _, a := range s.aside.standing() {
		if a.Unbilled && a.Period == slot.Period && a.Account == slot.Account {
			s.aside.answer(a.Ref, aside.Billed)
		}
	}
}

// recordAsides puts what does not count into the seal, and what these files bring of what was open.
func (s *sealing) recordAsides() {
	for _, a := range s.aside.fresh {
		if how := s.aside.answered[a.Ref]; how != "" {
			a.Answer = &aside.Answer{How: how, Load: s.out.Load.ID, At: s.at.UTC()}
		}
		s.out.Asides = append(s.out.Asides, a)
	}
	for _, a := range s.aside.before {
		how := s.aside.answered[a.Ref]
		if how == "" {
			continue
		}
		answer := aside.Answer{How: how, Load: s.out.Load.ID, At: s.at}
		if s.req.answering != nil {
			answer.Reason = s.req.answering.reason
		}
		s.out.Answered = append(s.out.Answered, aside.Answered{Ref: a.Ref, Answer: answer})
		s.out.Load.Answered = append(s.out.Load.Answered, a.Ref)
		s.out.Load.Problems = append(s.out.Load.Problems, usage.Problem{
			File: a.File, Line: a.Line, Column: a.Column, Code: "aside_answered", Verdict: usage.Noted, Rows: a.Rows,
			Reason: fmt.Sprintf("what was open as %s is answered by this import (%s)", a.Ref, strings.ReplaceAll(string(how), "_", " ")),
		})
	}
}

// otherMonths says what the invoices of the load charge for earlier months than their own.
func (s *sealing) otherMonths() {
	for i := range s.out.Batches {
		if o := s.out.Batches[i].OtherMonth(s.have); o != nil {
			s.out.Load.OtherMonths = append(s.out.Load.OtherMonths, *o)
		}
	}
}
