package access

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/shard"
)

// snapshot is everything a check looks at. It does not change: what changes makes another one that shares most of it.
type snapshot struct {
	holdings shard.Map[string, *holding] // by principal or group
	roles    map[id.Role]*compiled
	forest   *forest
	policies map[id.Organisation]Policy // newest of each customer
}

// holding is what one subject has, by place.
type holding struct{ at []pathEntries } // sorted by key path

type pathEntries struct {
	keyPath string
	entries []entry
}

// entry is one assignment as a check reads it.
type entry struct {
	role      *compiled
	id        id.Assignment
	realm     id.Organisation
	end       int64 // nanoseconds since 1970; the largest number without an end
	deny, mfa bool
	delegated *delegatedGrant // nil but for the few that delegated access or an activation gave
}

// delegatedGrant is the group that the caller must be in and the source whose trail is written, "" for neither.
type delegatedGrant struct {
	through id.Group
	trail   string
}

// trailed says whether what is allowed by it alone is written down.
func (e *entry) trailed() bool { return e.delegated != nil && e.delegated.trail != "" }

func (s *snapshot) holding(subject string) *holding { return s.holdings.Get(subject) }

// find lists the entries at one key path.
func (h *holding) find(keyPath string) []entry {
	low, high := 0, len(h.at)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if h.at[mid].keyPath < keyPath {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < len(h.at) && h.at[low].keyPath == keyPath {
		return h.at[low].entries
	}
	return nil
}

func newEntry(a Assignment, role *compiled) entry {
	e := entry{role: role, id: a.ID, realm: a.Realm, end: math.MaxInt64, deny: a.Deny, mfa: a.Condition == WithMFA}
	if !a.End.IsZero() {
		e.end = nanos(a.End)
	}
	if a.Through != "" || a.Trail {
		e.delegated = &delegatedGrant{through: a.Through}
		if a.Trail {
			e.delegated.trail = a.Source
		}
	}
	return e
}

// nanos is an instant as checks compare it. What is further off than it can say is never.
func nanos(t time.Time) int64 {
	if t.Year() > 2200 {
		return math.MaxInt64
	}
	return t.UnixNano()
}

// build makes the snapshot of a whole ledger.
func build(words vocabulary, roles []Role, assignments []Assignment, policies []Policy, t Tree) *snapshot {
	s := &snapshot{roles: map[id.Role]*compiled{}, forest: newForest(t), policies: map[id.Organisation]Policy{}}
	for _, r := range slices.Concat(BuiltIn(), roles) {
		s.roles[r.ID] = words.compile(r)
	}
	holdings := s.holdings.Edit()
	slices.SortFunc(assignments, func(a, b Assignment) int {
		if c := strings.Compare(a.subject(), b.subject()); c != 0 {
			return c
		}
		return strings.Compare(a.Scope, b.Scope)
	})
	for i := range assignments {
		a := &assignments[i]
		role := s.roles[a.Role]
		if role == nil {
			continue // a role taken away takes its assignments with it
		}
		subject := a.subject()
		h := holdings.Get(subject)
		if h == nil {
			h = &holding{}
			holdings.Set(subject, h)
		}
		if n := len(h.at); n == 0 || h.at[n-1].keyPath != a.Scope {
			h.at = append(h.at, pathEntries{keyPath: a.Scope})
		}
		last := &h.at[len(h.at)-1]
		last.entries = append(last.entries, newEntry(*a, role))
	}
	s.holdings = holdings.Map()
	for _, p := range policies {
		if p.Number >= s.policies[p.Customer].Number {
			s.policies[p.Customer] = p
		}
	}
	return s
}

// with is the snapshot with an assignment added or replaced.
func (s *snapshot) with(a Assignment) *snapshot {
	role := s.roles[a.Role]
	if role == nil {
		return s
	}
	return s.change(a.subject(), a.Scope, func(list []entry) []entry {
		return append(slices.DeleteFunc(list, func(e entry) bool { return e.id == a.ID }), newEntry(a, role))
	})
}

// without is the snapshot with an assignment taken.
func (s *snapshot) without(a Assignment) *snapshot {
	return s.change(a.subject(), a.Scope, func(list []entry) []entry {
		return slices.DeleteFunc(list, func(e entry) bool { return e.id == a.ID })
	})
}

// change is the snapshot with other entries for a subject at a key path.
func (s *snapshot) change(subject, keyPath string, f func([]entry) []entry) *snapshot {
	next, holdings := *s, s.holdings.Edit()
	h := &holding{}
	if old := holdings.Get(subject); old != nil {
		h.at = slices.Clone(old.at)
	}
	i, found := slices.BinarySearchFunc(h.at, keyPath, func(x pathEntries, a string) int { return strings.Compare(x.keyPath, a) })
	if !found {
		h.at = slices.Insert(h.at, i, pathEntries{keyPath: keyPath})
	}
	h.at[i].entries = f(slices.Clone(h.at[i].entries))
	if len(h.at[i].entries) == 0 {
		h.at = slices.Delete(h.at, i, i+1)
	}
	if holdings.Set(subject, h); len(h.at) == 0 {
		holdings.Delete(subject)
	}
	next.holdings = holdings.Map()
	return &next
}

// withRole is the snapshot with a custom role defined again; entries hold their role, so those of this one are made
// again. It walks everything, and is rare.
func (s *snapshot) withRole(c *compiled) *snapshot {
	next := *s
	next.roles = maps.Clone(s.roles)
	next.roles[c.ID] = c
	if s.roles[c.ID] == nil {
		return &next
	}
	holdings := s.holdings.Edit()
	for subject, h := range s.holdings.All() {
		if other := h.withRole(c); other != h {
			holdings.Set(subject, other)
		}
	}
	next.holdings = holdings.Map()
	return &next
}

func (h *holding) withRole(c *compiled) *holding {
	uses := func(e entry) bool { return e.role.ID == c.ID }
	if !slices.ContainsFunc(h.at, func(a pathEntries) bool { return slices.ContainsFunc(a.entries, uses) }) {
		return h
	}
	out := &holding{at: slices.Clone(h.at)}
	for i := range out.at {
		out.at[i].entries = slices.Clone(out.at[i].entries)
		for j := range out.at[i].entries {
			if e := &out.at[i].entries[j]; uses(*e) {
				e.role = c
			}
		}
	}
	return out
}

func (s *snapshot) withoutRole(r id.Role) *snapshot { // nobody has it: that was checked
	next := *s
	next.roles = maps.Clone(s.roles)
	delete(next.roles, r)
	return &next
}

func (s *snapshot) withForest(f *forest) *snapshot {
	next := *s
	next.forest = f
	return &next
}

func (s *snapshot) withPolicy(p Policy) *snapshot {
	next := *s
	next.policies = maps.Clone(s.policies)
	next.policies[p.Customer] = p
	return &next
}
