package people

import (
	"context"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// SignIn verifies a mail address and a password that come from somewhere. TooMany when too many others wait whose turn is
// before; nothing was verified then. Denied says nothing of which was wrong, or whether the person is known.
// A password from before their organisation had a provider of its own proves nothing while it has: who left there is out.
func (v *Service) SignIn(ctx context.Context, from factor.Origin, mail, password string) (Person, error) {
	var p Person
	_, federated, err := v.FederationFor(ctx, mail)
	if err != nil {
		return p, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		p, err = v.Store.PersonByLogin(ctx, r, v.loginOf(mail))
		return err
	})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return p, err
	}
	known := err == nil && p.State == identity.Active && p.Password != "" && !federated
	hash := factor.Decoy
	if known {
		hash = p.Password
	}
	matches, busy := v.matches(ctx, from, hash, password)
	if busy != nil {
		return Person{}, busy
	}
	right := matches && known
	if err != nil {
		v.Sessions.Attempts.CountUnrecorded(false)
		return Person{}, signInRefused()
	}
	return v.attempt(ctx, from, p.ID, "pwd", func(now Person) (Person, bool) {
		return now, right && now.Password == hash && now.State == identity.Active
	})
}

// matches says whether a hash is of a password, once it has its turn.
func (v *Service) matches(ctx context.Context, from factor.Origin, hash, password string) (right bool, err error) {
	err = v.Hashing.Do(ctx, from, func() { right = factor.Matches(hash, password) })
	return right, err
}

// proven is the origin of somebody who has proved who they are already, by a session or a one-time link.
func proven(who id.Principal) factor.Origin { return factor.Origin{Address: string(who), Known: true} }

// attempt counts an attempt to prove something by a method, and records what was refused: f says whether it was right and
// what it uses up. Somebody who has to wait is refused whatever they show, except in a browser that is known for them. Failures are forgotten by a whole sign-in only,
// so that half of one buys no more attempts.
func (v *Service) attempt(ctx context.Context, from factor.Origin, who id.Principal, method string, f func(Person) (Person, bool)) (Person, error) {
	var p Person
	exempt := from.Known || method == "hwk" // nobody guesses a passkey, and a known device has few attempts: others' keep nobody out
	refused := error(nil)
	err := v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) (err error) {
		if p, err = v.Store.Person(ctx, t, who); err != nil {
			return err
		}
		refused = nil
		now := v.Now()
		if p.State != identity.Active || now.Before(p.Waits) && !exempt {
			refused = signInRefused()
			return v.recordRejected(ctx, t, p, method)
		}
		after, right := f(p)
		if right {
			p = after
			return v.Store.SavePerson(ctx, t, p)
		}
		refused = signInRefused()
		p = p.failed(now)
		if err := v.Store.SavePerson(ctx, t, p); err != nil {
			return err
		}
		if err := v.Sessions.RecordRefusal(ctx, t, p.ID, p.Realm, method); err != nil || factor.WaitAfter(p.Failures) == 0 {
			return err
		}
		return v.Sessions.RecordLock(ctx, t, p.ID, p.Realm, method, p.Waits.UTC().Format(time.RFC3339))
	})
	if err != nil {
		return p, err
	}
	return p, refused
}

// recordRejected records an attempt that was rejected whatever was shown: a few of somebody who may not sign in, none of
// somebody who has to wait.
func (v *Service) recordRejected(ctx context.Context, t tx.Tx, p Person, method string) error {
	if p.State == identity.Active {
		v.Sessions.Attempts.CountUnrecorded(true)
		return nil
	}
	if !v.Sessions.Attempts.Record(string(p.ID), v.Now()) {
		return nil
	}
	return v.Sessions.RecordRefusal(ctx, t, p.ID, p.Realm, method, "state", string(p.State))
}

// Prove verifies a code of an authenticator app, or a recovery code, which is used up. The methods are what tokens say.
func (v *Service) Prove(ctx context.Context, from factor.Origin, who id.Principal, typed string) (methods []string, err error) {
	p, err := v.Person(ctx, who)
	if err != nil {
		return nil, err
	}
	var secret []byte
	if len(p.TOTP) > 0 {
		if secret, err = v.Sealer.Open(ctx, p.ID, p.TOTP); err != nil {
			return nil, err
		}
	}
	code, now := factor.Normalize(typed), v.Now()
	_, err = v.attempt(ctx, from, who, "otp", func(p Person) (Person, bool) {
		if secret != nil && len(code) == factor.CodeDigits {
			step, ok := factor.StepOf(secret, code, now, p.Step)
			if ok {
				p.Step = step
			}
			return p, ok
		}
		return p.withoutRecovery(identity.Digest(code))
	})
	if err != nil {
		return nil, err
	}
	return []string{"otp", "mfa"}, nil
}

// UsePasskey keeps what a passkey's ceremony left, after its signature was verified. One that was taken from the person
// in the meantime is refused.
func (v *Service) UsePasskey(ctx context.Context, who id.Principal, key string, record []byte) (Person, error) {
	return v.attempt(ctx, factor.Origin{}, who, "hwk", func(p Person) (Person, bool) {
		i := p.passkey(key)
		if i < 0 {
			return p, false
		}
		p.Passkeys = slices.Clone(p.Passkeys)
		p.Passkeys[i].Record, p.Passkeys[i].Used = record, v.Now()
		return p, true
	})
}

// HasMail says whether a mail address is a person's.
func (v *Service) HasMail(ctx context.Context, who id.Principal, mail string) (bool, error) {
	var p Person
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		p, err = v.Store.Person(ctx, r, who)
		return err
	})
	return err == nil && p.Login == v.loginOf(mail), err
}

// Needs says what a person who showed a password (or came from their own provider) must do before a session opens:
// prove a second factor they have, or get one.
func (v *Service) Needs(ctx context.Context, p Person) (proof, enrolment bool, err error) {
	realm, err := v.Manager.Directory.Realm(ctx, string(p.Realm))
	if err != nil {
		return false, false, err
	}
	must := mustProve(realm, p, v.Demo())
	return must && p.SecondFactor(), must && !p.SecondFactor(), nil
}

// FederationFor is the external provider that signs in people with this mail address; ok is false when we do.
func (v *Service) FederationFor(ctx context.Context, mail string) (f federation.Federation, ok bool, err error) {
	var p Person
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		p, err = v.Store.PersonByLogin(ctx, r, v.loginOf(mail))
		return err
	})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return f, false, err
	}
	return v.Federations.Serving(ctx, mail, p.Realm)
}

// OpenSession starts a session for somebody who proved who they are, and returns the secret of a browser's cookie. Denied
// when a second factor is missing; the person must still be one who may sign in.
func (v *Service) OpenSession(ctx context.Context, s sessions.Session) (sessions.Session, string, error) {
	s, secret, err := v.Sessions.NewBrowser(s)
	if err != nil {
		return s, "", err
	}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		p, err := v.Store.Person(ctx, t, s.Person)
		if err != nil {
			return err
		}
		realm, err := v.realm(ctx, t, p.Realm)
		if err != nil {
			return err
		}
		if p.State != identity.Active || mustProve(realm, p, v.Demo()) && !s.MFA {
			return signInRefused()
		}
		s.Realm = p.Realm
		if p.Failures > 0 {
			p.Failures = 0
			if err := v.Store.SavePerson(ctx, t, p); err != nil {
				return err
			}
		}
		return v.Sessions.Start(ctx, t, s)
	})
	return s, secret, err
}
