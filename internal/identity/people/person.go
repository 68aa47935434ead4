package people

import (
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// Personal is everything about a person that is theirs: it is sealed with a key of their own, so that erasing them is
// destroying the key.
type Personal struct {
	Name string `json:"name"`
	Mail string `json:"mail"`
}

// Person is somebody who signs in.
type Person struct {
	ID       id.Principal
	Realm    id.Organisation
	State    identity.State
	Begun    bool     `json:",omitempty"` // could sign in at least once
	Login    string   `json:"-"`          // what finds them by their mail address: a digest
	Personal Personal `json:"-"`
	Sealed   []byte   // Personal, sealed

	Password string   `json:",omitempty"` // argon2id, in the usual form
	TOTP     []byte   `json:",omitempty"` // the shared secret, sealed
	Step     int64    `json:",omitempty"` // the newest time step a code was taken for: no code counts twice
	Recovery []string `json:",omitempty"` // digests of recovery codes not used yet
	Passkeys []Passkey
	External string `json:",omitempty"` // digest of issuer and subject at the external provider

	Failures int       `json:",omitempty"` // tries in a row that were wrong
	Waits    time.Time `json:",omitzero"`  // no try counts before
	Consents []string  `json:",omitempty"` // by client id first: which programs may act for this person, and where
	Created  time.Time
}

// Passkey is a WebAuthn credential. Record is what the ceremony verifies signatures with; it holds no secret.
type Passkey struct {
	ID      string // base64url
	Name    string
	Record  []byte
	Created time.Time
	Used    time.Time `json:",omitzero"`
}

// SecondFactor says whether the person has one: an authenticator app or a passkey.
func (p Person) SecondFactor() bool { return len(p.TOTP) > 0 || len(p.Passkeys) > 0 }

// mustProve says whether a session of this person must have proved a second factor. Outside demo data that cannot be
// switched off for staff; a customer's person is asked once they have one.
func mustProve(r identity.Realm, p Person, demo bool) bool {
	return r.Staff() && !demo || p.SecondFactor()
}

// requireWayIn is Denied when a change of credentials took from staff their last second factor, or from anybody their
// last way to sign in.
func (p Person) requireWayIn(r identity.Realm, demo bool) error {
	if r.Staff() && !demo && !p.SecondFactor() {
		return fault.New(fault.Denied, "last_second_factor",
			"people of a partner or reseller always have a second factor, and this is your last: it was kept; add another first")
	}
	if p.Password == "" && len(p.Passkeys) == 0 && p.External == "" {
		return fault.New(fault.Denied, "last_way_in", "without it you could not sign in any more: it was not removed; add another first")
	}
	return nil
}

// failed is the person after a wrong try.
func (p Person) failed(now time.Time) Person {
	p.Failures++
	if w := factor.WaitAfter(p.Failures); w > 0 {
		p.Waits = now.Add(w)
	}
	return p
}

// withoutRecovery is the person without the recovery code of this digest; ok is false when there is none.
func (p Person) withoutRecovery(digest string) (Person, bool) {
	i := slices.Index(p.Recovery, digest)
	if i < 0 {
		return p, false
	}
	p.Recovery = slices.Delete(slices.Clone(p.Recovery), i, i+1)
	return p, true
}

func (p Person) passkey(key string) int {
	return slices.IndexFunc(p.Passkeys, func(k Passkey) bool { return k.ID == key })
}
