package access

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps custom roles, assignments and policies, and reads both trees. It takes no scope: what it keeps is what
// scopes are made from.
type Store interface {
	// Roles lists the custom roles by owner and name; SaveRole adds or replaces one, DropRole removes it.
	Roles(ctx context.Context, r tx.Read) ([]Role, error)
	SaveRole(ctx context.Context, t tx.Tx, role Role) error
	DropRole(ctx context.Context, t tx.Tx, role id.Role) error
	// Assignments lists assignments by subject, scope and id. Scopes are key paths here.
	Assignments(ctx context.Context, r tx.Read, f Filter) ([]Assignment, error)
	// SaveAssignment adds or replaces one; DropAssignment removes it, NotFound when there is none.
	SaveAssignment(ctx context.Context, t tx.Tx, a Assignment) error
	DropAssignment(ctx context.Context, t tx.Tx, a id.Assignment) error
	// Policies lists those of a customer, or of all, by customer and number; none is ever changed.
	Policies(ctx context.Context, r tx.Read, customer id.Organisation) ([]Policy, error)
	AddPolicy(ctx context.Context, t tx.Tx, p Policy) error
	// Tree is the place of every organisation, and which entitlements it has at an instant.
	Tree(ctx context.Context, r tx.Read, now time.Time) (Tree, error)
}

// Filter narrows a list of assignments; zero fields narrow nothing.
type Filter struct {
	ID      id.Assignment
	Subject string // a principal or a group
	Role    id.Role
	Source  string
}
