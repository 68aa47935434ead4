package sessions

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service answers for sessions, tickets and signing keys.
type Service struct {
	DB        tx.DB
	Store     Store
	Keys      KeyStore
	Directory *identity.Directory
	Access    identity.Access
	Sealer    identity.Sealer
	Events    event.Log
	Now       func() time.Time // the machine's clock
	Random    identity.Random

	Attempts factor.Refusals // which refused attempts to sign in are recorded
	cache    cache
}

// sessionEnded says that what was shown proves nothing any more.
func sessionEnded() *fault.Fault {
	return fault.New(fault.Denied, "session_ended", "this sign-in has ended: sign in again")
}

// Invalidate forgets, once a transaction is committed, what is remembered of who is authenticated.
func (v *Service) Invalidate(t tx.Tx) { t.After(v.cache.clear) }

// Authenticate is who a token stands for at this moment: a person by the session it was issued in, a program by the
// credential it was issued for. Denied once that ended, was removed, or they may not sign in any more.
func (v *Service) Authenticate(ctx context.Context, who id.Principal, credential string) (identity.Principal, error) {
	k := cacheKey{who, credential}
	x, round, ok := v.cache.get(k)
	if !ok {
		var err error
		if x, err = v.read(ctx, k); err != nil {
			return identity.Principal{}, err
		}
		v.cache.put(k, x, round)
	}
	if x.session.ID != "" && !x.session.Live(v.Now()) {
		return identity.Principal{}, sessionEnded()
	}
	return x.principal, nil
}

func (v *Service) read(ctx context.Context, k cacheKey) (x authenticated, err error) {
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		accounts := v.Directory.Store
		if x.principal.Groups, err = accounts.GroupsOf(ctx, r, k.who); err != nil {
			return err
		}
		a, err := accounts.Account(ctx, r, k.who)
		if err != nil {
			return endedIfMissing(err)
		}
		x.principal.ID, x.principal.Realm, x.principal.In, x.principal.Program = a.ID, a.Realm, a.Realm, a.Program
		if a.Program {
			if !a.HasCredential(k.credential) {
				return sessionEnded()
			}
			return nil
		}
		if x.session, err = v.Store.Session(ctx, r, id.Session(k.credential)); err != nil {
			return endedIfMissing(err)
		}
		by, err := v.clientState(ctx, r, x.session.Client)
		if err != nil {
			return err
		}
		if a.State != identity.Active || by == identity.Disabled || x.session.Person != a.ID || !x.session.Ended.IsZero() {
			return sessionEnded()
		}
		x.principal.In, x.principal.Session, x.principal.MFA = x.session.Realm, x.session.ID, x.session.MFA
		return nil
	})
	return x, err
}

// clientState is the state of the program behind a client id; none of a client that everybody has, and of a browser.
func (v *Service) clientState(ctx context.Context, r tx.Read, appID string) (identity.State, error) {
	for _, name := range id.Named("prn_", appID) {
		if a, err := v.Directory.Store.Account(ctx, r, id.Principal(name)); fault.KindOf(err) != fault.NotFound && (err != nil || a.Program) {
			return a.State, err
		}
	}
	return "", nil
}

// endedIfMissing turns what is not there into what has ended.
func endedIfMissing(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return sessionEnded()
	}
	return err
}

// ByCookie is the live session of a browser's cookie, and who it is. It notes that the session was used.
func (v *Service) ByCookie(ctx context.Context, secret string) (Session, identity.Principal, error) {
	var s Session
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		s, err = v.Store.SessionByToken(ctx, r, identity.Digest(secret))
		return err
	})
	if err != nil {
		return s, identity.Principal{}, endedIfMissing(err)
	}
	now := v.Now()
	if !s.Live(now) {
		return s, identity.Principal{}, sessionEnded()
	}
	who, err := v.Authenticate(ctx, s.Person, string(s.ID))
	if err != nil {
		return s, who, err
	}
	if now.Sub(s.Seen) >= seenEvery {
		err = v.seen(ctx, s.ID, now)
	}
	return s, who, err
}

func (v *Service) seen(ctx context.Context, which id.Session, now time.Time) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		s, err := v.Store.Session(ctx, t, which)
		if err != nil || !s.Ended.IsZero() {
			return err
		}
		s.Seen = now
		v.Invalidate(t) // the idle time counts from what is remembered
		return v.Store.SaveSession(ctx, t, s)
	})
}

// List lists a person's own live sessions, oldest first.
func (v *Service) List(ctx context.Context, who id.Principal) (list []Session, err error) {
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		all, err := v.Store.Sessions(ctx, r, who)
		for _, s := range all {
			if s.Live(v.Now()) {
				list = append(list, s)
			}
		}
		return err
	})
	return list, err
}

// NewBrowser is a session of a browser that starts now, with the secret of its cookie. Start keeps it.
func (v *Service) NewBrowser(s Session) (Session, string, error) {
	secret, err := v.Random.Secret()
	if err != nil {
		return s, "", err
	}
	if s, err = v.begin(s); err != nil {
		return s, "", err
	}
	s.Token, s.Expires = identity.Digest(secret), s.Created.Add(browserLife)
	return s, secret, nil
}

// begin gives a session an id and lets it start now.
func (v *Service) begin(s Session) (Session, error) {
	b, err := v.Random.Body()
	s.ID, s.Created = id.Session("ses_"+b), v.Now()
	s.Seen = s.Created
	return s, err
}

// Start keeps a session of a browser and records the sign-in.
func (v *Service) Start(ctx context.Context, t tx.Tx, s Session) error {
	if err := v.Store.SaveSession(ctx, t, s); err != nil {
		return err
	}
	return v.RecordSignIn(ctx, t, s.Person, s.Realm, s.Methods, "session", string(s.ID))
}

// End ends one of a person's sessions, inside a transaction. NotFound when it is not theirs.
func (v *Service) End(ctx context.Context, t tx.Tx, who id.Principal, which id.Session) (Session, error) {
	s, err := v.Store.Session(ctx, t, which)
	if err != nil || s.Person != who {
		return s, fault.New(fault.NotFound, "session_not_found", "no such session is known")
	}
	return s, v.end(ctx, t, s, "signed out")
}

// SignOutEverywhere ends every session of a person: browsers and programs that act for them.
func (v *Service) SignOutEverywhere(ctx context.Context, who id.Principal) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return v.EndAll(ctx, t, who, "", "signed out everywhere") })
}

// EndAll ends all sessions of a person but one, inside a transaction.
func (v *Service) EndAll(ctx context.Context, t tx.Tx, who id.Principal, but id.Session, why string) error {
	list, err := v.Store.Sessions(ctx, t, who)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.ID == but {
			continue
		}
		if err := v.end(ctx, t, s, why); err != nil {
			return err
		}
	}
	return nil
}

func (v *Service) end(ctx context.Context, t tx.Tx, s Session, why string) error {
	if !s.Ended.IsZero() {
		return nil
	}
	s.Ended, s.Why = v.Now(), why
	v.Invalidate(t)
	if err := v.Store.SaveSession(ctx, t, s); err != nil {
		return err
	}
	return identity.Record(ctx, t, v.Events, event.SessionEnded, identity.Actor(ctx), s.Person, map[string]string{"session": string(s.ID), "why": why})
}

// RequireEntry is Denied unless somebody of one realm may have tokens of another: it is their own, or they were let into
// it.
func (v *Service) RequireEntry(ctx context.Context, who id.Principal, of, into id.Organisation) error {
	if of == into {
		return nil
	}
	ok, err := v.Access.Enters(ctx, who, into)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Denied, "wrong_tenant", "you have no access to that tenant: sign in to your own, or ask for delegated access first")
	}
	return nil
}

// TokenRealm is the realm somebody may have tokens of by this tenant: their own for a name that stands for any tenant.
func (v *Service) TokenRealm(ctx context.Context, who id.Principal, of id.Organisation, tenant string) (identity.Realm, error) {
	ref := tenant
	if identity.AnyTenant(tenant) {
		ref = string(of)
	}
	realm, err := v.Directory.Realm(ctx, ref)
	if err != nil {
		return realm, err
	}
	return realm, v.RequireEntry(ctx, who, of, realm.ID)
}

// Prune forgets sessions and tickets that expired more than a day ago.
func (v *Service) Prune(ctx context.Context) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return v.Store.Prune(ctx, t, v.Now().Add(-24*time.Hour)) })
}
