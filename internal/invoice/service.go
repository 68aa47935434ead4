package invoice

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Service makes documents and takes them through their life.
type Service struct {
	DB     tx.DB
	Store  Store
	Access access.Guard
	Events event.Log
	Reader rating.Reader
	Rater  rating.Rater
	Files  Files
	Lines  Lines            // archived sources, for explanations; nil leaves printed lines out
	Jobs   Jobs             // what is done with issued documents; nil for nothing
	Now    func() time.Time // business clock
}

// Jobs is where work is asked for in the transaction that causes it.
type Jobs interface {
	Enqueue(ctx context.Context, t tx.Tx, j job.Job) error
}

// Run is what drafting a period came to.
type Run struct {
	Period     period.Month `json:"period"`
	Drafts     []Summary    `json:"drafts"`
	Tally      Tally        `json:"tally"`
	Excluded   Excluded     `json:"excluded"`
	Unresolved []Unresolved `json:"unresolved,omitempty"`
	aside.Waiting
}

// Draft rates a period and makes one draft per edge that has something new to bill. Drafts of the period that are
// not approved are replaced; doing it again without new input changes nothing.
func (v *Service) Draft(ctx context.Context, p period.Month) (Run, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceDraft)
	if err != nil {
		return Run{}, err
	}
	var st *rating.State
	var have []Invoice
	var other []aside.OtherMonth
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		if st, err = v.Reader.Read(ctx, r, grant.Scope, p); err != nil {
			return err
		}
		if other, err = v.otherMonths(ctx, r, st, grant); err != nil {
			return err
		}
		have, err = v.documents(ctx, r, grant.Scope, Filter{Period: p})
		return err
	})
	if err != nil {
		return Run{}, err
	}
	run := newRun(st)
	if err := v.Rater.Rate(ctx, grant.Scope, st, run.add); err != nil {
		return Run{}, err
	}
	drafts, err := v.drafts(ctx, run, have)
	if err != nil {
		return Run{}, err
	}
	out, err := v.saveDrafts(ctx, grant, run, drafts, have)
	out.Waiting = waitingOf(st, other)
	return out, err
}

// documents reads whole documents, for the few places that need their lines.
func (v *Service) documents(ctx context.Context, r tx.Read, s scope.Scope, f Filter) ([]Invoice, error) {
	list, err := v.Store.List(ctx, r, s, f)
	if err != nil {
		return nil, err
	}
	out := make([]Invoice, 0, len(list))
	for _, one := range list {
		doc, err := v.Store.Get(ctx, r, s, one.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, doc)
	}
	return out, nil
}

// drafts makes the documents of a run and stores their worksheets, before any of them is named by the ledger.
func (v *Service) drafts(ctx context.Context, run *run, have []Invoice) ([]Invoice, error) {
	for i := range have { // an edge that sold before may have nothing left: its lines are withdrawn
		if e := run.state.Index.Edge(have[i].Edge); e != nil && have[i].State == Issued {
			run.edge(e)
		}
	}
	var out []Invoice
	for _, d := range run.order() {
		doc, err := run.document(d, history(have, d.edge))
		if err != nil {
			return nil, err
		}
		if len(doc.Lines) == 0 {
			continue
		}
		d.worksheet.flush(run.pack)
		if doc.Worksheet, _, err = v.Files.Put(ctx, bytes.NewReader(d.worksheet.packed.Bytes())); err != nil {
			return nil, err
		}
		doc.DraftedAt = v.Now()
		out = append(out, doc)
	}
	return out, nil
}

// past is what an edge billed in a period so far, by documents that stand: per line key Σ nets, Σ costs and the newest
// line.
type past struct {
	billed  map[string]money.Decimal
	cost    map[string]money.Totals
	lines   map[string]Line
	ordinal int      // of the next document
	other   *Invoice // the newest that stands and is not in the currency of the edge
}

// history is the past of an edge. A voided document and the credit note answering it cancel out.
func history(have []Invoice, e *org.Edge) past {
	p := past{billed: map[string]money.Decimal{}, cost: map[string]money.Totals{}, lines: map[string]Line{}, ordinal: 1}
	have = slices.Clone(have)
	slices.SortStableFunc(have, func(a, b Invoice) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	for i := range have {
		d := &have[i]
		if d.Edge != e.ID || d.State != Issued && d.State != Void {
			continue
		}
		p.ordinal = max(p.ordinal, d.Ordinal+1)
		if d.State == Void || d.Preceding != nil {
			continue
		}
		if d.Currency != e.Terms.Currency {
			p.other = d
		}
		for _, l := range d.Lines {
			p.billed[l.Key] = p.billed[l.Key].Add(l.Net)
			p.lines[l.Key] = l
			if p.cost[l.Key] == nil {
				p.cost[l.Key] = money.Totals{}
			}
			for c, paid := range l.Cost {
				p.cost[l.Key].Add(money.Of(paid, c))
			}
		}
	}
	return p
}

func (v *Service) saveDrafts(ctx context.Context, grant access.Grant, run *run, drafts, have []Invoice) (Run, error) {
	out := Run{Period: run.state.Period, Drafts: []Summary{}, Tally: run.tally, Excluded: run.ex}
	out.Unresolved = run.worklist()
	keep := map[id.Invoice]bool{}
	err := v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		for _, d := range drafts {
			keep[d.ID] = true
			if old := find(have, d.ID); old != nil && sameContent(*old, d) {
				d = *old // drafted before, perhaps approved: nothing changed
			} else if err := v.Store.Save(ctx, t, grant.Scope, d); err != nil {
				return err
			} else if err := v.Events.Append(ctx, t, event.InvoiceDrafted, grant.Actor, string(d.ID), nil); err != nil {
				return err
			}
			out.Drafts = append(out.Drafts, Summarise(d))
		}
		for _, old := range have { // drafts of an earlier run that have become empty
			if (old.State == Draft || old.State == Approved) && !keep[old.ID] {
				if err := v.Store.Discard(ctx, t, grant.Scope, old.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return out, err
}

func find(have []Invoice, invoice id.Invoice) *Invoice {
	for i := range have {
		if have[i].ID == invoice {
			return &have[i]
		}
	}
	return nil
}

// sameContent says whether a document made again says what the stored one says. What it was made from may have grown by
// what does not concern it.
func sameContent(a, b Invoice) bool {
	for _, x := range [...]*Invoice{&a, &b} {
		x.State, x.Number, x.Pins = "", "", Pins{}
		x.DraftedAt, x.IssuedAt, x.IssueDate, x.DueDate = time.Time{}, time.Time{}, 0, 0
	}
	return bytes.Equal(canonical(a), canonical(b))
}

// Approve says of drafts that somebody has looked at them. An empty list means all drafts of the period.
func (v *Service) Approve(ctx context.Context, p period.Month, invoices []id.Invoice) ([]Summary, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceApprove)
	if err != nil {
		return nil, err
	}
	out := []Summary{}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		list, err := v.pick(ctx, t, grant.Scope, p, invoices, Draft)
		if err != nil {
			return err
		}
		for _, d := range list {
			if !grant.Scope.Owns(d.Seller) {
				continue // what is bought is its seller's to approve
			}
			d.State = Approved
			if err := v.Store.Save(ctx, t, grant.Scope, d); err != nil {
				return err
			}
			if err := v.Events.Append(ctx, t, event.InvoiceApproved, grant.Actor, string(d.ID), nil); err != nil {
				return err
			}
			out = append(out, Summarise(d))
		}
		return nil
	})
	return out, err
}

// pick reads the named documents, which must be in a state, or all of the period that are.
func (v *Service) pick(ctx context.Context, r tx.Read, s scope.Scope, p period.Month, invoices []id.Invoice, want State) ([]Invoice, error) {
	if len(invoices) == 0 {
		return v.documents(ctx, r, s, Filter{Period: p, State: want})
	}
	var out []Invoice
	for _, one := range invoices {
		d, err := v.Store.Get(ctx, r, s, one)
		if err != nil {
			return nil, err
		}
		if !s.Owns(d.Seller) {
			return nil, notYours(d)
		}
		if d.State != want {
			return nil, fault.New(fault.Conflict, "invoice_not_"+string(want),
				"%s is %s, not %s; nothing was changed", one, d.State, want)
		}
		out = append(out, d)
	}
	return out, nil
}

// Issuing says how to issue.
type Issuing struct {
	Period     period.Month `json:"period"`
	Invoices   []id.Invoice `json:"invoices,omitempty"` // none: every approved document of the period
	On         period.Date  `json:"on,omitzero"`        // issue date; today when zero
	Incomplete bool         `json:"incomplete"`         // also when the provider's set is not known to be complete
	DryRun     bool         `json:"dry_run,omitempty"`  // only list what would be issued
}

// Issue gives approved documents their numbers, in natural order and in one transaction, and makes them final. It
// refuses a period whose billed usage is not known to be complete, unless told otherwise.
func (v *Service) Issue(ctx context.Context, how Issuing) ([]Summary, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceIssue)
	if err != nil {
		return nil, err
	}
	if how.On == 0 {
		how.On = period.DateOf(v.Now())
	}
	out := []Summary{}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.complete(ctx, t, grant.Scope, how); err != nil {
			return err
		}
		list, err := v.pick(ctx, t, grant.Scope, how.Period, how.Invoices, Approved)
		if err != nil {
			return err
		}
		slices.SortFunc(list, natural)
		for _, d := range list {
			if how.DryRun {
				out = append(out, Summarise(d))
				continue
			}
			if d, err = v.issue(ctx, t, grant, d, how.On); err != nil {
				return err
			}
			out = append(out, Summarise(d))
		}
		return nil
	})
	return out, err
}

func natural(a, b Invoice) int {
	return cmp.Or(strings.Compare(a.SellerKey, b.SellerKey), strings.Compare(a.Series, b.Series),
		strings.Compare(a.BuyerKey, b.BuyerKey), cmp.Compare(a.Ordinal, b.Ordinal), cmp.Compare(a.ID, b.ID))
}

func (v *Service) complete(ctx context.Context, t tx.Tx, s scope.Scope, how Issuing) error {
	st, err := v.Reader.Read(ctx, t, s, how.Period)
	if err != nil || how.Incomplete {
		return err
	}
	if err := openAside(st); err != nil {
		return err
	}
	for _, b := range st.Batches {
		if !b.Complete {
			return fault.New(fault.Conflict, "period_incomplete",
				"the usage of %s is not known to be complete (batch %s); nothing was issued. Import the billed files with --complete, or issue with --incomplete and let the rest follow on the next draft",
				how.Period, b.ID)
		}
	}
	return withoutRows(st)
}

// withoutRows is a Conflict when lines bill usage of an invoice whose daily rows are not there at all.
func withoutRows(st *rating.State) error {
	have := map[string]bool{}
	for _, b := range st.Invoiced {
		have[b.Slot.Invoice] = true
	}
	for i := range st.Lines {
		if l := &st.Lines[i].StatementLine; usage.IsUsage(l) && !l.Subtotal.IsZero() && !have[l.InvoiceNumber] {
			return fault.New(fault.Conflict, "period_incomplete",
				"the reconciliation lines of %s bill usage of %s on invoice %q, and none of its daily rows are imported; nothing was issued. Import them, or issue with --incomplete and let them follow on the next draft",
				st.Period, l.MeterDescription, l.InvoiceNumber)
		}
	}
	return nil
}

// issue makes one approved document final: number, dates, snapshot, journal, event. What it is made from is stored
// already.
func (v *Service) issue(ctx context.Context, t tx.Tx, grant access.Grant, d Invoice, on period.Date) (Invoice, error) {
	n, err := v.Store.NextNumber(ctx, t, grant.Scope, SeriesKey{d.Seller, d.Series, d.Kind, on.Month().Year()})
	if err != nil {
		return d, err
	}
	if d, err = d.issue(n, on, v.Now()); err != nil {
		return d, err
	}
	if err := v.Store.Save(ctx, t, grant.Scope, d); err != nil {
		return d, err
	}
	if err := v.Store.Post(ctx, t, grant.Scope, Postings(d)); err != nil {
		return d, err
	}
	if v.Jobs != nil {
		if err := v.Jobs.Enqueue(ctx, t, job.Job{Kind: job.RenderDocument, Key: string(d.ID), Due: v.Now()}); err != nil {
			return d, err
		}
	}
	return d, v.Events.Append(ctx, t, event.InvoiceIssued, grant.Actor, string(d.ID),
		map[string]string{"number": d.Number, "worksheet": d.Worksheet, "snapshot": Digest(d)})
}

// issue is the rule: only an approved document becomes final, with a number, a date and a due date.
func (v Invoice) issue(n int64, on period.Date, now time.Time) (Invoice, error) {
	if v.State != Approved {
		return v, fault.New(fault.Conflict, "invoice_not_approved", "%s is %s: only an approved document is issued", v.ID, v.State)
	}
	v.State, v.IssueDate, v.IssuedAt = Issued, on, now
	v.DueDate = on.AddDays(v.PaymentDays)
	v.Number = number(v, n)
	return v, nil
}

// number is how a document's number reads: series, year, five digits; credit notes carry CN.
func number(v Invoice, n int64) string {
	mark := ""
	if v.Kind == KindCreditNote {
		mark = "CN-"
	}
	return fmt.Sprintf("%s-%s%d-%05d", v.Series, mark, v.IssueDate.Month().Year(), n)
}

// Void answers an issued invoice with a credit note over all of it; its rows are open again on this edge, and the
// next draft takes the next ordinal. A document that is void already is a Conflict.
func (v *Service) Void(ctx context.Context, invoice id.Invoice, on period.Date, reason string) (Summary, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceVoid)
	if err != nil {
		return Summary{}, err
	}
	if on == 0 {
		on = period.DateOf(v.Now())
	}
	var note Invoice
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		d, err := v.Store.Get(ctx, t, grant.Scope, invoice)
		if err != nil {
			return err
		}
		if !grant.Scope.Owns(d.Seller) {
			return notYours(d)
		}
		if d.State != Issued || d.Preceding != nil {
			return fault.New(fault.Conflict, "invoice_not_issued",
				"%s is %s and cannot be voided; nothing was changed", orElse(d.Number, string(d.ID)), d.State)
		}
		note = d.reverse(reason)
		if note, err = v.issue(ctx, t, grant, note, on); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.InvoiceVoided, grant.Actor, string(d.ID), map[string]string{"credit_note": note.Number})
	})
	return Summarise(note), err
}

// notYours keeps a buyer from answering its seller's bills: only who sold may.
func notYours(d Invoice) error {
	return fault.New(fault.Denied, "not_seller", "%s was made by %s, which alone may approve or void it; nothing was changed",
		orElse(d.Number, string(d.ID)), d.SellerKey)
}

// reverse is the credit note over the whole of a document: the same lines with the opposite sign.
func (v Invoice) reverse(reason string) Invoice {
	n := v
	n.ID = id.Invoice("inv_" + id.Derive("void", string(v.ID)))
	n.State, n.Preceding = Approved, &Preceding{v.ID, v.Number, v.IssueDate}
	n.Number, n.IssueDate, n.DueDate, n.IssuedAt = "", 0, 0, time.Time{}
	if n.Notes = nil; reason != "" {
		n.Notes = []string{reason}
	}
	n.Lines = slices.Clone(v.Lines)
	for i := range n.Lines {
		l := &n.Lines[i]
		l.Exact, l.Billed, l.Net, l.Residue = l.Exact.Neg(), l.Billed.Neg(), l.Net.Neg(), l.Residue.Neg()
		l.Quantity = l.Quantity.Neg()
		cost := money.Totals{}
		for c, d := range l.Cost {
			cost[c] = d.Neg()
		}
		l.Cost = cost
	}
	n.Taxes = nil
	n.total()
	n.Kind = KindCreditNote
	if v.Kind == KindCreditNote {
		n.Kind = KindInvoice
	}
	return n
}
