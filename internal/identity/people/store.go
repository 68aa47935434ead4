package people

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps people and groups. What is not there is NotFound. A person is found without a scope by what they prove,
// before anybody knows what they may see; lists take the scope of who asks.
type Store interface {
	Person(ctx context.Context, r tx.Read, who id.Principal) (Person, error)
	PersonByLogin(ctx context.Context, r tx.Read, login string) (Person, error)
	// People lists those of a realm, or of every realm for "", by id.
	People(ctx context.Context, r tx.Read, s scope.Scope, realm id.Organisation) ([]Person, error)
	// SavePerson adds or replaces; Conflict when another has the same login.
	SavePerson(ctx context.Context, t tx.Tx, p Person) error
	// SaveGroup adds or replaces a group with its members.
	SaveGroup(ctx context.Context, t tx.Tx, g identity.Group) error
}
