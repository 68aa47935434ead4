package identity

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
	totpStep   = 30 // seconds
	totpDigits = 6
	totpBytes  = 20
	totpSkew   = 1 // steps before and after that still count
)

// totpCode is the code of a time step.
func totpCode(secret []byte, step int64) string {
	m := hmac.New(sha1.New, secret)
	_, _ = m.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, n%1000000)
}

// takeTOTP is the step a code belongs to, when it is one of those around now and newer than the last that was taken.
func takeTOTP(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	at := now.Unix() / totpStep
	for s := at - totpSkew; s <= at+totpSkew; s++ {
		if s > last && subtle.ConstantTimeCompare([]byte(totpCode(secret, s)), []byte(code)) == 1 {
			return s, true
		}
	}
	return 0, false
}

// totpText is the secret as people type it into an app.
func totpText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// totpURI is what the picture for an authenticator app says.
func totpURI(secret []byte, issuer, mail string) string {
	q := url.Values{"secret": {totpText(secret)}, "issuer": {issuer}}
	return "otpauth://totp/" + url.PathEscape(issuer+":"+mail) + "?" + q.Encode()
}
