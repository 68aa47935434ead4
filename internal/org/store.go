package org

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps organisations. A scope sees the organisations at and below its places, and the edges whose both ends it
// sees; rates and tax rows are everybody's.
type Store interface {
	Source
	// World is everything the scope sees, read from the stored rows, ordered by key and start. Checks ask for it: who
	// wants to know something of organisations asks the Index.
	World(ctx context.Context, r tx.Read, s scope.Scope) (World, error)
	// Revision is how often an organisation or an edge was written, by its id. NotFound where the scope does not see it.
	Revision(ctx context.Context, r tx.Read, s scope.Scope, of string) (int64, error)
	// Save adds or replaces what the change names; it deletes nothing. Conflict when something has another revision than
	// the change expects. From then on the transaction's Index is the one after the change.
	Save(ctx context.Context, t tx.Tx, s scope.Scope, c Change) error
	// Digests are those of the stored organisations with their entitlements, edges, rates and taxes, by these names,
	// whatever order they are stored in. They are kept with every change, and of the whole world: Denied to a scope that
	// is not All.
	Digests(ctx context.Context, r tx.Read, s scope.Scope) (map[string]string, error)
	// DigestsOfRows makes the same digests from the rows, and those in the form that earlier programs told. Denied as well.
	DigestsOfRows(ctx context.Context, r tx.Read, s scope.Scope) (now, earlier map[string]string, err error)
}

// Source answers questions about organisations. The index is of the state that the transaction shows, and of what the
// scope sees; it is kept in memory from one commit to the next.
type Source interface {
	Index(ctx context.Context, r tx.Read, s scope.Scope) (*Index, error)
}

// Change is what is added or altered.
type Change struct {
	Organisations []Organisation
	Paths         map[string]string // organisation key → place, of organisations that are new or move
	Edges         []Edge
	Rates         []Rate
	Taxes         []Tax
	ReplaceTaxes  bool // Taxes is the whole list
	// Expect are revisions by the id of an organisation or an edge, as whoever asks for the change has read them; 0 for
	// one that must be new. What is not named is written whatever its revision.
	Expect map[string]int64
}
