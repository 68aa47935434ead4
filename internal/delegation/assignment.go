package delegation

import (
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// Source is what gives an assignment.
type Source string

// The sources of assignments.
const (
	FromRelationship Source = "relationship"
	FromRegistration Source = "registration"
	FromActivation   Source = "activation"
)

// Assignment is a role in force, as access loads it. Exactly one of Principal and Group is set. Scope is a place in the
// tree of resources: @customer, @customer/entitlement, or @customer/entitlement/resource group.
type Assignment struct {
	Principal id.Principal    `json:"principal,omitempty"`
	Group     id.Group        `json:"group,omitempty"`
	Through   id.Group        `json:"through,omitempty"` // that the principal must be in
	Realm     id.Organisation `json:"realm"`             // whose people they are
	MFA       bool            `json:"mfa,omitempty"`     // only in a session with a second factor
	Role      Role            `json:"role"`
	Scope     string          `json:"scope"`
	End       time.Time       `json:"end,omitzero"` // the first instant without; zero while nothing says so
	Source    Source          `json:"source"`
	ID        string          `json:"id"` // of the source
}

// ledger is everything that may give access, as it was read in one transaction.
type ledger struct {
	relationships []Relationship
	registrations []Registration
	activations   []Activation
	key           func(id.Organisation) string // of a customer
}

// keyOf is the key of a customer, or "" where keys were not read.
func (l *ledger) keyOf(customer id.Organisation) string {
	if l.key == nil {
		return ""
	}
	return l.key(customer)
}

// assignments is what is in force at an instant, in the order of what gives it.
func (l ledger) assignments(all Roles, at time.Time) []Assignment {
	var list []Assignment
	for _, stored := range l.relationships {
		r, _ := stored.At(at)
		if !stored.InForce(at) {
			continue
		}
		end := r.End
		if r.Extends() {
			end = time.Time{} // it goes on by itself; whoever turns that off says so
		}
		for _, g := range r.Groups {
			for _, role := range g.Roles {
				if g.State == AccessActive && r.Holds(role) {
					list = append(list, Assignment{Group: g.Group, Realm: r.Organisation, Role: all[role], Scope: "@" + l.keyOf(r.Customer), End: end, Source: FromRelationship, ID: string(r.ID)})
				}
			}
		}
	}
	running := map[id.Registration]Registration{}
	for _, r := range l.registrations {
		if !r.InForce(at) {
			continue
		}
		if r.Standing() { // what stands at the provider is on record here, and no consent to anything
			continue
		}
		running[r.ID] = r
		for _, a := range r.Always {
			given := Assignment{Realm: r.Organisation, Role: all[a.Role], Scope: r.path(l.keyOf(r.Customer)), End: r.Ended, Source: FromRegistration, ID: string(r.ID)}
			if a.Holder.Kind == Group {
				given.Group = id.Group(a.Holder.ID)
			} else {
				given.Principal = id.Principal(a.Holder.ID)
			}
			list = append(list, given)
		}
	}
	for _, a := range l.activations {
		r, known := running[a.Registration]
		if known && a.InForce(r, at) {
			list = append(list, Assignment{Principal: a.Who, Through: a.Through, MFA: a.MFA, Realm: a.Organisation, Role: all[a.Role], Scope: a.path(l.keyOf(a.Customer)), End: a.End, Source: FromActivation, ID: string(a.ID)})
		}
	}
	return list
}
