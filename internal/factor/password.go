// Package factor owns the factors by which people authenticate: passwords, how they are hashed and chosen, and the
// codes of authenticator apps.
//
// It stores nothing and makes no random numbers: salts, secrets and the time are passed in.
package factor

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"golang.org/x/crypto/argon2"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// The cost of a password: argon2id with 19 MiB, two passes, one lane.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	argonLength  = 32
	SaltBytes    = 16
	argonForm    = "$argon2id$v=19$m=%d,t=%d,p=%d$"
)

// Hash is what is kept of a password, with a salt of SaltBytes.
func Hash(salt []byte, password string) string {
	b64 := base64.RawStdEncoding
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonLength)
	return fmt.Sprintf(argonForm, argonMemory, argonTime, argonThreads) + b64.EncodeToString(salt) + "$" + b64.EncodeToString(key)
}

// Decoy is hashed against when there is no password, so that an unknown person takes as long as a known one.
const Decoy = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Matches says whether a hash is of this password.
func Matches(hash, password string) bool {
	var memory, time uint32
	var threads uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || len(password) > maxPassword*utf8.UTFMax {
		return false
	}
	if _, err := fmt.Sscanf("$"+strings.Join(parts[1:4], "$")+"$", argonForm, &memory, &time, &threads); err != nil || memory > 1<<20 || time > 10 || time < 1 || threads < 1 {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) != argonLength {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, argonLength)
	return subtle.ConstantTimeCompare(got, want) == 1
}

const (
	minPassword = 12 // characters
	maxPassword = 128
	minScore    = 3 // of zxcvbn: at least 10^8 guesses, also for an attacker who knows the person's name and address
)

// Acceptable says why a password may not be chosen; nil when it may. It asks for length and for what is not among the
// first guesses (words, names, keys beside each other, repetition, and the 30,000 most frequent of leaked passwords), and
// for no mixture of characters.
func Acceptable(password, name, mail string) error {
	bad := func(code, text string) error {
		return fault.New(fault.Invalid, code, "%s: nothing was changed; choose another", text).With("password", text)
	}
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password) || n > maxPassword:
		return bad("password_too_long", fmt.Sprintf("a password has at most %d characters", maxPassword))
	case n < minPassword:
		return bad("password_too_short", fmt.Sprintf("a password has at least %d characters; a few words are easiest to keep", minPassword))
	case zxcvbn.PasswordStrength(password, known(name, mail)).Score < minScore:
		return bad("password_guessable", "this password is among the first that are tried: it repeats, counts, or is little more than a name or a usual word")
	}
	return nil
}

// known is what an attacker guesses first about a person, beside common words.
func known(name, mail string) []string {
	mail = strings.ToLower(strings.TrimSpace(mail))
	user, domain, _ := strings.Cut(mail, "@")
	first, _, _ := strings.Cut(domain, ".")
	whole := strings.ToLower(strings.Join(strings.Fields(name), " "))
	return append(strings.Fields(whole), whole, strings.ReplaceAll(whole, " ", ""), mail, user, domain, first, "purveyor")
}
