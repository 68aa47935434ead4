package access

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// told says whether an assignment whose place somebody may look at is told to them. Among resources all are, for who
// reaches into them is their owner's to know. In the commercial tree those of one's own people and of people below are:
// which staff somebody above has at work there is not.
func (s *snapshot) told(who identity.Principal, a Assignment) bool {
	return s.governed(who, a.Realm) || len(a.Scope) > 0 && a.Scope[0] == '@'
}

// governed says whether a realm is somebody's own, or below it; every one is the local operator's.
func (s *snapshot) governed(who identity.Principal, realm id.Organisation) bool {
	own, theirs := s.forest.byID.Get(who.Realm), s.forest.byID.Get(realm)
	return who.ID == identity.LocalOperator || own != nil && theirs != nil && inside(theirs.Path, own.Path)
}

// knows says whether a place is there for somebody who asks about themselves: something they were given bears on it,
// though it may be over; or, of a customer's resources, on the customer.
func (s *snapshot) knows(c *caller, at position) bool {
	found := false
	see := func(_, _ string, e *entry) { found = found || e.realm == c.Realm }
	if c.reaches(at) {
		s.walk(c, at, see)
	}
	if commercial, ok := s.forest.locate(at.Key); ok && at.resource && c.reaches(commercial) {
		s.walk(c, commercial, see)
	}
	return found
}

// known is NotFound for an assignment to whom nobody knows, or who is of another realm than it says: it would lie there
// until somebody comes by that id. Of a realm that is somebody else's it says what it says of one that there is not.
func (v *Service) known(ctx context.Context, r tx.Read, s *snapshot, a Assignment) error {
	if (a.Principal == "") == (a.Group == "") {
		return nil
	}
	realm, err := v.Directory.RealmOf(ctx, r, a.Principal, a.Group)
	if err == nil && realm == a.Realm {
		return nil
	}
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	of := "that organisation"
	if who, _ := identity.Caller(ctx); s.forest.byID.Get(a.Realm) != nil && s.governed(who, a.Realm) {
		of = s.forest.byID.Get(a.Realm).Key
	}
	return fault.New(fault.NotFound, "principal_not_found",
		"%s has no person, program or group %q: nothing was changed; \"person list\", \"program list\" and \"group list\" show ids", of, a.subject())
}

// asked is whom somebody asks about, with the explanation that is told of them. Who is of somebody else's realm is known
// only by what they hold among the resources that the asker may look at. What groups they are in is told in their realm alone.
func (v *Service) asked(ctx context.Context, s *snapshot, person identity.Principal, x Explanation) (Explanation, error) {
	asker, _ := identity.Caller(ctx)
	if asker.ID == identity.LocalOperator || asker.Realm == person.Realm {
		return x, nil
	}
	if x.Groups = nil; s.governed(asker, person.Realm) {
		return x, nil
	}
	x.Steps = slices.DeleteFunc(x.Steps, func(st Step) bool { return st.At == "" || st.At[0] != '@' })
	if len(x.Steps) == 0 {
		return Explanation{}, nobody(person.ID)
	}
	return x, nil
}

func nobody(who id.Principal) error {
	return fault.New(fault.NotFound, "principal_not_found", "nobody is known as %q", who)
}

// Exceeds is Denied where a person, a program or a group of a realm has something that the caller could not give them: who
// looks after how they sign in could become them. A realm's global admin looks after all of it; for "" and "" it takes one.
func (v *Service) Exceeds(ctx context.Context, r tx.Read, realm id.Organisation, who id.Principal, group id.Group) error {
	asker, known := identity.Caller(ctx)
	if !known || asker.ID == identity.LocalOperator {
		return nil
	}
	s, err := v.Roles.current(ctx)
	if err != nil {
		return err
	}
	c, _ := s.caller(asker, v.Now())
	n := s.forest.byID.Get(realm)
	if c.realm == nil || n == nil {
		return nobody(who)
	}
	at, _ := s.forest.locate(n.Path)
	if s.decide(&c, AccessAssign, v.Roles.words[AccessAssign], c.own(at)).admin {
		return nil
	}
	denied := fault.New(fault.Denied, "more_than_you", "only a global admin may manage people with more rights than you: nothing was changed")
	if who == "" && group == "" {
		return denied
	}
	subjects := []string{string(who), string(group)}
	if who != "" {
		p, err := v.Directory.Principal(ctx, r, who)
		if err != nil {
			return err
		}
		for _, g := range p.Groups {
			subjects = append(subjects, string(g))
		}
	}
	for _, subject := range subjects {
		if h := s.holding(subject); h != nil && s.more(&c, v.Roles.words, h) {
			return denied
		}
	}
	return nil
}

// more says whether something that is held is more than a caller holds there.
func (s *snapshot) more(c *caller, words vocabulary, h *holding) bool {
	for _, a := range h.at {
		at, ok := s.forest.locate(a.keyPath)
		for i := range a.entries {
			e := &a.entries[i]
			if ok && !e.deny && e.end > c.now && s.holds(c, words, e.role.Role, at, *e) != nil {
				return true
			}
		}
	}
	return false
}
