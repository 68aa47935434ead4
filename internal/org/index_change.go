package org

import (
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/shard"
)

// indexChange is an index being changed. Only what is touched is copied.
type indexChange struct {
	next          *Index
	organisations *shard.Editor[id.Organisation, *Organisation]
	keys          *shard.Editor[string, *Organisation]
	places        *shard.Editor[id.Organisation, string]
	edges         *shard.Editor[id.Edge, *Edge]
	tenants       *lists[string, *Organisation]
	owners        *lists[string, owner]
	buys, sells   *lists[id.Organisation, *Edge]
	days          counted
	datedCopied   bool
}

// With is the index after a change, under the revision that the ledger has then.
func (x *Index) With(change Change, revision string) *Index {
	c := x.change()
	for i := range change.Organisations {
		c.organisation(&change.Organisations[i])
	}
	for i := range change.Edges {
		c.edge(&change.Edges[i])
	}
	for key, place := range change.Paths {
		if o := c.keys.Get(key); o != nil {
			c.places.Set(o.ID, place)
		}
	}
	c.rates(change.Rates)
	if change.ReplaceTaxes {
		c.next.taxes = change.Taxes
	}
	return c.index(revision)
}

// WithEdges is the index with some edges replaced, in no ledger.
func (x *Index) WithEdges(list []*Edge) *Index {
	c := x.change()
	for _, e := range list {
		c.edge(e)
	}
	return c.index("")
}

// organisation adds an organisation or replaces the one with its id.
func (c *indexChange) organisation(o *Organisation) {
	c.counts()
	if old := c.organisations.Get(o.ID); old != nil {
		c.forget(old)
	}
	c.organisations.Set(o.ID, o)
	c.keys.Set(o.Key, o)
	if o.Kind == Customer && o.Tenant != "" {
		c.tenants.add(strings.ToLower(o.Tenant), o)
	}
	if o.Kind == Partner {
		c.next.partners = append(slices.Clone(c.next.partners), o)
		slices.SortStableFunc(c.next.partners, func(a, b *Organisation) int { return strings.Compare(a.Key, b.Key) })
	}
	for _, e := range o.Entitlements {
		c.owners.add(strings.ToLower(e.Provider), owner{e.Period, o})
		c.days.add(e.Period, 1)
	}
	c.next.cuts = c.days.days
}

// forget takes an organisation out of the look-ups that do not go by its id.
func (c *indexChange) forget(old *Organisation) {
	same := func(o *Organisation) bool { return o == old }
	if c.keys.Get(old.Key) == old {
		c.keys.Delete(old.Key)
	}
	if old.Kind == Customer && old.Tenant != "" {
		c.tenants.remove(strings.ToLower(old.Tenant), same)
	}
	if old.Kind == Partner {
		c.next.partners = slices.DeleteFunc(slices.Clone(c.next.partners), same)
	}
	for _, e := range old.Entitlements {
		c.owners.remove(strings.ToLower(e.Provider), func(x owner) bool { return x.org == old })
		c.days.add(e.Period, -1)
	}
}

// edge adds an edge or replaces the one with its id.
func (c *indexChange) edge(e *Edge) {
	c.counts()
	if old := c.edges.Get(e.ID); old != nil {
		same := func(x *Edge) bool { return x == old }
		c.buys.remove(old.Buyer, same)
		c.sells.remove(old.Seller, same)
		c.cut(old, -1)
	}
	c.edges.Set(e.ID, e)
	c.buys.add(e.Buyer, e)
	c.sells.add(e.Seller, e)
	c.cut(e, 1)
	c.next.cuts = c.days.days
	if _, was := c.next.dated[e.ID]; was || len(e.Later) > 0 {
		if !c.datedCopied {
			c.next.dated, c.datedCopied = maps.Clone(c.next.dated), true
		}
		if c.next.dated == nil {
			c.next.dated = map[id.Edge]*Edge{}
		}
		if c.next.dated[e.ID] = e; len(e.Later) == 0 {
			delete(c.next.dated, e.ID)
		}
	}
}

// cut counts the days on which an edge begins, ends or sells by another book, n times.
func (c *indexChange) cut(e *Edge, n int) {
	c.days.add(e.Period, n)
	for _, b := range e.Earlier {
		c.days.add(period.Period{Start: b.Until}, n)
	}
}

// counts begins with the days of the index that is changed.
func (c *indexChange) counts() {
	if c.days.days == nil {
		c.days.days = c.next.cuts
	}
}

// rates adds exchange rates or replaces those of the same currencies and month.
func (c *indexChange) rates(list []Rate) {
	if len(list) == 0 && c.next.rates != nil {
		return
	}
	c.next.rates = maps.Clone(c.next.rates)
	if c.next.rates == nil {
		c.next.rates = map[rateKey]*Rate{}
	}
	for i := range list {
		r := &list[i]
		c.next.rates[rateKey{r.From, r.To, r.Month}] = r
	}
}
