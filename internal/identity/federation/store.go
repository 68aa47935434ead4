package federation

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps the external provider of each realm.
type Store interface {
	Federations(ctx context.Context, r tx.Read) ([]Federation, error)
	SaveFederation(ctx context.Context, t tx.Tx, f Federation) error
	// DropFederation takes that of a realm away; NotFound when it has none.
	DropFederation(ctx context.Context, t tx.Tx, realm id.Organisation) error
}
