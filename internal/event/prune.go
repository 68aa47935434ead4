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

// chainStart is the verified checkpoint from which the chain starts; zero for a log that was never pruned.
func (l Log) chainStart(ctx context.Context, r tx.Read) (Anchor, error) {
	c, err := l.Store.Checkpoint(ctx, r)
	if err != nil || c.Count == 0 {
		return c, err
	}
	if err = l.Genuine(c); fault.CodeOf(err) == CodeNotGenuine {
		err = chainBroken(c.Count, "its checkpoint does not carry this installation's signature")
	}
	return c, err
}

// Export writes the records that a filter selects as JSON lines, oldest first. Read opens a transaction; each page is read in
// one of its own, so that a slow client holds none open.
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
			if err := e.writeLine(w); err != nil {
				return err
			}
			f.After = e.Number
		}
		if len(list) < page {
			return nil
		}
	}
}

// writeLine writes a record as a line of an export.
func (e Event) writeLine(w io.Writer) error {
	b, err := json.Marshal(e)
	if err == nil {
		_, err = w.Write(append(b, '\n'))
	}
	return err
}

// Pruning is a request to remove all records up to Until. Export is the SHA-256, in hex, of the file that Export wrote of them:
// it proves that they were exported.
type Pruning struct {
	Until  int64
	Export string
	Keep   int // days that records are kept at least
}

// Checkpoint is the unsigned anchor at which the log will begin after a pruning. Invalid when the records are too recent or the
// export is not of exactly these records, from the first one on; Internal when the chain is broken before that point.
func (l Log) Checkpoint(ctx context.Context, r tx.Read, p Pruning) (Anchor, error) {
	now := l.Now().UTC()
	c := Anchor{Count: p.Until, At: now, Prunes: true}
	young := now.AddDate(0, 0, -p.Keep)
	sum := sha256.New()
	last, _, err := l.walk(ctx, r, func(e Event) error {
		if e.Number > p.Until {
			return errStop
		}
		if e.At.After(young) {
			return fault.New(fault.Invalid, "too_young", "record %d is of %s and records are kept for %d days: nothing was deleted; export and prune older records",
				e.Number, e.At.Format(time.DateOnly), p.Keep)
		}
		c.Head = e.Hash
		return e.writeLine(sum)
	})
	switch {
	case errors.Is(err, errStop):
	case err != nil:
		return c, err
	default:
		return c, fault.New(fault.Invalid, "nothing_left", "the newest record, %d, is never deleted: nothing was deleted; prune up to an older one", last)
	}
	if c.Head == "" {
		return c, fault.New(fault.Invalid, "pruned_already", "records up to %d were deleted before: nothing was deleted", p.Until)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.Export {
		return c, fault.New(fault.Invalid, "not_exported",
			"the export does not hold every record up to %d: nothing was deleted; export from the beginning, with no other filter than the end", p.Until).
			With("export", "has another digest")
	}
	return c, nil
}

// errStop ends a walk early.
var errStop = errors.New("far enough")

// Prune removes the records up to a signed checkpoint, and records that with the digest of their export.
func (l Log) Prune(ctx context.Context, t tx.Tx, actor string, c Anchor, p Pruning) error {
	if !c.Prunes || c.Count != p.Until {
		return fault.New(fault.Internal, "no_checkpoint", "this is not the checkpoint of the requested pruning; nothing was deleted")
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
