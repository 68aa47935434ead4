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
	deny  []position
	admin bool // the partner's global admin, over everything; or who compares statements for all of the partner
	off   bool // somewhere the role would do, and usage charges are not shown there
}

type heldAt struct {
	position
	view  scope.View
	owned bool       // by a role that has no trail
	own   scope.View // what those show
	trail []string   // of the others
}

// onlyDelegated says whether it is allowed, or more is shown, only by what has a trail.
func (a *heldAt) onlyDelegated() bool { return !a.owned || a.own != a.view }

// where gathers the places at which a caller has an action. Its cost is the number of assignments the caller has.
func (s *snapshot) where(c *caller, action Action, bit uint8) held {
	return s.gather(c, action, bit, func(at position) (position, bool) { return at, true })
}

// gather is where, with places as narrow sees them.
func (s *snapshot) gather(c *caller, action Action, bit uint8, narrow func(position) (position, bool)) (h held) {
	s.each(c, func(at position, e *entry) {
		if e.status(c) != active || !e.role.has(bit) || !c.reaches(at) || !c.usable(action, at) {
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
		if s.hides(c, action, at, e.role.View) {
			h.off = true
			return
		}
		a := heldAt{position: at, view: e.role.View}
		if e.trailed() {
			a.trail = []string{e.delegated.trail}
		} else {
			a.owned, a.own = true, a.view
		}
		h.allow = append(h.allow, a)
		h.admin = h.admin || (e.role.ID == PartnerGlobalAdmin || action == Reconcile) && at.node == c.realm && at.Kind == Partner && at.tail == ""
	})
	h.admin = h.admin && len(h.deny) == 0
	slices.SortStableFunc(h.allow, func(a, b heldAt) int { return strings.Compare(a.path(), b.path()) })
	h.allow = highest(h.allow, h.deny)
	return h
}

// highest leaves out, of places in order, what is taken out and what is below another one.
func highest(list []heldAt, deny []position) (top []heldAt) {
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

// part narrows places to a position of the resources and what is below it.
func part(of position) func(position) (position, bool) {
	return func(at position) (position, bool) {
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
		if !a.onlyDelegated() {
			continue
		}
		for _, source := range a.trail {
			list = append(list, use{source, a.path()})
		}
	}
	return list
}

// each visits every entry of a caller and its groups whose place exists, and denials where there was one.
func (s *snapshot) each(c *caller, visit func(at position, e *entry)) {
	subject := func(name string) {
		h := s.holding(name)
		if h == nil {
			return
		}
		for i := range h.at {
			at, ok := s.forest.locate(h.at[i].keyPath)
			for j := range h.at[i].entries {
				if e := &h.at[i].entries[j]; ok {
					visit(at, e)
				} else if was, ok := s.forest.former(h.at[i].keyPath); ok && e.deny {
					visit(was, e) // what is denied of the days before it ended stays so
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
	var excluded []id.Organisation
	for _, a := range h.allow {
		places = append(places, a.path())
		if a.resource && a.tail == "" && a.node == c.realm {
			places = append(places, a.Path) // its own people see the customer itself
		}
		if side, ok := c.side(a.position); ok {
			side.Sold = c.realm.Kind == Reseller && !s.viewAt(c, a.position, a.view).Has(scope.Buy) // its own bills say what it pays
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
				excluded = append(excluded, n.Organisation)
			}
		}
	}
	who := *c
	return scope.Of(places...).Without(without...).WithRefsOf(func() []scope.Ref { return s.refs(&who, h) }).
		WithDocuments(sides...).WithoutDocumentsOf(excluded...)
}

// side is whose documents a role at a position shows: those of the caller's own organisation; all of them when the position is
// its own, else those with the organisation there on the other side.
func (c *caller) side(at position) (scope.Side, bool) {
	switch {
	case at.tail != "" || at.resource && at.node != c.realm:
		return scope.Side{}, false
	case at.node == c.realm:
		return scope.Side{Own: c.realm.Organisation}, true
	}
	return scope.Side{Own: c.realm.Organisation, Other: at.Organisation}, true
}

// hides is the gate before cost management: where a customer's usage charges are not shown, nothing of cost is there
// for its people and for whoever has delegated access but the partner's.
func (s *snapshot) hides(c *caller, action Action, at position, role scope.View) bool {
	return (action == CostRead || action == CostWrite) && s.viewAt(c, at, role) == 0
}

// view is the money a caller sees at all of the places it has an action at.
func (s *snapshot) view(c *caller, h held) scope.View {
	if len(h.allow) == 0 {
		return 0
	}
	v := scope.Everything
	for _, a := range h.allow {
		v &= s.viewAt(c, a.position, a.view)
	}
	return v
}

// viewAt is the rule of who sees which money: by realm, by the customer's policy among resources, and never more than
// the role shows. Whoever comes to a customer's resources from outside sees the provider's public price there, as a
// role among resources tells nothing of what they may see of their own sales: the partner's people always, others where
// the customer's people see something.
func (s *snapshot) viewAt(c *caller, at position, role scope.View) scope.View {
	switch {
	case c.realm.Kind == Partner && at.resource:
		return role & scope.List
	case c.realm.Kind == Partner:
		return role & (scope.Cost | scope.Sell | scope.List)
	case c.realm.Kind == Reseller && !at.resource:
		return role & (scope.Buy | scope.Sell | scope.List)
	}
	shown := s.policies[at.Organisation].Charges.view()
	if c.realm != at.node && shown != 0 {
		shown = scope.List
	}
	return role & shown
}
