package delegation

import (
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// State is where a relationship is in its life.
type State string

// The states. Access is given by Active alone; Expired and Terminated are final.
const (
	Created              State = "created"         // a draft, and the only state in which everything may be changed
	ApprovalPending      State = "approvalPending" // locked; the link was sent
	Approved             State = "approved"        // by the customer
	Activating           State = "activating"
	Active               State = "active"
	TerminationRequested State = "terminationRequested" // by either side
	Terminating          State = "terminating"
	Terminated           State = "terminated"
	Expiring             State = "expiring" // past its end, not yet cleared away
	Expired              State = "expired"
)

// Relationship is delegated access agreed with a customer: directory roles, for a time.
type Relationship struct {
	ID           id.Relationship `json:"id"`
	Name         string          `json:"name"`
	Organisation id.Organisation `json:"organisation"`       // whose staff gets access
	Customer     id.Organisation `json:"customer,omitempty"` // may be empty until a customer approves
	Roles        []RoleID        `json:"roles"`              // directory roles, sorted
	Duration     string          `json:"duration"`           // ISO 8601, P1D to P2Y
	AutoExtend   bool            `json:"auto_extend"`        // by P180D, at each end
	State        State           `json:"state"`
	Created      time.Time       `json:"created"`
	Sent         time.Time       `json:"sent,omitzero"`      // when it was locked and its link made
	Activated    time.Time       `json:"activated,omitzero"` //
	End          time.Time       `json:"end,omitzero"`       // the first instant without access
	Closed       time.Time       `json:"closed,omitzero"`    // when it became expired or terminated
	Modified     time.Time       `json:"modified"`
	Groups       []GroupAccess   `json:"groups,omitempty"` // ordered by group
	Version      int             `json:"version"`          // counts the changes
	Link         string          `json:"-"`                // SHA-256 of the one-time token
}

// AccessState is where an access assignment is in its life.
type AccessState string

// The states of an access assignment. Access is given by AccessActive alone.
const (
	AccessPending  AccessState = "pending"
	AccessActive   AccessState = "active"
	AccessDeleting AccessState = "deleting"
	AccessDeleted  AccessState = "deleted"
	AccessError    AccessState = "error"
)

// GroupAccess gives the members of one group some of a relationship's roles.
type GroupAccess struct {
	Group id.Group    `json:"group"`
	Roles []RoleID    `json:"roles"` // sorted; all of them approved
	State AccessState `json:"state"`
}

// Holds says whether the relationship includes a role.
func (r Relationship) Holds(role RoleID) bool { return slices.Contains(r.Roles, role) }

// InForce says whether the relationship gives access at an instant.
func (r Relationship) InForce(at time.Time) bool {
	now, _ := r.At(at)
	return now.State == Active && !at.Before(now.Activated) && at.Before(now.End)
}

// copied shares nothing with the original that a change could reach.
func (r Relationship) copied() Relationship {
	r.Roles, r.Groups = slices.Clone(r.Roles), slices.Clone(r.Groups)
	for i := range r.Groups {
		r.Groups[i].Roles = slices.Clone(r.Groups[i].Roles)
	}
	return r
}
