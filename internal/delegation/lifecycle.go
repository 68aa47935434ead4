package delegation

import (
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// step is what moves a relationship from one state to another.
type step string

const (
	stepLock      step = "lock"      // the partner sends it to the customer
	stepApprove   step = "approve"   // the customer consents
	stepReject    step = "reject"    // the customer declines, or the partner withdraws what is pending
	stepTerminate step = "terminate" // either side ends it
	stepBegin     step = "begin"     // setting up, or clearing away, has begun
	stepFinish    step = "finish"    // it is done
	stepLapse     step = "lapse"     // its end has come, or nobody answered
)

// next is the state a step leads to; ok is false where it is not allowed. This is the whole state machine.
func next(from State, by step) (to State, ok bool) {
	to, ok = map[State]map[step]State{
		Created:              {stepLock: ApprovalPending},
		ApprovalPending:      {stepLock: ApprovalPending, stepApprove: Approved, stepReject: Terminated, stepTerminate: Terminated, stepLapse: Expired},
		Approved:             {stepBegin: Activating, stepTerminate: TerminationRequested},
		Activating:           {stepFinish: Active, stepTerminate: TerminationRequested},
		Active:               {stepLapse: Expiring, stepTerminate: TerminationRequested},
		TerminationRequested: {stepBegin: Terminating},
		Terminating:          {stepFinish: Terminated},
		Expiring:             {stepFinish: Expired},
	}[from][by]
	return to, ok
}

// The lengths of time the life cycle knows.
const (
	answerWithin = 90  // days a customer has to answer
	keepUnsent   = 90  // days an unanswered one is kept after it lapsed
	keepClosed   = 365 // days an ended one is kept
	extendBy     = 180 // days, by auto-extend
)

const shortest, longest = "P1D", "P2Y"

func days(t time.Time, n int) time.Time { return period.Step{Days: n}.After(t) }

// after is the relationship after a step at an instant. Conflict where the step is not allowed.
func (r Relationship) after(by step, at time.Time) (Relationship, error) {
	to, ok := next(r.State, by)
	if !ok {
		return r, fault.New(fault.Conflict, "relationship_state",
			"relationship %q is %s, and in that state nobody can %s it; nothing was changed", r.Name, r.State, by)
	}
	r = r.copied()
	r.State, r.Modified = to, at.UTC()
	switch to {
	case ApprovalPending:
		r.Sent = r.Modified
	case Active:
		length, err := period.ParseStep(r.Duration)
		if err != nil {
			return r, err
		}
		r.Activated, r.End = r.Modified, length.After(r.Modified)
	case TerminationRequested:
		r.End = r.Modified
	case Expired, Terminated:
		r.Closed, r.Link = r.Modified, ""
	}
	return r, nil
}

// due is the next instant at which time alone changes the relationship; zero when it never will.
func (r Relationship) due() time.Time {
	switch r.State {
	case ApprovalPending:
		return r.AnswerBy()
	case Active:
		return r.End
	case Expired, Terminated:
		if r.Activated.IsZero() && r.State == Expired {
			return days(r.Closed, keepUnsent)
		}
		return days(r.Closed, keepClosed)
	}
	return time.Time{}
}

// AnswerBy is the first instant at which a sent relationship cannot be answered any more.
func (r Relationship) AnswerBy() time.Time { return days(r.Sent, answerWithin) }

// transition is one change of a relationship that time caused.
type transition struct {
	at       time.Time
	state    State
	extended bool
	purged   bool
}

// At is the relationship at an instant, after the transitions that time caused by then, which are listed oldest first. It is
// the same whether a job has written it down meanwhile or not.
func (r Relationship) At(now time.Time) (Relationship, []transition) {
	var log []transition
	for {
		due := r.due()
		if due.IsZero() || due.After(now) {
			return r, log
		}
		switch {
		case r.State == Expired || r.State == Terminated:
			return r, append(log, transition{at: due, state: r.State, purged: true})
		case r.State == Active && r.Extends():
			r = r.copied()
			r.End, r.Modified = days(r.End, extendBy), due.UTC()
			log = append(log, transition{at: due, state: Active, extended: true})
		default:
			r, _ = r.after(stepLapse, due) // allowed in the states that have such an instant
			log = append(log, transition{at: due, state: r.State})
		}
	}
}

// Extends says whether the relationship goes on by itself at its end.
func (r Relationship) Extends() bool { return r.AutoExtend && !r.Holds(GlobalAdministrator) }

// complete is the relationship once setting up or clearing away is done, with the states it went through: access
// assignments that were to begin are active, and those that were to end are removed.
func (r Relationship) complete(at time.Time) (Relationship, []State) {
	var through []State
	for _, by := range []step{stepBegin, stepFinish} {
		if after, err := r.after(by, at); err == nil {
			r, through = after, append(through, after.State)
		}
	}
	r = r.copied()
	for i, g := range r.Groups {
		switch {
		case g.State == AccessPending && r.State == Active:
			r.Groups[i].State = AccessActive
		case g.State == AccessDeleting, r.State == Expired, r.State == Terminated:
			r.Groups[i].State = AccessDeleted
		}
	}
	return r, through
}

// pending says whether something has to be set up or cleared away.
func (r Relationship) pending() bool {
	_, begins := next(r.State, stepBegin)
	_, finishes := next(r.State, stepFinish)
	return begins || finishes || slices.ContainsFunc(r.Groups, func(g GroupAccess) bool {
		return g.State == AccessDeleting || g.State == AccessPending && r.State == Active ||
			g.State != AccessDeleted && (r.State == Expired || r.State == Terminated)
	})
}
