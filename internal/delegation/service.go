package delegation

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service agrees, gives, watches and ends delegated access.
type Service struct {
	DB     tx.DB
	Store  Store
	Orgs   Organisations
	Access access.Guard
	Events event.Log
	Jobs   job.Queue
	Roles  Roles
	Now    func() time.Time
	Secret func() string // draws a one-time token

	// SetAssignments replaces what one source gives by the assignments it gives from now on, none when it gives no more, in
	// the transaction of the change. Access keeps them and compares their ends.
	SetAssignments func(ctx context.Context, t tx.Tx, source string, now []Assignment) error
}

// caller is who asks, and what they may see of delegated access.
type caller struct {
	access.Grant
	who      identity.Principal
	place    string // of their organisation; empty for the local operator
	customer bool   // they belong to a customer
}

// sees is what the caller's lists are asked with: a customer sees what concerns itself, staff what their organisation
// and those below it administer.
func (c caller) sees(f Filter) (scope.Scope, Filter) {
	if c.customer {
		f.Customer = c.who.Realm
		return scope.All(), f
	}
	f.Realm = c.who.Realm
	return c.Scope, f
}

// unrestricted says whether the caller's role is for all of their organisation. Of a customer's people only such consent
// to what is about all of it, and read and end that.
func (c caller) unrestricted() bool { return !c.customer || c.Scope.Sees(c.place) }

// covers says whether a place among resources is one the caller's role is for. Staff are asked by their organisation.
func (c caller) covers(p Place) bool {
	return !c.customer || c.Scope.Sees(p.lower().path(c.place[strings.LastIndexByte(c.place, '/')+1:]))
}

// isOperator says whether the caller acts for nobody in particular and must say for whom.
func (c caller) isOperator() bool { return c.who.ID == identity.LocalOperator }

// actsFor says whether the caller acts for an organisation.
func (c caller) actsFor(o id.Organisation) bool { return c.isOperator() || o != "" && c.who.Realm == o }

// caller asks access, and finds the caller's organisation.
func (v *Service) caller(ctx context.Context, r tx.Read, grant access.Grant) (caller, error) {
	who, _ := identity.Caller(ctx)
	c := caller{Grant: grant, who: who}
	if c.isOperator() {
		return c, nil
	}
	if who.Realm == "" {
		return c, fault.New(fault.Denied, "no_realm", "delegated access is between organisations, and you belong to none")
	}
	o, place, err := v.Orgs.Organisation(ctx, r, scope.All(), who.Realm)
	c.place, c.customer = place, o.Kind == org.Customer
	return c, err
}

// read runs f in a reading transaction for a caller who may do the action.
func (v *Service) read(ctx context.Context, action access.Action, f func(context.Context, tx.Read, caller) error) error {
	grant, err := v.Access.Require(ctx, action)
	if err != nil {
		return err
	}
	return v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		c, err := v.caller(ctx, r, grant)
		if err != nil {
			return err
		}
		return f(ctx, r, c)
	})
}

// write runs f in a writing transaction for a caller who may do the action.
func (v *Service) write(ctx context.Context, action access.Action, f func(context.Context, tx.Tx, caller) error) error {
	grant, err := v.Access.Require(ctx, action)
	if err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		c, err := v.caller(ctx, t, grant)
		if err != nil {
			return err
		}
		return f(ctx, t, c)
	})
}

// actingFor is the organisation the caller acts for: their own, or the one the local operator names, of one of the kinds.
func (v *Service) actingFor(ctx context.Context, r tx.Read, c caller, named id.Organisation, kinds ...org.Kind) (org.Organisation, string, error) {
	o := c.who.Realm
	if c.isOperator() {
		o = named
	}
	if o == "" || named != "" && named != o {
		return org.Organisation{}, "", fault.New(fault.Invalid, "organisation_not_named", "name the organisation; nothing was changed").With("organisation", "missing, or not yours")
	}
	is, place, err := v.Orgs.Organisation(ctx, r, scope.All(), o)
	if err != nil {
		return is, place, err
	}
	for _, k := range kinds {
		if is.Kind == k {
			return is, place, nil
		}
	}
	return is, place, fault.New(fault.Denied, "wrong_side", "a %s may not do this; nothing was changed", is.Kind)
}

// sellers are the organisations on the way from the partner to a place, the place's own included.
func sellers(place string) (list []id.Organisation) {
	for key := range strings.SplitSeq(place, "/") {
		list = append(list, org.OrganisationID(key))
	}
	return list
}

// The lists of what the caller may know of, each by the rule above.

func (v *Service) relationships(ctx context.Context, r tx.Read, c caller, f Filter) ([]Relationship, error) {
	if !c.unrestricted() {
		return nil, nil
	}
	s, f := c.sees(f)
	return v.Store.Relationships(ctx, r, s, f)
}

func (v *Service) registrations(ctx context.Context, r tx.Read, c caller, f Filter) ([]Registration, error) {
	s, f := c.sees(f)
	list, err := v.Store.Registrations(ctx, r, s, f)
	return slices.DeleteFunc(list, func(x Registration) bool { return !c.covers(x.Place) }), err
}

func (v *Service) activations(ctx context.Context, r tx.Read, c caller, f Filter) ([]Activation, error) {
	s, f := c.sees(f)
	list, err := v.Store.Activations(ctx, r, s, f)
	return slices.DeleteFunc(list, func(x Activation) bool { return !c.covers(x.Place) }), err
}

// single is the only element of a list, or NotFound.
func single[T any](list []T, err error, what, name string) (one T, _ error) {
	if err != nil {
		return one, err
	}
	if len(list) == 0 {
		return one, fault.New(fault.NotFound, what+"_not_found", "no %s %s is known", what, name)
	}
	return list[0], nil
}

// Assignments is what delegated access gives at an instant, to whomever. It is for access, which calls it while it
// decides about others, so it asks no guard.
func (v *Service) Assignments(ctx context.Context, r tx.Read, at time.Time) ([]Assignment, error) {
	l, err := v.ledger(ctx, r, scope.All(), Filter{})
	if err != nil {
		return nil, err
	}
	return l.assignments(v.Roles, at), nil
}

// publish says what one source gives from now on; l holds it, and what it depends on.
func (v *Service) publish(ctx context.Context, t tx.Tx, source string, customer id.Organisation, l ledger) error {
	if customer == "" {
		return nil
	}
	o, _, err := v.Orgs.Organisation(ctx, t, scope.All(), customer)
	if err != nil {
		return err
	}
	l.key = func(of id.Organisation) string {
		if of == customer {
			return o.Key
		}
		return ""
	}
	now := slices.DeleteFunc(l.assignments(v.Roles, v.Now()), func(a Assignment) bool { return a.ID != source })
	return v.SetAssignments(ctx, t, source, now)
}

func (v *Service) ledger(ctx context.Context, r tx.Read, s scope.Scope, f Filter) (l ledger, err error) {
	if l.relationships, err = v.Store.Relationships(ctx, r, s, f); err != nil {
		return l, err
	}
	if l.registrations, err = v.Store.Registrations(ctx, r, s, f); err != nil {
		return l, err
	}
	if l.activations, err = v.Store.Activations(ctx, r, s, f); err != nil {
		return l, err
	}
	x, err := v.Orgs.Index(ctx, r, scope.All())
	if err != nil {
		return l, err
	}
	l.key = x.Key
	return l, nil
}
