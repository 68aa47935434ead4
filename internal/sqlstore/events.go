package sqlstore

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Events keeps the event log and the idempotency records. Events carry no place: a scope that is not All sees none.
type Events struct{ DB *DB }

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
	at, err := parseInstant(r.At)
	return event.Event{
		Number: r.Number, At: at, Type: event.Type(r.Type), Actor: r.Actor, Subject: r.Subject,
		Data: json.RawMessage(r.Data), Prev: r.Prev, Hash: r.Hash,
	}, err
}

// Last is the newest event, zero before the first. There is one writer at a time, so within a writing transaction it
// stays the newest.
func (x Events) Last(ctx context.Context, r tx.Read) (event.Event, error) {
	var row eventRow
	found, err := one(ctx, x.DB.in(r).NewRaw("SELECT * FROM event ORDER BY number DESC LIMIT 1"), &row)
	if err != nil || !found {
		return event.Event{}, err
	}
	return row.event()
}

// Insert adds an event; Conflict when its number is taken.
func (x Events) Insert(ctx context.Context, t tx.Tx, e event.Event) error {
	return insert(ctx, x.DB.in(t), []eventRow{{
		Number: e.Number, At: instant(e.At), Type: string(e.Type), Actor: e.Actor, Subject: e.Subject,
		Data: string(e.Data), Prev: e.Prev, Hash: e.Hash,
	}}, false)
}

// Events lists events by number, rising unless the newest are asked for first.
func (x Events) Events(ctx context.Context, r tx.Read, s scope.Scope, f event.Filter) ([]event.Event, error) {
	if !s.IsAll() {
		return nil, nil
	}
	var rows []eventRow
	q := x.DB.in(r).NewSelect().Model(&rows).Where("number > ?", f.After)
	if f.Newest {
		q = q.Order("number DESC")
	} else {
		q = q.Order("number")
	}
	if f.Type != "" {
		q = q.Where("type = ?", string(f.Type))
	}
	if !f.From.IsZero() {
		q = q.Where("at >= ?", instant(f.From))
	}
	if !f.To.IsZero() {
		q = q.Where("at < ?", instant(f.To))
	}
	if f.Actor != "" {
		q = q.Where("actor = ?", f.Actor)
	}
	if f.Action != "" {
		q = q.Where("(type = ? OR type = ? AND subject = ?)", f.Action, string(event.CommandRun), f.Action)
	}
	if f.About != "" {
		q = q.Where("(actor = ? OR subject = ?)", f.About, f.About)
	}
	if f.Limit > 0 {
		q = q.Limit(int64(f.Limit))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}
	return each(rows, eventRow.event)
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
	found, err := one(ctx, x.DB.in(r).NewRaw("SELECT * FROM event_checkpoint ORDER BY number DESC LIMIT 1"), &row)
	if err != nil || !found {
		return event.Anchor{}, err
	}
	at, err := parseInstant(row.At)
	return event.Anchor{Count: row.Number, Head: row.Head, At: at, Prunes: true, Signature: row.Signature}, err
}

// Prune keeps a checkpoint and takes out what it saw: the database itself lets nothing else go.
func (x Events) Prune(ctx context.Context, t tx.Tx, c event.Anchor) error {
	q := x.DB.in(t)
	row := []checkpointRow{{Number: c.Count, Head: c.Head, At: instant(c.At), Signature: c.Signature}}
	if err := insert(ctx, q, row, false); err != nil {
		return err
	}
	_, err := q.NewRaw("DELETE FROM event WHERE number <= ?", c.Count).Exec(ctx)
	return err
}

// Remembered is what a key was answered.
func (x Events) Remembered(ctx context.Context, r tx.Read, key string) (digest string, answer []byte, ok bool, err error) {
	ok, err = one(ctx, x.DB.in(r).NewRaw("SELECT digest, answer FROM remembered WHERE key = ?", key), &digest, &answer)
	return digest, answer, ok, err
}

// Forget drops answers.
func (x Events) Forget(ctx context.Context, t tx.Tx, drop func(answer []byte) bool) (n int, err error) {
	for after := ""; ; {
		var rows []struct {
			Key    string
			Answer []byte
		}
		if err := x.DB.in(t).NewRaw("SELECT key, answer FROM remembered WHERE key > ? ORDER BY key LIMIT ?", after, insertChunk).Scan(ctx, &rows); err != nil {
			return n, err
		}
		for _, r := range rows {
			if after = r.Key; !drop(r.Answer) {
				continue
			}
			if _, err := x.DB.in(t).NewRaw("DELETE FROM remembered WHERE key = ?", r.Key).Exec(ctx); err != nil {
				return n, err
			}
			n++
		}
		if len(rows) < insertChunk {
			return n, nil
		}
	}
}

// Remember keeps the answer to a key; Conflict when the key was answered before.
func (x Events) Remember(ctx context.Context, t tx.Tx, key, digest string, answer []byte) error {
	if answer == nil {
		answer = []byte{}
	}
	added, err := changed(x.DB.in(t).NewRaw(
		"INSERT INTO remembered (key, digest, answer) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", key, digest, answer).Exec(ctx))
	if err == nil && added == 0 {
		err = fault.New(fault.Conflict, "key_used", "the key %q was answered already: nothing was changed", key)
	}
	return err
}
