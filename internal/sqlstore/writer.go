package sqlstore

import (
	"context"
	"errors"
	"sync"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/failure"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// The open transactions this package hands out; nothing else implements tx.Read and tx.Tx for it.
type (
	reading struct {
		bun.Tx
		of *DB
	}
	writing struct {
		reading
		after *[]func()
	}
)

// CanRead marks a transaction that reads.
func (reading) CanRead() {}

// CanWrite marks a transaction that also writes.
func (writing) CanWrite() {}

// After keeps f for when the transaction is committed.
func (w writing) After(f func()) { *w.after = append(*w.after, f) }

func (r reading) open(d *DB) bun.Tx {
	if r.of != d {
		panic("sqlstore: a transaction of another database")
	}
	return r.Tx
}

// transaction is the open transaction behind r, which must be one of this database.
func (d *DB) transaction(r tx.Read) bun.Tx { return r.(interface{ open(*DB) bun.Tx }).open(d) }

// View runs f with a transaction that sees one state of the ledger and cannot change it.
func (d *DB) View(ctx context.Context, f func(context.Context, tx.Read) error) error {
	t, err := d.readers.BeginTx(ctx, d.dialect.read())
	if err != nil {
		return d.translate(err)
	}
	defer func() { _ = t.Rollback() }()
	return d.translate(f(ctx, reading{t, d}))
}

// Do runs f with a transaction that may write, and commits when f returns nil; otherwise, or when ctx has ended by
// then, nothing of it remains. Requests that arrive together share one commit, each behind a savepoint of its own.
// f is called on the caller's goroutine, may be called again when the database asks for it, and must not call Do.
func (d *DB) Do(ctx context.Context, f func(context.Context, tx.Tx) error) error {
	if ctx.Value(insideDo{}) == d {
		return fault.New(fault.Internal, "nested_transaction", "a transaction was asked for inside a transaction; nothing was changed")
	}
	if d.writer == nil {
		return fault.New(fault.Unavailable, "read_only",
			"the ledger can only be read by the account that runs this: nothing was changed; make the data directory writable, or work on a copy")
	}
	return d.translate(d.writer.do(context.WithValue(ctx, insideDo{}, d), f))
}

// insideDo marks the context handed to f, so that a nested Do is an error instead of waiting for itself forever.
type insideDo struct{}

const (
	// GroupSize is how many requests share one commit at most.
	GroupSize = 64
	maxTries  = 5 // of one group, when the database asks to run it again
)

// writer is the one place that writes. It gives each request its turn in the open transaction.
type writer struct {
	of       *DB
	db       *bun.DB
	dialect  dialect
	requests chan *request
	quit     chan struct{}
	stopped  chan struct{}
	once     sync.Once
}

type request struct {
	ctx  context.Context
	turn chan writing
	ran  chan error // what f returned, nil when its work may be kept
	done chan error // what came of it

	after []func() // what f wants done once it is committed
}

var errNotReturned = errors.New("the function of a transaction did not return")

func startWriter(d *DB) *writer {
	w := &writer{
		of: d, db: d.writers, dialect: d.dialect,
		requests: make(chan *request), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	go w.serve()
	return w
}

func (w *writer) stop() {
	w.once.Do(func() { close(w.quit) })
	<-w.stopped
}

func (w *writer) do(ctx context.Context, f func(context.Context, tx.Tx) error) error {
	r := &request{ctx: ctx, turn: make(chan writing), ran: make(chan error, 1), done: make(chan error, 1)}
	select {
	case w.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return fault.New(fault.Unavailable, "ledger_closed", "the ledger database is being closed: nothing was changed; try again")
	}
	for {
		select {
		case t := <-r.turn:
			r.run(t, f)
		case err := <-r.done:
			return err
		}
	}
}

// run calls f, and answers also when f panics or ends its goroutine. A statement interrupted half-way would take the
// whole group with it, so statements are not cancelled: the caller's context is looked at before and after.
func (r *request) run(t writing, f func(context.Context, tx.Tx) error) {
	err := errNotReturned
	defer func() { r.ran <- err }()
	if err = r.ctx.Err(); err != nil {
		return
	}
	err = errNotReturned
	if err = f(context.WithoutCancel(r.ctx), t); err == nil {
		err = r.ctx.Err()
	}
}

func (w *writer) serve() {
	defer close(w.stopped)
	for {
		select {
		case r := <-w.requests:
			w.group(r)
		case <-w.quit:
			return
		}
	}
}

// group runs one request, and those waiting behind it, until each has its answer.
func (w *writer) group(first *request) {
	members := []*request{first}
	for tries := 1; len(members) > 0; {
		kept, left, err := w.transact(members)
		if err != nil && w.dialect.Retry(err) && tries < maxTries {
			tries++
			members = append(kept, left...)
			continue
		}
		for _, r := range kept { // in the order in which they had their turns
			for i := 0; err == nil && i < len(r.after); i++ {
				r.after[i]()
			}
			r.done <- err
		}
		members = left
	}
}

// transact is one transaction. Requests whose function fails are answered and undone on the way. kept are those that
// share the fate err of the whole; left are those that had no turn.
func (w *writer) transact(members []*request) (kept, left []*request, err error) {
	t, err := w.begin()
	if err != nil {
		return members, nil, err
	}
	for i := 0; ; i++ {
		if i == len(members) {
			r := w.next(i)
			if r == nil {
				break
			}
			members = append(members, r)
		}
		r := members[i]
		failed, broken := w.runMember(t, r, len(kept) > 0)
		if broken != nil {
			_ = t.Rollback()
			return append(kept, r), members[i+1:], broken
		}
		if failed != nil && len(kept) == 0 { // nothing before it to keep, and no savepoint to return to
			_ = t.Rollback()
			r.done <- failed
			return nil, members[i+1:], nil
		}
		if failed != nil {
			r.done <- failed
			continue
		}
		kept = append(kept, r)
	}
	return kept, nil, w.commit(t)
}

// commit ends a transaction. When the database broke off meanwhile it may have been kept or not: whoever asked is told
// so, and how to find out, for giving a command again is not always harmless and giving it up is neither.
func (w *writer) commit(t bun.Tx) error {
	err := t.Commit()
	if err == nil || w.dialect.Retry(err) {
		return err
	}
	if !w.dialect.MayBeCommitted(err) {
		if w.dialect.lock() == "" { // SQLite
			_, _ = w.db.Exec("ROLLBACK") // it may have been left open, on the one connection that writes
		}
		return err
	}
	return failure.OutcomeUnknown(err)
}

func (w *writer) begin() (bun.Tx, error) {
	t, err := w.db.BeginTx(context.Background(), w.dialect.write())
	if err != nil || w.dialect.lock() == "" {
		return t, err
	}
	if _, err := t.Exec(w.dialect.lock()); err != nil {
		_ = t.Rollback()
		return t, err
	}
	return t, nil
}

// next is a request that is waiting already, or nil.
func (w *writer) next(have int) *request {
	if have >= GroupSize {
		return nil
	}
	select {
	case r := <-w.requests:
		return r
	default:
		return nil
	}
}

// runMember lets one request do its work. failed concerns this request alone; broken the whole transaction.
func (w *writer) runMember(t bun.Tx, r *request, savepoint bool) (failed, broken error) {
	if savepoint {
		if _, err := t.Exec("SAVEPOINT member"); err != nil {
			return nil, err
		}
	}
	r.after = nil
	r.turn <- writing{reading{t, w.of}, &r.after}
	failed = <-r.ran
	switch {
	case failed != nil && w.dialect.Retry(failed):
		return nil, failed
	case failed != nil && savepoint:
		_, broken = t.Exec("ROLLBACK TO SAVEPOINT member")
	case savepoint:
		_, broken = t.Exec("RELEASE SAVEPOINT member")
	}
	return failed, broken
}
