package programs

import (
	"crypto/subtle"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// Program is a service principal: it signs in with a secret or a certificate of its own. With addresses to return to, it
// may also ask people to let it act for them.
type Program struct {
	ID           id.Principal
	Realm        id.Organisation
	Name         string
	State        identity.State
	Redirects    []string
	Secrets      []Secret
	Certificates []Certificate
	Created      time.Time
}

// AppID is the client id the program signs in with.
func (p Program) AppID() string { return id.GUID(string(p.ID)) }

// Secret is what verifies a secret of a program. Hint is its beginning, for people to tell them from each other.
type Secret struct {
	ID      string
	Digest  string
	Hint    string
	Created time.Time
	Expires time.Time
}

// Certificate is one whose private key a program signs assertions with.
type Certificate struct {
	ID      string // base64url SHA-256 of DER, as a token's x5t#S256
	SHA1    string // base64url SHA-1 of DER, as a token's x5t
	DER     []byte
	Created time.Time
	Expires time.Time
}

const (
	maxSecrets   = 2 // one in use, one that takes over
	maxKeys      = 4
	maxSecretAge = 2 * 365 * 24 * time.Hour
)

// matching is the id of the credential that a secret is; ok is false when it is none that is valid now.
func (p Program) matching(secret string, now time.Time) (credential string, ok bool) {
	d := identity.Digest(secret)
	for _, s := range p.Secrets {
		if subtle.ConstantTimeCompare([]byte(s.Digest), []byte(d)) == 1 && now.Before(s.Expires) {
			return s.ID, true
		}
	}
	return "", false
}

// Credentials are the ids of the program's secrets and certificates, expired ones too.
func (p Program) Credentials() (ids []string) {
	for _, s := range p.Secrets {
		ids = append(ids, s.ID)
	}
	for _, c := range p.Certificates {
		ids = append(ids, c.ID)
	}
	return ids
}

// Certificate is the one that a token's header names, by either hash, when it is valid at an instant.
func (p Program) Certificate(thumbprint string, now time.Time) (Certificate, bool) {
	for _, c := range p.Certificates {
		if thumbprint != "" && (c.ID == thumbprint || c.SHA1 == thumbprint) && now.Before(c.Expires) {
			return c, true
		}
	}
	return Certificate{}, false
}

// withSecret is the program with another secret. An expired one makes room; two that are valid do not.
func (p Program) withSecret(s Secret) (Program, error) {
	if life := s.Expires.Sub(s.Created); life <= 0 || life > maxSecretAge {
		return p, fault.New(fault.Invalid, "secret_life", "a secret is valid for a positive number of days, at most two years: none was created")
	}
	p.Secrets = slices.DeleteFunc(slices.Clone(p.Secrets), func(old Secret) bool { return !s.Created.Before(old.Expires) })
	if len(p.Secrets) >= maxSecrets {
		return p, fault.New(fault.Conflict, "two_secrets",
			"this program has two secrets that hold: no third was made; remove the one that is not used any more")
	}
	p.Secrets = append(p.Secrets, s)
	return p, nil
}
