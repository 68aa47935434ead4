package org

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/shard"
)

// Index is one state of organisations, edges, exchange rates and tax rows with look-ups. It does not change: a change
// makes another index that shares most of it (see With).
type Index struct {
	revision string
	byID     shard.Map[id.Organisation, *Organisation]
	byKey    shard.Map[string, *Organisation]
	places   shard.Map[id.Organisation, string]
	edges    shard.Map[id.Edge, *Edge]
	tenants  shard.Map[string, []*Organisation]  // customers by tenant: one each in a valid state
	owners   shard.Map[string, []owner]          // by entitlement, by first day
	buys     shard.Map[id.Organisation, []*Edge] // edges by buyer, by first day
	sells    shard.Map[id.Organisation, []*Edge] // edges by seller, in no order
	dated    map[id.Edge]*Edge                   // edges with later terms
	partners []*Organisation                     // one in a valid state
	rates    map[rateKey]*Rate                   // by currencies and month
	cuts     map[period.Date]int                 // days on which edges and entitlements begin or end: how many
	taxes    []Tax
	world    func() *World // the same as lists, made when asked for
}

type owner struct {
	period.Period
	org *Organisation
}

type rateKey struct {
	from, to money.Currency
	month    period.Month
}

// Revision names the state of the ledger that the index shows; "" for an index of a world that is in no ledger. Two
// indexes of one revision are the same.
func (x *Index) Revision() string { return x.revision }

// World is the state as lists: organisations by key, edges by seller's key, buyer's key and first day, rates by
// currencies and month. It must not be changed.
func (x *Index) World() *World { return x.world() }

// lists makes the lists of World.
func (x *Index) lists() *World {
	w := &World{Organisations: make([]Organisation, 0, x.byKey.Len()), Edges: make([]Edge, 0, x.edges.Len()), Taxes: x.taxes}
	for _, o := range x.byKey.All() {
		w.Organisations = append(w.Organisations, *o)
	}
	slices.SortFunc(w.Organisations, func(a, b Organisation) int { return strings.Compare(a.Key, b.Key) })
	for _, e := range x.edges.All() {
		w.Edges = append(w.Edges, *e)
	}
	key := func(o id.Organisation) string {
		if found := x.byID.Get(o); found != nil {
			return found.Key
		}
		return ""
	}
	slices.SortFunc(w.Edges, func(a, b Edge) int {
		return cmp.Or(strings.Compare(key(a.Seller), key(b.Seller)), strings.Compare(key(a.Buyer), key(b.Buyer)),
			cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID))
	})
	w.Rates = make([]Rate, 0, len(x.rates))
	for _, r := range x.rates {
		w.Rates = append(w.Rates, *r)
	}
	slices.SortFunc(w.Rates, func(a, b Rate) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), strings.Compare(a.Month.String(), b.Month.String()))
	})
	return w
}

// Organisation is the organisation with this id, or nil.
func (x *Index) Organisation(o id.Organisation) *Organisation { return x.byID.Get(o) }

// Edge is the edge with this id, or nil.
func (x *Index) Edge(e id.Edge) *Edge { return x.edges.Get(e) }

// Edges yields every edge, in no particular order.
func (x *Index) Edges() iter.Seq[*Edge] {
	return func(yield func(*Edge) bool) {
		for _, e := range x.edges.All() {
			if !yield(e) {
				return
			}
		}
	}
}

// Sales yields the edges that an organisation sells by on any day, in no particular order.
func (x *Index) Sales(seller id.Organisation) iter.Seq[*Edge] {
	return slices.Values(x.sells.Get(seller))
}

// ByKey is the organisation with this key, or nil.
func (x *Index) ByKey(key string) *Organisation { return x.byKey.Get(key) }

// Key is the key of an organisation, or "".
func (x *Index) Key(o id.Organisation) string {
	if found := x.byID.Get(o); found != nil {
		return found.Key
	}
	return ""
}

// Len is the number of organisations.
func (x *Index) Len() int { return x.byID.Len() }

// Taxes are the tax rows, in the order they were given. They must not be changed.
func (x *Index) Taxes() []Tax { return x.taxes }

// Partner is the root: the organisation running this installation, or nil in an empty world.
func (x *Index) Partner() *Organisation {
	if len(x.partners) == 0 {
		return nil
	}
	return x.partners[0]
}

// CustomerOfEntitlement is the customer an entitlement belongs to on a day, the partner for one of its own, or nil.
func (x *Index) CustomerOfEntitlement(provider string, on period.Date) *Organisation {
	for _, o := range x.owners.Get(strings.ToLower(provider)) {
		if o.Contains(on) {
			return o.org
		}
	}
	return nil
}

// CustomerOfTenant is the customer with this tenant id, or nil.
func (x *Index) CustomerOfTenant(tenant string) *Organisation {
	list := x.tenants.Get(strings.ToLower(tenant))
	if tenant == "" || len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// OwnTenant is the partner when a tenant is its own, else nil.
func (x *Index) OwnTenant(tenant string) *Organisation {
	if tenant == "" {
		return nil
	}
	for _, p := range x.partners {
		if strings.EqualFold(p.Tenant, tenant) || slices.ContainsFunc(p.Tenants, func(t string) bool { return strings.EqualFold(t, tenant) }) {
			return p
		}
	}
	return nil
}

// Chain is the edges from the partner down to the customer in force on a day, the partner's own sale first. It is
// empty when somebody on the way bought from nobody that day.
func (x *Index) Chain(customer id.Organisation, on period.Date) []*Edge {
	var chain []*Edge
	for buyer := customer; ; {
		e := x.edgeTo(buyer, on)
		if e == nil || len(chain) > x.edges.Len() {
			return nil
		}
		chain = append(chain, e)
		if o := x.byID.Get(e.Seller); o == nil || o.Kind == Partner {
			break
		}
		buyer = e.Seller
	}
	slices.Reverse(chain)
	return chain
}

func (x *Index) edgeTo(buyer id.Organisation, on period.Date) *Edge {
	for _, e := range x.buys.Get(buyer) {
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
	org := x.byID.Get(o)
	if org == nil {
		return ""
	}
	path := org.Key
	for range x.edges.Len() {
		e := x.edgeTo(org.ID, on)
		if e == nil {
			break
		}
		if org = x.byID.Get(e.Seller); org == nil {
			break
		}
		path = org.Key + "/" + path
	}
	return path
}

// Place is where the ledger has an organisation: its path on the day on which places were last followed.
func (x *Index) Place(o id.Organisation) string { return x.places.Get(o) }

// Cuts are the days within a period on which any chain, entitlement or edge begins or ends: between two of them
// nothing about organisations changes but the terms of edges.
func (x *Index) Cuts(p period.Period) []period.Date {
	var cuts []period.Date
	for d := range x.cuts {
		if d > p.Start && d < p.End {
			cuts = append(cuts, d)
		}
	}
	slices.Sort(cuts)
	return cuts
}

// Within is the part of the index that a scope sees: organisations whose places it sees, and edges whose both ends it
// sees. Rates and tax rows are everybody's.
func (x *Index) Within(s scope.Scope) *Index {
	if s.IsAll() {
		return x
	}
	c := (&Index{}).change()
	for o, place := range x.places.All() {
		if s.Sees(place) {
			c.organisation(x.byID.Get(o))
			c.places.Set(o, place)
		}
	}
	for o := range c.organisations.Map().All() {
		for _, e := range x.buys.Get(o) {
			if c.organisations.Get(e.Seller) != nil {
				c.edge(e)
			}
		}
	}
	c.next.rates, c.next.taxes = x.rates, x.taxes
	return c.index("")
}

// below yields organisations and all that bought through them on any day, each once.
func (x *Index) below(tops ...id.Organisation) []id.Organisation {
	seen := map[id.Organisation]bool{}
	var list []id.Organisation
	for len(tops) > 0 {
		o := tops[0]
		tops = tops[1:]
		if seen[o] {
			continue
		}
		seen[o] = true
		list = append(list, o)
		for _, e := range x.sells.Get(o) {
			tops = append(tops, e.Buyer)
		}
	}
	return list
}

// change begins a change of the index.
func (x *Index) change() *indexChange {
	next := *x
	return &indexChange{
		next: &next, organisations: x.byID.Edit(), keys: x.byKey.Edit(), places: x.places.Edit(), edges: x.edges.Edit(),
		tenants: listsOf(x.tenants), owners: listsOf(x.owners), buys: listsOf(x.buys), sells: listsOf(x.sells),
	}
}

// index is the changed index, under a revision.
func (c *indexChange) index(revision string) *Index {
	x := c.next
	c.tenants.sort(func(a, b *Organisation) int { return strings.Compare(a.Key, b.Key) })
	c.owners.sort(func(a, b owner) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), strings.Compare(a.org.Key, b.org.Key))
	})
	c.buys.sort(func(a, b *Edge) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID)) })
	x.byID, x.byKey, x.places, x.edges = c.organisations.Map(), c.keys.Map(), c.places.Map(), c.edges.Map()
	x.tenants, x.owners, x.buys, x.sells = c.tenants.Map(), c.owners.Map(), c.buys.Map(), c.sells.Map()
	x.revision, x.world = revision, sync.OnceValue(x.lists)
	return x
}

// listsOf begins an edit of a map of lists.
func listsOf[K ~string, V any](m shard.Map[K, []V]) *lists[K, V] {
	return &lists[K, V]{m.Edit(), map[K]bool{}}
}

// lists edits a map of lists; a list is copied before it is changed.
type lists[K ~string, V any] struct {
	*shard.Editor[K, []V]
	touched map[K]bool
}

func (l *lists[K, V]) add(key K, value V) {
	list := l.Get(key)
	if !l.touched[key] {
		list, l.touched[key] = slices.Clone(list), true
	}
	l.Set(key, append(list, value))
}

func (l *lists[K, V]) remove(key K, which func(V) bool) {
	list := l.Get(key)
	if !l.touched[key] {
		list, l.touched[key] = slices.Clone(list), true
	}
	if list = slices.DeleteFunc(list, which); len(list) == 0 {
		l.Delete(key)
		return
	}
	l.Set(key, list)
}

func (l *lists[K, V]) sort(compare func(a, b V) int) {
	for key := range l.touched {
		slices.SortStableFunc(l.Get(key), compare)
	}
}

// counted is how often days are named, after more or fewer of them; the map before stays as it is.
type counted struct {
	days   map[period.Date]int
	copied bool
}

func (c *counted) add(p period.Period, n int) {
	if p.Start == 0 && p.End == 0 {
		return
	}
	if !c.copied {
		c.days, c.copied = maps.Clone(c.days), true
		if c.days == nil {
			c.days = map[period.Date]int{}
		}
	}
	for _, d := range []period.Date{p.Start, p.End} {
		if d == 0 {
			continue
		}
		if c.days[d] += n; c.days[d] == 0 {
			delete(c.days, d)
		}
	}
}
