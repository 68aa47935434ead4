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

// spares is a Conflict when a realm would have no global admin who can sign in without a person, and has one with them.
func (v *Service) spares(ctx context.Context, r tx.Read, who id.Principal, realm Realm) error {
	with, err := v.led(ctx, r, realm.ID, "")
	if err != nil || !with {
		return err
	}
	return v.stays(ctx, r, who, realm)
}

// stays is a Conflict when a realm has no global admin who can sign in, a person left out. The local operator, who can
// help it to another, is not asked.
func (v *Service) stays(ctx context.Context, r tx.Read, without id.Principal, realm Realm) error {
	if asks, known := Caller(ctx); v.Admins == nil || !known || asks.ID == LocalOperator {
		return nil
	}
	led, err := v.led(ctx, r, realm.ID, without)
	if err == nil && !led {
		err = fault.New(fault.Conflict, "last_admin", "%s would have no global admin who can sign in: nothing was changed; make somebody else one first", realm.Key)
	}
	return err
}

// led says whether some person who can sign in has a realm's global admin role, themselves or by a group.
func (v *Service) led(ctx context.Context, r tx.Read, realm id.Organisation, without id.Principal) (bool, error) {
	if v.Admins == nil {
		return false, nil
	}
	who, groups, err := v.Admins(ctx, r, realm)
	if err != nil {
		return false, err
	}
	return v.someone(ctx, r, who, groups, without)
}

// SignsIn says whether a person can sign in, or somebody of a group where one is named. Programs lead nobody.
func (v *Service) SignsIn(ctx context.Context, r tx.Read, who id.Principal, group id.Group) (bool, error) {
	return v.someone(ctx, r, []id.Principal{who}, []id.Group{group}, "")
}

func (v *Service) someone(ctx context.Context, r tx.Read, who []id.Principal, groups []id.Group, without id.Principal) (bool, error) {
	all, err := v.Store.Groups(ctx, r, scope.All(), "")
	if err != nil {
		return false, err
	}
	for _, g := range all {
		if slices.Contains(groups, g.ID) {
			who = append(who, g.Members...)
		}
	}
	for _, one := range who {
		p, err := v.Store.Person(ctx, r, one)
		if err == nil && p.State == Active && one != without {
			return true, nil
		}
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return false, err
		}
	}
	return false, nil
}

// exceeds keeps whoever looks after people from becoming more than they are: by a link, a secret, or a place in a group.
func (v *Service) exceeds(ctx context.Context, r tx.Read, realm id.Organisation, who id.Principal, group id.Group) error {
	if v.Exceeds == nil {
		return nil
	}
	return v.Exceeds(ctx, r, realm, who, group)
}
