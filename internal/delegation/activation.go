package delegation

import (
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// ActivationState is where an activation is in its life.
type ActivationState string

// The states of an activation. Access is given by Running alone.
const (
	Waiting ActivationState = "waiting" // for an approver
	Running ActivationState = "running"
	Ended   ActivationState = "ended" // at its instant, or before
	Refused ActivationState = "refused"
	Lapsed  ActivationState = "lapsed" // nobody answered
)

// Activation is an eligible role that one person holds at a place, for a time and a reason.
type Activation struct {
	ID           id.Activation   `json:"id"`
	Registration id.Registration `json:"registration"`
	Organisation id.Organisation `json:"organisation"` // of the person
	Place
	Who       id.Principal    `json:"who"`
	Through   id.Group        `json:"through,omitempty"` // the group that makes them eligible, and that they must be in
	MFA       bool            `json:"mfa,omitempty"`     // it is used, as it was activated, with a second factor only
	Role      RoleID          `json:"role"`
	Reason    string          `json:"reason"`
	Case      string          `json:"case,omitempty"` // the support case it is for
	Length    string          `json:"length"`         // ISO 8601
	State     ActivationState `json:"state"`
	Requested time.Time       `json:"requested"`
	Decided   time.Time       `json:"decided,omitzero"`
	DecidedBy string          `json:"decided_by,omitempty"`
	Note      string          `json:"note,omitempty"` // of who decided
	Start     time.Time       `json:"start,omitzero"`
	End       time.Time       `json:"end,omitzero"` // the first instant without access
	EndedBy   string          `json:"ended_by,omitempty"`
}

// Entry is one thing done under an activation, in the order it was done.
type Entry struct {
	Number     int64         `json:"number"`
	Activation id.Activation `json:"activation"`
	At         time.Time     `json:"at"`
	Who        id.Principal  `json:"who"`
	Action     string        `json:"action"` // the provider's name of it, such as Microsoft.Compute/virtualMachines/restart/action
	Target     string        `json:"target"`
}

const answerActivation = 24 * time.Hour

// ActivationRequest says which eligible role somebody asks for, how long and why.
type ActivationRequest struct {
	Registration id.Registration `json:"registration"`
	Role         string          `json:"role"` // id or name
	Length       string          `json:"length"`
	Reason       string          `json:"reason"`
	Case         string          `json:"case,omitempty"`
}

// At is the activation at an instant, by its own times alone. Its registration may have ended before.
func (a Activation) At(now time.Time) Activation {
	if due := a.due(); !due.IsZero() && !now.Before(due) {
		if a.State == Waiting {
			a.State, a.Decided = Lapsed, due
		} else {
			a.State = Ended
		}
	}
	return a
}

func (a Activation) due() time.Time {
	switch a.State {
	case Waiting:
		return a.Requested.Add(answerActivation)
	case Running:
		return a.End
	}
	return time.Time{}
}

// InForce says whether the activation gives access at an instant under its registration.
func (a Activation) InForce(r Registration, at time.Time) bool {
	return a.Registration == r.ID && a.At(at).State == Running && !at.Before(a.Start) && r.InForce(at)
}

// heldBy says whether somebody is who activated it, and still in the group that made them eligible.
func (a Activation) heldBy(who identity.Principal) bool {
	return who.ID == a.Who && (a.Through == "" || slices.Contains(who.Groups, a.Through))
}

// holder is what the customer calls, in its consent, who was eligible for the activation.
func (a Activation) holder(r Registration) string {
	for _, e := range r.Eligible {
		if e.Role == a.Role && (e.Holder.ID == string(a.Who) && a.Through == "" || e.Holder.ID == string(a.Through)) {
			return e.Holder.Name
		}
	}
	return ""
}

// covers says whether a target lies where the activation is. Of a target that is no address of a resource nothing is known.
func (a Activation) covers(target string) bool {
	target = strings.ToLower(target)
	if !strings.HasPrefix(target, "/") {
		return true
	}
	place := "/subscriptions/" + a.Entitlement
	if a.ResourceGroup != "" {
		place += "/resourcegroups/" + a.ResourceGroup
	}
	return target == place || strings.HasPrefix(target, place+"/")
}

// newActivation is the activation that somebody gets, or has to wait for. NotFound for a role they are not eligible for;
// Denied without the second factor that the policy asks for.
func (r Registration) newActivation(who identity.Principal, w ActivationRequest, role RoleID, at time.Time) (Activation, error) {
	i := slices.IndexFunc(r.Eligible, func(e Eligible) bool { return e.Role == role && e.Holder.is(who.ID, nil) })
	if i < 0 { // not they themselves, but by a group
		i = slices.IndexFunc(r.Eligible, func(e Eligible) bool { return e.Role == role && e.Holder.is(who.ID, who.Groups) })
	}
	if i < 0 || who.Realm != r.Organisation || !r.InForce(at) {
		return Activation{}, fault.New(fault.NotFound, "not_eligible", "you are not eligible for role %q there; nothing was activated", w.Role)
	}
	policy := r.Eligible[i].Policy
	if policy.MFA && !who.MFA {
		return Activation{}, fault.New(fault.Denied, "second_factor_needed",
			"this role is activated with a second factor only; nothing was activated. Sign in with one and ask again")
	}
	length, ok := parseActivation(w.Length)
	most, _ := parseActivation(policy.Longest)
	bad := fault.New(fault.Invalid, "bad_activation", "the request to activate the role is not valid; nothing was activated")
	if !ok || length <= 0 || length > most {
		bad.With("length", "must be a duration such as PT1H, of at most "+policy.Longest)
	}
	if strings.TrimSpace(w.Reason) == "" {
		bad.With("reason", "must be stated: the customer reads it")
	}
	if bad.Fields != nil {
		return Activation{}, bad
	}
	a := Activation{
		Registration: r.ID, Organisation: who.Realm, Place: r.Place, Who: who.ID, MFA: policy.MFA, Role: role, Reason: strings.TrimSpace(w.Reason), Case: w.Case,
		Length: w.Length, State: Waiting, Requested: at.UTC(),
	}
	if h := r.Eligible[i].Holder; h.Kind == Group {
		a.Through = id.Group(h.ID)
	}
	if len(policy.Approvers) == 0 {
		a = a.started(length, at)
	}
	return a, nil
}

func (a Activation) started(length time.Duration, at time.Time) Activation {
	a.State, a.Start, a.End = Running, at.UTC(), at.UTC().Add(length)
	return a
}

// decided is the activation after an approver's answer. Nobody answers for themselves.
func (a Activation) decided(r Registration, who identity.Principal, yes bool, note string, at time.Time) (Activation, error) {
	if a.At(at).State != Waiting || !r.InForce(at) {
		return a, fault.New(fault.Conflict, "activation_decided", "activation %s does not wait for approval: it is %s; nothing was changed", a.ID, a.At(at).State)
	}
	if who.ID == a.Who {
		return a, fault.New(fault.Denied, "own_activation", "nobody approves their own activation: another approver must answer; nothing was changed")
	}
	i := slices.IndexFunc(r.Eligible, func(e Eligible) bool { return e.Role == a.Role && e.mayApprove(who) })
	if i < 0 {
		return a, fault.New(fault.Denied, "not_approver", "you are not among the approvers of this role; nothing was changed")
	}
	if r.Eligible[i].Policy.MFA && !who.MFA {
		return a, fault.New(fault.Denied, "second_factor_needed", "approving or refusing this requires a second factor; nothing was changed")
	}
	a.Decided, a.DecidedBy, a.Note, a.State = at.UTC(), string(who.ID), strings.TrimSpace(note), Refused
	if yes {
		length, _ := parseActivation(a.Length)
		a = a.started(length, at)
	}
	return a, nil
}

func (e Eligible) mayApprove(who identity.Principal) bool {
	return slices.ContainsFunc(e.Policy.Approvers, func(h Holder) bool { return h.is(who.ID, who.Groups) })
}

// stopped ends an activation before its instant, or withdraws one that waits. One that is over stays as it is.
func (a Activation) stopped(by string, at time.Time) Activation {
	if s := a.At(at).State; s != Running && s != Waiting {
		return a
	}
	a.State, a.End, a.EndedBy = Ended, at.UTC(), by
	return a
}
