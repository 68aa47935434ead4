package event

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Log appends to the event log. Now is the business clock. Genuine is an error unless an anchor carries this
// installation's signature; a log without it accepts no checkpoint.
type Log struct {
	Store   Store
	Now     func() time.Time
	Genuine func(Anchor) error
}

// Append writes an event in the transaction of the change it describes. data becomes JSON; actor and subject are ids.
func (l Log) Append(ctx context.Context, t tx.Tx, typ Type, actor, subject string, data any) error {
	last, err := l.Store.Last(ctx, t)
	if err != nil {
		return err
	}
	body, err := json.Marshal(data)
	if err != nil {
		return fault.New(fault.Internal, "event_data", "the data of event %s cannot be written as JSON", typ).Because(err)
	}
	e := Event{
		Number: last.Number + 1, At: l.Now().UTC().Round(0), Type: typ, Actor: actor, Subject: subject, Data: body, Prev: last.Hash,
	}
	if e.Hash, err = e.digest(); err != nil {
		return err
	}
	return l.Store.Insert(ctx, t, e)
}

// digest is the hash of the record: SHA-256 over its JSON without the hash itself. Prev is among the fields, so it
// covers everything before it.
func (e Event) digest() (string, error) {
	b, err := json.Marshal(struct {
		Number  int64           `json:"number"`
		At      string          `json:"at"`
		Type    Type            `json:"type"`
		Actor   string          `json:"actor"`
		Subject string          `json:"subject"`
		Data    json.RawMessage `json:"data"`
		Prev    string          `json:"prev"`
	}{e.Number, e.At.UTC().Format(time.RFC3339Nano), e.Type, e.Actor, e.Subject, e.Data, e.Prev})
	if err != nil {
		return "", fault.New(fault.Internal, "event_data", "event %d holds data that is not JSON", e.Number).Because(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// page is how many events are in memory at a time while the chain is walked.
const page = 1000

// CodeChainBroken is the code of the fault by which Verify and Covers name the first record that is wrong.
const CodeChainBroken = "event_chain_broken"

// Verify walks the whole chain and returns how many events there are and the newest hash. The fault names the first
// record that was changed, removed or added. Records cut off the end are only found with an anchor: see Covers.
func (l Log) Verify(ctx context.Context, r tx.Read) (count int64, head string, err error) {
	return l.walk(ctx, r, func(Event) error { return nil })
}

// walk verifies and visits every record from the checkpoint on.
func (l Log) walk(ctx context.Context, r tx.Read, visit func(Event) error) (count int64, head string, err error) {
	start, err := l.chainStart(ctx, r)
	if err != nil {
		return 0, "", err
	}
	count, head = start.Count, start.Head
	first, err := l.Store.Events(ctx, r, scope.All(), Filter{After: math.MinInt64, Limit: 1})
	if err != nil {
		return count, head, err
	}
	if len(first) > 0 && first[0].Number <= count {
		return count, head, chainBroken(first[0].Number, "the log begins after it")
	}
	for {
		events, err := l.Store.Events(ctx, r, scope.All(), Filter{After: count, Limit: page})
		if err != nil {
			return count, head, err
		}
		for _, e := range events {
			if err := e.follows(count, head); err != nil {
				return count, head, err
			}
			if err := visit(e); err != nil {
				return count, head, err
			}
			count, head = e.Number, e.Hash
		}
		if len(events) < page {
			return count, head, nil
		}
	}
}

// follows is an error unless e is the record after number prev with hash head.
func (e Event) follows(prev int64, head string) error {
	if e.Number != prev+1 {
		return chainBroken(prev+1, "it is missing")
	}
	if e.Prev != head {
		return chainBroken(e.Number, "it does not follow the record before it")
	}
	if sum, err := e.digest(); err != nil || sum != e.Hash {
		return chainBroken(e.Number, "it was changed after it was written")
	}
	return nil
}

func chainBroken(number int64, why string) error {
	return fault.New(fault.Internal, CodeChainBroken,
		"event %d breaks the event log: %s; everything before it is as it was written; restore the ledger from a backup", number, why)
}
