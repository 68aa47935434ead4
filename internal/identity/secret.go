package identity

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"

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

const recoveryCodes = 10

// recovery draws recovery codes, to be shown once, with their digests. Each has 80 bits.
func (v *Service) recovery() (codes, digests []string, err error) {
	for range recoveryCodes {
		b, err := v.draw(10)
		if err != nil {
			return nil, nil, err
		}
		c := strings.ToLower(base32.StdEncoding.EncodeToString(b))
		codes = append(codes, c[:4]+"-"+c[4:8]+"-"+c[8:12]+"-"+c[12:])
		digests = append(digests, digestOf(c))
	}
	return codes, digests, nil
}

// userCodeLetters are consonants: no code is a word, none is read as a digit.
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

// userCode is eight letters for somebody to type: 34 bits, for a quarter of an hour and against few tries.
func (v *Service) userCode() (string, error) {
	var b strings.Builder
	for b.Len() < 8 {
		x, err := v.draw(1)
		if err != nil {
			return "", err
		}
		if n := int(x[0]); n < 240 { // 240 is a multiple of 20: every letter is as likely
			b.WriteByte(userCodeLetters[n%len(userCodeLetters)])
		}
	}
	return b.String(), nil
}
