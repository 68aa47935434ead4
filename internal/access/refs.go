package access

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// refs are the provider's ids of the tenants and entitlements at the places, with the days on which they are the
// caller's to see: staff see a customer's usage of the days on which it bought through their place, whoever it buys
// from today; the customer's own people, and whoever has delegated access, see all of it.
func (s *snapshot) refs(c *caller, h held) (refs []scope.Ref) {
	for _, a := range h.allow {
		switch {
		case a.resource && a.tail == "":
			refs = append(refs, h.whole(a.node, true, period.Period{})...)
		case a.resource:
			entitlement, group, _ := strings.Cut(a.tail, "/")
			if !strings.Contains(group, "/") {
				refs = append(refs, h.entitled(a.node, entitlement, group, period.Period{})...)
			}
		case a.tail == "":
			for _, n := range s.forest.nodes {
				for _, st := range n.Chains {
					if passes(st.Of, c.realm.Key, a.Key) && !h.deniedOn(st.Of) {
						refs = append(refs, h.whole(n, false, st.Days)...)
					}
				}
			}
		}
	}
	return refs
}

// passes says whether a chain goes through a realm and, there or below it, through a place.
func passes(chain []string, realm, place string) bool {
	from := slices.Index(chain, realm)
	return from >= 0 && slices.Contains(chain[from:], place)
}

// deniedOn says whether a whole organisation of a chain is taken out.
func (h held) deniedOn(chain []string) bool {
	return slices.ContainsFunc(h.deny, func(d position) bool { return !d.resource && d.tail == "" && slices.Contains(chain, d.Key) })
}

// deniedAt says whether a customer's subscription is taken out of the commercial tree.
func (h held) deniedAt(n *node, entitlement string) bool {
	return slices.ContainsFunc(h.deny, func(d position) bool { return d.node == n && !d.resource && strings.EqualFold(d.tail, entitlement) })
}

// whole is all of a customer on some days. The tenant would show what is taken out below, so then only entitlements are
// named.
func (h held) whole(n *node, resource bool, days period.Period) (refs []scope.Ref) {
	hidden := slices.ContainsFunc(h.deny, func(d position) bool { return d.node == n && d.resource == resource })
	if n.Tenant != "" && !hidden {
		refs = append(refs, scope.Ref{Customer: n.Organisation, ID: n.Tenant, Whole: true, Days: days})
	}
	for _, e := range n.Held {
		both, ok := days.Intersect(e.Days)
		if !ok {
			continue
		}
		if !resource && !h.deniedAt(n, e.Of) {
			refs = append(refs, scope.Ref{Customer: n.Organisation, ID: e.Of, Whole: !hidden, Days: both})
		}
		if !resource {
			continue
		}
		for _, ref := range h.entitled(n, e.Of, "", both) {
			ref.Whole = !hidden
			refs = append(refs, ref)
		}
	}
	return refs
}

// entitled is what is seen of an entitlement, or of one resource group in it, on those of the days on which the
// customer had it.
func (h held) entitled(n *node, entitlement, group string, days period.Period) (refs []scope.Ref) {
	ref := scope.Ref{Customer: n.Organisation, ID: entitlement, Group: group}
	for _, d := range h.deny {
		if d.node != n || !d.resource {
			continue
		}
		of, without, _ := strings.Cut(d.tail, "/")
		switch {
		case d.tail == "" || of == entitlement && (without == "" || without == group):
			return nil
		case of == entitlement:
			name, _, _ := strings.Cut(without, "/")
			ref.Except = append(ref.Except, name)
		}
	}
	for _, e := range n.Held {
		if both, ok := days.Intersect(e.Days); ok && e.Of == entitlement {
			ref.Days = both
			refs = append(refs, ref)
		}
	}
	return refs
}
