package identity

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// Principal is who is calling, as a session or a token proves it.
type Principal struct {
	ID      id.Principal
	Realm   id.Organisation // whose person or program it is
	In      id.Organisation // the realm the token was issued for: Realm, but for staff who act in a customer's
	Groups  []id.Group
	Session id.Session // empty for a program
	MFA     bool       // the session proved a second factor
	Program bool       // no person: it cannot prove a second factor and is not asked for one

	AtDirectory bool // of the local operator: by the data directory's lock or socket, not over a network
}

// LocalOperator is the caller that may open the data directory: through its lock, its socket, or the loopback
// interface of a server without sign-ins. It belongs to no realm.
const LocalOperator id.Principal = "local-operator"

type principalKey struct{}

// As is a context in which the principal is calling.
func As(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Caller is the caller of a request; ok is false without one.
func Caller(ctx context.Context) (p Principal, ok bool) {
	p, ok = ctx.Value(principalKey{}).(Principal)
	return p, ok
}

// Actor is the caller as records name it: "nobody" without one.
func Actor(ctx context.Context) id.Principal {
	who, ok := Caller(ctx)
	if !ok {
		return "nobody"
	}
	return who.ID
}
