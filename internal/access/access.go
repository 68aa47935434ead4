// Package access owns the question "may they, and what may they see?". A service asks it first and gets back the
// scope and the money view it hands to its stores.
//
// It does not own people or sessions. Only the local operator exists so far: whoever may open the data directory.
// Always true: without a principal in the context everything is denied.
package access

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// Grant is what a caller was allowed: where, which money, and the name to write into the audit record.
type Grant struct {
	Scope scope.Scope
	View  scope.View
	Actor string
}

// Guard answers for one action of the caller in the context; Denied when the caller may not.
type Guard interface {
	Require(ctx context.Context, action Action) (Grant, error)
}

// AsLocalOperator marks a context as the local operator's. Only the process that holds the data directory's lock,
// and its socket and loopback listener, may do so.
func AsLocalOperator(ctx context.Context) context.Context {
	return identity.As(ctx, identity.Principal{ID: identity.LocalOperator})
}

// Local is the Guard that knows the local operator and nobody else.
type Local struct{}

// Require grants the local operator every action everywhere, and denies anybody else.
func (Local) Require(ctx context.Context, action Action) (Grant, error) {
	who, _ := identity.Caller(ctx)
	if who.ID != identity.LocalOperator || action == "" {
		return Grant{}, fault.New(fault.Denied, "denied", "this needs %s, which was not granted to you", action)
	}
	return Grant{Scope: scope.All(), View: scope.Everything, Actor: string(who.ID)}, nil
}

// Actor is the name of the caller in the context for the audit record; "nobody" without one.
func Actor(ctx context.Context) string {
	if who, ok := identity.Caller(ctx); ok {
		return string(who.ID)
	}
	return "nobody"
}
