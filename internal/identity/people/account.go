package people

import (
	"context"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// What people do with their own credentials. The caller of these has made sure that it is the person who asks.

// credentialsChanged records that a person's credentials changed; every other session ends, so that whoever had them is out.
func (v *Service) credentialsChanged(ctx context.Context, t tx.Tx, p Person, keep id.Session, what string) error {
	if err := v.Sessions.EndAll(ctx, t, p.ID, keep, "credentials changed"); err != nil {
		return err
	}
	return v.record(ctx, t, event.CredentialChanged, p.ID, p.ID, map[string]string{"what": what})
}

// SetPassword changes a person's password, given the one they have. Denied when it is wrong.
func (v *Service) SetPassword(ctx context.Context, s sessions.Session, old, password string) error {
	p, err := v.Person(ctx, s.Person)
	if err != nil {
		return err
	}
	if err := factor.Acceptable(password, p.Personal.Name, p.Personal.Mail); err != nil {
		return err
	}
	if p.Password != "" {
		right, err := v.matches(ctx, proven(p.ID), p.Password, old)
		if err != nil {
			return err
		}
		if _, err := v.attempt(ctx, factor.Origin{}, p.ID, "pwd", func(p Person) (Person, bool) { return p, right }); err != nil {
			return err
		}
	}
	hash, err := v.hash(ctx, p.ID, password)
	if err != nil {
		return err
	}
	return v.change(ctx, p.ID, func(ctx context.Context, t tx.Tx, _ identity.Realm, p Person) (Person, error) {
		p.Password = hash
		return p, v.credentialsChanged(ctx, t, p, s.ID, "password")
	})
}

// hash is what is kept of the password that a person chose.
func (v *Service) hash(ctx context.Context, who id.Principal, password string) (hash string, err error) {
	salt, err := v.Random.Bytes(factor.SaltBytes)
	if err != nil {
		return "", err
	}
	err = v.Hashing.Do(ctx, proven(who), func() { hash = factor.Hash(salt, password) })
	return hash, err
}

// Offer is a secret for an authenticator app, as the URI in its picture and as text, with the ticket that accepts it.
type Offer struct{ Ticket, URI, Text string }

// OfferTOTP draws a secret for a person's authenticator app.
func (v *Service) OfferTOTP(ctx context.Context, p Person) (Offer, error) {
	secret, err := v.Random.Bytes(factor.CodeBytes)
	if err != nil {
		return Offer{}, err
	}
	sealed, err := v.Sealer.Seal(ctx, p.ID, secret)
	if err != nil {
		return Offer{}, err
	}
	ticket, err := v.Sessions.Issue(ctx, sessions.Ticket{Kind: sessions.TOTPOffer, Person: p.ID, Data: sealed})
	return Offer{Ticket: ticket, URI: factor.URI(secret, v.Name, p.Personal.Mail), Text: factor.SecretText(secret)}, err
}

// OfferedTOTP is an offer again, for a page that is shown a second time.
func (v *Service) OfferedTOTP(ctx context.Context, p Person, ticket string) (Offer, error) {
	k, err := v.Sessions.Peek(ctx, sessions.TOTPOffer, ticket)
	if err != nil || k.Person != p.ID {
		return Offer{}, sessions.TicketSpent()
	}
	secret, err := v.Sealer.Open(ctx, p.ID, k.Data)
	return Offer{Ticket: ticket, URI: factor.URI(secret, v.Name, p.Personal.Mail), Text: factor.SecretText(secret)}, err
}

// AcceptTOTP makes an offered secret the person's, when the code shows that their app has it, and returns their recovery
// codes, which are shown once. keep is the session that asks, if there is one yet.
func (v *Service) AcceptTOTP(ctx context.Context, who id.Principal, ticket, code string, keep id.Session) (codes []string, err error) {
	k, err := v.Sessions.Peek(ctx, sessions.TOTPOffer, ticket)
	if err != nil || k.Person != who {
		return nil, sessions.TicketSpent()
	}
	secret, err := v.Sealer.Open(ctx, who, k.Data)
	if err != nil {
		return nil, err
	}
	step, ok := factor.StepOf(secret, factor.Normalize(code), v.Now(), 0)
	if !ok {
		return nil, fault.New(fault.Invalid, "wrong_code", "this is not the code the app shows now: check that its clock is right, and type the next one").
			With("code", "wrong")
	}
	codes, digests, err := v.recoveryCodes()
	if err != nil {
		return nil, err
	}
	return codes, v.change(ctx, who, func(ctx context.Context, t tx.Tx, _ identity.Realm, p Person) (Person, error) {
		if _, err := v.Sessions.RedeemDigest(ctx, t, sessions.TOTPOffer, k.Digest); err != nil {
			return p, err
		}
		p.TOTP, p.Step, p.Recovery = k.Data, step, digests
		return p, v.credentialsChanged(ctx, t, p, keep, "authenticator app added")
	})
}

// RemoveTOTP removes the authenticator app, and the recovery codes when no second factor is left. Denied for staff's last.
func (v *Service) RemoveTOTP(ctx context.Context, s sessions.Session) error {
	return v.removeCredential(ctx, s, "authenticator app removed", func(p Person) (Person, error) {
		p.TOTP, p.Step = nil, 0
		if !p.SecondFactor() {
			p.Recovery = nil
		}
		return p, nil
	})
}

// RemovePasskey removes a passkey.
func (v *Service) RemovePasskey(ctx context.Context, s sessions.Session, key string) error {
	return v.removeCredential(ctx, s, "passkey removed", func(p Person) (Person, error) {
		i := p.passkey(key)
		if i < 0 {
			return p, fault.New(fault.NotFound, "passkey_not_found", "you have no such passkey")
		}
		p.Passkeys = slices.Delete(slices.Clone(p.Passkeys), i, i+1)
		return p, nil
	})
}

func (v *Service) removeCredential(ctx context.Context, s sessions.Session, what string, f func(Person) (Person, error)) error {
	return v.change(ctx, s.Person, func(ctx context.Context, t tx.Tx, realm identity.Realm, p Person) (Person, error) {
		p, err := f(p)
		if err != nil {
			return p, err
		}
		if err := p.requireWayIn(realm, v.Demo()); err != nil {
			return p, err
		}
		return p, v.credentialsChanged(ctx, t, p, s.ID, what)
	})
}

const maxPasskeys = 20

// AddPasskey adds a passkey whose ceremony was verified.
func (v *Service) AddPasskey(ctx context.Context, who id.Principal, k Passkey, keep id.Session) error {
	return v.change(ctx, who, func(ctx context.Context, t tx.Tx, _ identity.Realm, p Person) (Person, error) {
		if p.passkey(k.ID) >= 0 || len(p.Passkeys) >= maxPasskeys {
			return p, fault.New(fault.Conflict, "passkey_there", "you have this passkey already, or %d of them: it was not added", maxPasskeys)
		}
		if k.Name = strings.TrimSpace(k.Name); k.Name == "" || len(k.Name) > 100 {
			k.Name = "Passkey"
		}
		k.Created = v.Now()
		p.Passkeys = append(slices.Clone(p.Passkeys), k)
		return p, v.credentialsChanged(ctx, t, p, keep, "passkey added")
	})
}

// NewRecoveryCodes replaces a person's recovery codes and returns the new ones, which are shown once.
func (v *Service) NewRecoveryCodes(ctx context.Context, s sessions.Session) (codes []string, err error) {
	codes, digests, err := v.recoveryCodes()
	if err != nil {
		return nil, err
	}
	return codes, v.change(ctx, s.Person, func(ctx context.Context, t tx.Tx, _ identity.Realm, p Person) (Person, error) {
		if !p.SecondFactor() {
			return p, fault.New(fault.Conflict, "no_second_factor", "recovery codes replace a second factor, and you have none: add one first")
		}
		p.Recovery = digests
		return p, v.credentialsChanged(ctx, t, p, s.ID, "recovery codes replaced")
	})
}

// Consent remembers that a program may act for a person.
func (v *Service) Consent(ctx context.Context, who id.Principal, client string) error {
	return v.change(ctx, who, func(ctx context.Context, t tx.Tx, _ identity.Realm, p Person) (Person, error) {
		if !slices.Contains(p.Consents, client) {
			p.Consents = append(slices.Clone(p.Consents), client)
		}
		return p, v.record(ctx, t, event.ConsentGiven, p.ID, p.ID, map[string]string{"client": client})
	})
}

// EndSession ends one of a person's own sessions.
func (v *Service) EndSession(ctx context.Context, who id.Principal, which id.Session) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		s, err := v.Sessions.End(ctx, t, who, which)
		if err != nil || s.Client == "" {
			return err
		}
		p, err := v.Store.Person(ctx, t, who) // a program that was signed out asks again before it comes back
		if err != nil {
			return err
		}
		p.Consents = slices.DeleteFunc(slices.Clone(p.Consents), func(c string) bool { return strings.HasPrefix(c, s.Client) })
		return v.Store.SavePerson(ctx, t, p)
	})
}

// recoveryCodes draws recovery codes, to be shown once, with their digests.
func (v *Service) recoveryCodes() (codes, digests []string, err error) {
	codes, err = factor.RecoveryCodes(v.Random.Bytes)
	for _, c := range codes {
		digests = append(digests, identity.Digest(factor.Normalize(c)))
	}
	return codes, digests, err
}
