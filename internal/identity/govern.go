package identity

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// settled says whether a realm looks after its own people: somebody of it has been able to sign in.
func settled(people []Person) bool {
	return slices.ContainsFunc(people, func(p Person) bool { return p.Begun || p.State == Active || p.State == Disabled })
}

// theirs says whether a realm's people are the caller's to look after: their own, or everybody's for the local operator.
// A context that names nobody is none of a request's: whoever answers for what callers may has refused it before.
func theirs(ctx context.Context, realm id.Organisation) bool {
	who, known := Caller(ctx)
	return !known || who.ID == LocalOperator || who.Realm == realm
}

// own is Denied for who would change people, programs, groups or the way to sign in of a realm that is not theirs.
// Staff above a realm give it its first person, and from then on nobody above it can become anybody in it.
func own(ctx context.Context, realm Realm) error {
	if theirs(ctx, realm.ID) {
		return nil
	}
	return fault.New(fault.Denied, "not_your_people", "%s looks after its own people: nothing was changed; ask one of its global admins", realm.Key)
}

// first is own, but for a realm in which nobody has been able to sign in yet.
func (v *Service) first(ctx context.Context, r tx.Read, realm Realm) error {
	err := own(ctx, realm)
	if err == nil {
		return nil
	}
	people, lost := v.Store.People(ctx, r, scope.All(), realm.ID)
	if lost != nil {
		return lost
	}
	if settled(people) {
		return err
	}
	return nil
}

// spares is a Conflict when a person or program is the last global admin of its realm who can sign in, and others would
// keep them from it.
func (v *Service) spares(ctx context.Context, r tx.Read, who id.Principal, realm Realm) error {
	if asks, known := Caller(ctx); v.Admins == nil || !known || asks.ID == LocalOperator {
		return nil
	}
	admins, groups, err := v.Admins(ctx, r, realm.ID)
	if err != nil {
		return err
	}
	all, err := v.Store.Groups(ctx, r, scope.All(), realm.ID)
	for _, g := range all {
		if slices.Contains(groups, g.ID) {
			admins = append(admins, g.Members...)
		}
	}
	if err != nil || !slices.Contains(admins, who) {
		return err
	}
	for _, other := range admins {
		can, err := v.signsIn(ctx, r, other)
		if err != nil || can && other != who {
			return err
		}
	}
	return fault.New(fault.Conflict, "last_admin", "this is the last global admin of %s who can sign in: nothing was changed; make somebody else one first", realm.Key)
}

// signsIn says whether a person or program can sign in.
func (v *Service) signsIn(ctx context.Context, r tx.Read, who id.Principal) (bool, error) {
	p, err := v.Store.Person(ctx, r, who)
	if fault.KindOf(err) == fault.NotFound {
		var g Program
		g, err = v.Store.Program(ctx, r, who)
		p.State = g.State
	}
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return p.State == Active, err
}
