package invoice

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Issuing says how to issue.
type Issuing struct {
	Period     period.Month `json:"period"`
	Invoices   []id.Invoice `json:"invoices,omitempty"` // none: every approved document of the period
	On         period.Date  `json:"on,omitzero"`        // issue date; today when zero
	Incomplete bool         `json:"incomplete"`         // even if the provider's rows are not known to be complete
	DryRun     bool         `json:"dry_run,omitempty"`  // only list what would be issued
}

// Issue gives approved documents their numbers, in natural order and in one transaction, and makes them final. It
// refuses a period whose billed usage is not known to be complete, unless Incomplete is set. Documents are issued
// only while their input is unchanged: otherwise the month is drafted again, and it is a Conflict if an approved one
// changed.
func (v *Service) Issue(ctx context.Context, how Issuing) ([]Summary, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceIssue)
	if err != nil {
		return nil, err
	}
	if how.On == 0 {
		how.On = period.DateOf(v.Now())
	}
	if !how.DryRun {
		if err := v.refresh(ctx, grant, how); err != nil {
			return nil, err
		}
	}
	out := []Summary{}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		st, err := v.complete(ctx, t, grant.Scope, how)
		if err != nil {
			return err
		}
		list, err := v.pick(ctx, t, grant.Scope, how.Period, how.Invoices, Approved)
		if err != nil {
			return err
		}
		have, err := v.Store.List(ctx, t, grant.Scope, Filter{Period: how.Period})
		if err != nil {
			return err
		}
		if outdated := outdated(st, list, have); len(outdated) > 0 {
			return changedMeanwhile(outdated)
		}
		if err := together(list, have); err != nil {
			return err
		}
		slices.SortFunc(list, byNaturalOrder)
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

func byNaturalOrder(a, b Invoice) int {
	return cmp.Or(strings.Compare(a.SellerKey, b.SellerKey), strings.Compare(a.Series, b.Series),
		strings.Compare(a.BuyerKey, b.BuyerKey), cmp.Compare(a.Ordinal, b.Ordinal), cmp.Compare(a.ID, b.ID))
}

// complete is the state of a period, or a Conflict when its usage is not known to be complete.
func (v *Service) complete(ctx context.Context, t tx.Tx, s scope.Scope, how Issuing) (*rating.State, error) {
	st, err := v.Reader.Read(ctx, t, s, how.Period)
	if err != nil || how.Incomplete {
		return st, err
	}
	if err := openAside(st); err != nil {
		return nil, err
	}
	for _, b := range st.Batches {
		if !b.Complete {
			return nil, fault.New(fault.Conflict, "period_incomplete",
				"the usage of %s is not known to be complete (batch %s); nothing was issued. Import the billed files with --complete, or issue with --incomplete and let the rest follow on the next draft",
				how.Period, b.ID)
		}
	}
	return st, withoutRows(st)
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

// issue makes one approved document final: number, dates, snapshot, journal, event. Its worksheet is stored already.
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
	if err := v.Jobs.Enqueue(ctx, t, job.Job{Kind: job.RenderDocument, Key: string(d.ID), Due: v.Now()}); err != nil {
		return d, err
	}
	err = v.Events.Append(ctx, t, event.InvoiceIssued, grant.Actor, string(d.ID),
		map[string]string{"number": d.Number, "worksheet": d.Worksheet, "snapshot": Digest(d)})
	if err != nil || d.Preceding == nil {
		return d, err
	}
	return d, v.Events.Append(ctx, t, event.InvoiceVoided, grant.Actor, string(d.Preceding.ID), map[string]string{"credit_note": d.Number})
}

// issue is the rule: only an approved document becomes final, with a number, a date and a due date.
func (v Invoice) issue(n int64, on period.Date, now time.Time) (Invoice, error) {
	if v.State != Approved {
		return v, fault.New(fault.Conflict, "invoice_not_approved", "%s is %s: only an approved document is issued", v.ID, v.State)
	}
	v.State, v.IssueDate, v.IssuedAt = Issued, on, now
	if v.DueDate = on.AddDays(v.PaymentDays); v.Kind == KindCreditNote && v.Layout > 0 {
		v.DueDate = 0 // nothing is owed
	}
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
