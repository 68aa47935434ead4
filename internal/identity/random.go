package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
)

// Digest is the stored form of a random secret: it cannot be guessed, so no slow hash is needed.
func Digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Random draws secrets and identifiers. Its reader is of cryptographic strength.
type Random struct{ io.Reader }

// Bytes is n random bytes.
func (r Random) Bytes(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fault.New(fault.Internal, "no_randomness", "the machine gave no random numbers: nothing was done").Because(err)
	}
	return b, nil
}

// Secret is a fresh one of 256 bits, as text that needs no escaping anywhere.
func (r Random) Secret() (string, error) {
	b, err := r.Bytes(32)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// Body is the body of a fresh identifier.
func (r Random) Body() (string, error) {
	b, err := r.Bytes(16)
	if err != nil {
		return "", err
	}
	return id.Body([16]byte(b)), nil
}
