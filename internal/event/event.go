package event

import (
	"context"
	"encoding/json"
	"time"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Event is one record of the log. Number has no gaps; Hash covers everything before it and itself.
type Event struct {
	Number  int64           `json:"number"`
	At      time.Time       `json:"at"` // business clock
	Type    Type            `json:"type"`
	Actor   string          `json:"actor"`
	Subject string          `json:"subject"` // id of the thing it happened to
	Data    json.RawMessage `json:"data,omitempty"`
	Prev    string          `json:"prev"` // hex
	Hash    string          `json:"hash"` // hex SHA-256 over prev and the other fields
}

// Filter selects records; zero fields select all. From and To limit the instant, To excluded.
type Filter struct {
	After    int64 // number
	From, To time.Time
	Actor    string
	Action   string // a type, or the name of a command
	About    string // actor or subject
	Type     Type   // the type alone, not the name of a command
	Newest   bool   // the newest first
	Limit    int    // 0 is no limit
}

// Store stores the log and the answers under idempotency keys. It has no method that changes a record.
type Store interface {
	// Last is the newest event, zero before the first; within a writing transaction no other can append after it.
	Last(ctx context.Context, r tx.Read) (Event, error)
	Insert(ctx context.Context, t tx.Tx, e Event) error
	// Events lists events by number.
	Events(ctx context.Context, r tx.Read, s scope.Scope, f Filter) ([]Event, error)
	// Checkpoint is the anchor at which a pruned log begins; zero when nothing was pruned.
	Checkpoint(ctx context.Context, r tx.Read) (Anchor, error)
	// Prune stores a checkpoint, which must be of an existing record, and removes that record and all before it.
	Prune(ctx context.Context, t tx.Tx, checkpoint Anchor) error
	// Remembered is the stored answer to an idempotency key with the digest of its request; ok is false when unknown.
	Remembered(ctx context.Context, r tx.Read, key string) (digest string, answer []byte, ok bool, err error)
	Remember(ctx context.Context, t tx.Tx, key, digest string, answer []byte) error
	// Forget deletes the answers for which drop returns true, so that their commands can be done again. It returns how many.
	Forget(ctx context.Context, t tx.Tx, drop func(answer []byte) bool) (int, error)
}
