package access

import (
	"context"
	"fmt"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// Explanation is why somebody may, or may not, do something at a place now: the answer a check gives, with every
// assignment that bears on it.
type Explanation struct {
	Who     id.Principal    `json:"who"`
	Realm   id.Organisation `json:"realm"`
	Groups  []id.Group      `json:"groups,omitempty"`
	Action  Action          `json:"action"`
	Place   string          `json:"place"`
	Allowed bool            `json:"allowed"`
	View    scope.View      `json:"view"`
	Answer  string          `json:"answer"` // in a sentence
	Steps   []Step          `json:"steps"`
}

// Step is one assignment that was looked at.
type Step struct {
	Assignment id.Assignment `json:"assignment"`
	Group      id.Group      `json:"group,omitempty"` // through which it comes
	Role       id.Role       `json:"role"`
	RoleName   string        `json:"role_name"`
	At         string        `json:"at"`        // where it was given
	Inherited  bool          `json:"inherited"` // from above the place asked about
	Deny       bool          `json:"deny,omitempty"`
	End        time.Time     `json:"end,omitzero"`
	Outcome    Outcome       `json:"outcome"`
}

// Outcome is what an assignment says about the question.
type Outcome string

// An assignment allows or denies, or says nothing: its role lacks the action, or it is over, or its condition does not
// hold, or it is for people of another realm, or for who is in a group and they no longer are.
const (
	Allows         Outcome = "allows"
	Denies         Outcome = "denies"
	LacksAction    Outcome = "lacks_action"
	Lapsed         Outcome = "lapsed"
	ConditionUnmet Outcome = "condition_unmet"
	OtherRealm     Outcome = "other_realm"
	OutOfGroup     Outcome = "out_of_group"
)

// explain is decide with its reasons: it walks the same entries and calls decide for the answer.
func (s *snapshot) explain(words vocabulary, who identity.Principal, action Action, place string, now time.Time) (Explanation, error) {
	x := Explanation{Who: who.ID, Realm: who.Realm, Groups: who.Groups, Action: action, Place: place, Steps: []Step{}}
	bit, listed := words[action]
	if !listed {
		return x, fault.New(fault.Invalid, "no_such_action", "%q is not an action", action)
	}
	if who.ID == identity.LocalOperator {
		x.Allowed, x.View, x.Answer = true, scope.Everything, "yes: the local operator may do everything"
		return x, nil
	}
	c, known := s.caller(who, now)
	at, exists := s.forest.locate(canonical(place))
	if !known || !exists {
		return x, noPlace(place)
	}
	at = c.own(at)
	x.Place = at.path()
	if !c.reaches(at) {
		x.Answer = fmt.Sprintf("no: %s is outside of %s, and to its people it does not exist", x.Place, c.realm.Path)
		return x, nil
	}
	usable := c.usable(action, at)
	s.walk(&c, at, func(subject, keyPath string, e *entry) {
		x.Steps = append(x.Steps, s.step(&c, subject, keyPath, e, usable && e.role.has(bit), at))
	})
	v := s.decide(&c, action, bit, at)
	if x.Allowed = v.allowed && !v.off; x.Allowed {
		x.View = s.viewAt(&c, at, v.view)
	}
	x.Answer = v.answer(action, x.Place, usable)
	return x, nil
}

func (s *snapshot) step(c *caller, subject, keyPath string, e *entry, has bool, at position) Step {
	st := Step{Assignment: e.id, Role: e.role.ID, RoleName: e.role.Name, Inherited: keyPath != at.keyPath, Deny: e.deny}
	if given, ok := s.forest.locate(keyPath); ok {
		st.At = given.path()
	}
	if subject != string(c.ID) {
		st.Group = id.Group(subject)
	}
	if e.end != never {
		st.End = time.Unix(0, e.end).UTC()
	}
	switch e.status(c) {
	case otherRealm:
		st.Outcome = OtherRealm
	case outOfGroup:
		st.Outcome = OutOfGroup
	case lapsed:
		st.Outcome = Lapsed
	case conditionUnmet:
		st.Outcome = ConditionUnmet
	case active:
		switch {
		case !has:
			st.Outcome = LacksAction
		case e.deny:
			st.Outcome = Denies
		default:
			st.Outcome = Allows
		}
	}
	return st
}

func (v verdict) answer(action Action, place string, usable bool) string {
	switch {
	case v.off:
		return fmt.Sprintf("no: a role with %s is held there, but usage charges are not shown at %s: the partner's global admin or an admin agent can switch them on", action, place)
	case v.allowed:
		return fmt.Sprintf("yes: a role with %s at %s or above, and nothing denies it", action, place)
	case v.denied:
		return fmt.Sprintf("no: a deny assignment takes %s away at %s; a denial wins", action, place)
	case !usable:
		return fmt.Sprintf("no: %s is never inherited into %s", action, place)
	case v.visible:
		return fmt.Sprintf("no: no role held at %s or above has %s", place, action)
	}
	return fmt.Sprintf("no: no role is held at %s or above, and so it does not exist", place)
}

// Explain says why somebody may or may not. To explain others takes access.read at the place; oneself everybody may, at
// places one has to do with. NotFound for other places, and for people who are not the asker's to know of.
// groups and realm of others come from Service.Directory.
func (v *Service) Explain(ctx context.Context, who id.Principal, action Action, place string) (Explanation, error) {
	asker, _ := identity.Caller(ctx)
	s, err := v.Roles.current(ctx)
	if err != nil {
		return Explanation{}, err
	}
	if who == "" || who == asker.ID {
		if c, ok := s.caller(asker, v.Now()); ok {
			if at, ok := s.forest.locate(canonical(place)); ok && !s.knows(&c, c.own(at)) {
				return Explanation{}, noPlace(place)
			}
		}
		return s.explain(v.Roles.words, asker, action, place, v.Now())
	}
	if _, err := v.Roles.RequireAt(ctx, AccessRead, place); err != nil {
		return Explanation{}, err
	}
	person, err := v.lookup(ctx, who)
	if err != nil {
		return Explanation{}, err
	}
	x, err := s.explain(v.Roles.words, person, action, place, v.Now())
	if err != nil {
		return x, err
	}
	return v.asked(ctx, s, person, x)
}
