package org

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// validateChange says what is wrong with the state that a valid one becomes by a change. It looks at what the change
// touches and nothing else: the organisations and edges themselves, who has the same tenants and entitlements, what
// the buyers buy besides, and the chains above the sellers. The state after it is valid if and only if this finds
// nothing. Organisations for which hides holds are not named; nil names all.
func validateChange(have, now *Index, c Change, hides func(*Organisation) bool) *validation {
	v := newValidation()
	v.find, v.hides = now.Organisation, hides
	v.doubled(c)
	partners := false
	for i := range c.Organisations {
		o := &c.Organisations[i]
		at := o.title(i)
		v.organisation(at, o)
		v.legal(at+" legal", o.Legal)
		v.entitlementsOf(o)
		v.references(now, at, o)
		was := have.Organisation(o.ID)
		if was == nil && o.Kind == Partner || was != nil && was.Kind != o.Kind {
			partners = true
		}
		if was != nil && was.Kind != o.Kind {
			v.edgesOf(now, o.ID)
		}
	}
	if partners || now.Partner() == nil {
		v.onePartner(len(now.partners))
	}
	for i := range c.Edges {
		e := &c.Edges[i]
		v.edge(v.edgeName(e), e)
		v.oneSellerOf(now, e.Buyer)
		v.ringThrough(now, e)
	}
	v.w = &World{Rates: c.Rates, Taxes: c.Taxes}
	v.rates()
	if c.ReplaceTaxes {
		v.taxes()
	}
	return v
}

// doubled checks that a change names everything once, and no key that is somebody else's.
func (v *validation) doubled(c Change) {
	keys, edges := map[string]bool{}, map[id.Edge]bool{}
	for i := range c.Organisations {
		o := &c.Organisations[i]
		if keys[o.Key] {
			v.add(o.title(i), "the key is taken; every organisation has its own")
		}
		keys[o.Key] = true
	}
	for i := range c.Edges {
		if e := &c.Edges[i]; edges[e.ID] {
			v.add(v.edgeName(e), "it is there twice")
		}
		edges[c.Edges[i].ID] = true
	}
}

// references checks that the provider's ids of an organisation are nobody else's.
func (v *validation) references(now *Index, at string, o *Organisation) {
	if t := strings.ToLower(o.Tenant); t != "" && o.Kind == Customer {
		for _, other := range now.tenants.Get(t) {
			if other.ID != o.ID {
				v.add(at, "tenant %s belongs to %s already", o.Tenant, v.name(other))
			}
		}
		for _, p := range now.partners {
			if p.ID != o.ID && slices.ContainsFunc(p.Tenants, func(own string) bool { return strings.EqualFold(own, t) }) {
				v.add(at, "tenant %s belongs to %s: it is the partner's own or a customer's", o.Tenant, v.name(p))
			}
		}
	}
	v.ownTenants(o, func(tenant string) string {
		if list := now.tenants.Get(tenant); len(list) > 0 && tenant != "" {
			return v.name(list[len(list)-1])
		}
		return ""
	})
	refs := map[string]bool{}
	for _, e := range o.Entitlements {
		refs[strings.ToLower(e.Provider)] = true
	}
	for ref := range sorted(refs) {
		var list []held
		for _, x := range now.owners.Get(ref) {
			if !never(x.Period) {
				list = append(list, held{x.Period, x.org})
			}
		}
		v.oneOwner(ref, list)
	}
}

// edgesOf checks the ends of all edges of an organisation that became of another kind.
func (v *validation) edgesOf(now *Index, o id.Organisation) {
	for _, e := range slices.Concat(now.buys.Get(o), now.sells.Get(o)) {
		v.ends(v.edgeName(e), e)
		v.ringThrough(now, e)
	}
	v.oneSellerOf(now, o)
}

// oneSellerOf checks that an organisation has one seller a day.
func (v *validation) oneSellerOf(now *Index, buyer id.Organisation) {
	if o := now.Organisation(buyer); o != nil && o.Kind != Partner { // a partner that buys was told above
		v.oneSeller(now.buys.Get(buyer))
	}
}

// ringThrough follows the sellers above an edge on the days on which it is in force: a ring that was not there before
// leads through an edge that is touched.
func (v *validation) ringThrough(now *Index, e *Edge) {
	buyer := now.Organisation(e.Buyer)
	if buyer == nil || buyer.Kind != Reseller || e.Seller == e.Buyer || never(e.Period) {
		return
	}
	if names, on := ring(now, e.Seller, e.Buyer, e.Period, nil); names != nil {
		for i, o := range names {
			names[i] = id.Organisation(v.key(o))
		}
		list := []string{buyer.Key}
		for _, name := range names {
			list = append(list, string(name))
		}
		v.add("reseller "+buyer.Key, "on %s the sellers form a ring: %s", on, strings.Join(append(list, buyer.Key), " buys from "))
	}
}

// ring is the sellers from one up to, without, another that is reached on some of the days, and the first such day; nil
// when it is not reached. Partners buy from nobody.
func ring(x *Index, at, to id.Organisation, days period.Period, above []id.Organisation) ([]id.Organisation, period.Date) {
	if at == to {
		return above, days.Start
	}
	if o := x.Organisation(at); o == nil || o.Kind != Reseller || slices.Contains(above, at) {
		return nil, 0
	}
	above = append(slices.Clone(above), at)
	for _, e := range x.buys.Get(at) {
		both, ok := days.Intersect(e.Period)
		if !ok || never(e.Period) {
			continue
		}
		if found, on := ring(x, e.Seller, to, both, above); found != nil {
			return found, on
		}
	}
	return nil, 0
}
