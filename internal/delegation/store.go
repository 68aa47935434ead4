package delegation

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps delegated access. A scope sees what the organisations at and below its places administer, and what
// Filter.Realm administers for customers there; what it does not see is answered like what does not exist. A customer
// is served by the scope of everything and a filter on itself. What is saved must be seen.
type Store interface {
	// Relationships are listed by name and id.
	Relationships(ctx context.Context, r tx.Read, s scope.Scope, f Filter) ([]Relationship, error)
	// SaveRelationship adds or replaces; Conflict when its organisation has another one of that name.
	SaveRelationship(ctx context.Context, t tx.Tx, s scope.Scope, r Relationship) error
	DropRelationship(ctx context.Context, t tx.Tx, s scope.Scope, r id.Relationship) error
	// Definitions are listed by name and id. SaveDefinition adds one, or replaces one of the same organisation and name:
	// an offer never changes, but for the names of people who were erased.
	Definitions(ctx context.Context, r tx.Read, s scope.Scope, f Filter) ([]Definition, error)
	SaveDefinition(ctx context.Context, t tx.Tx, s scope.Scope, d Definition) error
	// Registrations are listed by their beginning and id, ended ones too.
	Registrations(ctx context.Context, r tx.Read, s scope.Scope, f Filter) ([]Registration, error)
	SaveRegistration(ctx context.Context, t tx.Tx, s scope.Scope, r Registration) error
	// Activations are listed by when they were asked for and id.
	Activations(ctx context.Context, r tx.Read, s scope.Scope, f Filter) ([]Activation, error)
	SaveActivation(ctx context.Context, t tx.Tx, s scope.Scope, a Activation) error
	// Entries are listed by number; AddEntry gives the next one.
	Entries(ctx context.Context, r tx.Read, s scope.Scope, f Filter) ([]Entry, error)
	AddEntry(ctx context.Context, t tx.Tx, s scope.Scope, e Entry) (Entry, error)
}

// Filter narrows a list; zero fields narrow nothing, and fields that a kind of thing does not have are passed over.
type Filter struct {
	Realm        id.Organisation // whose staff asks
	Organisation id.Organisation
	Customer     id.Organisation
	ID           string // of the thing listed; of an entry, its activation
	Name         string
	Link         string // SHA-256 of a one-time token
	Entitlement  string
	Registration id.Registration
}

// Organisations are asked what an organisation is and where it stands.
type Organisations interface {
	// Organisation is one organisation and its place in the commercial tree, or NotFound.
	Organisation(ctx context.Context, r tx.Read, s scope.Scope, o id.Organisation) (org.Organisation, string, error)
	org.Source
}
