package safe

import (
	"context"
	"strconv"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/secret"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Column is one column of the ledger whose values are sealed with the ring, each for the place Name/ref.
type Column interface {
	Name() string
	// Older lists values sealed with keys before a number, at most limit.
	Older(ctx context.Context, r tx.Read, key uint32, limit int) ([]Sealed, error)
	// Replace puts a value in place of another; replaced is false when that is not there any more.
	Replace(ctx context.Context, t tx.Tx, ref string, was, now []byte) (replaced bool, err error)
}

// Sealed is one value of a column.
type Sealed struct {
	Ref   string
	Value []byte
}

// Rotation is a key that was added, and the job that seals everything with it.
type Rotation struct {
	Key uint32 `json:"key"`
	Job id.Job `json:"job"`
}

// rotated is what is recorded of it.
type rotated struct {
	Key    uint32 `json:"key"`
	Values int    `json:"values,omitempty"` // that were sealed again
}

// Rotate adds a key, which seals from now on, and orders a job that seals with it what older keys sealed.
func (v *Service) Rotate(ctx context.Context) (Rotation, error) {
	grant, err := v.Access.Require(ctx, access.KeyRotate)
	if err != nil {
		return Rotation{}, err
	}
	if err := v.AddKey(); err != nil {
		return Rotation{}, err
	}
	ring, err := v.Ring()
	if err != nil {
		return Rotation{}, err
	}
	newest := strconv.FormatUint(uint64(ring.Newest()), 10)
	out := Rotation{Key: ring.Newest(), Job: job.ID(job.ResealValues, newest)}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Jobs.Enqueue(ctx, t, job.Job{Kind: job.ResealValues, Key: newest, Due: v.Now()}); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.KeyRotated, grant.Actor, newest, rotated{Key: out.Key})
	})
	return out, err
}

// batch is how many values are sealed again in one transaction.
const batch = 500

// Reseal is the job that seals with the newest key everything older ones sealed. Done again, it finds nothing to do.
func (v *Service) Reseal(ctx context.Context, j job.Job) (job.Effect, error) {
	grant, err := v.Access.Require(ctx, access.KeyRotate)
	if err != nil {
		return nil, err
	}
	ring, err := v.Ring()
	if err != nil {
		return nil, err
	}
	total := 0
	for _, c := range v.Columns {
		for {
			found, moved, err := v.resealSome(ctx, ring, c)
			if err != nil {
				return nil, err
			}
			if found == 0 {
				break
			}
			if total += moved; moved == 0 {
				return nil, fault.New(fault.Conflict, "values_moving", "values of %s changed while they were encrypted again; the rest will be tried again", c.Name())
			}
		}
	}
	return func(ctx context.Context, t tx.Tx) error {
		return v.Events.Append(ctx, t, event.ValuesResealed, grant.Actor, j.Key, rotated{ring.Newest(), total})
	}, nil
}

func (v *Service) resealSome(ctx context.Context, ring secret.Ring, c Column) (found, moved int, err error) {
	var old []Sealed
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		old, err = c.Older(ctx, r, ring.Newest(), batch)
		return err
	})
	if err != nil || len(old) == 0 {
		return 0, 0, err
	}
	again := make([][]byte, len(old))
	for i, s := range old {
		text, err := ring.Open(c.Name()+"/"+s.Ref, s.Value)
		if err != nil {
			return 0, 0, err
		}
		if again[i], err = ring.Seal(c.Name()+"/"+s.Ref, text); err != nil {
			return 0, 0, err
		}
	}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		moved = 0
		for i, s := range old {
			ok, err := c.Replace(ctx, t, s.Ref, s.Value, again[i])
			if err != nil {
				return err
			}
			if ok {
				moved++
			}
		}
		return nil
	})
	return len(old), moved, err
}
