package event

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Auditor writes the audit records of requests. Whoever serves a request says what was requested, by whom and with which result;
// the auditor decides what is recorded. Each record is written in a transaction of its own.
type Auditor struct {
	DB  tx.DB
	Log Log
}

// Request is a request that was served or refused.
type Request struct {
	Actor   string
	Command Command
	Reads   bool  // it changes nothing
	Result  error // nil when it was done
	Answer  *Answer
}

// Answer is the answer to a command that was sent with an idempotency key.
type Answer struct {
	Key    string // the caller's own
	Digest string // of the request
	Text   []byte
}

// Record records a request, and stores its answer if there is one. Every command is recorded, whatever its result; a request
// that only reads is recorded when it was denied.
func (a Auditor) Record(ctx context.Context, r Request) error {
	if r.Reads && fault.KindOf(r.Result) != fault.Denied {
		return nil
	}
	return a.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		err := a.Log.Audit(ctx, t, r.Actor, r.Command, r.Result)
		if err != nil || r.Answer == nil {
			return err
		}
		return a.Log.Store.Remember(ctx, t, r.Answer.Key, r.Answer.Digest, r.Answer.Text)
	})
}

// Recall is the answer that was given to an idempotency key, see Log.Recall.
func (a Auditor) Recall(ctx context.Context, key, digest string) (answer []byte, ok bool, err error) {
	err = a.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		answer, ok, err = a.Log.Recall(ctx, r, key, digest)
		return err
	})
	return answer, ok, err
}

// Forget deletes the stored answers for which drop returns true.
func (a Auditor) Forget(ctx context.Context, drop func(answer []byte) bool) error {
	return a.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		_, err := a.Log.Store.Forget(ctx, t, drop)
		return err
	})
}

// Reader is the caller who is shown data. A reader of no organisation, such as the local operator, reads as the owner of the
// installation, and nothing is recorded.
type Reader struct {
	Actor string
	Realm id.Organisation
}

// Parties are the organisations that a thing belongs to together, such as the seller and the buyer of an invoice: for each of
// them it is their own. Empty ids are ignored.
type Parties []id.Organisation

// maxNamed is the largest number of organisations that a record of reading names; the rest is counted.
const maxNamed = 500

// Read records that the reader is about to be shown one thing, unless it is their own or belongs to nobody. The caller shows it
// only if Read returned no error: data is not shown if the record cannot be written.
func (a Auditor) Read(ctx context.Context, by Reader, command string, of Parties) error {
	return a.read(ctx, by, command, by.foreign(of))
}

// ReadMany is Read for several things: one record names the parties of all things that are not the reader's own, each once.
func (a Auditor) ReadMany(ctx context.Context, by Reader, command string, things []Parties) error {
	var owners []id.Organisation
	for _, of := range things {
		owners = append(owners, by.foreign(of)...)
	}
	slices.Sort(owners)
	return a.read(ctx, by, command, slices.Compact(owners))
}

// foreign are the parties, if the reader is none of them.
func (r Reader) foreign(of Parties) []id.Organisation {
	if r.Realm == "" || slices.Contains(of, r.Realm) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(of), func(o id.Organisation) bool { return o == "" })
}

func (a Auditor) read(ctx context.Context, by Reader, command string, owners []id.Organisation) error {
	if len(owners) == 0 {
		return nil
	}
	named := min(len(owners), maxNamed)
	r := Reading{Command: command, Realm: by.Realm, Organisations: owners[:named], More: len(owners) - named}
	return a.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return a.Log.AuditRead(ctx, t, by.Actor, r) })
}
