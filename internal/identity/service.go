package identity

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service signs people and programs in, keeps their credentials and answers for their sessions.
type Service struct {
	DB     tx.DB
	Store  Store
	Proofs Proofs
	Trusts Trusts
	Sealer Sealer
	Events event.Log
	Now    func() time.Time // the machine's clock
	Random io.Reader        // of cryptographic strength
	Pepper []byte           // a key outside the database: without it nobody finds a person by a mail address they guess
	Name   string           // what authenticator apps call this installation

	// Demo says whether this is demo data, in which staff may do without a second factor.
	Demo func() bool
	// May answers where the caller in the context may see, or change, people and programs. The fault is Denied.
	May func(ctx context.Context, change bool) (scope.Scope, error)
	// Crown makes the first person of a realm its global admin.
	Crown func(ctx context.Context, t tx.Tx, who id.Principal, r Realm) error
	// Admins are whom and which groups a realm's global admin role was given to; nil is not known.
	Admins func(ctx context.Context, r tx.Read, realm id.Organisation) ([]id.Principal, []id.Group, error)
	// Exceeds is Denied where somebody, or a group, of a realm may do what the caller may not; of nobody, where the caller is
	// no global admin of it. Nil is never.
	Exceeds func(ctx context.Context, r tx.Read, realm id.Organisation, who id.Principal, group id.Group) error
	// Enter says whether a person of one realm may ask for tokens of another's; nil is never.
	Enter func(ctx context.Context, who id.Principal, into id.Organisation) (bool, error)

	standing standing
	tries    factor.Refusals
	hashing  sync.Mutex // a password at a time: 19 MiB and both passes are spent on purpose, and only once
}

// refusedSignIn says the same of an unknown person, a wrong password and one who has to wait.
func refusedSignIn() *fault.Fault {
	return fault.New(fault.Denied, "sign_in_refused",
		"that is not right, or there were too many tries: check the mail address and what you typed, and try again in a while")
}

// note records what happened to a person or program. Ids and words only.
func (v *Service) note(ctx context.Context, t tx.Tx, typ event.Type, actor, subject id.Principal, data map[string]string) error {
	return v.Events.Append(ctx, t, typ, string(actor), string(subject), data)
}

// caller is who asks, for records.
func caller(ctx context.Context) id.Principal {
	who, ok := Caller(ctx)
	if !ok {
		return "nobody"
	}
	return who.ID
}

// Realm is the organisation a tenant, id or key names; the partner for "".
func (v *Service) Realm(ctx context.Context, ref string) (realm Realm, err error) {
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		realm, err = v.Store.Realm(ctx, r, scope.All(), ref)
		return err
	})
	return realm, err
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
	return v.opened(ctx, p)
}

// change reads a person and saves what f makes of them, in a transaction of its own. What f records is said by note.
func (v *Service) change(ctx context.Context, who id.Principal, f func(context.Context, tx.Tx, Realm, Person) (Person, error)) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		p, err := v.Store.Person(ctx, t, who)
		if err != nil {
			return err
		}
		realm, err := v.Store.Realm(ctx, t, scope.All(), string(p.Realm))
		if err != nil {
			return err
		}
		if p, err = f(ctx, t, realm, p); err != nil {
			return err
		}
		t.After(v.standing.forget)
		return v.Store.SavePerson(ctx, t, p)
	})
}

func (v *Service) demo() bool { return v.Demo != nil && v.Demo() }
