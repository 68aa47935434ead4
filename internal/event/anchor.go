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

// Anchor says what the log was at an instant. Signed and kept outside the database it shows a tail cut off later.
type Anchor struct {
	Count     int64     `json:"count"`
	Head      string    `json:"head"` // hash of event Count; empty for an empty log
	At        time.Time `json:"at"`
	Prunes    bool      `json:"prunes,omitempty"`    // a checkpoint: what it saw was taken out. No other anchor passes for one
	Signature string    `json:"signature,omitempty"` // hex Ed25519 over the other fields
}

// Anchor is the unsigned anchor of the log as it is now.
func (l Log) Anchor(ctx context.Context, r tx.Read) (Anchor, error) {
	last, err := l.Store.Last(ctx, r)
	return Anchor{Count: last.Number, Head: last.Hash, At: l.Now().UTC().Round(0)}, err
}

// CodeNotGenuine is the code of the fault by which Check refuses an anchor.
const CodeNotGenuine = "anchor_not_genuine"

// Sign is the anchor with its signature.
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

// Extends says whether the log still holds the record an anchor saw, without a look at the others: only such a log may
// be anchored again, or a new anchor would hide that the old one shows a cut.
func (l Log) Extends(ctx context.Context, r tx.Read, a Anchor) error {
	start, err := l.begin(ctx, r)
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
			return broken(a.Count, "the anchor saw it and it is gone")
		}
		head = list[0].Hash
	}
	if head != a.Head {
		return broken(a.Count, "it is not the record the anchor saw")
	}
	return nil
}

// Covers verifies the chain and that it still contains what the anchor saw. The log may have grown since, and what the
// anchor saw may have been pruned.
func (l Log) Covers(ctx context.Context, r tx.Read, a Anchor) error {
	start, err := l.begin(ctx, r)
	if err == nil && start.Count == a.Count && start.Head != a.Head {
		err = broken(a.Count, "the checkpoint is not the record the anchor saw")
	}
	if err != nil {
		return err
	}
	count, _, err := l.walk(ctx, r, func(e Event) error {
		if e.Number == a.Count && e.Hash != a.Head {
			return broken(e.Number, "it is not the record the anchor saw")
		}
		return nil
	})
	if err == nil && count < a.Count {
		err = broken(count+1, "the anchor saw records up to "+strconv.FormatInt(a.Count, 10)+" and they are gone")
	}
	return err
}

// Verification is what looking at the whole log came to. Holds is false when a record was changed, taken out, moved or
// cut off; Broken says which was the first.
type Verification struct {
	Holds  bool   `json:"holds"`
	Count  int64  `json:"count"`            // number of the newest record
	Pruned int64  `json:"pruned,omitempty"` // records up to this one were exported and taken out
	Head   string `json:"head"`             // hash of the newest
	Anchor Anchor `json:"anchor"`
	Broken string `json:"broken,omitempty"`
}

// Verification looks at every record, and at the anchor: a log that is shorter than its anchor, or another one, does not hold.
// The error says that looking itself failed.
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
