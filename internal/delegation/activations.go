package delegation

import (
	"context"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Activate makes an eligible role the caller's for a time, or asks an approver for it. Asking twice for the same is
// asking once.
func (v *Service) Activate(ctx context.Context, w ActivationRequest) (made Activation, err error) {
	err = v.write(ctx, access.ActivationRequest, func(ctx context.Context, t tx.Tx, c caller) error {
		r, err := v.registration(ctx, t, c, w.Registration)
		if err != nil {
			return err
		}
		role, _ := v.Roles.Find(w.Role, false)
		if made, err = r.newActivation(c.who, w, role.ID, v.Now()); err != nil {
			return err
		}
		former := 0
		list, err := v.Store.Activations(ctx, t, scope.All(), Filter{Registration: r.ID})
		if err != nil {
			return err
		}
		for _, a := range list {
			if a.Who != made.Who || a.Role != made.Role {
				continue
			}
			former++
			if s := a.At(v.Now()).State; s != Running && s != Waiting {
				continue
			}
			if a.Length == made.Length && a.Reason == made.Reason && a.Case == made.Case {
				made = a
				return nil
			}
			return fault.New(fault.Conflict, "already_activated", "you have asked for this role there already, as %s; nothing was changed. End that first", a.ID)
		}
		made.ID = id.Activation("act_" + id.Derive("activation", string(r.ID), string(made.Role), string(made.Who), strconv.Itoa(former)))
		say := []event.Type{event.ActivationRequested}
		if made.State == Running {
			say = append(say, event.ActivationStarted)
		}
		return v.saveActivation(ctx, t, c, made, r, say...)
	})
	return made, err
}

// Decide answers somebody else's request.
func (v *Service) Decide(ctx context.Context, a id.Activation, yes bool, note string) (decided Activation, err error) {
	err = v.write(ctx, access.ActivationDecide, func(ctx context.Context, t tx.Tx, c caller) error {
		before, r, err := v.activation(ctx, t, c, a)
		if err != nil {
			return err
		}
		if before.DecidedBy == string(c.who.ID) && yes == (before.State == Running) {
			decided = before // answered like this before
			return nil
		}
		if decided, err = before.decided(r, c.who, yes, note, v.Now()); err != nil {
			return err
		}
		say := []event.Type{event.ActivationRefused}
		if yes {
			say = []event.Type{event.ActivationApproved, event.ActivationStarted}
		}
		return v.saveActivation(ctx, t, c, decided, r, say...)
	})
	return decided, err
}

// Stop ends an activation before its instant: whoever has it, their organisation's side or the customer. Access ends at
// once.
func (v *Service) Stop(ctx context.Context, a id.Activation) (stopped Activation, err error) {
	err = v.write(ctx, access.DelegationEnd, func(ctx context.Context, t tx.Tx, c caller) error {
		before, _, err := v.activation(ctx, t, c, a)
		if err != nil {
			return err
		}
		if !c.actsFor(before.Organisation) && !c.actsFor(before.Customer) {
			return notYours()
		}
		return v.saveStopped(ctx, t, c, before, &stopped)
	})
	return stopped, err
}

func (v *Service) saveStopped(ctx context.Context, t tx.Tx, c caller, before Activation, after *Activation) error {
	*after = before.stopped(c.Actor, v.Now())
	if *after == before {
		return nil
	}
	return v.saveActivation(ctx, t, c, *after, Registration{}, event.ActivationEnded)
}

// stopAllUnder ends everything activated under a registration.
func (v *Service) stopAllUnder(ctx context.Context, t tx.Tx, c caller, r id.Registration) error {
	list, err := v.Store.Activations(ctx, t, scope.All(), Filter{Registration: r})
	for _, a := range list {
		var after Activation
		if err == nil {
			err = v.saveStopped(ctx, t, c, a, &after)
		}
	}
	return err
}

// activation is one the caller may see, with its registration.
func (v *Service) activation(ctx context.Context, t tx.Read, c caller, a id.Activation) (Activation, Registration, error) {
	list, err := v.activations(ctx, t, c, Filter{ID: string(a)})
	found, err := single(list, err, "activation", string(a))
	if err != nil {
		return found, Registration{}, err
	}
	under, err := v.Store.Registrations(ctx, t, scope.All(), Filter{ID: string(found.Registration)})
	r, err := single(under, err, "registration", string(found.Registration))
	return found, r, err
}

// saveActivation saves an activation under a registration with its events, and the job that will tell of its end.
func (v *Service) saveActivation(ctx context.Context, t tx.Tx, c caller, a Activation, under Registration, say ...event.Type) error {
	if err := v.Store.SaveActivation(ctx, t, scope.All(), a); err != nil {
		return err
	}
	l := ledger{registrations: []Registration{under}, activations: []Activation{a}}
	if err := v.publish(ctx, t, string(a.ID), a.Customer, l); err != nil {
		return err
	}
	for _, typ := range say {
		err := v.Events.Append(ctx, t, typ, c.Actor, string(a.ID), map[string]any{
			"organisation": a.Organisation, "customer": a.Customer, "entitlement": a.Entitlement, "resource_group": a.ResourceGroup,
			"who": a.Who, "role": a.Role, "case": a.Case, "end": a.End, "state": a.State,
		})
		if err != nil {
			return err
		}
	}
	if due := a.due(); !due.IsZero() {
		return v.Jobs.Enqueue(ctx, t, job.Job{Kind: job.FinishActivation, Key: string(a.ID) + "/" + string(a.State), Lane: string(a.ID), Due: due})
	}
	return nil
}

// Finish is the job that writes down that an activation has ended by itself. Its lane is the activation; access ended
// at the instant, whenever this runs.
func (v *Service) Finish(_ context.Context, j job.Job) (job.Effect, error) {
	return func(ctx context.Context, t tx.Tx) error {
		list, err := v.Store.Activations(ctx, t, scope.All(), Filter{ID: j.Lane})
		if err != nil || len(list) == 0 {
			return err
		}
		now := list[0].At(v.Now())
		if now == list[0] {
			return nil
		}
		say := event.ActivationEnded
		if now.State == Lapsed {
			say = event.ActivationLapsed
		}
		return v.saveActivation(ctx, t, caller{Grant: access.Grant{Actor: access.Actor(ctx)}}, now, Registration{}, say)
	}, nil
}

// Trail is what a customer reads: who activated which role, when, why, and what was done.
type Trail struct {
	Activation
	RoleName string  `json:"role_name"`
	Holder   string  `json:"holder"` // what the customer's consent calls who was eligible
	Entries  []Entry `json:"entries"`
}

// Trails are the activations the caller may see, as they are now, with what was done under each.
func (v *Service) Trails(ctx context.Context, f Filter) (list []Trail, err error) {
	err = v.read(ctx, access.DelegationRead, func(ctx context.Context, r tx.Read, c caller) error {
		activations, err := v.activations(ctx, r, c, f)
		s, f := c.sees(f)
		if err != nil {
			return err
		}
		entries, err := v.Store.Entries(ctx, r, s, f)
		done := map[id.Activation][]Entry{}
		for _, e := range entries {
			done[e.Activation] = append(done[e.Activation], e)
		}
		if err != nil {
			return err
		}
		f.ID = ""
		registrations, err := v.Store.Registrations(ctx, r, s, f)
		under := map[id.Registration]Registration{}
		for _, x := range registrations {
			under[x.ID] = x
		}
		for _, a := range activations {
			x := under[a.Registration]
			list = append(list, Trail{a.At(v.Now()), v.Roles.Name(a.Role), a.holder(x), append([]Entry{}, done[a.ID]...)})
		}
		return err
	})
	return list, err
}

// Record writes into the trail what the caller does under an activation of theirs, in the transaction in which it is
// done. Denied, and so not to be done, when the activation is not in force at this instant.
func (v *Service) Record(ctx context.Context, t tx.Tx, a id.Activation, action, target string) (Entry, error) {
	list, err := v.Store.Activations(ctx, t, scope.All(), Filter{ID: string(a)})
	found, err := single(list, err, "activation", string(a))
	if err != nil {
		return Entry{}, err
	}
	under, err := v.Store.Registrations(ctx, t, scope.All(), Filter{ID: string(found.Registration)})
	r, err := single(under, err, "registration", string(found.Registration))
	if err != nil {
		return Entry{}, err
	}
	now := v.Now().UTC()
	who, _ := identity.Caller(ctx)
	switch {
	case who.ID != found.Who:
		return Entry{}, fault.New(fault.NotFound, "activation_not_found", "no activation %s is known", a)
	case !found.InForce(r, now) || !found.heldBy(who):
		return Entry{}, fault.New(fault.Denied, "activation_over",
			"activation %s is not in force: nothing was done. Activate the role again, with a reason", a)
	case found.MFA && !who.MFA:
		return Entry{}, fault.New(fault.Denied, "second_factor_needed", "activation %s is used with a second factor only: nothing was done. Sign in with one", a)
	case !found.covers(target):
		return Entry{}, fault.New(fault.Denied, "outside_activation",
			"activation %s holds at %s and not at %s: nothing was done", a, found.name(), target)
	case strings.TrimSpace(action) == "":
		return Entry{}, fault.New(fault.Invalid, "action_unnamed", "name the action that is done; nothing was recorded").With("action", "missing")
	}
	e, err := v.Store.AddEntry(ctx, t, scope.All(), Entry{Activation: a, At: now, Who: found.Who, Action: action, Target: target})
	if err != nil {
		return Entry{}, err
	}
	return e, v.Events.Append(ctx, t, event.ActivationUsed, string(e.Who), string(a), map[string]any{
		"organisation": found.Organisation, "customer": found.Customer, "action": action, "target": target,
	})
}

// Act records one thing done under an activation of the caller's.
func (v *Service) Act(ctx context.Context, a id.Activation, action, target string) (e Entry, err error) {
	err = v.write(ctx, access.ActivationRequest, func(ctx context.Context, t tx.Tx, _ caller) error {
		e, err = v.Record(ctx, t, a, action, target)
		return err
	})
	return e, err
}
