package event

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Command is a command in an audit record. Input is the digest of all its arguments; Args holds only those that every reader
// of the log may see: no names of people, no secrets. Its duration is left out, so that the same commands leave the same log.
type Command struct {
	Name  string            `json:"command"`
	Args  map[string]string `json:"args,omitempty"`
	Input string            `json:"input,omitempty"`
}

// Outcome is the result of a command.
type Outcome string

// The outcomes: it was done; it was refused for a reason the caller can act on; it failed.
const (
	OutcomeDone    Outcome = "done"
	OutcomeRefused Outcome = "refused"
	OutcomeFailed  Outcome = "failed"
)

type audit struct {
	Command
	Outcome Outcome `json:"outcome"`
	Kind    string  `json:"error_kind,omitempty"`
	Code    string  `json:"error_code,omitempty"`
}

// Audit records a command and its outcome; result is its error. The transaction of a command that failed was rolled back, so
// its record is written in another.
func (l Log) Audit(ctx context.Context, t tx.Tx, actor string, c Command, result error) error {
	a := audit{Command: c, Outcome: OutcomeDone}
	if result != nil {
		a.Outcome, a.Kind, a.Code = OutcomeRefused, string(fault.KindOf(result)), fault.CodeOf(result)
		if k := fault.KindOf(result); k == fault.Internal || k == fault.Unavailable {
			a.Outcome = OutcomeFailed
		}
	}
	return l.Append(ctx, t, CommandRun, actor, c.Name, a)
}

// Reading is the record of somebody reading data of organisations other than their own.
type Reading struct {
	Command       string            `json:"command"`
	Realm         id.Organisation   `json:"realm"` // whose person or program the actor is
	Organisations []id.Organisation `json:"organisations"`
	More          int               `json:"more,omitempty"` // how many more there were
}

// AuditRead records a reading, in a transaction that commits before the answer is given: data is not shown if the record cannot
// be written. The subject is the organisation if there is only one.
func (l Log) AuditRead(ctx context.Context, t tx.Tx, actor string, r Reading) error {
	subject := ""
	if len(r.Organisations) == 1 {
		subject = string(r.Organisations[0])
	}
	return l.Append(ctx, t, DataRead, actor, subject, r)
}

// Digest identifies the input of a command: HMAC-SHA-256 of its JSON, hex. It takes a key because inputs hold secrets that
// readers of the log could otherwise guess.
func Digest(key []byte, input any) (string, error) {
	b, err := json.Marshal(input)
	if err != nil {
		return "", fault.New(fault.Internal, "input_not_json", "the input of a command cannot be written as JSON").Because(err)
	}
	sum := hmac.New(sha256.New, key)
	sum.Write(b)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Recall is the answer that was given to an idempotency key; ok is false when the key is new or empty. Conflict when it was used
// for other input.
func (l Log) Recall(ctx context.Context, r tx.Read, key, digest string) (answer []byte, ok bool, err error) {
	if key == "" {
		return nil, false, nil
	}
	have, answer, ok, err := l.Store.Remembered(ctx, r, key)
	if err != nil || !ok {
		return nil, false, err
	}
	if have != digest {
		return nil, false, fault.New(fault.Conflict, "key_reused",
			"this idempotency key was used for another request: nothing was done; send a new key").With("Idempotency-Key", "used for another request")
	}
	return answer, true, nil
}

// Once runs f, unless the key was answered before: then it returns that answer, and replayed is true. f's answer is stored in
// the same transaction as its changes; an error of f is not stored. Without a key it only runs f.
func (l Log) Once(ctx context.Context, t tx.Tx, key, digest string, f func(context.Context, tx.Tx) ([]byte, error)) (answer []byte, replayed bool, err error) {
	answer, replayed, err = l.Recall(ctx, t, key, digest)
	if err != nil || replayed {
		return answer, replayed, err
	}
	if answer, err = f(ctx, t); err != nil || key == "" {
		return answer, false, err
	}
	return answer, false, l.Store.Remember(ctx, t, key, digest, answer)
}
