package access

import (
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
)

// Assignment gives a role to a principal or a group at a place, and below it; a deny assignment takes the role's
// actions away there, whatever else says so.
type Assignment struct {
	ID        id.Assignment   `json:"id"`
	Principal id.Principal    `json:"principal,omitempty"`
	Group     id.Group        `json:"group,omitempty"`
	Realm     id.Organisation `json:"realm"` // whose people they are
	Role      id.Role         `json:"role"`
	Scope     string          `json:"scope"` // a path, as it is today; kept as a key path, which moves with its organisation
	Deny      bool            `json:"deny,omitempty"`
	End       time.Time       `json:"end,omitzero"` // from then on it is over; zero is never
	Condition Condition       `json:"condition,omitempty"`
	Source    string          `json:"source,omitempty"`  // what it comes from: a delegation, an activation; "" for by hand
	Through   id.Group        `json:"through,omitempty"` // the group that the principal must be in: who left it has nothing by this any more
	Trail     bool            `json:"trail,omitempty"`   // what is allowed by this alone is written down, under Source, before it is done
	Reason    string          `json:"reason,omitempty"`
	By        string          `json:"by,omitempty"`
	At        time.Time       `json:"at,omitzero"`
}

// Condition is what must hold when a role is used.
type Condition string

// The conditions: none, or that the session proved a second factor.
const (
	Always    Condition = ""
	WithMFA   Condition = "mfa"
	maxReason           = 500
)

// subject is the principal or the group.
func (a Assignment) subject() string {
	if a.Principal != "" {
		return string(a.Principal)
	}
	return string(a.Group)
}

// identified is the assignment with the id that follows from who is given what, where and from what: giving it again
// is the same one, with another end perhaps.
func (a Assignment) identified() Assignment {
	kind := "allow"
	if a.Deny {
		kind = "deny"
	}
	a.ID = id.Assignment("asg_" + id.Derive("assignment", a.subject(), string(a.Role), a.Scope, kind, a.Source))
	return a
}

// valid checks an assignment against its role and the place it is for; realm is the node of its people.
func (a Assignment) valid(role Role, at position, realm, owner *node) error {
	bad := func(code, format string, args ...any) error { return fault.New(fault.Invalid, code, format, args...) }
	switch {
	case (a.Principal == "") == (a.Group == ""):
		return bad("bad_subject", "a role is given to one principal or to one group")
	case realm == nil:
		return bad("bad_realm", "no realm %s is known", a.Realm)
	case a.Condition != Always && a.Condition != WithMFA:
		return bad("bad_condition", "%q is no condition: say mfa, or nothing", a.Condition)
	case a.Deny && a.Condition != Always:
		return bad("bad_condition", "a deny assignment holds always: leave out the condition")
	case len(a.Reason) > maxReason:
		return bad("bad_reason", "a reason has at most %d characters", maxReason)
	case at.resource != (role.Realm == Customer):
		return bad("bad_scope", "%s is a role for places %s", role.Name, map[bool]string{
			true: "among a customer's resources (@customer/…)", false: "in the commercial tree"}[role.Realm == Customer])
	case !at.resource && realm.Kind != role.Realm:
		return bad("bad_realm", "%s is a role for people of a %s, and %s is a %s", role.Name, role.Realm, realm.Key, realm.Kind)
	case !at.resource && !inside(at.path(), realm.Path):
		return bad("bad_scope", "%s has no business at %s: its people get roles at %s and below", realm.Key, at.path(), realm.Path)
	case at.resource && realm.Kind == Customer && realm != at.node:
		return bad("bad_scope", "people of a customer get roles among its own resources only")
	case role.Owner != "" && (owner == nil || at.resource && owner != at.node || !at.resource && !inside(at.path(), owner.Path)):
		return noRole(role.ID) // of somebody else: it is not there
	}
	return nil
}
