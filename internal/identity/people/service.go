package people

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service signs people in, and manages them, their credentials and their groups.
type Service struct {
	DB          tx.DB
	Store       Store
	Manager     identity.Manager
	Sessions    *sessions.Service
	Federations *federation.Service
	Sealer      identity.Sealer
	Events      event.Log
	Now         func() time.Time // the machine's clock
	Random      identity.Random
	Pepper      []byte // a key outside the database: without it nobody finds a person by a mail address they guess
	Name        string // what authenticator apps call this installation

	// Demo says whether this is demo data, in which staff may do without a second factor.
	Demo func() bool

	// Hashing bounds how many passwords are hashed at a time.
	Hashing *factor.Queue
}

// signInRefused says the same of an unknown person, a wrong password and one who has to wait.
func signInRefused() *fault.Fault {
	return fault.New(fault.Denied, "sign_in_refused",
		"that is not right, or there were too many tries: check the mail address and what you typed, and try again in a while")
}

// record appends to the event log what happened to a person. The data are ids and words only.
func (v *Service) record(ctx context.Context, t tx.Tx, typ event.Type, actor, subject id.Principal, data map[string]string) error {
	return identity.Record(ctx, t, v.Events, typ, actor, subject, data)
}

// Person is a person with their personal values open.
func (v *Service) Person(ctx context.Context, who id.Principal) (p Person, err error) {
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		p, err = v.Store.Person(ctx, r, who)
		return err
	})
	if err != nil {
		return p, err
	}
	return v.unsealed(ctx, p)
}

// change reads a person and saves what f makes of them, in a transaction of its own. f records what it does.
func (v *Service) change(ctx context.Context, who id.Principal, f func(context.Context, tx.Tx, identity.Realm, Person) (Person, error)) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		p, err := v.Store.Person(ctx, t, who)
		if err != nil {
			return err
		}
		realm, err := v.realm(ctx, t, p.Realm)
		if err != nil {
			return err
		}
		if p, err = f(ctx, t, realm, p); err != nil {
			return err
		}
		v.Sessions.Invalidate(t)
		return v.Store.SavePerson(ctx, t, p)
	})
}

// realm is a person's own.
func (v *Service) realm(ctx context.Context, r tx.Read, of id.Organisation) (identity.Realm, error) {
	return v.Manager.Directory.Store.Realm(ctx, r, scope.All(), string(of))
}
