package identity

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// Sealer encrypts what must be read again, with a key of the person it belongs to. It is called outside transactions.
type Sealer interface {
	Seal(ctx context.Context, person id.Principal, plain []byte) ([]byte, error)
	Open(ctx context.Context, person id.Principal, sealed []byte) ([]byte, error)
}

// Installation is the owner of the key for data that belongs to no person: signing keys, secrets of federations.
const Installation id.Principal = "installation"

// Plain seals nothing: for tests, and for data that is thrown away.
type Plain struct{}

// Seal is the text itself.
func (Plain) Seal(_ context.Context, _ id.Principal, plain []byte) ([]byte, error) { return plain, nil }

// Open is the text itself.
func (Plain) Open(_ context.Context, _ id.Principal, sealed []byte) ([]byte, error) {
	return sealed, nil
}
