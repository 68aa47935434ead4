package sessions

import (
	"context"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// NewTicket is a ticket that starts now, with its secret. It is not kept yet.
func (v *Service) NewTicket(k Ticket) (secret string, _ Ticket, err error) {
	secret, err = v.Random.Secret()
	k.Digest, k.Created = identity.Digest(secret), v.Now()
	k.Expires = k.Created.Add(k.Kind.life())
	return secret, k, err
}

// Issue keeps a new ticket and returns its secret.
func (v *Service) Issue(ctx context.Context, k Ticket) (string, error) {
	secret, k, err := v.NewTicket(k)
	if err != nil {
		return "", err
	}
	return secret, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return v.Store.SaveTicket(ctx, t, k) })
}

// TicketSpent says that a ticket is not, or no longer, one that can be redeemed.
func TicketSpent() *fault.Fault {
	return fault.New(fault.Denied, "ticket_spent", "this link or code is not known, was used, or has expired: start again")
}

// Peek is a ticket that can be redeemed, without redeeming it.
func (v *Service) Peek(ctx context.Context, kind TicketKind, secret string) (k Ticket, err error) {
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		k, err = v.Store.Ticket(ctx, r, kind, identity.Digest(secret))
		return err
	})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return k, err
	}
	if err != nil || !k.open(v.Now()) {
		return Ticket{}, TicketSpent()
	}
	return k, nil
}

// Redeem redeems a ticket, once.
func (v *Service) Redeem(ctx context.Context, kind TicketKind, secret string) (k Ticket, err error) {
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		k, err = v.RedeemDigest(ctx, t, kind, identity.Digest(secret))
		return err
	})
	return k, err
}

// RedeemDigest redeems a ticket by the digest of its secret, inside a transaction.
func (v *Service) RedeemDigest(ctx context.Context, t tx.Tx, kind TicketKind, digest string) (Ticket, error) {
	k, err := v.Store.Ticket(ctx, t, kind, digest)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return k, err
	}
	if err != nil || !k.open(v.Now()) {
		return k, TicketSpent()
	}
	k.Used = v.Now()
	return k, v.Store.SaveTicket(ctx, t, k)
}

// Update keeps what changed in a ticket that was peeked at and can still be redeemed.
func (v *Service) Update(ctx context.Context, k Ticket) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		have, err := v.Store.Ticket(ctx, t, k.Kind, k.Digest)
		if err != nil || !have.open(v.Now()) {
			return TicketSpent()
		}
		return v.Store.SaveTicket(ctx, t, k)
	})
}

// UseAssertion remembers an assertion of a program until it expires. Conflict when it was used before.
func (v *Service) UseAssertion(ctx context.Context, program id.Principal, jti string, expires time.Time) error {
	k := Ticket{Digest: identity.Digest(string(program) + "\x00" + jti), Kind: UsedAssertion, Created: v.Now(), Expires: expires}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		switch _, err := v.Store.Ticket(ctx, t, UsedAssertion, k.Digest); {
		case err == nil:
			return fault.New(fault.Conflict, "assertion_replayed", "this assertion was used before")
		case fault.KindOf(err) != fault.NotFound:
			return err
		}
		return v.Store.SaveTicket(ctx, t, k)
	})
}

// StartDevice starts a device's sign-in: the secret it polls with, and the code a person types.
func (v *Service) StartDevice(ctx context.Context, k Ticket) (secret, code string, err error) {
	k.Kind = DeviceCode
	if secret, k, err = v.NewTicket(k); err != nil {
		return "", "", err
	}
	if code, err = factor.TypedCode(v.Random.Bytes); err != nil {
		return "", "", err
	}
	u := Ticket{Kind: UserCode, Digest: identity.Digest(code), Link: k.Digest, Client: k.Client, Scope: k.Scope, Created: k.Created, Expires: k.Expires}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Store.SaveTicket(ctx, t, k); err != nil {
			return err
		}
		return v.Store.SaveTicket(ctx, t, u)
	})
	return secret, code, err
}

// PeekDevice is the device behind a code that a person typed.
func (v *Service) PeekDevice(ctx context.Context, typed string) (Ticket, error) {
	return v.Peek(ctx, UserCode, userCode(typed))
}

// AnswerDevice answers a device in a person's name: it gets what the person proved, in the realm asked for, or nothing.
func (v *Service) AnswerDevice(ctx context.Context, typed string, s Session, answer Answer) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		u, err := v.RedeemDigest(ctx, t, UserCode, identity.Digest(userCode(typed)))
		if err != nil {
			return err
		}
		k, err := v.Store.Ticket(ctx, t, DeviceCode, u.Link)
		if err != nil || !k.open(v.Now()) || k.Answer != "" {
			return TicketSpent()
		}
		k.Answer, k.Person, k.From, k.Methods, k.MFA = answer, s.Person, s.ID, s.Methods, s.MFA
		if err := v.Store.SaveTicket(ctx, t, k); err != nil {
			return err
		}
		return identity.Record(ctx, t, v.Events, event.DeviceAnswered, s.Person, s.Person, map[string]string{"client": k.Client, "answer": string(answer)})
	})
}

// userCode is a device's code as it is kept, however somebody typed it.
func userCode(typed string) string { return strings.ToUpper(factor.Normalize(typed)) }

// FormatUserCode is a device's code as people read it, however somebody typed it.
func FormatUserCode(typed string) string {
	c := userCode(typed)
	return c[:len(c)/2] + "-" + c[len(c)/2:]
}
