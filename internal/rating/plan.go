package rating

import (
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
	asked bool // by a rule for covered usage
}

// plans finds the rates along a chain. Pure.
func plans(x *org.Index, books Books, chain []*org.Edge, key pricing.Key, on period.Date) *plan {
	p := &plan{}
	for _, e := range chain {
		seller := x.Organisation(e.Seller)
		book := books.On(seller.Key, e.Terms.Book, on)
		if book == nil {
			p.reason, p.ref = NoBook, seller.Key+"/"+e.Terms.Book
			break
		}
		rate, ok := book.RateFor(key, on)
		if !ok {
			p.reason, p.ref = NoRate, seller.Key+"/"+e.Terms.Book
			break
		}
		if rate.Price.Kind == pricing.Excluded {
			p.excluded = e
			break
		}
		p.steps = append(p.steps, planned{e, rate, key.Covered && rate.Rule != ""})
	}
	return p
}

// run is one rating: its state, and what was found out so far.
type run struct {
	st        *State
	q         usage.Query
	sight     pricing.Sight
	customers map[claim]claimed
	plans     map[planKey]*plan
	exchange  exchanges
}

func newRun(st *State, q usage.Query) *run {
	r := &run{st: st, q: q, customers: map[claim]claimed{}, plans: map[planKey]*plan{}, exchange: exchanges{x: st.Index, known: map[conversion][]Exchange{}}}
	for _, v := range st.Books {
		r.sight.Add(v)
	}
	return r
}

// claim is what says whose a row is, and claimed whose it is.
type claim struct {
	entitlement, tenant string
	on                  period.Date
}

type claimed struct {
	customer *org.Organisation
	reason   Reason
}

func (r *run) customer(entitlement, tenant string, on period.Date) (*org.Organisation, Reason) {
	k := claim{entitlement, tenant, on}
	c, ok := r.customers[k]
	if !ok {
		customer, reason := r.st.Resolver.Customer(entitlement, tenant, on)
		c = claimed{customer, Reason(reason)}
		r.customers[k] = c
	}
	return c.customer, c.reason
}

// planKey is all that rates depend on: the customer, the day, and of the key what any book looks at.
type planKey struct {
	customer *org.Organisation
	on       period.Date
	covered  bool
	tags     string

	family, product, sku, category, subCategory, meter, region, publisher, chargeType, plan string
}

// plan is that of a group's customer and key; text says which tags are in the key. Nil when nobody sells to the
// customer on that day.
func (r *run) plan(g *Group, key pricing.Key, text string) *plan {
	key = r.sight.Narrow(key)
	k := planKey{
		g.Customer, g.Span.Start, key.Covered, text, key.Family, key.Product, key.SKU, key.Category, key.SubCategory,
		key.Meter, key.Region, key.Publisher, key.ChargeType, key.Plan,
	}
	p, ok := r.plans[k]
	if !ok {
		if chain := r.st.Index.Chain(g.Customer.ID, g.Span.Start); len(chain) > 0 {
			p = plans(r.st.Index, r.st.Books, chain, key, g.Span.Start)
		}
		r.plans[k] = p
	}
	return p
}

// exchanges finds exchange rates, and remembers them.
type exchanges struct {
	x     *org.Index
	known map[conversion][]Exchange
}

type conversion struct {
	from, to money.Currency
	month    period.Month
}

// of is the one exchange from one currency to another in a month, or none when no rate is known.
func (v exchanges) of(from, to money.Currency, month period.Month) []Exchange {
	k := conversion{from, to, month}
	list, ok := v.known[k]
	if !ok {
		if r := v.x.Rate(from, to, month); r != nil {
			list = []Exchange{{r.From, r.To, r.Value, month.String(), r.Source, r.Rule}}
		}
		v.known[k] = list
	}
	return list
}
