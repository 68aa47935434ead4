package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"

	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
)

// digestOf is what is kept of a secret that was drawn at random: nobody guesses those, so no slow hash is needed.
func digestOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// draw is n random bytes.
func (v *Service) draw(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(v.Random, b); err != nil {
		return nil, fault.New(fault.Internal, "no_randomness", "the machine gave no random numbers: nothing was done").Because(err)
	}
	return b, nil
}

// secret is a fresh one of 256 bits, as text that needs no escaping anywhere.
func (v *Service) secret() (string, error) {
	b, err := v.draw(32)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// body is the body of a fresh identifier.
func (v *Service) body() (string, error) {
	b, err := v.draw(16)
	if err != nil {
		return "", err
	}
	return id.Body([16]byte(b)), nil
}

// recovery draws recovery codes, to be shown once, with their digests.
func (v *Service) recovery() (codes, digests []string, err error) {
	codes, err = factor.RecoveryCodes(v.draw)
	for _, c := range codes {
		digests = append(digests, digestOf(factor.Normalize(c)))
	}
	return codes, digests, err
}
