package sessions

import (
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// TicketKind is what a ticket is for.
type TicketKind string

// The kinds. Their stored names stay as they were first written.
const (
	AuthorizationCode TicketKind = "code"
	DeviceCode        TicketKind = "device"    // what a device polls with
	UserCode          TicketKind = "user_code" // what a person types to let a device in; Link is the device's digest
	RefreshToken      TicketKind = "refresh"
	SetUpLink         TicketKind = "set_up"    // a one-time link: the first person, or an invited one
	SignInFlow        TicketKind = "flow"      // a sign-in that is half done
	TOTPOffer         TicketKind = "offered"   // a secret for an authenticator app that is not accepted yet
	PasskeyChallenge  TicketKind = "ceremony"  // what a passkey has to sign
	FederatedSignIn   TicketKind = "abroad"    // a sign-in that is with an external provider
	UsedAssertion     TicketKind = "assertion" // an assertion of a program that was used
)

// life is how long a ticket of a kind can be redeemed.
func (k TicketKind) life() time.Duration {
	switch k {
	case AuthorizationCode:
		return 5 * time.Minute
	case DeviceCode, UserCode:
		return 15 * time.Minute
	case RefreshToken:
		return 14 * 24 * time.Hour
	case SetUpLink:
		return 72 * time.Hour
	}
	return 10 * time.Minute
}

// Answer is what a person said to a device that asks to be let in.
type Answer string

// The answers; the zero value is none yet.
const (
	Allowed Answer = "allowed"
	Refused Answer = "refused"
)

// Ticket is something issued that can be redeemed once. Only the digest of its secret is kept.
type Ticket struct {
	Digest    string          `json:"-"`
	Kind      TicketKind      `json:"-"`
	Session   id.Session      `json:"-"` // whose it is, or that it was redeemed for
	Person    id.Principal    `json:",omitempty"`
	From      id.Session      `json:",omitempty"` // the browser's, in which a code was given or a device let in
	Realm     id.Organisation `json:",omitempty"` // the realm tokens are asked for
	Client    string          `json:",omitempty"`
	Scope     string          `json:",omitempty"`
	Redirect  string          `json:",omitempty"`
	Challenge string          `json:",omitempty"` // PKCE, S256
	Nonce     string          `json:",omitempty"`
	Next      string          `json:",omitempty"` // the page a sign-in goes on to
	Link      string          `json:",omitempty"` // digest of another ticket
	Data      []byte          `json:",omitempty"` // of a ceremony; sealed when it is secret
	Agent     string          `json:",omitempty"`
	Methods   []string        `json:",omitempty"`
	MFA       bool            `json:",omitempty"`
	Answer    Answer          `json:",omitempty"`
	Polled    time.Time       `json:",omitzero"`
	Created   time.Time
	Expires   time.Time `json:"-"`
	Used      time.Time `json:",omitzero"`
}

// open says whether it can be redeemed at an instant.
func (t Ticket) open(now time.Time) bool { return t.Used.IsZero() && now.Before(t.Expires) }

// pollEvery is how often a device may ask.
const pollEvery = 5 * time.Second
