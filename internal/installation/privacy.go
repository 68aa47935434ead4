package installation

import (
	"context"
	"crypto/rand"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/safe"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/parties"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// newSafe builds the encryption of personal data, with every encrypted column and every store of data about people.
func (n *Installation) newSafe(events event.Log, guard access.Guard) *safe.Service {
	return &safe.Service{
		DB: n.DB, Store: parties.Safe{DB: n.DB}, Access: guard, Events: events, Jobs: job.Queue{Store: operations.Jobs{DB: n.DB}}, Now: events.Now,
		Realm: realmOf(parties.Identity{DB: n.DB}), Random: rand.Reader, Ring: n.Vault.Ring, AddKey: n.Vault.Rotate, Scrub: n.DB.Scrub,
		Columns: []safe.Column{
			parties.SealedColumn{DB: n.DB, Table: safe.PersonKeys, Key: "person", Column: "sealed"},
		},
		Sources: []safe.Source{
			{Name: "event_log", Export: recordsAbout(n.DB, events), Erase: nothingToErase},
			{Name: "answers", Export: nothingToExport, Erase: forgetAnswers(events)},
		},
	}
}

// realmOf is the realm of a person or program, erased people included; "" for a principal that never could sign in.
func realmOf(store identity.Store) func(context.Context, tx.Read, id.Principal) (id.Organisation, error) {
	return func(ctx context.Context, r tx.Read, who id.Principal) (id.Organisation, error) {
		a, err := store.Account(ctx, r, who)
		if fault.KindOf(err) == fault.NotFound {
			return "", nil
		}
		return a.Realm, err
	}
}

// recordsAbout are the records that name a person as actor or as subject.
func recordsAbout(db tx.DB, events event.Log) func(context.Context, id.Principal) (any, error) {
	return func(ctx context.Context, who id.Principal) (found any, err error) {
		err = db.View(ctx, func(ctx context.Context, r tx.Read) error {
			list, err := events.Store.Events(ctx, r, scope.All(), event.Filter{About: string(who)})
			if len(list) > 0 {
				found = list
			}
			return err
		})
		return found, err
	}
}

// forgetAnswers drops answers kept under idempotency keys that name a person: they may hold anything about them.
func forgetAnswers(events event.Log) func(context.Context, tx.Tx, id.Principal) (bool, error) {
	return func(ctx context.Context, t tx.Tx, who id.Principal) (bool, error) {
		n, err := events.Store.Forget(ctx, t, func(answer []byte) bool { return kernel.AnswerNames(answer, string(who)) })
		return n > 0, err
	}
}

// nothingToExport is for sources that hold no more about people than the records of the event log.
func nothingToExport(context.Context, id.Principal) (any, error) { return nil, nil }

// nothingToErase is for sources whose data about a person is kept after erasure: records, and their assignments.
func nothingToErase(context.Context, tx.Tx, id.Principal) (bool, error) { return false, nil }
