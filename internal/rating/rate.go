package rating

import (
	"cmp"
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Rater rates what a usage store holds.
type Rater struct {
	Rows usage.RowStore
	// Columns are those that are looked at besides what prices and customers depend on. Without any, groups have their
	// whole entry and tags; else only the columns named are sure to be there.
	Columns []usage.Column
	// Sums adds up for Totals and View, which alone need it.
	Sums TotalStore
	// Runs, where there is one, answers View as far as it can.
	Runs RunStore
	// Memory, where there is one, spares View finding out the same again.
	Memory *Memory
}

// Rate yields every group of the state's period: first usage in the order of Sums, then charges in the order of
// their source. The group is reused after yield has returned. Facts outside every sealed batch do not exist for it.
func (v Rater) Rate(ctx context.Context, s scope.Scope, st *State, yield func(*Group) error) error {
	q := st.Query()
	hidden, err := v.StandIns(ctx, s, st)
	if err != nil {
		return err
	}
	q.Masks = slices.Concat(q.Masks, hidden)
	run, rows := newRun(st, q), counted{}
	rest := st.notRated(len(hidden) > 0)
	d := &dictionaries{tags: st.tagNames()}
	d.columns, d.rated, d.all = run.columns(v.Columns)
	d.withTags = d.all || slices.Contains(v.Columns, usage.Tags)
	return pipe(ctx, yield, func(ctx context.Context, next func() *rated, done func() error) error {
		ctx, stop := context.WithCancel(ctx)
		read := d.read(ctx, v.Rows, s, q.Batches)
		defer func() { stop(); _ = read() }() // it must not outlive this
		err := v.Rows.Sums(ctx, s, q, func(sum usage.Sum) error {
			if err := read(); err != nil {
				return err
			}
			rows[sum.Batch] += sum.Rows
			r := next()
			r.Sum, r.Span = sum, Span(q, sum.Span)
			if err := d.fill(&r.Group); err != nil {
				return err
			}
			if len(st.Lines) > 0 && !rest[sum.Batch] {
				d.note(r.Entry, sum.Cost)
			}
			run.usage(&r.Group)
			return done()
		})
		if err == nil {
			err = read()
		}
		if err == nil {
			err = rows.whole(st, q.Masks)
		}
		if err != nil {
			return err
		}
		if err := v.behind(ctx, s, st, rest, &d.behind); err != nil {
			return err
		}
		charges, _, _ := st.Charges(&d.behind)
		for i := range charges {
			run.charge(&next().Group, &charges[i])
			if err := done(); err != nil {
				return err
			}
		}
		return nil
	})
}

// columns are those of entries that are read, which of them rating depends on, and whether they are all there are.
func (r *run) columns(more []usage.Column) (list []usage.Column, rated []int, all bool) {
	need := r.needs()
	if len(r.st.Lines) > 0 && len(more) > 0 {
		more = append((*usage.Behind)(nil).Columns(), more...)
	}
	for _, c := range more {
		need[c] = true
	}
	for c := range usage.NumColumns {
		if all = len(more) == 0; usage.PartOf(c) == usage.PartEntry && (all || need[c]) {
			if need[c] {
				rated = append(rated, len(list))
			}
			list = append(list, c)
		}
	}
	return list, rated, all
}

// needs are the columns that prices and customers depend on.
func (r *run) needs() [usage.NumColumns]bool {
	return [usage.NumColumns]bool{
		usage.EntitlementID: true, usage.CustomerID: true, usage.BillingCurrency: true, usage.PricingCurrency: true,
		usage.PublisherName: r.sight.Publisher || r.sight.Family, usage.PublisherID: r.sight.Family,
		usage.ProductID: r.sight.Product, usage.SkuID: r.sight.SKU, usage.MeterCategory: r.sight.Category,
		usage.MeterSubCategory: r.sight.SubCategory, usage.MeterID: r.sight.Meter, usage.MeterRegion: r.sight.Region,
		usage.ChargeType: r.sight.ChargeType, usage.SubscriptionDescription: r.sight.Plan,
	}
}

func (r *run) usage(g *Group) {
	g.Base = usageBase(g)
	c := r.claim(g.kin, g.Span.Start)
	if c.customer == nil {
		ref := g.Entry[usage.CustomerID]
		if c.reason == UnknownEntitlement {
			ref = g.Entry[usage.EntitlementID]
		}
		g.fail(c.reason, ref)
		return
	}
	if g.owned(c.customer); g.OwnUse {
		return
	}
	r.apply(r.plan(g), g)
}

func (r *run) charge(g *Group, c *charge.Charge) {
	g.Charge = c
	g.Span = c.Priced(r.st.Period)
	g.Base = pricing.Base{
		Quantity: c.Quantity, Cost: c.Amount.Value, CostBeforeCredit: c.Amount.Value,
		Currency: c.Amount.Currency, ListCurrency: c.Amount.Currency,
	}
	customer, reason, ref := r.st.Resolver.Charged(c, g.Span.Start)
	if customer == nil {
		g.fail(Reason(reason), ref)
		return
	}
	if g.owned(customer); g.OwnUse {
		return
	}
	family := cmp.Or(r.st.Resolver.Family(c.Family, c.Product), c.RowsFamily)
	if family == "" {
		g.fail(UnknownProduct, c.Product)
		return
	}
	r.apply(r.find(g, pricing.Key{
		Customer: customer.Key, Family: family, Product: c.Product, SKU: c.SKU, Publisher: c.Publisher,
		ChargeType: c.Type, Plan: c.Plan,
	}), g)
	if g.Unresolved == MissingList { // names what a price sheet would have to list, and the rule that asks for it
		g.Ref = c.Product + "/" + c.SKU + " " + g.Span.Start.Month().String() + " (rule " + g.Ref + ")"
	}
}

// owned says whose a group is. What is the partner's own ends there: nobody buys it.
func (g *Group) owned(by *org.Organisation) {
	g.Customer, g.OwnUse = by, by.Kind == org.Partner
}

func (r *run) apply(p *plan, g *Group) {
	if p == nil {
		g.fail(NoChain, g.Customer.Key)
		return
	}
	p.apply(g, r.exchange)
}
