package event

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// begin is the checkpoint the chain starts from, checked; zero for a log nothing was pruned from.
func (l Log) begin(ctx context.Context, r tx.Read) (Anchor, error) {
	c, err := l.Store.Checkpoint(ctx, r)
	if err != nil || c.Count == 0 {
		return c, err
	}
	if err = l.Genuine(c); fault.CodeOf(err) == CodeNotGenuine {
		err = broken(c.Count, "its checkpoint does not carry this installation's signature")
	}
	return c, err
}

// Export writes records as JSON lines, the oldest first, those a filter picks; it reads one page at a time. Read opens a
// transaction: a page each, for the log only grows while somebody slowly takes what is written.
func (l Log) Export(ctx context.Context, w io.Writer, s scope.Scope, f Filter, read func(context.Context, func(context.Context, tx.Read) error) error) error {
	f.Limit = page
	for {
		var list []Event
		err := read(ctx, func(ctx context.Context, r tx.Read) (err error) {
			list, err = l.Store.Events(ctx, r, s, f)
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range list {
			if err := e.line(w); err != nil {
				return err
			}
			f.After = e.Number
		}
		if len(list) < page {
			return nil
		}
	}
}

// line writes a record as an export holds it.
func (e Event) line(w io.Writer) error {
	b, err := json.Marshal(e)
	if err == nil {
		_, err = w.Write(append(b, '\n'))
	}
	return err
}

// Pruning asks for old records to be taken out: all up to Until. Export is the SHA-256, in hex, of the file that holds
// them, as Export writes it: whoever cannot show that has not exported them.
type Pruning struct {
	Until  int64
	Export string
	Keep   int // days that records are kept at least
}

// Checkpoint says what the log will begin with after a pruning, unsigned. Invalid when the records are too young or the
// export does not hold exactly them, from the first that is there; Internal when the chain is broken up to there.
func (l Log) Checkpoint(ctx context.Context, r tx.Read, p Pruning) (Anchor, error) {
	now := l.Now().UTC()
	c := Anchor{Count: p.Until, At: now, Prunes: true}
	young := now.AddDate(0, 0, -p.Keep)
	sum := sha256.New()
	last, _, err := l.walk(ctx, r, func(e Event) error {
		if e.Number > p.Until {
			return errFarEnough
		}
		if e.At.After(young) {
			return fault.New(fault.Invalid, "too_young", "record %d is of %s and records are kept for %d days: nothing was taken out; export and prune what is older",
				e.Number, e.At.Format(time.DateOnly), p.Keep)
		}
		c.Head = e.Hash
		return e.line(sum)
	})
	switch {
	case errors.Is(err, errFarEnough):
	case err != nil:
		return c, err
	default:
		return c, fault.New(fault.Invalid, "nothing_left", "the newest record, %d, is never taken out: nothing was; prune up to an older one", last)
	}
	if c.Head == "" {
		return c, fault.New(fault.Invalid, "pruned_already", "records up to %d are not there any more: nothing was taken out", p.Until)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.Export {
		return c, fault.New(fault.Invalid, "not_exported",
			"the export is not that of every record up to %d: nothing was taken out; export from the beginning, without a filter but the end", p.Until).
			With("export", "has another digest")
	}
	return c, nil
}

// errFarEnough ends a walk that has seen what it came for.
var errFarEnough = errors.New("far enough")

// Prune takes out what a signed checkpoint saw, and records that, with the digest of the export that holds it now.
func (l Log) Prune(ctx context.Context, t tx.Tx, actor string, c Anchor, p Pruning) error {
	if !c.Prunes || c.Count != p.Until {
		return fault.New(fault.Internal, "no_checkpoint", "this is no checkpoint of the pruning that was asked for; nothing was taken out")
	}
	if err := l.Genuine(c); err != nil {
		return err
	}
	if err := l.Store.Prune(ctx, t, c); err != nil {
		return err
	}
	return l.Append(ctx, t, LogPruned, actor, strconv.FormatInt(c.Count, 10), struct {
		Until  int64  `json:"until"`
		Head   string `json:"head"`
		Export string `json:"export"`
	}{c.Count, c.Head, p.Export})
}
