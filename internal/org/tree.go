package org

import (
	"math"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Tree is organisations as access knows them on a day: where they stand, whom they bought through and which entitlements
// they have; and when any organisation moves next by itself.
func (x *Index) Tree(today period.Date, list []id.Organisation) access.Tree {
	t := access.Tree{Nodes: make([]access.Node, 0, len(list))}
	if cuts := x.Cuts(period.Period{Start: today, End: math.MaxInt32}); len(cuts) > 0 {
		t.Next = cuts[0].Time()
	}
	for _, o := range list {
		if found := x.byID.Get(o); found != nil {
			t.Nodes = append(t.Nodes, x.node(found, today))
		}
	}
	return t
}

// Whole is the Tree of every organisation, by key.
func (x *Index) Whole(today period.Date) access.Tree {
	var list []id.Organisation
	for o := range x.byID.All() {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b id.Organisation) int { return strings.Compare(x.Key(a), x.Key(b)) })
	return x.Tree(today, list)
}

func (x *Index) node(o *Organisation, today period.Date) access.Node {
	n := access.Node{Organisation: o.ID, Key: o.Key, Path: x.Place(o.ID), Kind: access.Kind(o.Kind), Tenant: o.Tenant}
	for keys, days := range x.Chains(o.ID) {
		n.Chains = append(n.Chains, period.Dated[[]string]{Of: keys, Days: days})
	}
	for _, e := range o.Entitlements {
		if o.Kind != Customer {
			break // the partner's own are no place that customers' people have
		}
		ref := strings.ToLower(e.Provider)
		n.Held = append(n.Held, period.Dated[string]{Of: ref, Days: e.Period})
		if e.Contains(today) {
			n.Entitlements = append(n.Entitlements, ref)
		}
	}
	return n
}
