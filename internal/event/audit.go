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

// Command is a command somebody ran, as the audit record keeps it. Input is the digest of all its arguments; Args
// holds only those that may be read by anybody who reads the log: no names of people, no secrets. How long it took is
// left out, so that the same commands leave the same log.
type Command struct {
	Name  string            `json:"command"`
	Args  map[string]string `json:"args,omitempty"`
	Input string            `json:"input,omitempty"`
}

// Outcome is what came of a command.
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

// Audit records a command and what came of it; result is its error. A command that failed took its transaction with
// it, so its record is written in one of its own.
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

// Reading is what somebody read of organisations that are not their own.
type Reading struct {
	Command       string            `json:"command"`
	Realm         id.Organisation   `json:"realm"` // whose person or program the actor is
	Organisations []id.Organisation `json:"organisations"`
	More          int               `json:"more,omitempty"` // how many there were besides
}

// AuditRead records a reading, in a transaction that commits before the answer is given: what could not be recorded is
// not read. The subject is the organisation when it is one.
func (l Log) AuditRead(ctx context.Context, t tx.Tx, actor string, r Reading) error {
	subject := ""
	if len(r.Organisations) == 1 {
		subject = string(r.Organisations[0])
	}
	return l.Append(ctx, t, DataRead, actor, subject, r)
}

// Digest names the input of a command: HMAC-SHA-256 of its JSON, hex. The log is read by many and inputs hold secrets
// that can be guessed, so it takes a key.
func Digest(key []byte, input any) (string, error) {
	b, err := json.Marshal(input)
	if err != nil {
		return "", fault.New(fault.Internal, "input_not_json", "the input of a command cannot be written as JSON").Because(err)
	}
	sum := hmac.New(sha256.New, key)
	sum.Write(b)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Recall is the answer given to an idempotency key before; ok is false when the key is new or empty. Conflict when it
// was used for other input.
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

// Once runs f, unless the key was answered before: then it returns that answer, and replayed is true. f's answer is
// remembered in the same transaction as its changes; an error of f is not remembered. Without a key f just runs.
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
