package delegation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Relationships are those the caller may see, as they are now.
func (v *Service) Relationships(ctx context.Context, f Filter) (list []Relationship, err error) {
	err = v.read(ctx, access.DelegationRead, func(ctx context.Context, r tx.Read, c caller) error {
		stored, err := v.relationships(ctx, r, c, f)
		for _, x := range stored {
			x, log := x.At(v.Now())
			if !purged(log) && !(c.customer && x.State == Created) { // a draft is its maker's alone
				list = append(list, x)
			}
		}
		return err
	})
	return list, err
}

// purged says whether a relationship's time on record is over.
func purged(log []transition) bool { return len(log) > 0 && log[len(log)-1].purged }

// Relationship is one of them, or NotFound.
func (v *Service) Relationship(ctx context.Context, r id.Relationship) (Relationship, error) {
	list, err := v.Relationships(ctx, Filter{ID: string(r)})
	return single(list, err, "relationship", string(r))
}

// Draft makes a relationship for the caller's organisation, or the one the local operator names. The same draft again is
// the one there is; other terms under its name are a Conflict.
func (v *Service) Draft(ctx context.Context, o id.Organisation, terms Terms) (made Relationship, err error) {
	err = v.write(ctx, access.DelegationChange, func(ctx context.Context, t tx.Tx, c caller) error {
		by, _, err := v.actingFor(ctx, t, c, o, org.Partner, org.Reseller)
		if err != nil {
			return err
		}
		if err := v.requireCustomer(ctx, t, c, terms.Customer); err != nil {
			return err
		}
		now := v.Now().UTC()
		made, err = terms.apply(Relationship{Organisation: by.ID, State: Created, Created: now, Modified: now}, v.Roles)
		if err != nil {
			return err
		}
		made.ID = id.Relationship("rel_" + id.Derive("relationship", string(by.ID), made.Name, now.String()))
		have, err := v.Store.Relationships(ctx, t, scope.All(), Filter{Organisation: by.ID, Name: made.Name})
		if err != nil {
			return err
		}
		if len(have) > 0 {
			old := have[0]
			if old.State == Created && old.Customer == made.Customer && slices.Equal(old.Roles, made.Roles) && old.Duration == made.Duration && old.AutoExtend == made.AutoExtend {
				made = old
				return nil
			}
			return fault.New(fault.Conflict, "name_taken", "there is a relationship named %q already; nothing was changed. Choose another name", made.Name)
		}
		return v.save(ctx, t, c, Relationship{}, &made, event.RelationshipCreated)
	})
	return made, err
}

// requireCustomer is NotFound for a customer that the caller does not see; nobody in particular is fine.
func (v *Service) requireCustomer(ctx context.Context, r tx.Read, c caller, customer id.Organisation) error {
	if customer == "" {
		return nil
	}
	if x, _, err := v.Orgs.Organisation(ctx, r, c.Scope, customer); err != nil || x.Kind != org.Customer {
		return fault.New(fault.NotFound, "customer_not_found", "no customer %s is known; nothing was changed", customer).Because(err)
	}
	return nil
}

// Change gives a relationship other terms: anything in a draft; in an active one only Global Administrator can be
// taken out, and auto-extend turned on or off. Unchanged are conditions that must hold of it when it is changed; their error
// ends the change.
func (v *Service) Change(ctx context.Context, r id.Relationship, terms Terms, unchanged ...func(Relationship) error) (Relationship, error) {
	return v.changeRelationship(ctx, access.DelegationChange, r, requireAdministrator, func(ctx context.Context, t tx.Tx, c caller, x Relationship) (Relationship, []event.Type, error) {
		for _, condition := range unchanged {
			if err := condition(x); err != nil {
				return x, nil, err
			}
		}
		if x.State == Created {
			if err := v.requireCustomer(ctx, t, c, terms.Customer); err != nil {
				return x, nil, err
			}
		}
		after, err := x.change(terms, v.Roles, v.Now())
		if err == nil && x.State == Active && slices.Equal(after.Roles, x.Roles) && after.AutoExtend == x.AutoExtend {
			return x, nil, nil
		}
		return after, []event.Type{event.RelationshipChanged}, err
	})
}

// Drop throws a draft away. A draft that is not there is NotFound.
func (v *Service) Drop(ctx context.Context, r id.Relationship) error {
	return v.write(ctx, access.DelegationChange, func(ctx context.Context, t tx.Tx, c caller) error {
		list, err := v.relationships(ctx, t, c, Filter{ID: string(r)})
		x, err := single(list, err, "relationship", string(r))
		if err != nil {
			return err
		}
		if err := requireAdministrator(c, x); err != nil {
			return err
		}
		if x.State != Created {
			return fault.New(fault.Conflict, "relationship_locked", "relationship %q is %s: only a draft can be discarded; end it instead", x.Name, x.State)
		}
		if err := v.Store.DropRelationship(ctx, t, scope.All(), x.ID); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.RelationshipDropped, c.Actor, string(x.ID), x.eventData())
	})
}

// Invitation is what the customer is sent.
type Invitation struct {
	Relationship Relationship `json:"relationship"`
	Token        string       `json:"token"` // shown once; only its digest is kept
}

// Send locks a draft and makes the one-time token for the customer's link. Sending again makes another token, and the
// one before is worth nothing from then on.
func (v *Service) Send(ctx context.Context, r id.Relationship) (Invitation, error) {
	token := v.Secret()
	sent, err := v.changeRelationship(ctx, access.DelegationChange, r, requireAdministrator, func(_ context.Context, _ tx.Tx, _ caller, x Relationship) (Relationship, []event.Type, error) {
		after, err := x.after(stepLock, v.Now())
		after.Link = digest(token)
		return after, []event.Type{event.RelationshipSent}, err
	})
	return Invitation{sent, token}, err
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Reply is what a customer answers to an invitation. The local operator names the customer it answers for.
type Reply struct {
	Token    string          `json:"token"`
	Customer id.Organisation `json:"customer,omitempty"`
	Approve  bool            `json:"approve"`
}

// Invited is the relationship a token invites to, for the customer to read before it answers.
func (v *Service) Invited(ctx context.Context, reply Reply) (found Relationship, err error) {
	err = v.read(ctx, access.DelegationApprove, func(ctx context.Context, r tx.Read, c caller) error {
		found, _, err = v.invited(ctx, r, c, reply)
		found, _ = found.At(v.Now())
		return err
	})
	return found, err
}

func (v *Service) invited(ctx context.Context, r tx.Read, c caller, reply Reply) (Relationship, id.Organisation, error) {
	customer, _, err := v.actingFor(ctx, r, c, reply.Customer, org.Customer)
	if err != nil {
		return Relationship{}, "", err
	}
	list, err := v.Store.Relationships(ctx, r, scope.All(), Filter{Link: digest(reply.Token)})
	if err != nil {
		return Relationship{}, "", err
	}
	if reply.Token == "" || len(list) == 0 || !c.unrestricted() || list[0].Customer != "" && list[0].Customer != customer.ID {
		return Relationship{}, "", fault.New(fault.NotFound, "invitation_not_found", "this link is not known, was replaced by a newer one, or was used already")
	}
	return list[0], customer.ID, nil
}

// Answer approves or declines the relationship a token invites to, and binds it to the customer. Approving twice is
// approving once; another customer's token is NotFound.
func (v *Service) Answer(ctx context.Context, reply Reply) (answered Relationship, err error) {
	err = v.write(ctx, access.DelegationApprove, func(ctx context.Context, t tx.Tx, c caller) error {
		before, customer, err := v.invited(ctx, t, c, reply)
		if err != nil {
			return err
		}
		now, log := before.At(v.Now())
		answered = now
		switch now.State {
		case Approved, Activating, Active:
			if reply.Approve {
				return nil
			}
		}
		by, say := stepReject, event.RelationshipRejected
		if reply.Approve {
			by, say = stepApprove, event.RelationshipApproved
		}
		if answered, err = now.after(by, v.Now()); err != nil {
			return err
		}
		answered.Customer = customer
		return v.save(ctx, t, c, before, &answered, append(eventTypes(log), say)...)
	})
	return answered, err
}

// Terminate ends a relationship for either side. Access ends at once; ending twice is ending once.
func (v *Service) Terminate(ctx context.Context, r id.Relationship) (Relationship, error) {
	return v.changeRelationship(ctx, access.DelegationEnd, r, requireEitherSide, func(_ context.Context, _ tx.Tx, _ caller, x Relationship) (Relationship, []event.Type, error) {
		switch x.State {
		case TerminationRequested, Terminating, Terminated:
			return x, nil, nil
		}
		after, err := x.after(stepTerminate, v.Now())
		say := event.RelationshipEnding
		if after.State == Terminated {
			say = event.RelationshipTerminated
		}
		return after, []event.Type{say}, err
	})
}

// Assign gives a group some of the relationship's roles, in place of those it had.
func (v *Service) Assign(ctx context.Context, r id.Relationship, g id.Group, roles []string) (Relationship, error) {
	return v.changeRelationship(ctx, access.DelegationChange, r, requireAdministrator, func(_ context.Context, _ tx.Tx, _ caller, x Relationship) (Relationship, []event.Type, error) {
		after, err := x.withAssignment(g, roles, v.Roles, v.Now())
		if err != nil || reflect.DeepEqual(after.Groups, x.Groups) {
			return x, nil, err
		}
		if len(after.Groups) > len(x.Groups) {
			return after, []event.Type{event.AccessCreated}, nil
		}
		return after, []event.Type{event.AccessUpdated}, nil
	})
}

// Withdraw takes a group's roles away, at once.
func (v *Service) Withdraw(ctx context.Context, r id.Relationship, g id.Group) (Relationship, error) {
	return v.changeRelationship(ctx, access.DelegationChange, r, requireAdministrator, func(_ context.Context, _ tx.Tx, _ caller, x Relationship) (Relationship, []event.Type, error) {
		after, err := x.withoutAssignment(g, v.Now())
		if err != nil || reflect.DeepEqual(after.Groups, x.Groups) {
			return x, nil, err
		}
		return after, []event.Type{event.AccessEnding}, nil
	})
}
