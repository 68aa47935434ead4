package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service gives and takes roles. Nobody gives what they do not hold, and a realm keeps a global admin.
type Service struct {
	DB     tx.DB
	Store  Store
	Roles  *Roles
	Events event.Log
	Now    func() time.Time
	// Directory knows whom roles are given to. Whom it does not know is known by what was given to them, and by nothing
	// else.
	Directory *identity.Directory
}

func (v *Service) lookup(ctx context.Context, who id.Principal) (p identity.Principal, err error) {
	if who == identity.LocalOperator {
		return identity.Principal{ID: who}, nil
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		if p, err = v.Directory.Principal(ctx, r, who); fault.KindOf(err) != fault.NotFound {
			return err
		}
		list, err := v.Store.Assignments(ctx, r, Filter{Subject: string(who)})
		if err == nil && len(list) == 0 {
			err = nobody(who)
		}
		if err == nil {
			p = identity.Principal{ID: who, Realm: list[0].Realm}
		}
		return err
	})
	return p, err
}

// Assignments lists what is given at the places where the caller may know it, with scopes as paths of today.
func (v *Service) Assignments(ctx context.Context, f Filter) ([]Assignment, error) {
	grant, err := v.Roles.Require(ctx, AccessRead)
	if err != nil {
		return nil, err
	}
	s, err := v.Roles.current(ctx)
	if err != nil {
		return nil, err
	}
	var list []Assignment
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Store.Assignments(ctx, r, f)
		return err
	})
	who, _ := identity.Caller(ctx)
	list = slices.DeleteFunc(list, func(a Assignment) bool { return !grant.Scope.Sees(s.forest.pathOf(a.Scope)) || !s.told(who, a) })
	for i := range list {
		list[i].Scope = s.forest.pathOf(list[i].Scope)
	}
	return list, err
}

// nearest is the place of a key path, or of the closest above it that exists.
func (f *forest) nearest(keyPath string) string {
	for {
		if at, ok := f.locate(keyPath); ok {
			return at.path()
		}
		i := strings.LastIndexByte(keyPath, '/')
		if i < 0 {
			return keyPath
		}
		keyPath = keyPath[:i]
	}
}

// pathOf is where a key path is today; the key path itself when its place is gone.
func (f *forest) pathOf(keyPath string) string {
	if at, ok := f.locate(keyPath); ok {
		return at.path()
	}
	return keyPath
}

// giving is the action that gives and takes an assignment.
func (a Assignment) giving() Action {
	if a.Deny {
		return AccessDeny
	}
	return AccessAssign
}

// Assign gives a role, or takes its actions away with Deny. Giving the same again changes its end, condition and
// reason. NotFound for a place that is not the caller's, and for who is unknown; Denied when the caller may not, or does
// not hold, itself and for as long, all that the role holds.
func (v *Service) Assign(ctx context.Context, a Assignment) (Assignment, error) {
	grant, err := v.Roles.RequireAt(ctx, a.giving(), a.Scope)
	if err != nil {
		return a, err
	}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		s := v.Roles.present.Load()
		at, role, err := s.checked(a)
		who, _ := identity.Caller(ctx)
		if unknown := v.known(ctx, t, s, a); unknown != nil && (err == nil || !s.governed(who, a.Realm)) {
			return unknown // before what a rule says of a realm that is not theirs
		}
		if err != nil {
			return err
		}
		if !a.End.IsZero() && !a.End.After(v.Now()) {
			return fault.New(fault.Invalid, "bad_end", "the end of an assignment must be in the future; nothing was assigned")
		}
		recovery, err := v.governs(ctx, t, s, a, at)
		if err != nil {
			return err
		}
		if err := v.escalates(ctx, s, a, role, at); err != nil {
			return err
		}
		a.Scope, a.By, a.At, a.Source, a.End = at.keyPath, grant.Actor, v.Now().UTC(), "", utc(a.End)
		a = a.identified()
		if err := v.keepsAdmin(ctx, t, s, a, a); err != nil {
			return err
		}
		if err := v.give(ctx, t, a); err != nil || !recovery {
			return err
		}
		return v.Events.Append(ctx, t, event.AccessRecovered, a.By, string(a.Realm), map[string]string{"assignment": string(a.ID), "reason": a.Reason})
	})
	if s := v.Roles.present.Load(); s != nil {
		a.Scope = s.forest.pathOf(a.Scope)
	}
	return a, err
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

// checked is the place and the role of an assignment, if it makes sense.
func (s *snapshot) checked(a Assignment) (position, *compiled, error) {
	at, ok := s.forest.locate(canonical(a.Scope))
	if !ok {
		return at, nil, noPlace(a.Scope)
	}
	role := s.roles[a.Role]
	if role == nil {
		return at, nil, noRole(a.Role)
	}
	return at, role, a.valid(role.Role, at, s.forest.byID.Get(a.Realm), s.forest.byID.Get(role.Owner))
}

func noRole(role id.Role) error {
	return fault.New(fault.NotFound, "role_not_found", "no role %s is known", role)
}

// Give writes an assignment for an area above, inside its transaction: delegated access, an activation. The area has
// asked who may; Source names what it comes from. It returns the assignment as it was kept.
func (v *Service) Give(ctx context.Context, t tx.Tx, a Assignment) (Assignment, error) {
	s := v.Roles.present.Load()
	at, _, err := s.checked(a)
	if err != nil {
		return a, err
	}
	if a.Source == "" {
		return a, fault.New(fault.Internal, "no_source", "an assignment an area gives names what it comes from")
	}
	a.Scope, a.End, a.At = at.keyPath, utc(a.End), v.Now().UTC()
	a = a.identified()
	return a, v.give(ctx, t, a)
}

// GrantAdmin makes the first person of a realm its global admin, inside the transaction that adds them. Whoever calls it
// knows that there is nobody yet who could.
func (v *Service) GrantAdmin(ctx context.Context, t tx.Tx, who id.Principal, realm id.Organisation) error {
	s, err := v.Roles.current(ctx)
	if err != nil {
		return err
	}
	n := s.forest.byID.Get(realm)
	if n == nil {
		return noPlace(string(realm))
	}
	a := Assignment{Principal: who, Realm: realm, Role: n.Kind.globalAdmin(), Scope: n.Path, By: string(who), At: v.Now().UTC(), Reason: "the first person"}
	if n.Kind == Customer {
		a.Scope = "@" + n.Key
	}
	at, _, err := s.checked(a)
	if err != nil {
		return err
	}
	a.Scope = at.keyPath
	return v.give(ctx, t, a.identified())
}

func (v *Service) give(ctx context.Context, t tx.Tx, a Assignment) error {
	if err := v.Store.SaveAssignment(ctx, t, a); err != nil {
		return err
	}
	t.After(func() { v.Roles.swap(func(s *snapshot) *snapshot { return s.with(a) }) })
	return v.Events.Append(ctx, t, event.AccessGiven, a.By, string(a.ID), a)
}

// Revoke takes an assignment. From when it returns nobody has anything by it. What an area above gave is its to take:
// Conflict. The last global admin of a realm stays: Conflict.
func (v *Service) Revoke(ctx context.Context, assignment id.Assignment) error {
	s, err := v.Roles.current(ctx)
	if err != nil {
		return err
	}
	var a Assignment
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		a, err = v.one(ctx, r, assignment)
		return err
	})
	if err != nil {
		return err
	}
	grant, err := v.Roles.RequireAt(ctx, a.giving(), s.forest.nearest(a.Scope))
	if fault.KindOf(err) == fault.NotFound {
		return noAssignment(assignment)
	}
	if err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.mayTake(ctx, t, s, a); err != nil {
			return err
		}
		if a.Source != "" {
			return fault.New(fault.Conflict, "given_by_source", "assignment %s comes from %s: end that; nothing was changed", a.ID, a.Source)
		}
		if err := v.keepsAdmin(ctx, t, s, a, Assignment{}); err != nil {
			return err
		}
		return v.take(ctx, t, a, grant.Actor)
	})
}

func (v *Service) one(ctx context.Context, r tx.Read, assignment id.Assignment) (Assignment, error) {
	list, err := v.Store.Assignments(ctx, r, Filter{ID: assignment})
	if err == nil && len(list) == 0 {
		err = noAssignment(assignment)
	}
	if err != nil {
		return Assignment{}, err
	}
	return list[0], nil
}

func noAssignment(a id.Assignment) error {
	return fault.New(fault.NotFound, "assignment_not_found", "no assignment %s is known", a)
}

// Take ends, inside the transaction of an area above, everything that comes from one of its things.
func (v *Service) Take(ctx context.Context, t tx.Tx, source, by string) error {
	list, err := v.Store.Assignments(ctx, t, Filter{Source: source})
	if err != nil || source == "" {
		return err
	}
	for _, a := range list {
		if err := v.take(ctx, t, a, by); err != nil {
			return err
		}
	}
	return nil
}

func (v *Service) take(ctx context.Context, t tx.Tx, a Assignment, by string) error {
	if err := v.Store.DropAssignment(ctx, t, a.ID); err != nil {
		return err
	}
	t.After(func() { v.Roles.swap(func(s *snapshot) *snapshot { return s.without(a) }) })
	return v.Events.Append(ctx, t, event.AccessTaken, by, string(a.ID), a)
}

// escalates is the rule against escalation: who gives a role holds every action in it there, sees as much money, for
// as long, and without a condition that the gift is free of. A realm's global admin holds, for giving, whatever roles
// of its realm can hold. A denial takes nothing from the one who denies, so it asks for AccessDeny alone.
func (v *Service) escalates(ctx context.Context, s *snapshot, a Assignment, role *compiled, at position) error {
	who, _ := identity.Caller(ctx)
	if who.ID == identity.LocalOperator || a.Deny {
		return nil
	}
	c, _ := s.caller(who, v.Now())
	return s.holds(&c, v.Roles.words, role.Role, at, newEntry(a, role))
}

// holds is Denied unless a caller holds all that a role does at a position, for as long as an entry says.
func (s *snapshot) holds(c *caller, words vocabulary, role Role, at position, as entry) error {
	lacking := func(what string) error {
		return fault.New(fault.Denied, "escalation", "%s allows more than you may do at %s (%s); nothing was assigned", role.Name, at.path(), what)
	}
	for _, action := range role.Actions {
		v := s.decide(c, action, words[action], at)
		if !v.allowed && !v.denied && v.admin && slices.Contains(c.realm.Kind.mayHold(), action) {
			assign := s.decide(c, AccessAssign, words[AccessAssign], at)
			v.allowed, v.until, v.plain, v.view = assign.allowed, assign.until, assign.plain, assign.view
		}
		switch {
		case !v.allowed:
			return lacking(string(action))
		case as.end > v.until:
			return lacking("your own role ends before")
		case !as.mfa && !v.plain:
			return lacking("yours needs a second factor")
		case !v.view.Has(role.View):
			return lacking("it shows more money")
		}
	}
	return nil
}

// lasting says whether an assignment makes a global admin of a realm, without an end and a condition.
func (s *snapshot) lasting(a Assignment, realm *node) bool {
	at, ok := s.forest.locate(a.Scope)
	return ok && at.node == realm && at.tail == "" && a.Role == realm.Kind.globalAdmin() && a.Realm == realm.Organisation &&
		!a.Deny && a.End.IsZero() && a.Condition == Always
}

// Admins are whom, and which groups, the role of a realm's global admin was given to for good.
func (v *Service) Admins(ctx context.Context, r tx.Read, realm id.Organisation) (who []id.Principal, groups []id.Group, err error) {
	s, err := v.Roles.current(ctx)
	if err != nil {
		return nil, nil, err
	}
	n := s.forest.byID.Get(realm)
	if n == nil {
		return nil, nil, nil
	}
	list, err := v.Store.Assignments(ctx, r, Filter{Role: n.Kind.globalAdmin()})
	for _, a := range list {
		switch {
		case !s.lasting(a, n):
		case a.Group != "":
			groups = append(groups, a.Group)
		default:
			who = append(who, a.Principal)
		}
	}
	return who, groups, err
}

// keepsAdmin is a Conflict when a realm would be left without a global admin that neither ends nor hangs on a
// condition: was is taken, and now, unless it is the zero Assignment, put in its place. A denial may not reach the
// giving of roles at a realm's own place at all: nobody could take it back.
func (v *Service) keepsAdmin(ctx context.Context, t tx.Tx, s *snapshot, was, now Assignment) error {
	realm := s.forest.byID.Get(was.Realm)
	if realm == nil {
		return nil
	}
	lasts := func(a Assignment) bool { return s.lasting(a, realm) }
	if now.Deny {
		at, ok := s.forest.locate(now.Scope)
		role := s.roles[now.Role]
		if ok && role != nil && at.node == realm && at.tail == "" && (slices.Contains(role.Actions, AccessAssign) || slices.Contains(role.Actions, AccessDeny)) {
			return fault.New(fault.Conflict, "admin_needed", "denying %s at %s itself could leave nobody to give roles there: deny it further down; nothing was changed",
				role.Name, at.path())
		}
		return nil
	}
	if was.Role != realm.Kind.globalAdmin() || lasts(now) {
		return nil
	}
	list, err := v.Store.Assignments(ctx, t, Filter{Role: realm.Kind.globalAdmin()})
	if err != nil {
		return err
	}
	held, others := false, 0
	for _, a := range list {
		if !lasts(a) {
			continue
		}
		if a.ID == was.ID {
			held = true
			continue
		}
		able, err := v.able(ctx, t, a)
		if err != nil {
			return err
		}
		if able {
			others++
		}
	}
	if held && others == 0 {
		return fault.New(fault.Conflict, "last_admin", "%s is the last global admin of %s: assign that role to another person who can sign in first; nothing was changed",
			was.subject(), realm.Key)
	}
	return nil
}

// able says whether whom something was given to can use it. To the local operator all can: whoever cannot sign in yet may
// be who they chose.
func (v *Service) able(ctx context.Context, r tx.Read, a Assignment) (bool, error) {
	if who, _ := identity.Caller(ctx); who.ID == identity.LocalOperator {
		return true, nil
	}
	return v.Directory.SignsIn(ctx, r, a.Principal, a.Group)
}
