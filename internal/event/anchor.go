package event

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Anchor is the state of the log at an instant. Signed and stored outside the database it reveals records that are cut off the
// end later.
type Anchor struct {
	Count     int64     `json:"count"`
	Head      string    `json:"head"` // hash of event Count; empty for an empty log
	At        time.Time `json:"at"`
	Prunes    bool      `json:"prunes,omitempty"`    // it is a checkpoint: the records up to it were removed. No other anchor is accepted as one
	Signature string    `json:"signature,omitempty"` // hex Ed25519 over the other fields
}

// Anchor is the unsigned anchor of the log as it is now.
func (l Log) Anchor(ctx context.Context, r tx.Read) (Anchor, error) {
	last, err := l.Store.Last(ctx, r)
	return Anchor{Count: last.Number, Head: last.Hash, At: l.Now().UTC().Round(0)}, err
}

// CodeNotGenuine is the code of the fault by which Check refuses an anchor.
const CodeNotGenuine = "anchor_not_genuine"

// Sign returns the anchor with its signature.
func (a Anchor) Sign(key ed25519.PrivateKey) (Anchor, error) {
	text, err := a.signed()
	a.Signature = hex.EncodeToString(ed25519.Sign(key, text))
	return a, err
}

// Check verifies the signature; Invalid when it is not this key's over these values.
func (a Anchor) Check(key ed25519.PublicKey) error {
	text, err := a.signed()
	if err != nil {
		return err
	}
	signature, err := hex.DecodeString(a.Signature)
	if err != nil || !ed25519.Verify(key, text, signature) {
		return fault.New(fault.Invalid, CodeNotGenuine,
			"the anchor of the event log does not carry this installation's signature: it was changed, or belongs to another one").Because(err)
	}
	return nil
}

func (a Anchor) signed() ([]byte, error) {
	a.Signature = ""
	a.At = a.At.UTC()
	return json.Marshal(a)
}

// Extends is an error unless the log still holds the newest record of an anchor; no other record is read. Only such a log may
// be anchored again: a new anchor would otherwise hide what the old one reveals.
func (l Log) Extends(ctx context.Context, r tx.Read, a Anchor) error {
	start, err := l.chainStart(ctx, r)
	if err != nil || start.Count > a.Count || a.Count == 0 {
		return err
	}
	head := start.Head
	if start.Count < a.Count {
		list, err := l.Store.Events(ctx, r, scope.All(), Filter{After: a.Count - 1, Limit: 1})
		if err != nil {
			return err
		}
		if len(list) == 0 || list[0].Number != a.Count {
			return chainBroken(a.Count, "it is in the anchor and is missing")
		}
		head = list[0].Hash
	}
	if head != a.Head {
		return chainBroken(a.Count, "it is not the record of the anchor")
	}
	return nil
}

// Covers verifies the chain and that it still contains the records up to the anchor. The log may have grown since, and those
// records may have been pruned.
func (l Log) Covers(ctx context.Context, r tx.Read, a Anchor) error {
	start, err := l.chainStart(ctx, r)
	if err == nil && start.Count == a.Count && start.Head != a.Head {
		err = chainBroken(a.Count, "the checkpoint is not the record of the anchor")
	}
	if err != nil {
		return err
	}
	count, _, err := l.walk(ctx, r, func(e Event) error {
		if e.Number == a.Count && e.Hash != a.Head {
			return chainBroken(e.Number, "it is not the record of the anchor")
		}
		return nil
	})
	if err == nil && count < a.Count {
		err = chainBroken(count+1, "the anchor is of records up to "+strconv.FormatInt(a.Count, 10)+", and these are missing")
	}
	return err
}

// Verification is the result of verifying the whole log. Holds is false when a record was changed, removed, moved or cut off;
// Broken says which was the first.
type Verification struct {
	Holds  bool   `json:"holds"`
	Count  int64  `json:"count"`            // number of the newest record
	Pruned int64  `json:"pruned,omitempty"` // records up to this one were exported and removed
	Head   string `json:"head"`             // hash of the newest
	Anchor Anchor `json:"anchor"`
	Broken string `json:"broken,omitempty"`
}

// Verification verifies every record, and the anchor: a log that is shorter than its anchor, or differs from it, does not hold.
// The error is that of reading the log.
func (l Log) Verification(ctx context.Context, r tx.Read, a Anchor) (Verification, error) {
	out := Verification{Anchor: a}
	last, err := l.Store.Last(ctx, r)
	if err != nil {
		return out, err
	}
	start, err := l.Store.Checkpoint(ctx, r)
	if err != nil {
		return out, err
	}
	out.Count, out.Head, out.Pruned = last.Number, last.Hash, start.Count
	err = l.Covers(ctx, r, a)
	if fault.CodeOf(err) == CodeChainBroken {
		out.Broken, err = err.Error(), nil
	}
	out.Holds = out.Broken == "" && err == nil
	return out, err
}
