package identity

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// ticket draws the secret of a ticket that starts now.
func (v *Service) ticket(k Ticket) (secret string, _ Ticket, err error) {
	secret, err = v.secret()
	k.Digest, k.Created = digestOf(secret), v.Now()
	k.Expires = k.Created.Add(k.Kind.life())
	return secret, k, err
}

// Hand gives out a ticket and returns its secret.
func (v *Service) Hand(ctx context.Context, k Ticket) (string, error) {
	secret, k, err := v.ticket(k)
	if err != nil {
		return "", err
	}
	return secret, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return v.Proofs.SaveTicket(ctx, t, k) })
}

// spent says that a ticket is not, or no longer, one that can be redeemed.
func spent() *fault.Fault {
	return fault.New(fault.Denied, "ticket_spent", "this link or code is not known, was used, or has expired: start again")
}

// Look is a ticket that can be redeemed, without redeeming it.
func (v *Service) Look(ctx context.Context, kind TicketKind, secret string) (k Ticket, err error) {
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		k, err = v.Proofs.Ticket(ctx, r, kind, digestOf(secret))
		return err
	})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return k, err
	}
	if err != nil || !k.open(v.Now()) {
		return Ticket{}, spent()
	}
	return k, nil
}

// Take redeems a ticket, once.
func (v *Service) Take(ctx context.Context, kind TicketKind, secret string) (k Ticket, err error) {
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		k, err = v.take(ctx, t, kind, digestOf(secret))
		return err
	})
	return k, err
}

func (v *Service) take(ctx context.Context, t tx.Tx, kind TicketKind, digest string) (Ticket, error) {
	k, err := v.Proofs.Ticket(ctx, t, kind, digest)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return k, err
	}
	if err != nil || !k.open(v.Now()) {
		return k, spent()
	}
	k.Used = v.Now()
	return k, v.Proofs.SaveTicket(ctx, t, k)
}

// Update keeps what changed in a ticket that was looked at and can still be redeemed.
func (v *Service) Update(ctx context.Context, k Ticket) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		have, err := v.Proofs.Ticket(ctx, t, k.Kind, k.Digest)
		if err != nil || !have.open(v.Now()) {
			return spent()
		}
		return v.Proofs.SaveTicket(ctx, t, k)
	})
}

// Redeemed is what a code, a device's ticket or a refresh token was redeemed for. Refresh is the next refresh token,
// empty when none was asked for.
type Redeemed struct {
	Ticket  Ticket
	Person  Person
	Session Session
	Refresh string
}

// Asked says what a client may have of a ticket. Check looks at it before anything is given; Keep says whether a refresh
// token is wanted.
type Asked struct {
	Kind   TicketKind
	Secret string
	Client string
	Check  func(Ticket) error
	Keep   func(Ticket) bool
}

// Redeem exchanges an authorization code, a device's ticket or a refresh token. A code or refresh token that is shown a
// second time was copied by somebody: the session behind it ends, and everything it handed out with it.
func (v *Service) Redeem(ctx context.Context, a Asked) (out Redeemed, err error) {
	fresh, next, err := v.ticket(Ticket{Kind: Refresh})
	if err != nil {
		return out, err
	}
	begun, err := v.begun(Session{})
	if err != nil {
		return out, err
	}
	refused := error(nil)
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		out, refused = Redeemed{}, nil
		k, err := v.Proofs.Ticket(ctx, t, a.Kind, digestOf(a.Secret))
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if err != nil || k.Client != a.Client {
			refused = spent()
			return nil
		}
		if out, refused, err = v.redeem(ctx, t, k, begun, a.Check); err != nil || refused != nil || !a.Keep(k) {
			return err
		}
		out.Refresh = fresh
		next.Session, next.Person, next.Realm, next.Client, next.Scope = out.Session.ID, k.Person, k.Realm, k.Client, k.Scope
		if next.Expires.After(out.Session.Expires) {
			next.Expires = out.Session.Expires
		}
		return v.Proofs.SaveTicket(ctx, t, next)
	})
	if err != nil || refused != nil {
		return Redeemed{}, cmp.Or(err, refused)
	}
	return out, nil
}

// redeem uses a ticket up. What is refused is an answer, not an error: what it changed is kept.
func (v *Service) redeem(ctx context.Context, t tx.Tx, k Ticket, begun Session, check func(Ticket) error) (out Redeemed, refused, err error) {
	now := v.Now()
	switch {
	case !k.Used.IsZero():
		return out, spent(), v.copied(ctx, t, k)
	case !k.open(now):
		return out, spent(), nil
	case k.Kind == Device && k.Answer != Allowed:
		refused = k.wait(now)
		k.Polled = now
		return out, refused, v.Proofs.SaveTicket(ctx, t, k)
	}
	k.Used = now
	if refused = check(k); refused != nil {
		return out, refused, v.Proofs.SaveTicket(ctx, t, k) // spoiled: whoever showed it should not have had it
	}
	if out.Person, out.Session, refused, err = v.behind(ctx, t, k, begun); err != nil || refused != nil {
		return out, refused, err
	}
	k.Session = out.Session.ID
	out.Ticket = k
	return out, nil, v.Proofs.SaveTicket(ctx, t, k)
}

// wait is what a device is told whose code nobody allowed yet.
func (t Ticket) wait(now time.Time) error {
	switch {
	case t.Answer == Refused:
		return fault.New(fault.Denied, "access_denied", "the person refused to sign this device in")
	case now.Sub(t.Polled) < pollEvery:
		return fault.New(fault.Conflict, "slow_down", "asked too soon: wait five seconds between two questions")
	}
	return fault.New(fault.Conflict, "authorization_pending", "nobody typed the code yet")
}

// behind is the person and session a ticket is redeemed for: a refresh token's own, a new one for anything else.
func (v *Service) behind(ctx context.Context, t tx.Tx, k Ticket, begun Session) (p Person, s Session, refused, err error) {
	if p, err = v.Store.Person(ctx, t, k.Person); err != nil {
		return p, s, nil, err
	}
	if p.State != Active {
		return p, s, ended(), nil
	}
	if k.Kind == Refresh {
		if s, err = v.Proofs.Session(ctx, t, k.Session); err != nil {
			return p, s, lost(err), nil
		}
		if !s.Live(v.Now()) {
			return p, s, ended(), nil
		}
		s.Seen = v.Now()
		return p, s, nil, v.Proofs.SaveSession(ctx, t, s)
	}
	if from, err := v.Proofs.Session(ctx, t, k.From); fault.KindOf(err) == fault.NotFound || err == nil && !from.Ended.IsZero() {
		return p, s, spent(), nil // what a session hands out ends with it
	} else if err != nil {
		return p, s, nil, err
	}
	s = begun
	s.Person, s.Realm, s.Client, s.Agent, s.Methods, s.MFA = p.ID, p.Realm, k.Client, k.Agent, k.Methods, k.MFA
	s.Expires = s.Created.Add(clientLife)
	if err := v.Proofs.SaveSession(ctx, t, s); err != nil {
		return p, s, nil, err
	}
	return p, s, nil, v.signedIn(ctx, t, p.ID, p.Realm, s.Methods, "session", string(s.ID), "client", k.Client)
}

// copied ends what a ticket that was shown twice has led to.
func (v *Service) copied(ctx context.Context, t tx.Tx, k Ticket) error {
	s, err := v.Proofs.Session(ctx, t, k.Session)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil || !s.Ended.IsZero() {
		return err
	}
	if err := v.end(ctx, t, s, string(k.Kind)+" shown twice"); err != nil {
		return err
	}
	return v.note(ctx, t, event.TicketReused, k.Person, k.Person, map[string]string{"session": string(s.ID), "kind": string(k.Kind), "client": k.Client})
}

// Device starts a device's sign-in: the secret it polls with, and what a person types.
func (v *Service) Device(ctx context.Context, k Ticket) (secret, typed string, err error) {
	k.Kind = Device
	if secret, k, err = v.ticket(k); err != nil {
		return "", "", err
	}
	if typed, err = factor.TypedCode(v.draw); err != nil {
		return "", "", err
	}
	u := Ticket{Kind: UserCode, Digest: digestOf(typed), Link: k.Digest, Client: k.Client, Scope: k.Scope, Created: k.Created, Expires: k.Expires}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Proofs.SaveTicket(ctx, t, k); err != nil {
			return err
		}
		return v.Proofs.SaveTicket(ctx, t, u)
	})
	return secret, typed, err
}

// Asking is the device behind a code that a person typed.
func (v *Service) Asking(ctx context.Context, typed string) (Ticket, error) {
	return v.Look(ctx, UserCode, deviceCode(typed))
}

// Let answers a device in a person's name: it gets what the person proved, in the realm asked for, or nothing.
func (v *Service) Let(ctx context.Context, typed string, s Session, answer Answer) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		u, err := v.take(ctx, t, UserCode, digestOf(deviceCode(typed)))
		if err != nil {
			return err
		}
		k, err := v.Proofs.Ticket(ctx, t, Device, u.Link)
		if err != nil || !k.open(v.Now()) || k.Answer != "" {
			return spent()
		}
		k.Answer, k.Person, k.From, k.Methods, k.MFA = answer, s.Person, s.ID, s.Methods, s.MFA
		if err := v.Proofs.SaveTicket(ctx, t, k); err != nil {
			return err
		}
		return v.note(ctx, t, event.DeviceAnswered, s.Person, s.Person, map[string]string{"client": k.Client, "answer": string(answer)})
	})
}

// deviceCode is a code as it is kept, however somebody typed it.
func deviceCode(typed string) string { return strings.ToUpper(factor.Normalize(typed)) }

// DeviceCode is a code as people read it, however somebody typed it.
func DeviceCode(typed string) string {
	c := deviceCode(typed)
	return c[:len(c)/2] + "-" + c[len(c)/2:]
}
