package org

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps the world. A scope sees the organisations at and below its places, and the edges whose both ends it
// sees; rates and tax rows are everybody's.
type Store interface {
	// World is everything the scope sees, ordered by key and start.
	World(ctx context.Context, r tx.Read, s scope.Scope) (World, error)
	// Save adds or replaces what the change names; it deletes nothing.
	Save(ctx context.Context, t tx.Tx, s scope.Scope, c Change) error
	// Digests are the SHA-256 of the stored organisations, edges, rates and taxes, by these names, whatever order they
	// are stored in. They are of the whole world: Denied to a scope that is not All.
	Digests(ctx context.Context, r tx.Read, s scope.Scope) (map[string]string, error)
}

// Change is what an apply adds or alters. Paths are the places of the organisations named.
type Change struct {
	Organisations []Organisation
	Paths         map[string]string // organisation key → place, for every organisation of the world
	Edges         []Edge
	Rates         []Rate
	Taxes         []Tax
	ReplaceTaxes  bool // Taxes is the whole list
}
