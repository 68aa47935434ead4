package factor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Keyed is what is kept of a text that could be guessed: nobody without the key can try.
func Keyed(key []byte, parts ...string) string {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		_, _ = fmt.Fprintf(m, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(m.Sum(nil))
}

// Normalize is a code as somebody typed it, without what they put between its parts.
func Normalize(typed string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '\t' {
			return -1
		}
		return r
	}, strings.ToLower(typed))
}

// IsMail says whether a text is a mail address. It is strict enough to catch slips and leaves the rest to whoever delivers.
func IsMail(s string) bool {
	user, domain, ok := strings.Cut(s, "@")
	return ok && user != "" && len(s) <= 254 && strings.Contains(domain, ".") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".") &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`"<>()[],;:\`, r) }) && !strings.Contains(domain, "@")
}
