package invoice

import (
	"cmp"
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// otherMonth is the reason in a worklist for charges of a provider's invoice that are of other months.
const otherMonth rating.Reason = "other_month"

// asideRef is the kind of reference that answers rows and files which do not count.
const asideRef = "aside"

func waitingOf(st *rating.State, other []aside.OtherMonth) aside.Waiting {
	return aside.Waiting{Aside: aside.NewOpen(aside.OfMonth(st.Aside, st.Period)), Unknown: aside.NewOpen(aside.OfMonth(st.Aside, 0)), OtherMonths: other}
}

// otherMonths lists the charges of the month's provider invoices that are of other months, and those of other invoices that
// are of this one, as far as they are on no issued document.
func (v *Service) otherMonths(ctx context.Context, r tx.Read, st *rating.State, grant access.Grant) ([]aside.OtherMonth, error) {
	if !grant.Scope.IsAll() {
		return nil, nil
	}
	have, err := v.Reader.Usage.Batches(ctx, r, grant.Scope, usage.BatchFilter{Dataset: usage.DailyUsage})
	if err != nil {
		return nil, err
	}
	pinned := map[period.Month]map[string]bool{}
	var out []aside.OtherMonth
	for i := range have {
		one := have[i].OtherMonth(have)
		if one == nil || one.Period != st.Period && one.Billed != st.Period {
			continue
		}
		if pinned[one.Period] == nil {
			if pinned[one.Period], err = v.pinned(ctx, r, grant, one.Period); err != nil {
				return nil, err
			}
		}
		if !pinned[one.Period][have[i].Digest] {
			out = append(out, *one)
		}
	}
	slices.SortStableFunc(out, func(a, b aside.OtherMonth) int {
		return cmp.Or(cmp.Compare(a.Period, b.Period), cmp.Compare(a.Invoice, b.Invoice))
	})
	return out, nil
}

// pinned has the digests of the batches that issued documents of a month were made from.
func (v *Service) pinned(ctx context.Context, r tx.Read, grant access.Grant, p period.Month) (map[string]bool, error) {
	docs, err := v.documents(ctx, r, grant.Scope, Filter{Period: p, State: Issued})
	out := map[string]bool{}
	for i := range docs {
		for _, d := range docs[i].Pins.Batches {
			out[d] = true
		}
	}
	return out, err
}

// waitingList are the rows and files that wait for an answer, as entries of the worklist, each with a reference that describes it.
func waitingList(w *aside.Waiting) (out []Unresolved) {
	for _, open := range []*aside.Open{w.Aside, w.Unknown} {
		if open == nil {
			continue
		}
		by := map[aside.Kind]*Unresolved{}
		for i := range open.Items {
			a := &open.Items[i]
			u := by[a.Kind]
			if u == nil {
				u = &Unresolved{Reason: rating.Reason(a.Kind), Kind: asideRef, Cost: money.Totals{}, Refs: map[string]money.Totals{}, Names: map[string]string{}}
				by[a.Kind] = u
			}
			u.Rows += a.Rows
			u.Unreadable += a.Unreadable
			u.Refs[a.Ref], u.Names[a.Ref] = money.Totals{}, a.Said()
			for c, d := range a.Money {
				u.Cost.Add(money.Of(d, c))
				u.Refs[a.Ref].Add(money.Of(d, c))
			}
			u.Asides = append(u.Asides, *a)
		}
		for _, kind := range []aside.Kind{aside.KeptAside, aside.RefusedFile} {
			if by[kind] != nil {
				out = append(out, *by[kind])
			}
		}
	}
	if len(w.OtherMonths) == 0 {
		return out
	}
	late := Unresolved{Reason: otherMonth, Cost: money.Totals{}, Refs: map[string]money.Totals{}, Names: map[string]string{}}
	for _, o := range w.OtherMonths {
		late.Rows += o.Rows
		ref := o.Period.String()
		if late.Refs[ref] == nil {
			late.Refs[ref] = money.Totals{}
		}
		late.Names[ref] = "charged with invoice " + o.Invoice + " of " + o.Billed.String() + "; its documents are those of " + ref
		for c, d := range o.Money {
			late.Cost.Add(money.Of(d, c))
			late.Refs[ref].Add(money.Of(d, c))
		}
	}
	return append(out, late)
}

// openAside is a Conflict when rows or files of the month do not count and are not answered.
func openAside(st *rating.State) error {
	open := aside.NewOpen(slices.DeleteFunc(aside.OfMonth(st.Aside, st.Period), func(a aside.Item) bool { return a.Unbilled }))
	if open == nil {
		return nil
	}
	return fault.New(fault.Conflict, "period_incomplete",
		"the usage of %s is not complete: %s do not count (%s); nothing was issued. Import the corrected file, or answer each (\"unresolved list\" names them), or issue with --incomplete and let them follow on the next draft",
		st.Period, open, open.Items[0].Said())
}

// Overridden lists the rows and files that issuing a month with Incomplete leaves out.
func (v *Service) Overridden(ctx context.Context, p period.Month) (out aside.Waiting, err error) {
	grant, err := v.Access.Require(ctx, access.InvoiceIssue)
	if err != nil {
		return out, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		st, err := v.Reader.Read(ctx, r, grant.Scope, p)
		if err != nil {
			return err
		}
		other, err := v.otherMonths(ctx, r, st, grant)
		out = waitingOf(st, other)
		return err
	})
	return out, err
}
