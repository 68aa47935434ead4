package org

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// World is every organisation and edge of an installation, with its exchange rates and tax rows: one state, read
// in one transaction. It is a value; its look-ups are pure. In a world to be applied nil Taxes keep what there is;
// otherwise they are the whole list.
type World struct {
	Organisations []Organisation `json:"organisations"`
	Edges         []Edge         `json:"edges"`
	Rates         []Rate         `json:"rates,omitempty"`
	Taxes         []Tax          `json:"taxes,omitempty"`
}

// Index answers the questions rating asks of a world, without a search each time. It does not change.
type Index struct {
	world   *World
	byID    map[id.Organisation]*Organisation
	byKey   map[string]*Organisation
	edges   map[id.Edge]*Edge
	tenant  map[string]*Organisation
	own     map[string]*Organisation // the partner, by its own tenants
	owners  map[string][]owner
	selling map[id.Organisation][]*Edge // edges by buyer
	rates   map[rateKey]*Rate
}

type owner struct {
	period.Period
	org *Organisation
}

type rateKey struct {
	from, to money.Currency
	month    period.Month
}

// Index builds the look-ups. The world must not change afterwards.
func (w *World) Index() *Index {
	x := &Index{
		world: w, byID: map[id.Organisation]*Organisation{}, byKey: map[string]*Organisation{},
		edges: map[id.Edge]*Edge{}, tenant: map[string]*Organisation{}, own: map[string]*Organisation{}, owners: map[string][]owner{},
		selling: map[id.Organisation][]*Edge{}, rates: map[rateKey]*Rate{},
	}
	for i := range w.Organisations {
		o := &w.Organisations[i]
		x.byID[o.ID], x.byKey[o.Key] = o, o
		if o.Kind == Customer && o.Tenant != "" {
			x.tenant[strings.ToLower(o.Tenant)] = o
		}
		if o.Kind == Partner {
			for _, t := range slices.Concat(o.Tenants, []string{o.Tenant}) {
				x.own[strings.ToLower(t)] = o
			}
		}
		for _, e := range o.Entitlements {
			ref := strings.ToLower(e.Provider)
			x.owners[ref] = append(x.owners[ref], owner{e.Period, o})
		}
	}
	for i := range w.Edges {
		e := &w.Edges[i]
		x.edges[e.ID] = e
		x.selling[e.Buyer] = append(x.selling[e.Buyer], e)
	}
	for i := range w.Rates {
		r := &w.Rates[i]
		x.rates[rateKey{r.From, r.To, r.Month}] = r
	}
	return x
}

// World is the state the index was built from.
func (x *Index) World() *World { return x.world }

// Organisation is the organisation with this id, or nil.
func (x *Index) Organisation(o id.Organisation) *Organisation { return x.byID[o] }

// Edge is the edge with this id, or nil.
func (x *Index) Edge(e id.Edge) *Edge { return x.edges[e] }

// ByKey is the organisation with this key, or nil.
func (x *Index) ByKey(key string) *Organisation { return x.byKey[key] }

// Partner is the root: the organisation running this installation, or nil in an empty world.
func (x *Index) Partner() *Organisation {
	for i := range x.world.Organisations {
		if o := &x.world.Organisations[i]; o.Kind == Partner {
			return o
		}
	}
	return nil
}

// CustomerOfEntitlement is the customer an entitlement belongs to on a day, the partner for one of its own, or nil.
func (x *Index) CustomerOfEntitlement(provider string, on period.Date) *Organisation {
	for _, o := range x.owners[strings.ToLower(provider)] {
		if o.Contains(on) {
			return o.org
		}
	}
	return nil
}

// CustomerOfTenant is the customer with this tenant id, or nil.
func (x *Index) CustomerOfTenant(tenant string) *Organisation {
	if tenant == "" {
		return nil
	}
	return x.tenant[strings.ToLower(tenant)]
}

// OwnTenant is the partner when a tenant is its own, else nil.
func (x *Index) OwnTenant(tenant string) *Organisation {
	if tenant == "" {
		return nil
	}
	return x.own[strings.ToLower(tenant)]
}

// Chain is the edges from the partner down to the customer in force on a day, the partner's own sale first. It is
// empty when somebody on the way bought from nobody that day.
func (x *Index) Chain(customer id.Organisation, on period.Date) []*Edge {
	var chain []*Edge
	for buyer := customer; ; {
		e := x.edgeTo(buyer, on)
		if e == nil || len(chain) > len(x.world.Edges) {
			return nil
		}
		chain = append(chain, e)
		if o := x.byID[e.Seller]; o == nil || o.Kind == Partner {
			break
		}
		buyer = e.Seller
	}
	slices.Reverse(chain)
	return chain
}

func (x *Index) edgeTo(buyer id.Organisation, on period.Date) *Edge {
	for _, e := range x.selling[buyer] {
		if e.Contains(on) {
			return e
		}
	}
	return nil
}

// Rate is the exchange rate of a month, or nil. Equal currencies need none: ask only for different ones.
func (x *Index) Rate(from, to money.Currency, month period.Month) *Rate {
	return x.rates[rateKey{from, to, month}]
}

// Path is the place of an organisation in the commercial tree on a day: keys from the partner down, joined by "/".
// It is the key alone when nobody sells to it that day.
func (x *Index) Path(o id.Organisation, on period.Date) string {
	org := x.byID[o]
	if org == nil {
		return ""
	}
	path := org.Key
	for range x.world.Edges {
		e := x.edgeTo(org.ID, on)
		if e == nil {
			break
		}
		if org = x.byID[e.Seller]; org == nil {
			break
		}
		path = org.Key + "/" + path
	}
	return path
}

// Cuts are the days within a period on which any chain, entitlement or edge begins or ends: between two of them
// nothing about organisations changes.
func (x *Index) Cuts(p period.Period) []period.Date {
	var cuts []period.Date
	add := func(q period.Period) {
		for _, d := range []period.Date{q.Start, q.End} {
			if d > p.Start && d < p.End {
				cuts = append(cuts, d)
			}
		}
	}
	for i := range x.world.Edges {
		add(x.world.Edges[i].Period)
	}
	for i := range x.world.Organisations {
		for _, e := range x.world.Organisations[i].Entitlements {
			add(e.Period)
		}
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}
