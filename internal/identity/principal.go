// Package identity owns who is calling: realms, people and programs, their credentials, sessions and tokens.
//
// It does not decide what anybody may do: access does. Always true: a context without a principal is nobody's; a
// secret is kept as what verifies it, never as itself.
package identity

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// Principal is who is calling, as a session or a token proves it.
type Principal struct {
	ID      id.Principal
	Realm   id.Organisation // whose person or program it is
	Groups  []id.Group
	Session id.Session
	MFA     bool // the session proved a second factor
}

// LocalOperator is whoever may open the data directory: by its lock, its socket, or loopback while there are no
// sign-ins. It belongs to no realm.
const LocalOperator id.Principal = "local-operator"

type principalKey struct{}

// As is a context in which the principal is calling.
func As(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Caller is who is calling; ok is false for nobody.
func Caller(ctx context.Context) (p Principal, ok bool) {
	p, ok = ctx.Value(principalKey{}).(Principal)
	return p, ok
}
