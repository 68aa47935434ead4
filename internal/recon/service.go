package recon

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Service compares statements with what was imported and sold.
type Service struct {
	DB       tx.DB
	Access   access.Guard
	Reader   rating.Reader
	Rater    rating.Rater
	Invoices *invoice.Service
}

// Compare compares a statement of a period with the books. total is the provider's invoice total per currency; nil
// means the sum of the lines' totals.
func (v *Service) Compare(ctx context.Context, p period.Month, statement []usage.StatementLine, total money.Totals) (Result, error) {
	return v.CompareRead(ctx, p, func() ([]usage.StatementLine, error) { return statement, nil }, total)
}

// CompareRead is Compare of a statement that is read once it is known that the caller may have it compared.
func (v *Service) CompareRead(ctx context.Context, p period.Month, read func() ([]usage.StatementLine, error), total money.Totals) (Result, error) {
	grant, err := v.Access.Require(ctx, access.Reconcile)
	if err != nil {
		return Result{}, err
	}
	statement, err := read()
	if err != nil {
		return Result{}, err
	}
	var st *rating.State
	var batches, all []usage.Batch
	var masks []usage.Mask
	sold := money.Totals{}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		if st, err = v.Reader.Read(ctx, r, grant.Scope, p); err != nil {
			return err
		}
		if batches, masks, err = usage.InvoicedIn(ctx, r, v.Reader.Usage, grant.Scope, p); err != nil {
			return err
		}
		all, err = v.Reader.Usage.Batches(ctx, r, grant.Scope, usage.BatchFilter{})
		return err
	})
	if err != nil {
		return Result{}, err
	}
	if partner := st.Index.Partner(); partner != nil {
		if sold, err = v.Invoices.SoldCost(ctx, p, partner.ID); err != nil {
			return Result{}, err
		}
	}
	for _, b := range st.Invoiced { // lines may be of an invoice whose rows are of another month
		if !slices.ContainsFunc(batches, func(x usage.Batch) bool { return x.Number == b.Number }) {
			batches = append(batches, b)
		}
	}
	rows, err := usage.ReadControls(ctx, v.Rater.Rows, grant.Scope, batches, slices.Concat(masks, st.InvoicedMasks))
	if err != nil {
		return Result{}, err
	}
	books := books{period: p, rows: rows, charges: money.Totals{}, sold: sold, invoices: months(all), partners: partnersOf(st.Index.Partner(), all)}
	charged := map[charge.Source]bool{}
	list, _, _ := st.Charges(rows.Behind)
	for i := range list {
		books.charges.Add(list[i].Amount)
		charged[list[i].Source] = true
	}
	for _, l := range st.Lines {
		if charged[charge.Source{File: l.File, Line: l.Line}] {
			books.charged = append(books.charged, l.StatementLine)
		}
	}
	out := compare(books, statement, total)
	out.Aside, out.OtherMonths = aside.NewOpen(aside.OfMonth(st.Aside, p)), otherMonths(batches, p)
	out.name(st, statement)
	out.OwnUse, err = v.ownUse(ctx, grant.Scope, st, list, rows)
	return out, err
}

// ownUse is the cost of what the partner uses itself. Rows are only rated where some may be that.
func (v *Service) ownUse(ctx context.Context, s scope.Scope, st *rating.State, charges []charge.Charge, rows *usage.ControlTotals) (money.Totals, error) {
	partner, sum := st.Index.Partner(), money.Totals{}
	if partner == nil {
		return nil, nil
	}
	for i := range charges {
		c := &charges[i]
		if who, _, _ := st.Resolver.Charged(c, c.Priced(st.Period).Start); who == partner {
			sum.Add(c.Amount)
		}
	}
	some := len(partner.Entitlements) > 0
	for _, a := range st.Resolver.Resolutions {
		some = some || a.Target == usage.OwnUse && (a.Kind == usage.CustomerRef || a.Kind == usage.EntitlementRef)
	}
	for _, x := range rows.All() {
		some = some || st.Index.OwnTenant(x.Customer) != nil
	}
	if !some {
		return sum, nil
	}
	rater := v.Rater
	rater.Columns = []usage.Column{usage.CustomerID}
	err := rater.Rate(ctx, s, st, func(g *rating.Group) error {
		if g.OwnUse && g.Charge == nil {
			sum.Add(money.Of(g.Base.Cost, g.Base.Currency))
		}
		return nil
	})
	return sum, err
}

// months is the month of each invoice that was imported.
func months(all []usage.Batch) map[string]period.Month {
	out := map[string]period.Month{}
	for _, b := range all {
		if b.Slot.Invoice != "" {
			out[b.Slot.Invoice] = cmp.Or(usage.PeriodOf(all, b.Slot.Invoice), out[b.Slot.Invoice], b.Slot.Period)
		}
	}
	return out
}

func (c *comparison) result(total money.Totals) Result {
	out := Result{Statement: total, Imported: money.Totals{}, Sold: c.sold, Unexplained: money.Totals{}, Parts: []Part{}, Differences: []Difference{}, Notes: c.notes}
	for _, sums := range []money.Totals{c.rows.Rows, c.charges} {
		for cur, d := range sums {
			out.Imported.Add(money.Of(d, cur))
		}
	}
	for cur, d := range total {
		out.Unexplained.Add(money.Of(d, cur))
	}
	for _, code := range slices.Sorted(maps.Keys(c.parts)) {
		for _, cur := range c.parts[code].Currencies() {
			out.Parts = append(out.Parts, Part{code, cur, c.parts[code][cur]})
			out.Unexplained.Sub(money.Of(c.parts[code][cur], cur))
		}
	}
	out.Differences = append(out.Differences, c.differences...)
	slices.SortFunc(out.Differences, func(a, b Difference) int {
		return cmp.Or(b.Amount.Abs().Cmp(a.Amount.Abs()), strings.Compare(a.Customer, b.Customer), strings.Compare(a.Meter, b.Meter), cmp.Compare(a.Code, b.Code))
	})
	return out
}
