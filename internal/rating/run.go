package rating

import (
	"cmp"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// run is one rating: its state, and the plans and exchange rates that it looked up so far.
type run struct {
	st       *State
	q        usage.Query
	fields   pricing.KeyFields // of keys that any rule looks at
	plans    map[runKey]*plan
	exchange exchanges
}

func newRun(st *State, q usage.Query) *run {
	r := &run{st: st, q: q, plans: map[runKey]*plan{}, exchange: newExchanges(st)}
	for v := range st.versions {
		r.fields.AddVersions(v)
	}
	return r
}

// columns lists the columns of entries that prices and customers depend on, and more that are asked for.
func (r *run) columns(more ...usage.Column) (list []usage.Column) {
	need := [usage.NumColumns]bool{
		usage.EntitlementID: true, usage.CustomerID: true, usage.BillingCurrency: true, usage.PricingCurrency: true,
		usage.PublisherName: r.fields.Publisher || r.fields.Family, usage.PublisherID: r.fields.Family,
		usage.ProductID: r.fields.Product, usage.SkuID: r.fields.SKU, usage.MeterCategory: r.fields.Category,
		usage.MeterSubCategory: r.fields.SubCategory, usage.MeterID: r.fields.Meter, usage.MeterRegion: r.fields.Region,
		usage.ChargeType: r.fields.ChargeType, usage.SubscriptionDescription: r.fields.Plan,
	}
	for _, c := range more {
		need[c] = true
	}
	list = []usage.Column{}
	for c := range usage.NumColumns {
		if need[c] {
			list = append(list, c)
		}
	}
	return list
}

// owner is whose usage something is from a day on; nothing changes until the next cut.
type owner struct {
	since    period.Date
	customer *org.Organisation
	reason   Reason // why there is none
}

func (r *run) owner(c *priceClass, on period.Date) owner {
	for _, o := range c.owners {
		if o.since == on {
			return o
		}
	}
	customer, reason := r.st.Resolver.Customer(c.entry[usage.EntitlementID], c.entry[usage.CustomerID], on)
	o := owner{on, customer, Reason(reason)}
	c.owners = append(c.owners, o)
	return o
}

// runKey is all that the rates of usage depend on within a run; tags are those that books look at.
type runKey struct {
	class   *priceClass
	on      period.Date
	covered bool
	tags    string
}

// plan is that of a group's price class, or nil when nobody sells to the customer on that day.
func (r *run) plan(g *Group) *plan {
	k := runKey{g.class, g.Span.Start, g.Variant.Covered, g.pickedText}
	p, ok := r.plans[k]
	if !ok {
		p = r.find(g, keyOf(g))
		r.plans[k] = p
	}
	return p
}

// find looks up the rates of a key along the chain of a group's customer.
func (r *run) find(g *Group, key pricing.Key) *plan {
	chain := r.st.Index.Chain(g.Customer.ID, g.Span.Start)
	if len(chain) == 0 {
		return nil
	}
	return findPlan(r.st, chain, key, g.Span.Start)
}

// keyOf is what rules look at in a group of usage.
func keyOf(g *Group) pricing.Key {
	e := &g.class.entry
	return pricing.Key{
		Customer: g.Customer.Key, Family: usage.EntryFamily(e), Product: e[usage.ProductID], SKU: e[usage.SkuID],
		Category: e[usage.MeterCategory], SubCategory: e[usage.MeterSubCategory], Meter: e[usage.MeterID],
		Region: e[usage.MeterRegion], Publisher: e[usage.PublisherName], ChargeType: e[usage.ChargeType],
		Plan: e[usage.SubscriptionDescription], Covered: g.Variant.Covered, Tags: g.picked,
	}
}

// usage prices a group of usage by the plan that planOf finds, which is nil where nothing is sold.
func (r *run) usage(g *Group, planOf func(*Group) *plan) *plan {
	g.Base = usageBase(g)
	o := r.owner(g.class, g.Span.Start)
	if o.customer == nil {
		ref := g.Entry[usage.CustomerID]
		if o.reason == UnknownEntitlement {
			ref = g.Entry[usage.EntitlementID]
		}
		g.fail(o.reason, ref)
		return nil
	}
	if g.setCustomer(o.customer); g.OwnUse {
		return nil
	}
	p := planOf(g)
	r.apply(p, g)
	return p
}

// charge prices a charge.
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
	if g.setCustomer(customer); g.OwnUse {
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

// setCustomer says whose a group is. The partner's own use ends there: nobody buys it.
func (g *Group) setCustomer(o *org.Organisation) {
	g.Customer, g.OwnUse = o, o.Kind == org.Partner
}

// apply prices a group by a plan, or by none when nobody sells to its customer.
func (r *run) apply(p *plan, g *Group) {
	if p == nil {
		g.fail(NoChain, g.Customer.Key)
		return
	}
	p.apply(g, r.exchange)
}
