package delegation

import (
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Terms are what a relationship is drafted with. Roles are named by id or by name.
type Terms struct {
	Name       string          `json:"name"`
	Customer   id.Organisation `json:"customer,omitempty"` // none: whichever customer uses the link first
	Roles      []string        `json:"roles"`
	Duration   string          `json:"duration"`
	AutoExtend bool            `json:"auto_extend,omitempty"`
}

const longestName = 50

// apply writes checked terms into a relationship. Invalid with the fields that are wrong.
func (t Terms) apply(r Relationship, all Roles) (Relationship, error) {
	bad := fault.New(fault.Invalid, "bad_relationship", "the relationship is not valid; nothing was changed")
	name := strings.TrimSpace(t.Name)
	if n := len([]rune(name)); n == 0 || n > longestName {
		bad.With("name", "must have 1 to 50 characters")
	}
	if !validDuration(t.Duration) {
		bad.With("duration", "must be a duration in days, months or years from P1D to P2Y")
	}
	roles, wrong := directoryRoles(t.Roles, all)
	if wrong != "" {
		bad.With("roles", wrong)
	}
	if t.AutoExtend && slices.Contains(roles, GlobalAdministrator) {
		bad.With("auto_extend", "cannot be on while Global Administrator is among the roles")
	}
	if bad.Fields != nil {
		return r, bad
	}
	r = r.copied()
	r.Name, r.Customer, r.Roles, r.Duration, r.AutoExtend = name, t.Customer, roles, t.Duration, t.AutoExtend
	return r, nil
}

// validDuration says whether a duration lies within the limits, whatever the day it begins.
func validDuration(duration string) bool {
	s, err := period.ParseStep(duration)
	if err != nil || s.Clock != 0 {
		return false
	}
	least, _ := period.ParseStep(shortest)
	most, _ := period.ParseStep(longest)
	from := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC) // two years without a leap day: P731D is too long
	return !s.After(from).Before(least.After(from)) && !s.After(from).After(most.After(from))
}

// directoryRoles is the ids of directory roles, sorted; wrong says what is wrong with them.
func directoryRoles(words []string, all Roles) (roles []RoleID, wrong string) {
	for _, w := range words {
		r, ok := all.Find(w, true)
		if !ok {
			return nil, w + " is no built-in directory role; custom roles cannot be delegated"
		}
		roles = append(roles, r.ID)
	}
	slices.Sort(roles)
	roles = slices.Compact(roles)
	if len(roles) == 0 {
		return nil, "at least one directory role is needed"
	}
	return roles, ""
}

// change is a relationship under new terms. A draft may change in everything; an active one may lose Global
// Administrator and turn auto-extend on or off; nothing else changes ever.
func (r Relationship) change(t Terms, all Roles, at time.Time) (Relationship, error) {
	after, err := t.apply(r, all)
	if err != nil {
		return r, err
	}
	if r.State != Created {
		if r.State != Active {
			return r, fault.New(fault.Conflict, "relationship_locked",
				"relationship %q is %s and cannot be changed; nothing was changed", r.Name, r.State)
		}
		without := slices.DeleteFunc(slices.Clone(r.Roles), func(x RoleID) bool { return x == GlobalAdministrator })
		same := slices.Equal(after.Roles, r.Roles) || slices.Equal(after.Roles, without)
		if !same || after.Name != r.Name || after.Customer != r.Customer || after.Duration != r.Duration {
			return r, fault.New(fault.Conflict, "relationship_locked",
				"relationship %q is active: only Global Administrator can be taken out of it, and auto-extend turned on or off; nothing was changed. For more, ask the customer for another one", r.Name)
		}
	}
	for i, g := range after.Groups {
		after.Groups[i].Roles = slices.DeleteFunc(g.Roles, func(x RoleID) bool { return !after.Holds(x) })
		if len(after.Groups[i].Roles) == 0 && g.State != AccessDeleted {
			after.Groups[i].State = AccessDeleting
		}
	}
	after.Modified = at.UTC()
	return after, nil
}

// withAssignment gives a group some of the roles, in place of what it had. Invalid for a role that was not approved.
func (r Relationship) withAssignment(g id.Group, words []string, all Roles, at time.Time) (Relationship, error) {
	roles, wrong := directoryRoles(words, all)
	for _, x := range roles {
		if !r.Holds(x) {
			wrong = all.Name(x) + " is not among the roles the customer is asked for"
		}
	}
	if wrong != "" || g == "" {
		return r, fault.New(fault.Invalid, "bad_access", "the group cannot be given these roles; nothing was changed").With("roles", wrong)
	}
	if r.State != Active {
		return r, fault.New(fault.Conflict, "relationship_not_active",
			"relationship %q is %s: groups get their roles once it is active; nothing was changed", r.Name, r.State)
	}
	r = r.copied()
	r.Modified = at.UTC()
	given := GroupAccess{Group: g, Roles: roles, State: AccessPending}
	i, found := slices.BinarySearchFunc(r.Groups, g, func(a GroupAccess, g id.Group) int { return strings.Compare(string(a.Group), string(g)) })
	if !found {
		r.Groups = slices.Insert(r.Groups, i, given)
		return r, nil
	}
	if old := r.Groups[i]; slices.Equal(old.Roles, roles) && (old.State == AccessActive || old.State == AccessPending) {
		given = old
	}
	r.Groups[i] = given
	return r, nil
}

// withoutAssignment takes a group's roles from it. NotFound when it has none.
func (r Relationship) withoutAssignment(g id.Group, at time.Time) (Relationship, error) {
	i := slices.IndexFunc(r.Groups, func(a GroupAccess) bool { return a.Group == g })
	if i < 0 {
		return r, fault.New(fault.NotFound, "access_not_found", "group %s has no roles by relationship %q", g, r.Name)
	}
	r = r.copied()
	if r.Groups[i].State != AccessDeleted {
		r.Groups[i].State, r.Modified = AccessDeleting, at.UTC()
	}
	return r, nil
}
