package delegation

import (
	"context"
	"encoding/json"
	"reflect"
	"strconv"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// requireAdministrator allows the side that administers; requireEitherSide the customer too.
func requireAdministrator(c caller, r Relationship) error {
	if c.actsFor(r.Organisation) {
		return nil
	}
	return notYours()
}

func requireEitherSide(c caller, r Relationship) error {
	if c.actsFor(r.Organisation) || c.actsFor(r.Customer) {
		return nil
	}
	return notYours()
}

func notYours() error {
	return fault.New(fault.Denied, "not_your_side", "only the two sides of the agreement may do this, and you belong to neither; nothing was changed")
}

// changeRelationship changes one relationship by a rule, which starts from how it is now.
func (v *Service) changeRelationship(ctx context.Context, action access.Action, r id.Relationship, may func(caller, Relationship) error,
	rule func(context.Context, tx.Tx, caller, Relationship) (Relationship, []event.Type, error),
) (after Relationship, err error) {
	err = v.write(ctx, action, func(ctx context.Context, t tx.Tx, c caller) error {
		list, err := v.relationships(ctx, t, c, Filter{ID: string(r)})
		before, err := single(list, err, "relationship", string(r))
		if err != nil {
			return err
		}
		now, log := before.At(v.Now())
		if purged(log) {
			return fault.New(fault.NotFound, "relationship_not_found", "no relationship %s is known", r)
		}
		if err := may(c, now); err != nil {
			return err
		}
		var say []event.Type
		if after, say, err = rule(ctx, t, c, now); err != nil {
			return err
		}
		return v.save(ctx, t, c, before, &after, append(eventTypes(log), say...)...)
	})
	return after, err
}

// eventTypes are the events of transitions that time caused.
func eventTypes(log []transition) (types []event.Type) {
	for _, h := range log {
		switch {
		case h.purged:
			types = append(types, event.RelationshipCleanedUp)
		case h.extended:
			types = append(types, event.RelationshipExtended)
		default:
			types = append(types, stateEvent(h.state))
		}
	}
	return types
}

// stateEvent is the event of a state that nobody asked for: it was reached by time, or because setting up was done.
func stateEvent(s State) event.Type {
	return map[State]event.Type{
		Activating: event.RelationshipActivating, Active: event.RelationshipActivated, Expiring: event.RelationshipExpiring,
		Expired: event.RelationshipExpired, Terminating: event.RelationshipTerminating, Terminated: event.RelationshipTerminated,
	}[s]
}

// eventData are the facts of a relationship that its events carry.
func (r Relationship) eventData() map[string]any {
	return map[string]any{"organisation": r.Organisation, "customer": r.Customer, "state": r.State, "end": r.End, "groups": r.Groups}
}

// save saves a changed relationship with its events, and the jobs that will be due. One that did not change is left.
func (v *Service) save(ctx context.Context, t tx.Tx, c caller, before Relationship, after *Relationship, say ...event.Type) error {
	if reflect.DeepEqual(before, *after) {
		return nil
	}
	after.Version = before.Version + 1
	if err := v.Store.SaveRelationship(ctx, t, scope.All(), *after); err != nil { // who may was asked before
		return err
	}
	for _, typ := range say {
		if err := v.Events.Append(ctx, t, typ, c.Actor, string(after.ID), after.eventData()); err != nil {
			return err
		}
	}
	if err := v.publish(ctx, t, string(after.ID), after.Customer, ledger{relationships: []Relationship{*after}}); err != nil {
		return err
	}
	return v.schedule(ctx, t, *after)
}

// noticeDays are how long before its end both sides are told.
func noticeDays() []int { return []int{30, 7, 1} }

// schedule asks for the jobs of a relationship: one that sets it up now, one for its next transition by time, and one for each notice before its end.
func (v *Service) schedule(ctx context.Context, t tx.Tx, r Relationship) error {
	settle := func(key string, due time.Time) error {
		return v.Jobs.Enqueue(ctx, t, job.Job{Kind: job.SettleRelationship, Key: string(r.ID) + "/" + key, Lane: string(r.ID), Due: due})
	}
	if r.pending() {
		if err := settle("v"+strconv.Itoa(r.Version), v.Now()); err != nil {
			return err
		}
	}
	if due := r.due(); !due.IsZero() {
		if err := settle(due.UTC().Format(time.RFC3339Nano), due); err != nil {
			return err
		}
	}
	if r.State != Active {
		return nil
	}
	for _, n := range noticeDays() {
		due := days(r.End, -n)
		if due.Before(v.Now()) {
			continue
		}
		args, err := json.Marshal(notice{r.ID, r.End, n})
		if err != nil {
			return err
		}
		key := string(r.ID) + "/" + r.End.Format(time.RFC3339Nano) + "/" + strconv.Itoa(n)
		if err := v.Jobs.Enqueue(ctx, t, job.Job{Kind: job.NoticeRelationship, Key: key, Lane: string(r.ID), Due: due, Args: args}); err != nil {
			return err
		}
	}
	return nil
}

type notice struct {
	Relationship id.Relationship `json:"relationship"`
	End          time.Time       `json:"end"`
	Days         int             `json:"days"`
}

// Settle is the job that writes down what time did to a relationship, and sets up or clears away what waits for it. Its
// lane is the relationship.
func (v *Service) Settle(_ context.Context, j job.Job) (job.Effect, error) {
	return func(ctx context.Context, t tx.Tx) error {
		list, err := v.Store.Relationships(ctx, t, scope.All(), Filter{ID: j.Lane})
		if err != nil || len(list) == 0 {
			return err // dropped, or cleaned up
		}
		return v.completePending(ctx, t, list[0])
	}, nil
}

func (v *Service) completePending(ctx context.Context, t tx.Tx, before Relationship) error {
	c := caller{Grant: access.Grant{Actor: access.Actor(ctx)}}
	now, log := before.At(v.Now())
	say := eventTypes(log)
	if !purged(log) {
		after, through := now.complete(v.Now())
		for _, s := range through {
			say = append(say, stateEvent(s))
		}
		return v.save(ctx, t, c, before, &after, append(say, assignmentEvents(now, after)...)...)
	}
	for _, typ := range say {
		if err := v.Events.Append(ctx, t, typ, c.Actor, string(now.ID), now.eventData()); err != nil {
			return err
		}
	}
	return v.Store.DropRelationship(ctx, t, scope.All(), now.ID)
}

// assignmentEvents are the events of access assignments that came into force or are gone.
func assignmentEvents(before, after Relationship) (types []event.Type) {
	for i, g := range after.Groups {
		switch was := before.Groups[i].State; {
		case was != AccessActive && g.State == AccessActive:
			types = append(types, event.AccessActivated)
		case was != AccessDeleted && g.State == AccessDeleted:
			types = append(types, event.AccessDeleted)
		}
	}
	return types
}

// Notice is the job that tells both sides that a relationship is about to end. One that ends at another instant by now
// is not told of.
func (v *Service) Notice(_ context.Context, j job.Job) (job.Effect, error) {
	var n notice
	if err := json.Unmarshal(j.Args, &n); err != nil {
		return nil, err
	}
	return func(ctx context.Context, t tx.Tx) error {
		list, err := v.Store.Relationships(ctx, t, scope.All(), Filter{ID: string(n.Relationship)})
		if err != nil || len(list) == 0 {
			return err
		}
		r, _ := list[0].At(v.Now())
		if r.State != Active || !r.End.Equal(n.End) {
			return nil
		}
		return v.Events.Append(ctx, t, event.RelationshipNotice, access.Actor(ctx), string(r.ID), map[string]any{
			"organisation": r.Organisation, "customer": r.Customer, "end": r.End, "days": n.Days, "extends": r.Extends(),
		})
	}, nil
}
