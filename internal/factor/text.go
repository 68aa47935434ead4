package factor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Keyed is the keyed hash (HMAC) that is stored of a text which could be guessed: without the key guesses cannot be tested.
func Keyed(key []byte, parts ...string) string {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		_, _ = fmt.Fprintf(m, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(m.Sum(nil))
}

// Normalize takes the separators out of a code as it was typed, and makes its letters small.
func Normalize(typed string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '\t' {
			return -1
		}
		return r
	}, strings.ToLower(typed))
}

// IsMail says whether a text is a mail address. It is strict enough to catch slips and leaves the rest to the mail server.
func IsMail(s string) bool {
	user, domain, ok := strings.Cut(s, "@")
	return ok && user != "" && len(s) <= 254 && strings.Contains(domain, ".") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".") &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`"<>()[],;:\`, r) }) && !strings.Contains(domain, "@")
}
