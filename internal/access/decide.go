package access

import (
	"math"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// caller is who asks, with the node of its realm.
type caller struct {
	identity.Principal
	realm *node
	now   int64
}

// caller is nil for people of a realm that does not exist: they have nothing.
func (s *snapshot) caller(who identity.Principal, now time.Time) (caller, bool) {
	n := s.forest.byID.Get(who.Realm)
	return caller{who, n, nanos(now)}, n != nil && who.ID != ""
}

// reaches says whether a position is one the people of a realm may have to do with at all: its own subtree for staff, its
// own resources for a customer, and for staff whatever resources they were given roles at.
func (c caller) reaches(at position) bool {
	switch {
	case c.realm.Kind == Customer:
		return at.resource && at.node == c.realm
	case at.resource:
		return true
	}
	return inside(at.Path, c.realm.Path)
}

// usable says whether an action can come from a role at a position: those on resources only among resources; all others
// in the commercial tree, or from a customer's own roles.
func (c caller) usable(action Action, at position) bool {
	if action.onResources() {
		return at.resource
	}
	return !at.resource || c.realm.Kind == Customer
}

// own is the position a caller means: a customer's place in the commercial tree is, to its own people, the root of its
// resources.
func (c caller) own(at position) position {
	if c.realm.Kind == Customer && !at.resource && at.node == c.realm && at.tail == "" {
		return position{at.node, true, "", "@" + at.Key}
	}
	return at
}

// status is what an entry is worth to a caller now.
type status uint8

const (
	active status = iota
	lapsed
	conditionUnmet
	otherRealm
	outOfGroup
)

func (e *entry) status(c *caller) status {
	switch {
	case e.realm != c.Realm:
		return otherRealm
	case e.end <= c.now:
		return lapsed
	case e.mfa && !c.MFA:
		return conditionUnmet
	case e.delegated != nil && e.delegated.through != "" && !slices.Contains(c.Groups, e.delegated.through):
		return outOfGroup
	}
	return active
}

// walk visits the entries that bear on a position the caller reaches: those of the caller and its groups, at the position and at
// each place above, as far as the realm's own. Its cost is the number of groups times the depth, however many
// assignments there are.
func (s *snapshot) walk(c *caller, at position, visit func(subject, keyPath string, e *entry)) {
	s.climb(string(c.ID), c, at, visit)
	for _, g := range c.Groups {
		s.climb(string(g), c, at, visit)
	}
}

func (s *snapshot) climb(subject string, c *caller, at position, visit func(subject, keyPath string, e *entry)) {
	h := s.holding(subject)
	if h == nil {
		return
	}
	top := len(at.chain) - len(c.realm.chain)
	for keyPath, above := at.keyPath, 0; keyPath != "" && (at.resource || above <= top); keyPath, above = at.up(keyPath, above) {
		entries := h.find(keyPath)
		for i := range entries {
			visit(subject, keyPath, &entries[i])
		}
	}
}

// verdict is what came of a check.
type verdict struct {
	visible       bool // the caller has a role there
	allowed       bool
	denied        bool // by a deny assignment
	off           bool // it is allowed, and usage charges are not shown there: what is held may be given, and not used
	view          scope.View
	until         int64 // when the last of the roles that allow it ends
	plain         bool  // one of them holds always
	onlyDelegated bool  // it is allowed, or more is shown, only by what has a trail
	own           scope.View
	owned         bool // one of them has no trail; own is what those show
	admin         bool // one of them is a global admin's
}

// decide is the rule: an active assignment of a role with the action, at the position or above it, and no active denial of
// it.
func (s *snapshot) decide(c *caller, action Action, bit uint8, at position) (v verdict) {
	if !c.reaches(at) {
		return v
	}
	usable := c.usable(action, at)
	s.walk(c, at, func(_, _ string, e *entry) {
		if e.status(c) != active {
			return
		}
		has := usable && e.role.has(bit)
		switch {
		case e.deny:
			v.denied = v.denied || has
			return
		case has:
			v.allowed, v.view, v.until = true, v.view|e.role.View, max(v.until, e.end)
			v.plain = v.plain || !e.mfa
			if !e.trailed() {
				v.owned, v.own = true, v.own|e.role.View
			}
		}
		v.visible = true
		v.admin = v.admin || e.role.ID == e.role.Realm.globalAdmin()
	})
	v.allowed = v.allowed && !v.denied
	v.onlyDelegated = v.allowed && (!v.owned || v.own != v.view)
	v.off = v.allowed && s.hides(c, action, at, v.view)
	return v
}

// use is one assignment with a trail that something is allowed through: its source, and where.
type use struct{ source, place string }

// uses are the assignments with a trail by which a position's action is allowed.
func (s *snapshot) uses(c *caller, bit uint8, at position) (list []use) {
	s.walk(c, at, func(_, _ string, e *entry) {
		if e.trailed() && !e.deny && e.status(c) == active && e.role.has(bit) {
			list = append(list, use{e.delegated.trail, at.path()})
		}
	})
	return list
}

const never = math.MaxInt64
