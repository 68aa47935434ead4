package rating

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Rater rates what a usage store holds.
type Rater struct {
	Rows usage.RowStore
	// Columns are those of the entries that are looked at besides what prices and customers depend on. Without any,
	// groups have their whole entry; else only the columns named are sure to be there.
	Columns []usage.Column
}

// Rate yields every group of the state's period: first usage in the order of Sums, then charges in the order of
// their source. The group is reused after yield has returned. Facts outside every sealed batch do not exist for it.
func (v Rater) Rate(ctx context.Context, s scope.Scope, st *State, yield func(*Group) error) error {
	q := st.Query()
	run := newRun(st, q)
	d := &dictionaries{tags: tagNames(st.Books)}
	d.columns, d.all = run.columns(v.Columns)
	if err := loadDictionaries(ctx, v.Rows, s, slices.Concat(q.Batches, refs(st.Behind)), d); err != nil {
		return err
	}
	return pipe(ctx, yield, func(ctx context.Context, next func() *rated, done func() error) error {
		err := v.Rows.Sums(ctx, s, q, func(sum usage.Sum) error {
			r := next()
			r.Sum, r.Span = sum, Span(q, sum.Span)
			if err := d.fill(&r.Group, &r.entry); err != nil {
				return err
			}
			if len(st.Lines) > 0 {
				d.note(r.Entry)
			}
			run.usage(&r.Group)
			return done()
		})
		if err != nil {
			return err
		}
		if err := v.behind(ctx, s, st, d); err != nil {
			return err
		}
		charges, _, _ := st.Charges(d.backed)
		for i := range charges {
			run.charge(&next().Group, &charges[i])
			if err := done(); err != nil {
				return err
			}
		}
		return nil
	})
}

// columns are those of entries that a rating looks at, and whether that is all there are.
func (r *run) columns(more []usage.Column) (list []usage.Column, all bool) {
	if len(more) == 0 {
		for c := range usage.NumColumns {
			if usage.PartOf(c) == usage.PartEntry {
				list = append(list, c)
			}
		}
		return list, true
	}
	list = append(list, usage.EntitlementID, usage.CustomerID, usage.BillingCurrency, usage.PricingCurrency)
	if len(r.st.Lines) > 0 {
		list = append(list, usage.InvoiceNumber, usage.SubscriptionID, usage.ProductID, usage.SkuID, usage.MeterName)
	}
	for _, c := range [...]struct {
		column usage.Column
		seen   bool
	}{
		{usage.PublisherName, r.sight.Publisher || r.sight.Family}, {usage.PublisherID, r.sight.Family},
		{usage.ProductID, r.sight.Product}, {usage.SkuID, r.sight.SKU}, {usage.MeterCategory, r.sight.Category},
		{usage.MeterSubCategory, r.sight.SubCategory}, {usage.MeterID, r.sight.Meter}, {usage.MeterRegion, r.sight.Region},
		{usage.ChargeType, r.sight.ChargeType}, {usage.SubscriptionDescription, r.sight.Plan},
	} {
		if c.seen {
			list = append(list, c.column)
		}
	}
	list = append(list, more...)
	slices.Sort(list)
	return slices.Compact(list), false
}

// behind notes the rows that stand behind lines of the period and do not count in it.
func (v Rater) behind(ctx context.Context, s scope.Scope, st *State, d *dictionaries) error {
	var entry usage.Entry
	return v.Rows.Sums(ctx, s, usage.Query{Batches: refs(st.Behind), Masks: st.Masks}, func(sum usage.Sum) error {
		g := Group{Sum: sum}
		if err := d.fill(&g, &entry); err != nil {
			return err
		}
		d.note(g.Entry)
		return nil
	})
}

func (r *run) usage(g *Group) {
	e := g.Entry
	g.Base = usageBase(g)
	customer, reason := r.customer(e[usage.EntitlementID], e[usage.CustomerID], g.Span.Start)
	if customer == nil {
		ref := e[usage.CustomerID]
		if reason == UnknownEntitlement {
			ref = e[usage.EntitlementID]
		}
		g.fail(reason, ref)
		return
	}
	g.Customer = customer
	r.price(g, pricing.Key{
		Customer: customer.Key, Family: usage.EntryFamily(e), Product: e[usage.ProductID], SKU: e[usage.SkuID],
		Category: e[usage.MeterCategory], SubCategory: e[usage.MeterSubCategory], Meter: e[usage.MeterID],
		Region: e[usage.MeterRegion], Publisher: e[usage.PublisherName], ChargeType: e[usage.ChargeType],
		Plan: e[usage.SubscriptionDescription], Covered: g.Variant.Covered, Tags: g.picked,
	}, g.pickedText)
}

func (r *run) charge(g *Group, c *charge.Charge) {
	g.Charge = c
	g.Span = within(c.Service, r.st.Period.Period())
	g.Base = pricing.Base{
		Quantity: c.Quantity, Cost: c.Amount.Value, CostBeforeCredit: c.Amount.Value,
		Currency: c.Amount.Currency, ListCurrency: c.Amount.Currency,
	}
	customer, reason := r.customer("", c.Customer, g.Span.Start)
	if customer == nil {
		g.fail(reason, c.Customer)
		return
	}
	g.Customer = customer
	if c.Family == "" {
		g.fail(UnknownProduct, c.Product)
		return
	}
	r.price(g, pricing.Key{
		Customer: customer.Key, Family: c.Family, Product: c.Product, SKU: c.SKU, Publisher: c.Publisher,
		ChargeType: c.Type, Plan: c.Plan,
	}, "")
}

func (r *run) price(g *Group, k pricing.Key, tags string) {
	p := r.plan(g, k, tags)
	if p == nil {
		g.fail(NoChain, g.Customer.Key)
		return
	}
	p.apply(g, r.exchange)
}

// within is the part of a service period that lies in the billing period; all of the billing period when none does.
func within(service, billing period.Period) period.Period {
	if service.Start > billing.Start && service.Start < billing.End {
		billing.Start = service.Start
	}
	return billing
}
