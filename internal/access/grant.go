package access

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// held is where a caller has an action: the places it is given at, without those under one another, and the places it
// is taken away at.
type held struct {
	allow []heldAt
	deny  []spot
	admin bool // the partner's global admin, over everything
}

type heldAt struct {
	spot
	view  scope.View
	owned bool       // by a role that has no trail
	own   scope.View // what those show
	trail []string   // of the others
}

// lent says whether it is allowed, or more is shown, only by what has a trail.
func (a *heldAt) lent() bool { return !a.owned || a.own != a.view }

// where gathers the places at which a caller has an action. Its cost is the number of assignments the caller has.
func (s *snapshot) where(c *caller, action Action, bit uint8) held {
	return s.gather(c, action, bit, func(at spot) (spot, bool) { return at, true })
}

// gather is where, with places as narrow sees them.
func (s *snapshot) gather(c *caller, action Action, bit uint8, narrow func(spot) (spot, bool)) (h held) {
	s.each(c, func(at spot, e *entry) {
		if e.standing(c) != active || !e.role.has(bit) || !c.reaches(at) || !c.usable(action, at) {
			return
		}
		at, in := narrow(at)
		if !in {
			return
		}
		if e.deny {
			h.deny = append(h.deny, at)
			return
		}
		a := heldAt{spot: at, view: e.role.View}
		if e.trailed() {
			a.trail = []string{e.loan.trail}
		} else {
			a.owned, a.own = true, a.view
		}
		h.allow = append(h.allow, a)
		h.admin = h.admin || e.role.ID == PartnerGlobalAdmin && at.node == c.realm && at.tail == ""
	})
	h.admin = h.admin && len(h.deny) == 0
	slices.SortStableFunc(h.allow, func(a, b heldAt) int { return strings.Compare(a.path(), b.path()) })
	h.allow = highest(h.allow, h.deny)
	return h
}

// highest leaves out, of places in order, what is taken out and what is below another one.
func highest(list []heldAt, deny []spot) (top []heldAt) {
	out, kept := map[string]bool{}, map[string]bool{}
	for _, d := range deny {
		out[d.path()] = true
	}
	for _, a := range list {
		last := len(top) - 1
		switch path := a.path(); {
		case last >= 0 && top[last].path() == path:
			t := &top[last]
			t.view, t.own, t.owned, t.trail = t.view|a.view, t.own|a.own, t.owned || a.owned, append(t.trail, a.trail...)
		case !atOrAbove(path, out) && !atOrAbove(path, kept):
			top, kept[path] = append(top, a), true
		}
	}
	return top
}

func atOrAbove(path string, set map[string]bool) bool {
	for len(set) > 0 && path != "" {
		if set[path] {
			return true
		}
		path = path[:max(0, strings.LastIndexByte(path, '/'))]
	}
	return false
}

// part narrows places to a spot of the resources and what is below it.
func part(of spot) func(spot) (spot, bool) {
	return func(at spot) (spot, bool) {
		switch {
		case !at.resource:
		case inside(at.path(), of.path()):
			return at, true
		case inside(of.path(), at.path()):
			return of, true
		}
		return at, false
	}
}

// uses are the assignments with a trail that a caller needs for what it holds.
func (h held) uses() (list []use) {
	for i := range h.allow {
		a := &h.allow[i]
		if !a.lent() {
			continue
		}
		for _, source := range a.trail {
			list = append(list, use{source, a.path()})
		}
	}
	return list
}

// each visits every entry of a caller and its groups whose place exists.
func (s *snapshot) each(c *caller, visit func(at spot, e *entry)) {
	subject := func(name string) {
		h := s.holding(name)
		if h == nil {
			return
		}
		for i := range h.at {
			at, ok := s.forest.locate(h.at[i].anchor)
			for j := range h.at[i].entries {
				if ok {
					visit(at, &h.at[i].entries[j])
				}
			}
		}
	}
	subject(string(c.ID))
	for _, g := range c.Groups {
		subject(string(g))
	}
}

// scope is what stores are asked with: places, provider references and whose documents.
func (s *snapshot) scope(c *caller, h held) scope.Scope {
	if h.admin {
		return scope.All()
	}
	var places, without []string
	var sides []scope.Side
	var shunned []id.Organisation
	for _, a := range h.allow {
		places = append(places, a.path())
		if a.resource && a.tail == "" && a.node == c.realm {
			places = append(places, a.Path) // its own people see the customer itself
		}
		if side, ok := c.side(a.spot); ok {
			side.Sold = c.realm.Kind == Reseller && !s.viewAt(c, a.spot, a.view).Has(scope.Buy) // its own bills say what it pays
			sides = append(sides, side)
		}
	}
	for _, d := range h.deny {
		without = append(without, d.path())
		if d.resource && d.tail == "" && d.node == c.realm {
			without = append(without, d.Path)
		}
		if !d.resource && d.tail == "" {
			for _, n := range s.forest.below(d.Path) {
				shunned = append(shunned, n.Organisation)
			}
		}
	}
	return scope.Of(places...).Without(without...).WithRefsOf(func() scope.Refs {
		return scope.Refs{Whole: s.refs(h), Parts: parts(h.allow), Without: partsOut(h.deny)}
	}).
		WithDocuments(sides...).WithoutDocumentsOf(shunned...)
}

// side is whose documents a role at a spot shows: those of the caller's own organisation; all of them when the spot is
// its own, else those with the organisation there on the other side.
func (c *caller) side(at spot) (scope.Side, bool) {
	switch {
	case at.tail != "" || at.resource && at.node != c.realm:
		return scope.Side{}, false
	case at.node == c.realm:
		return scope.Side{Own: c.realm.Organisation}, true
	}
	return scope.Side{Own: c.realm.Organisation, Other: at.Organisation}, true
}

// refs are the provider's ids of the tenants and entitlements at the places, sorted.
func (s *snapshot) refs(h held) []string {
	var refs []string
	add := func(at spot, ref string) {
		if ref != "" && !slices.ContainsFunc(h.deny, func(d spot) bool { return inside(at.path(), d.path()) }) {
			refs = append(refs, ref)
		}
	}
	whole := func(n *node, resource bool) {
		root := spot{n, resource, "", n.Key}
		if resource {
			root.anchor = "@" + n.Key
		}
		if h.deniedBelow(root) { // the tenant would show what is taken out
			for _, e := range n.Entitlements {
				if resource {
					add(spot{n, true, e, root.anchor + "/" + e}, e)
				} else {
					add(root, e)
				}
			}
			return
		}
		add(root, n.Tenant)
		for _, e := range n.Entitlements {
			add(root, e)
		}
	}
	for _, a := range h.allow {
		switch {
		case a.resource && a.tail == "":
			whole(a.node, true)
		case a.resource && !strings.Contains(a.tail, "/"):
			add(a.spot, a.tail)
		case !a.resource && a.tail == "":
			for _, n := range s.forest.below(a.Path) {
				if n.Kind == Customer {
					whole(n, false)
				}
			}
		}
	}
	slices.Sort(refs)
	return slices.Compact(refs)
}

// parts are the resource groups among places. What lies below a group is no part of one: who has a role there alone sees
// none of it.
func parts(list []heldAt) (out []scope.Part) {
	for _, a := range list {
		if entitlement, group, ok := strings.Cut(a.tail, "/"); a.resource && ok && !strings.Contains(group, "/") {
			out = append(out, scope.Part{Entitlement: entitlement, Group: group})
		}
	}
	return out
}

// partsOut are the resource groups that are taken out at places, or of which something is.
func partsOut(list []spot) (out []scope.Part) {
	for _, d := range list {
		if entitlement, group, ok := strings.Cut(d.tail, "/"); d.resource && ok {
			group, _, _ = strings.Cut(group, "/")
			out = append(out, scope.Part{Entitlement: entitlement, Group: group})
		}
	}
	return out
}

// deniedBelow says whether something under a spot is taken out.
func (h held) deniedBelow(at spot) bool {
	return slices.ContainsFunc(h.deny, func(d spot) bool { return d.path() != at.path() && inside(d.path(), at.path()) })
}

// view is the money a caller sees at all of the places it has an action at.
func (s *snapshot) view(c *caller, h held) scope.View {
	v := scope.Everything
	for _, a := range h.allow {
		v &= s.viewAt(c, a.spot, a.view)
	}
	return v
}

// viewAt is the rule of who sees which money: by realm, by the customer's policy among resources, and never more than
// the role shows.
func (s *snapshot) viewAt(c *caller, at spot, role scope.View) scope.View {
	switch {
	case c.realm.Kind == Partner:
		return role & (scope.Cost | scope.Sell | scope.List)
	case c.realm.Kind == Reseller && !at.resource:
		return role & (scope.Buy | scope.Sell | scope.List)
	}
	shown := s.policies[at.Organisation].Charges.view()
	if c.realm != at.node && shown != 0 {
		shown = scope.List // what a customer pays its seller is nobody's business who happens to have a role there
	}
	return role & shown
}
