package operations

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Events keeps the event log and the idempotency records. Events carry no place: a scope that is not All sees none.
type Events struct{ DB *sqlstore.DB }

var _ event.Store = Events{}

type eventRow struct {
	bun.BaseModel `bun:"table:event"`
	Number        int64
	At            string
	Type          string
	Actor         string
	Subject       string
	Data          string
	Prev          string
	Hash          string
}

func (r eventRow) event() (event.Event, error) {
	at, err := sqlstore.ParseInstant(r.At)
	return event.Event{
		Number: r.Number, At: at, Type: event.Type(r.Type), Actor: r.Actor, Subject: r.Subject,
		Data: json.RawMessage(r.Data), Prev: r.Prev, Hash: r.Hash,
	}, err
}

// Last is the newest event, zero before the first. There is one writer at a time, so within a writing transaction it
// stays the newest.
func (x Events) Last(ctx context.Context, r tx.Read) (event.Event, error) {
	var row eventRow
	found, err := x.DB.Reader(r).Query("SELECT * FROM event ORDER BY number DESC LIMIT 1").One(ctx, &row)
	if err != nil || !found {
		return event.Event{}, err
	}
	return row.event()
}

// Insert adds an event; Conflict when its number is taken.
func (x Events) Insert(ctx context.Context, t tx.Tx, e event.Event) error {
	return sqlstore.Insert(ctx, x.DB.Writer(t), eventRow{
		Number: e.Number, At: sqlstore.Instant(e.At), Type: string(e.Type), Actor: e.Actor, Subject: e.Subject,
		Data: string(e.Data), Prev: e.Prev, Hash: e.Hash,
	})
}

// Events lists events by number, rising unless the newest are asked for first.
func (x Events) Events(ctx context.Context, r tx.Read, s scope.Scope, f event.Filter) ([]event.Event, error) {
	if !s.IsAll() {
		return nil, nil
	}
	var rows []eventRow
	where := []sqlstore.Fragment{sqlstore.SQL("number > ?", f.After), sqlstore.Equals("type", string(f.Type), "actor", f.Actor)}
	if !f.From.IsZero() {
		where = append(where, sqlstore.SQL("at >= ?", sqlstore.Instant(f.From)))
	}
	if !f.To.IsZero() {
		where = append(where, sqlstore.SQL("at < ?", sqlstore.Instant(f.To)))
	}
	if f.Action != "" {
		where = append(where, sqlstore.SQL("type = ? OR type = ? AND subject = ?", f.Action, string(event.CommandRun), f.Action))
	}
	if f.About != "" {
		where = append(where, sqlstore.SQL("actor = ? OR subject = ?", f.About, f.About))
	}
	order := sqlstore.SQL("number")
	if f.Newest {
		order = sqlstore.SQL("number DESC")
	}
	err := x.DB.Reader(r).Query("SELECT * FROM event WHERE ? ORDER BY ? LIMIT ?", sqlstore.And(where...), order, sqlstore.Limit(f.Limit)).All(ctx, &rows)
	if err != nil {
		return nil, err
	}
	return sqlstore.Each(rows, eventRow.event)
}

type checkpointRow struct {
	bun.BaseModel `bun:"table:event_checkpoint"`
	Number        int64
	Head          string
	At            string
	Signature     string
}

// Checkpoint is where the log begins.
func (x Events) Checkpoint(ctx context.Context, r tx.Read) (event.Anchor, error) {
	var row checkpointRow
	found, err := x.DB.Reader(r).Query("SELECT * FROM event_checkpoint ORDER BY number DESC LIMIT 1").One(ctx, &row)
	if err != nil || !found {
		return event.Anchor{}, err
	}
	at, err := sqlstore.ParseInstant(row.At)
	return event.Anchor{Count: row.Number, Head: row.Head, At: at, Prunes: true, Signature: row.Signature}, err
}

// Prune keeps a checkpoint and takes out what it saw: the database itself lets nothing else go.
func (x Events) Prune(ctx context.Context, t tx.Tx, c event.Anchor) error {
	q := x.DB.Writer(t)
	row := checkpointRow{Number: c.Count, Head: c.Head, At: sqlstore.Instant(c.At), Signature: c.Signature}
	if err := sqlstore.Insert(ctx, q, row); err != nil {
		return err
	}
	_, err := q.Exec(ctx, "DELETE FROM event WHERE number <= ?", c.Count)
	return err
}

// Remembered is what a key was answered.
func (x Events) Remembered(ctx context.Context, r tx.Read, key string) (digest string, answer []byte, ok bool, err error) {
	ok, err = x.DB.Reader(r).Query("SELECT digest, answer FROM remembered WHERE key = ?", key).One(ctx, &digest, &answer)
	return digest, answer, ok, err
}

// Forget drops answers.
func (x Events) Forget(ctx context.Context, t tx.Tx, drop func(answer []byte) bool) (n int, err error) {
	for after := ""; ; {
		var rows []struct {
			Key    string
			Answer []byte
		}
		if err := x.DB.Writer(t).Query("SELECT key, answer FROM remembered WHERE key > ? ORDER BY key LIMIT ?", after, sqlstore.ChunkRows).All(ctx, &rows); err != nil {
			return n, err
		}
		for _, r := range rows {
			if after = r.Key; !drop(r.Answer) {
				continue
			}
			if _, err := x.DB.Writer(t).Exec(ctx, "DELETE FROM remembered WHERE key = ?", r.Key); err != nil {
				return n, err
			}
			n++
		}
		if len(rows) < sqlstore.ChunkRows {
			return n, nil
		}
	}
}

// Remember keeps the answer to a key; Conflict when the key was answered before.
func (x Events) Remember(ctx context.Context, t tx.Tx, key, digest string, answer []byte) error {
	if answer == nil {
		answer = []byte{}
	}
	added, err := x.DB.Writer(t).Exec(ctx, "INSERT INTO remembered (key, digest, answer) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", key, digest, answer)
	if err == nil && added == 0 {
		err = fault.New(fault.Conflict, "key_used", "the key %q was answered already: nothing was changed", key)
	}
	return err
}
