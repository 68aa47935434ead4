package rating

import (
	"cmp"
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Rater rates what a usage store holds.
type Rater struct{ Rows usage.RowStore }

// Rate yields every group of the state's period: first usage in the order of Sums, then charges in the order of
// their source. The group is reused between calls. Facts outside every sealed batch do not exist for it.
func (v Rater) Rate(ctx context.Context, s scope.Scope, st *State, yield func(*Group) error) error {
	q := st.Query()
	d, err := loadDictionaries(ctx, v.Rows, s, slices.Concat(q.Batches, refs(st.Behind)))
	if err != nil {
		return err
	}
	run := &run{st: st, q: q, tags: tagNames(st.Books), chains: map[chainKey][]*org.Edge{}}
	var g Group
	err = v.Rows.Sums(ctx, s, q, func(sum usage.Sum) error {
		g = Group{Sum: sum, Span: Span(q, sum.Span), Steps: g.Steps[:0]}
		if err := d.fill(&g); err != nil {
			return err
		}
		if len(st.Lines) > 0 {
			d.note(g.Entry)
		}
		run.usage(&g)
		return yield(&g)
	})
	if err != nil {
		return err
	}
	if err := v.behind(ctx, s, st, d); err != nil {
		return err
	}
	charges, _, _ := st.Charges(d.backed)
	for i := range charges {
		g = Group{Steps: g.Steps[:0]}
		run.charge(&g, &charges[i])
		if err := yield(&g); err != nil {
			return err
		}
	}
	return nil
}

// behind notes the rows that stand behind lines of the period and do not count in it.
func (v Rater) behind(ctx context.Context, s scope.Scope, st *State, d *dictionaries) error {
	return v.Rows.Sums(ctx, s, usage.Query{Batches: refs(st.Behind), Masks: st.Masks}, func(sum usage.Sum) error {
		g := Group{Sum: sum}
		if err := d.fill(&g); err != nil {
			return err
		}
		d.note(g.Entry)
		return nil
	})
}

type chainKey struct {
	customer *org.Organisation
	on       period.Date
}

// run is one rating: its state, and the chains found so far.
type run struct {
	st     *State
	q      usage.Query
	tags   []string
	chains map[chainKey][]*org.Edge
}

func (r *run) chain(c *org.Organisation, on period.Date) []*org.Edge {
	k := chainKey{c, on}
	chain, ok := r.chains[k]
	if !ok {
		chain = r.st.Index.Chain(c.ID, on)
		r.chains[k] = chain
	}
	return chain
}

func (r *run) usage(g *Group) {
	e := g.Entry
	g.Base = usageBase(g)
	customer, reason := r.st.Resolver.Customer(e[usage.EntitlementID], e[usage.CustomerID], g.Span.Start)
	if customer == nil {
		ref := e[usage.CustomerID]
		if Reason(reason) == UnknownEntitlement {
			ref = e[usage.EntitlementID]
		}
		g.fail(Reason(reason), ref)
		return
	}
	g.Customer = customer
	r.price(g, pricing.Key{
		Customer: customer.Key, Family: usage.EntryFamily(e), Product: e[usage.ProductID], SKU: e[usage.SkuID],
		Category: e[usage.MeterCategory], SubCategory: e[usage.MeterSubCategory], Meter: e[usage.MeterID],
		Region: e[usage.MeterRegion], Publisher: e[usage.PublisherName], ChargeType: e[usage.ChargeType],
		Plan: e[usage.SubscriptionDescription], Covered: g.Variant.Covered, Tags: pick(r.tags, g.TagPairs),
	})
}

func (r *run) charge(g *Group, c *charge.Charge) {
	g.Charge = c
	g.Span = within(c.Service, r.st.Period.Period())
	g.Base = pricing.Base{
		Quantity: c.Quantity, Cost: c.Amount.Value, CostBeforeCredit: c.Amount.Value,
		Currency: c.Amount.Currency, ListCurrency: c.Amount.Currency,
	}
	customer, reason := r.st.Resolver.Customer("", c.Customer, g.Span.Start)
	if customer == nil {
		g.fail(Reason(reason), c.Customer)
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
	})
}

func (r *run) price(g *Group, k pricing.Key) {
	chain := r.chain(g.Customer, g.Span.Start)
	if len(chain) == 0 {
		g.fail(NoChain, g.Customer.Key)
		return
	}
	walk(r.st.Index, r.st.Books, chain, k, g)
}

// usageBase is the provider's amounts of a group. Until a retail price sheet is known, list is what an Azure plan
// row says itself: quantity × unit price × exchange rate (money-path §4); where the row prints no exchange rate, it is
// in the currency of its prices. Covered usage lists at 0.
func usageBase(g *Group) pricing.Base {
	e, v := g.Entry, g.Variant
	currency := money.Currency(e[usage.BillingCurrency])
	b := pricing.Base{Quantity: g.Sum.Quantity, Cost: g.Sum.Cost, Currency: currency, ListCurrency: currency}
	unit, err := money.Parse(v.UnitPrice)
	if err != nil {
		return b
	}
	b.CostBeforeCredit = g.Sum.Quantity.Mul(unit)
	if rate, err := money.Parse(v.ExchangeRate); err == nil {
		b.CostBeforeCredit = b.CostBeforeCredit.Mul(rate)
	} else {
		b.ListCurrency = cmp.Or(money.Currency(e[usage.PricingCurrency]), currency)
	}
	list := b.CostBeforeCredit
	if v.Covered {
		list = money.Decimal{}
	}
	b.List = &list
	return b
}

// within is the part of a service period that lies in the billing period; all of the billing period when none does.
func within(service, billing period.Period) period.Period {
	if service.Start > billing.Start && service.Start < billing.End {
		billing.Start = service.Start
	}
	return billing
}
