package factor

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what authenticator apps speak; HMAC-SHA-1 is not broken
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

// Codes of authenticator apps: RFC 6238 with the values every app takes.
const (
	step       = 30 // seconds
	CodeDigits = 6
	CodeBytes  = 20
	skew       = 1 // steps before and after that still count
)

// code is the code of a time step.
func code(secret []byte, at int64) string {
	m := hmac.New(sha1.New, secret)
	_, _ = m.Write(binary.BigEndian.AppendUint64(nil, uint64(at)))
	sum := m.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[from:from+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", CodeDigits, n%1000000)
}

// StepOf is the step a code belongs to, when it is one of those around now and newer than the last that was taken.
func StepOf(secret []byte, typed string, now time.Time, last int64) (at int64, ok bool) {
	here := now.Unix() / step
	for s := here - skew; s <= here+skew; s++ {
		if s > last && subtle.ConstantTimeCompare([]byte(code(secret, s)), []byte(typed)) == 1 {
			return s, true
		}
	}
	return 0, false
}

// SecretText is the secret as people type it into an app.
func SecretText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// URI is what the picture for an authenticator app says.
func URI(secret []byte, issuer, mail string) string {
	q := url.Values{"secret": {SecretText(secret)}, "issuer": {issuer}}
	return "otpauth://totp/" + url.PathEscape(issuer+":"+mail) + "?" + q.Encode()
}
