// Package access owns the question "may they, and what may they see?". A service asks it first and gets back the
// scope and the money view it hands to its stores. It owns roles, their assignments at places of the two trees of
// scopes, and what each customer may see of its charges and buy for itself.
//
// It does not own people or sessions, nor the organisations that stand at the places. Always true: without a
// principal in the context, and without an assignment that says so, everything is denied; a deny assignment wins; an
// assignment is over at its end, whoever has noticed; what may not be known of looks like what does not exist.
package access

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// Grant is what a caller was allowed: where, which money, the name to write into the audit record, and whose people
// they are one of (the local operator counts as the partner's). Under is empty where the caller's own roles allow it;
// else it is the sources of the delegated grants that allow it, in whose trails this is written down already.
type Grant struct {
	Scope scope.Scope
	View  scope.View
	Actor string
	Under []string
	Kind  Kind
}

// Within is a part of the tree of resources: a customer, by key; one of its entitlements, by the provider's id; a
// resource group of it. The zero Within is all of it.
type Within struct{ Customer, Entitlement, Group string }

// Guard answers for the caller in the context.
type Guard interface {
	// Allowed is the error of Require, and nil where it would grant the action. It is asked before a request is worked on:
	// it grants nothing, so the use of a delegated grant is not written down.
	Allowed(ctx context.Context, action Action) error
	// Require grants an action wherever the caller has it; Denied when that is nowhere.
	Require(ctx context.Context, action Action) (Grant, error)
	// RequireAt grants an action at one place: a path of either tree, or the key of an organisation. NotFound when the
	// caller has nothing to do with the place, or it does not exist; Denied when it is the action that is lacking.
	RequireAt(ctx context.Context, action Action, place string) (Grant, error)
	// RequireWithin grants an action on resources wherever the caller has it in a part of their tree: Require for all of
	// it. NotFound when that is nowhere in the part, or there is no such part; Denied when they look at it otherwise.
	RequireWithin(ctx context.Context, action Action, in Within) (Grant, error)
	// MayPurchase grants the caller a purchase for a customer. Whatever buys asks it, for the partner's staff and for
	// the customer's people alike.
	MayPurchase(ctx context.Context, customer id.Organisation, what Purchase) (Grant, error)
}

// AtDirectory marks a context as the local operator's who has the data directory itself. Only the process that holds its
// lock, and its socket, may do so.
func AtDirectory(ctx context.Context) context.Context {
	return identity.As(ctx, identity.Principal{ID: identity.LocalOperator, AtDirectory: true})
}

// AsLocalOperator marks a context as the local operator's, wherever they are on this machine. Only the process that holds
// the data directory's lock, and its socket and loopback listener, may do so.
func AsLocalOperator(ctx context.Context) context.Context {
	return identity.As(ctx, identity.Principal{ID: identity.LocalOperator})
}

// Local is the Guard that knows the local operator and nobody else.
type Local struct{}

// Require grants the local operator every action everywhere, and denies anybody else. What needs the data directory is
// granted to the operator at the directory.
func (Local) Require(ctx context.Context, action Action) (Grant, error) {
	who, _ := identity.Caller(ctx)
	if who.ID != identity.LocalOperator || action == "" {
		return Grant{}, denied(action)
	}
	if action.ofDirectory() && !who.AtDirectory {
		return Grant{}, notAtDirectory(action)
	}
	return Grant{Scope: scope.All(), View: scope.Everything, Actor: string(who.ID), Kind: Partner}, nil
}

// Allowed is the error of Require.
func (l Local) Allowed(ctx context.Context, action Action) error {
	_, err := l.Require(ctx, action)
	return err
}

// RequireAt is Require: every place is the local operator's.
func (l Local) RequireAt(ctx context.Context, action Action, _ string) (Grant, error) {
	return l.Require(ctx, action)
}

// RequireWithin is Require: it knows no places.
func (l Local) RequireWithin(ctx context.Context, action Action, _ Within) (Grant, error) {
	return l.Require(ctx, action)
}

// MayPurchase is Require: the local operator buys for everybody.
func (l Local) MayPurchase(ctx context.Context, _ id.Organisation, what Purchase) (Grant, error) {
	return l.Require(ctx, what.action())
}

func denied(action Action) error {
	return fault.New(fault.Denied, "denied", "this needs %s, which was not granted to you", action)
}

// notAtDirectory is denied to everybody but who has the data directory.
func notAtDirectory(action Action) error {
	return fault.New(fault.Denied, "not_at_directory",
		"%s needs the data directory itself, on the machine of the installation: nothing was done; give the command there, with --data", action)
}

// inPart is denied where an action is held for a part of what it is about.
func inPart(action Action) error {
	return fault.New(fault.Denied, "not_the_whole",
		"%s is about the whole installation, and your role is not: nothing was done; the partner's global admin over everything may", action)
}

// CodeChargesOff is the code of the Denied by which somebody learns that a role would do, and that a customer's usage
// charges are not shown.
const CodeChargesOff = "usage_charges_off"

// refused is denied, or says that only the usage charges are not shown.
func refused(action Action, off bool) error {
	if !off {
		return denied(action)
	}
	return fault.New(fault.Denied, CodeChargesOff,
		"usage charges are not shown here: your role would do, but the partner has not switched them on for this customer; ask it to, or whoever the customer buys from")
}

func noPlace(place string) error {
	return fault.New(fault.NotFound, "place_not_found", "no place %q is known", place)
}

// Actor is the name of the caller in the context for the audit record; "nobody" without one.
func Actor(ctx context.Context) string {
	if who, ok := identity.Caller(ctx); ok {
		return string(who.ID)
	}
	return "nobody"
}
