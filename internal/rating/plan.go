package rating

import (
	"cmp"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// plan is what a key pays on a chain: the rate of each edge, down to where there is none or a rule excludes. It is the
// same for every group with the key, so it is found once.
type plan struct {
	steps    []planned
	excluded *org.Edge
	reason   Reason
	ref      string
}

type planned struct {
	edge  *org.Edge
	rate  pricing.Rate
	asked bool       // by a rule for covered usage
	fixed *fixedEdge // what documents fix for the edge, or nil
}

// plans finds the rates along a chain. Pure.
func plans(st *State, chain []*org.Edge, key pricing.Key, on period.Date) *plan {
	p := &plan{}
	for _, e := range chain {
		rate, why, ref := st.rate(e, key, on)
		if why != "" {
			p.reason, p.ref = why, ref
			break
		}
		if rate.Price.Kind == pricing.Excluded {
			p.excluded = e
			break
		}
		p.steps = append(p.steps, planned{e, rate, key.Covered && rate.Rule != "", st.fixed[e.ID]})
	}
	return p
}

// run is one rating: its state, and what was found out so far.
type run struct {
	st       *State
	q        usage.Query
	sight    pricing.Sight
	plans    map[planKey]*plan
	exchange exchanges
}

func newRun(st *State, q usage.Query) *run {
	r := &run{st: st, q: q, plans: map[planKey]*plan{}, exchange: exchanges{st, map[conversion][]Exchange{}}}
	for v := range st.versions {
		r.sight.Widen(v)
	}
	return r
}

// claim is whose something is from a day on which nothing changes until the next cut.
type claim struct {
	on       period.Date
	customer *org.Organisation
	reason   Reason
}

func (r *run) claim(k *kin, on period.Date) claim {
	for _, c := range k.claims {
		if c.on == on {
			return c
		}
	}
	customer, reason := r.st.Resolver.Customer(k.entry[usage.EntitlementID], k.entry[usage.CustomerID], on)
	c := claim{on, customer, Reason(reason)}
	k.claims = append(k.claims, c)
	return c
}

// planKey is all that the rates of usage depend on; tags are those that books look at.
type planKey struct {
	kin     *kin
	on      period.Date
	covered bool
	tags    string
}

// plan is that of a group's kin, or nil when nobody sells to the customer on that day.
func (r *run) plan(g *Group) *plan {
	k := planKey{g.kin, g.Span.Start, g.Variant.Covered, g.pickedText}
	p, ok := r.plans[k]
	if !ok {
		p = r.find(g, keyOf(g))
		r.plans[k] = p
	}
	return p
}

// find looks the rates of a key up along the chain of a group's customer.
func (r *run) find(g *Group, key pricing.Key) *plan {
	chain := r.st.Index.Chain(g.Customer.ID, g.Span.Start)
	if len(chain) == 0 {
		return nil
	}
	return plans(r.st, chain, key, g.Span.Start)
}

// keyOf is what rules look at in a group of usage.
func keyOf(g *Group) pricing.Key {
	e := &g.kin.entry
	return pricing.Key{
		Customer: g.Customer.Key, Family: usage.EntryFamily(e), Product: e[usage.ProductID], SKU: e[usage.SkuID],
		Category: e[usage.MeterCategory], SubCategory: e[usage.MeterSubCategory], Meter: e[usage.MeterID],
		Region: e[usage.MeterRegion], Publisher: e[usage.PublisherName], ChargeType: e[usage.ChargeType],
		Plan: e[usage.SubscriptionDescription], Covered: g.Variant.Covered, Tags: g.picked,
	}
}

// exchanges finds exchange rates, and remembers them.
type exchanges struct {
	st    *State
	known map[conversion][]Exchange
}

// conversion is from a currency into that of an edge. Edges of one currency share it, but for those of which documents
// fix the rates.
type conversion struct {
	fixed    *fixedEdge
	from, to money.Currency
	month    period.Month
}

// of is the one exchange from a currency into that of an edge in a month, or none when no rate is known.
func (v exchanges) of(e *org.Edge, from money.Currency, month period.Month) []Exchange {
	k := conversion{cmp.Or(v.st.earlier[month][e.ID], v.st.fixed[e.ID]), from, e.Terms.Currency, month}
	list, ok := v.known[k]
	if !ok {
		if x := v.st.exchange(e, from, month); x != nil {
			list = []Exchange{*x}
		}
		v.known[k] = list
	}
	return list
}
