package safe

import (
	"context"
	"io"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/secret"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps the keys of people, sealed.
type Store interface {
	// PersonKey is a person's sealed key, empty when they have none; erased says that they never will.
	PersonKey(ctx context.Context, r tx.Read, who id.Principal) (sealed []byte, erased bool, err error)
	// AddPersonKey keeps a key, unless the person has one.
	AddPersonKey(ctx context.Context, t tx.Tx, who id.Principal, sealed []byte) error
	// ErasePerson destroys the key; had is false when there was none.
	ErasePerson(ctx context.Context, t tx.Tx, who id.Principal, at time.Time) (had bool, err error)
}

// Service seals and opens. Its Seal and Open are called outside transactions.
type Service struct {
	DB      tx.DB
	Store   Store
	Columns []Column // everything sealed with the ring
	Sources []Source // everything about people
	Access  access.Guard
	Events  event.Log
	Jobs    job.Queue
	Now     func() time.Time
	Random  io.Reader
	Realm   func(ctx context.Context, r tx.Read, who id.Principal) (id.Organisation, error) // whose somebody is, "" for nobody's
	Ring    func() (secret.Ring, error)                                                     // the installation's keys as they are now
	AddKey  func() error                                                                    // adds a key to them, which seals from now on
	Scrub   func(context.Context) error                                                     // overwrites what deleted rows left in the database's files
}

// PersonKeys is the place of people's keys, before the person's id: what a Column over them is called.
const PersonKeys = "person_key"

// keyNumber is the number of every person's own key: they never rotate, what they are sealed with does.
const keyNumber = 1

// Seal encrypts text with the person's key, which is made when it is the first. NotFound for who was erased.
func (v *Service) Seal(ctx context.Context, who id.Principal, text []byte) ([]byte, error) {
	sealed, err := v.key(ctx, who)
	if err == nil && len(sealed) == 0 {
		sealed, err = v.newKey(ctx, who)
	}
	if err != nil {
		return nil, err
	}
	ring, err := v.personRing(who, sealed)
	if err != nil {
		return nil, err
	}
	return ring.Seal(sealedAs(who), text)
}

// Open decrypts what Seal sealed for the person; NotFound once they are erased.
func (v *Service) Open(ctx context.Context, who id.Principal, text []byte) ([]byte, error) {
	sealed, err := v.key(ctx, who)
	if err != nil {
		return nil, err
	}
	if len(sealed) == 0 {
		return nil, fault.New(fault.NotFound, "key_gone", "%s has no key: their data cannot be read", who)
	}
	ring, err := v.personRing(who, sealed)
	if err != nil {
		return nil, err
	}
	return ring.Open(sealedAs(who), text)
}

func sealedAs(who id.Principal) string { return "person/" + string(who) }

func erased(who id.Principal) error {
	return fault.New(fault.NotFound, "person_erased", "%s was erased: their key was destroyed, and there will be no other", who)
}

// key is a person's sealed key, empty when they have none yet.
func (v *Service) key(ctx context.Context, who id.Principal) (sealed []byte, err error) {
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		var gone bool
		if sealed, gone, err = v.Store.PersonKey(ctx, r, who); gone {
			return erased(who)
		}
		return err
	})
	return sealed, err
}

// newKey draws a person's key. When two ask at once, both get the one that was kept.
func (v *Service) newKey(ctx context.Context, who id.Principal) (sealed []byte, err error) {
	ring, err := v.Ring()
	if err != nil {
		return nil, err
	}
	k, err := secret.NewKey(keyNumber-1, v.Random)
	if err != nil {
		return nil, err
	}
	drawn, err := ring.Seal(PersonKeys+"/"+string(who), k.Secret)
	if err != nil {
		return nil, err
	}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Store.AddPersonKey(ctx, t, who, drawn); err != nil {
			return err
		}
		var gone bool
		if sealed, gone, err = v.Store.PersonKey(ctx, t, who); gone {
			return erased(who)
		}
		return err
	})
	return sealed, err
}

// personRing is the ring of a person's one key.
func (v *Service) personRing(who id.Principal, sealed []byte) (secret.Ring, error) {
	ring, err := v.Ring()
	if err != nil {
		return secret.Ring{}, err
	}
	k, err := ring.Open(PersonKeys+"/"+string(who), sealed)
	if err != nil {
		return secret.Ring{}, err
	}
	return secret.NewRing([]secret.Key{{Number: keyNumber, Secret: k}}, v.Random)
}
