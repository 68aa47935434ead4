package access

import (
	"context"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func notYourPeople(format string, args ...any) error {
	return fault.New(fault.Denied, "not_your_people", format+"; nothing was changed", args...)
}

// governs is Denied for staff who would give to, or take from, people of a realm that is not theirs or below it: nobody
// reaches upwards. It is Denied too for people of a realm below theirs that manages its own people, but for a recovery, which
// it tells. Among its resources a customer decides about everybody.
func (v *Service) governs(ctx context.Context, r tx.Read, s *snapshot, a Assignment, at position) (recovery bool, err error) {
	who, _ := identity.Caller(ctx)
	if who.ID == identity.LocalOperator || who.Realm == a.Realm || at.resource && who.Realm == at.Organisation {
		return false, nil
	}
	if !at.resource && !s.governed(who, a.Realm) {
		return false, notYourPeople("you may not change the roles of people with more rights than you")
	}
	own, err := v.selfManaged(ctx, r, a.Realm)
	if err != nil || !own {
		return false, err
	}
	if !v.recovers(s, who, a) {
		return false, notYourPeople("that organisation manages its own people: ask one of its global admins")
	}
	if strings.TrimSpace(a.Reason) == "" {
		return false, fault.New(fault.Invalid, "reason_needed", "giving another organisation a global admin needs a reason, which is recorded: nothing was changed").
			With("reason", "missing")
	}
	return true, nil
}

// recovers says whether an assignment gives a realm a global admin, for good, and who gives it is a global admin of the
// partner.
func (v *Service) recovers(s *snapshot, who identity.Principal, a Assignment) bool {
	realm := s.forest.byID.Get(a.Realm)
	c, known := s.caller(who, v.Now())
	if !known || realm == nil || c.realm.Kind != Partner || !s.lasting(a, realm) {
		return false
	}
	at, _ := s.forest.locate(c.realm.Path)
	return s.decide(&c, AccessAssign, v.Roles.words[AccessAssign], c.own(at)).admin
}

// mayTake is NotFound for an assignment that the caller is not told of, and Denied for one of people of a realm below
// that manages them itself.
func (v *Service) mayTake(ctx context.Context, r tx.Read, s *snapshot, a Assignment) error {
	at, ok := s.forest.locate(a.Scope)
	if !ok {
		return nil // the place is gone, and with it what was given there
	}
	recovery, err := v.governs(ctx, r, s, a, at)
	if who, _ := identity.Caller(ctx); err != nil && !at.resource && !s.governed(who, a.Realm) {
		return noAssignment(a.ID)
	}
	if recovery || fault.CodeOf(err) == "reason_needed" { // a recovery gives, and takes nothing
		return notYourPeople("that organisation manages its own people: ask one of its global admins")
	}
	return err
}

func (v *Service) selfManaged(ctx context.Context, r tx.Read, realm id.Organisation) (bool, error) {
	return v.Directory.Store.SelfManaged(ctx, r, scope.All(), realm)
}

// mayRedefine is Denied for a custom role of another realm that manages its own people, and for one that people of such a
// realm below the caller's have: it would change what they may.
func (v *Service) mayRedefine(ctx context.Context, r tx.Read, s *snapshot, role Role) error {
	who, _ := identity.Caller(ctx)
	list, err := v.Store.Assignments(ctx, r, Filter{Role: role.ID})
	if err != nil || who.ID == identity.LocalOperator {
		return err
	}
	realms := []id.Organisation{role.Owner}
	for _, a := range list {
		realms = append(realms, a.Realm)
	}
	for _, realm := range realms {
		if realm == who.Realm || !s.governed(who, realm) {
			continue
		}
		own, err := v.selfManaged(ctx, r, realm)
		if err != nil {
			return err
		}
		if own {
			return notYourPeople("people of an organisation that manages its own people have %s, or may have it", role.Name)
		}
	}
	return nil
}
