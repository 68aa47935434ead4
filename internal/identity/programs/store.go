package programs

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps programs. What is not there is NotFound. A program is found without a scope by what it proves, before
// anybody knows what it may see; lists take the scope of who asks.
type Store interface {
	// Programs lists those of a realm, or of every realm for "", by id.
	Programs(ctx context.Context, r tx.Read, s scope.Scope, realm id.Organisation) ([]Program, error)
	Program(ctx context.Context, r tx.Read, who id.Principal) (Program, error)
	SaveProgram(ctx context.Context, t tx.Tx, p Program) error
}
