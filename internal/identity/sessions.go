package identity

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// ended says that what was shown proves nothing any more.
func ended() *fault.Fault {
	return fault.New(fault.Denied, "session_ended", "this sign-in has ended: sign in again")
}

// standing remembers who sessions and credentials stand for, so that a request costs no look-up. Everything that could
// make an answer wrong forgets all of it once it is committed and before it is acknowledged; what was being read
// meanwhile is not kept.
type standing struct {
	mu    sync.RWMutex
	round uint64
	known map[proof]stand
}

type proof struct {
	who        id.Principal
	credential string // session of a person, secret or certificate of a program
}

type stand struct {
	principal Principal
	session   Session // zero for a program
}

func (s *standing) look(k proof) (stand, uint64, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	x, ok := s.known[k]
	return x, s.round, ok
}

// maxStanding bounds the memory: beyond it, all is forgotten and read again.
const maxStanding = 100_000

func (s *standing) keep(k proof, x stand, round uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.round != round {
		return
	}
	if s.known == nil || len(s.known) >= maxStanding {
		s.known = map[proof]stand{}
	}
	s.known[k] = x
}

func (s *standing) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.round++
	s.known = nil
}

// Standing is who a token stands for at this moment: a person by the session it was issued in, a program by the
// credential it was issued for. Denied once that ended, was removed, or they may not sign in any more.
func (v *Service) Standing(ctx context.Context, who id.Principal, credential string) (Principal, error) {
	k := proof{who, credential}
	x, round, ok := v.standing.look(k)
	if !ok {
		var err error
		if x, err = v.read(ctx, k); err != nil {
			return Principal{}, err
		}
		v.standing.keep(k, x, round)
	}
	if x.session.ID != "" && !x.session.Live(v.Now()) {
		return Principal{}, ended()
	}
	return x.principal, nil
}

func (v *Service) read(ctx context.Context, k proof) (x stand, err error) {
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		if x.principal.Groups, err = v.Store.GroupsOf(ctx, r, k.who); err != nil {
			return err
		}
		p, err := v.Store.Person(ctx, r, k.who)
		if fault.KindOf(err) == fault.NotFound {
			return v.readProgram(ctx, r, k, &x)
		}
		if err != nil {
			return err
		}
		if x.session, err = v.Proofs.Session(ctx, r, id.Session(k.credential)); err != nil {
			return lost(err)
		}
		by, err := v.client(ctx, r, x.session.Client)
		if err != nil {
			return err
		}
		if p.State != Active || by == Disabled || x.session.Person != p.ID || !x.session.Ended.IsZero() {
			return ended()
		}
		x.principal.ID, x.principal.Realm, x.principal.In = p.ID, p.Realm, x.session.Realm
		x.principal.Session, x.principal.MFA = x.session.ID, x.session.MFA
		return nil
	})
	return x, err
}

// client is the state of the program behind a client id; none of a client that everybody has, and of a browser.
func (v *Service) client(ctx context.Context, r tx.Read, appID string) (State, error) {
	for _, name := range id.Named("prn_", appID) {
		if p, err := v.Store.Program(ctx, r, id.Principal(name)); fault.KindOf(err) != fault.NotFound {
			return p.State, err
		}
	}
	return "", nil
}

func (v *Service) readProgram(ctx context.Context, r tx.Read, k proof, x *stand) error {
	p, err := v.Store.Program(ctx, r, k.who)
	if err != nil {
		return lost(err)
	}
	if !p.holds(k.credential) {
		return ended()
	}
	x.principal.ID, x.principal.Realm, x.principal.In, x.principal.Program = p.ID, p.Realm, p.Realm, true
	return nil
}

// lost turns what is not there into what has ended.
func lost(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return ended()
	}
	return err
}

// ByCookie is the live session of a browser's cookie, and who it is. It notes that the session was used.
func (v *Service) ByCookie(ctx context.Context, secret string) (Session, Principal, error) {
	var s Session
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		s, err = v.Proofs.SessionByToken(ctx, r, digestOf(secret))
		return err
	})
	if err != nil {
		return s, Principal{}, lost(err)
	}
	now := v.Now()
	if !s.Live(now) {
		return s, Principal{}, ended()
	}
	who, err := v.Standing(ctx, s.Person, string(s.ID))
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
		s, err := v.Proofs.Session(ctx, t, which)
		if err != nil || !s.Ended.IsZero() {
			return err
		}
		s.Seen = now
		t.After(v.standing.forget) // the idle time counts from what is remembered
		return v.Proofs.SaveSession(ctx, t, s)
	})
}

// Sessions lists a person's own live sessions, oldest first.
func (v *Service) Sessions(ctx context.Context, who id.Principal) (list []Session, err error) {
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		all, err := v.Proofs.Sessions(ctx, r, who)
		for _, s := range all {
			if s.Live(v.Now()) {
				list = append(list, s)
			}
		}
		return err
	})
	return list, err
}

// End ends one of a person's sessions.
func (v *Service) End(ctx context.Context, who id.Principal, which id.Session) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		s, err := v.Proofs.Session(ctx, t, which)
		if err != nil || s.Person != who {
			return fault.New(fault.NotFound, "session_not_found", "no such session is known")
		}
		if err := v.end(ctx, t, s, "signed out"); err != nil || s.Client == "" {
			return err
		}
		p, err := v.Store.Person(ctx, t, who) // a program that was sent away asks again before it comes back
		if err != nil {
			return err
		}
		p.Consents = slices.DeleteFunc(slices.Clone(p.Consents), func(c string) bool { return strings.HasPrefix(c, s.Client) })
		return v.Store.SavePerson(ctx, t, p)
	})
}

// SignOutEverywhere ends every session of a person: browsers and programs that act for them.
func (v *Service) SignOutEverywhere(ctx context.Context, who id.Principal) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return v.endAll(ctx, t, who, "", "signed out everywhere") })
}

// endAll ends all sessions of a person but one.
func (v *Service) endAll(ctx context.Context, t tx.Tx, who id.Principal, but id.Session, why string) error {
	list, err := v.Proofs.Sessions(ctx, t, who)
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
	t.After(v.standing.forget)
	if err := v.Proofs.SaveSession(ctx, t, s); err != nil {
		return err
	}
	return v.note(ctx, t, event.SessionEnded, caller(ctx), s.Person, map[string]string{"session": string(s.ID), "why": why})
}

// MayEnter says whether somebody of one realm may have tokens of another: it is their own, or they were let into it.
func (v *Service) MayEnter(ctx context.Context, who id.Principal, of, into id.Organisation) error {
	if of == into {
		return nil
	}
	ok := false
	if v.Enter != nil {
		var err error
		if ok, err = v.Enter(ctx, who, into); err != nil {
			return err
		}
	}
	if !ok {
		return fault.New(fault.Denied, "wrong_tenant", "nothing of yours is in that tenant: sign in to your own, or ask for delegated access first")
	}
	return nil
}

// InRealm is the realm somebody may have tokens of by this tenant: their own for a name that stands for everybody's.
func (v *Service) InRealm(ctx context.Context, who id.Principal, of id.Organisation, tenant string) (Realm, error) {
	ref := tenant
	if Everybody(tenant) {
		ref = string(of)
	}
	realm, err := v.Realm(ctx, ref)
	if err != nil {
		return realm, err
	}
	return realm, v.MayEnter(ctx, who, of, realm.ID)
}

// Everybody says whether a tenant's name stands for whichever the caller belongs to.
func Everybody(tenant string) bool {
	return tenant == "common" || tenant == "organizations" || tenant == "adfs"
}

// Prune forgets sessions and tickets that expired more than a day ago.
func (v *Service) Prune(ctx context.Context) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return v.Proofs.Prune(ctx, t, v.Now().Add(-24*time.Hour)) })
}
