package sessions

import (
	"cmp"
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// TokenRequest is what a client shows to get tokens. Check looks at the ticket before anything is given; Refreshable says
// whether a refresh token is wanted.
type TokenRequest struct {
	Kind        TicketKind
	Secret      string
	Client      string
	Check       func(Ticket) error
	Refreshable func(Ticket) bool
}

// TokenGrant is what an authorization code, a device's code or a refresh token was exchanged for. Refresh is the next
// refresh token, empty when none was asked for.
type TokenGrant struct {
	Ticket  Ticket
	Person  id.Principal
	Session Session
	Refresh string
}

// Exchange exchanges an authorization code, a device's code or a refresh token. A code or refresh token that is shown a
// second time was copied by somebody: the session behind it ends, and everything that was issued in it.
func (v *Service) Exchange(ctx context.Context, a TokenRequest) (out TokenGrant, err error) {
	fresh, next, err := v.NewTicket(Ticket{Kind: RefreshToken})
	if err != nil {
		return out, err
	}
	begun, err := v.begin(Session{})
	if err != nil {
		return out, err
	}
	refused := error(nil)
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		out, refused = TokenGrant{}, nil
		k, err := v.Store.Ticket(ctx, t, a.Kind, identity.Digest(a.Secret))
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if err != nil || k.Client != a.Client {
			refused = TicketSpent()
			return nil
		}
		if out, refused, err = v.exchange(ctx, t, k, begun, a.Check); err != nil || refused != nil || !a.Refreshable(k) {
			return err
		}
		out.Refresh = fresh
		next.Session, next.Person, next.Realm, next.Client, next.Scope = out.Session.ID, k.Person, k.Realm, k.Client, k.Scope
		if next.Expires.After(out.Session.Expires) {
			next.Expires = out.Session.Expires
		}
		return v.Store.SaveTicket(ctx, t, next)
	})
	if err != nil || refused != nil {
		return TokenGrant{}, cmp.Or(err, refused)
	}
	return out, nil
}

// exchange uses a ticket up. What is refused is an answer, not an error: what it changed is kept.
func (v *Service) exchange(ctx context.Context, t tx.Tx, k Ticket, begun Session, check func(Ticket) error) (out TokenGrant, refused, err error) {
	now := v.Now()
	switch {
	case !k.Used.IsZero():
		return out, TicketSpent(), v.endCopied(ctx, t, k)
	case !k.open(now):
		return out, TicketSpent(), nil
	case k.Kind == DeviceCode && k.Answer != Allowed:
		refused = k.pending(now)
		k.Polled = now
		return out, refused, v.Store.SaveTicket(ctx, t, k)
	}
	k.Used = now
	if refused = check(k); refused != nil {
		return out, refused, v.Store.SaveTicket(ctx, t, k) // spoiled: whoever showed it should not have had it
	}
	if out.Session, refused, err = v.sessionOf(ctx, t, k, begun); err != nil || refused != nil {
		return out, refused, err
	}
	out.Person, k.Session = k.Person, out.Session.ID
	out.Ticket = k
	return out, nil, v.Store.SaveTicket(ctx, t, k)
}

// pending is what a device is told whose code nobody allowed yet.
func (t Ticket) pending(now time.Time) error {
	switch {
	case t.Answer == Refused:
		return fault.New(fault.Denied, "access_denied", "the person refused to sign this device in")
	case now.Sub(t.Polled) < pollEvery:
		return fault.New(fault.Conflict, "slow_down", "asked too soon: wait five seconds between two requests")
	}
	return fault.New(fault.Conflict, "authorization_pending", "the code was not entered yet")
}

// sessionOf is the session a ticket is exchanged for: a refresh token's own, a new one for anything else.
func (v *Service) sessionOf(ctx context.Context, t tx.Tx, k Ticket, begun Session) (s Session, refused, err error) {
	person, err := v.Directory.Store.Account(ctx, t, k.Person)
	if err != nil {
		return s, nil, err
	}
	if person.State != identity.Active {
		return s, sessionEnded(), nil
	}
	if k.Kind == RefreshToken {
		if s, err = v.Store.Session(ctx, t, k.Session); err != nil {
			return s, endedIfMissing(err), nil
		}
		if !s.Live(v.Now()) {
			return s, sessionEnded(), nil
		}
		s.Seen = v.Now()
		return s, nil, v.Store.SaveSession(ctx, t, s)
	}
	if from, err := v.Store.Session(ctx, t, k.From); fault.KindOf(err) == fault.NotFound || err == nil && !from.Ended.IsZero() {
		return s, TicketSpent(), nil // what was issued in a session ends with it
	} else if err != nil {
		return s, nil, err
	}
	s = begun
	s.Person, s.Realm, s.Client, s.Agent, s.Methods, s.MFA = person.ID, person.Realm, k.Client, k.Agent, k.Methods, k.MFA
	s.Expires = s.Created.Add(clientLife)
	if err := v.Store.SaveSession(ctx, t, s); err != nil {
		return s, nil, err
	}
	return s, nil, v.RecordSignIn(ctx, t, person.ID, person.Realm, s.Methods, "session", string(s.ID), "client", k.Client)
}

// endCopied ends what a ticket that was shown twice has led to.
func (v *Service) endCopied(ctx context.Context, t tx.Tx, k Ticket) error {
	s, err := v.Store.Session(ctx, t, k.Session)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil || !s.Ended.IsZero() {
		return err
	}
	if err := v.end(ctx, t, s, string(k.Kind)+" shown twice"); err != nil {
		return err
	}
	return identity.Record(ctx, t, v.Events, event.TicketReused, k.Person, k.Person,
		map[string]string{"session": string(s.ID), "kind": string(k.Kind), "client": k.Client})
}
