package pricing

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps the published versions of books. They are added to and never changed.
type Store interface {
	Insert(ctx context.Context, t tx.Tx, s scope.Scope, b Book) error
	// Versions lists versions of books, oldest first: those of an owner and of a key; all when both are empty. Scope is of the
	// owners.
	Versions(ctx context.Context, r tx.Read, s scope.Scope, owner, key string) ([]Book, error)
	// Get is one version, or NotFound.
	Get(ctx context.Context, r tx.Read, s scope.Scope, book id.Book) (Book, error)
	// IDs lists the ids of all versions, by owner, key and version.
	IDs(ctx context.Context, r tx.Read, s scope.Scope) ([]id.Book, error)
	// Named lists the versions with these ids, in any order; ids of none are left out.
	Named(ctx context.Context, r tx.Read, s scope.Scope, books []id.Book) ([]Book, error)
	// Digests is the digest of all stored versions, under the name books, as the store keeps it beside them. Denied to a scope
	// that is not All.
	Digests(ctx context.Context, r tx.Read, s scope.Scope) (map[string]string, error)
	// DigestsOfRows makes the same from what is stored, and the digest of it that earlier programs recorded.
	DigestsOfRows(ctx context.Context, r tx.Read, s scope.Scope) (now, earlier map[string]string, err error)
}
