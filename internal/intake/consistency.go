package intake

import (
	"context"
	"fmt"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/consistency"
)

// VerifyRows is Unavailable unless the usage store has the rows of every batch that the ledger sealed, by their number.
func (v *Service) VerifyRows(ctx context.Context) error {
	x, err := consistency.Compare(ctx, v.DB, v.Store, v.Rows, scope.All())
	if err != nil {
		return err
	}
	return x.Complete()
}

// compareOnce refuses as VerifyRows does, found out once for a process that has the stores to itself: from then on it is this process that
// changes both. What a newer ledger had sealed goes then: by this ledger it never counted, and its numbers are passed over.
func (v *Service) compareOnce(ctx context.Context, s scope.Scope) (passed consistency.Comparison, err error) {
	v.comparing.Lock()
	defer v.comparing.Unlock()
	if v.compared {
		return passed, nil
	}
	if passed, err = consistency.Compare(ctx, v.DB, v.Store, v.Rows, s); err == nil {
		err = passed.Complete()
	}
	for _, n := range passed.UnknownLoads {
		if err == nil {
			err = v.Rows.Drop(ctx, n)
		}
	}
	v.compared = err == nil
	return passed, err
}

// Recover drops what loads left behind that were interrupted before they were sealed. Call it before anything else.
// Loads of a newer ledger than this one stay until something is imported: perhaps the wrong ledger was restored.
func (v *Service) Recover(ctx context.Context) error {
	known := map[uint32]bool{}
	grant, err := v.Access.Require(ctx, access.UsageImport)
	if err != nil {
		return err
	}
	var last uint32
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		numbers, err := v.Store.LoadNumbers(ctx, r, grant.Scope)
		for _, n := range numbers {
			known[n] = true
		}
		if err == nil {
			last, _, err = v.Store.LastNumbers(ctx, r)
		}
		return err
	})
	if err != nil {
		return err
	}
	left, err := v.Rows.Loads(ctx)
	if err != nil {
		return err
	}
	var newer []uint32
	if len(left) > 0 && left[len(left)-1] > last {
		have, err := v.Rows.Counted(ctx)
		if err != nil {
			return err
		}
		newer = consistency.UnknownLoads(have, last)
	}
	for _, n := range left {
		if known[n] || slices.Contains(newer, n) {
			continue
		}
		if err := v.Rows.Drop(ctx, n); err != nil {
			return err
		}
	}
	if len(newer) > 0 && v.Warn != nil {
		v.Warn(fmt.Sprintf("the ledger is older than the usage store, which has loads that the ledger knows nothing of (%s): nothing was changed, and their rows do not count. "+
			"If the wrong ledger was restored, put the newer one back now; the next import takes these rows out of the usage store", consistency.ListNumbers(newer)))
	}
	return nil
}

// once masks what was sealed twice, in the transaction that records the rebuilding: then no row counts twice.
func (v *Service) maskRepeated(ctx context.Context, s scope.Scope, out *Rebuilt) (masks []usage.Mask, err error) {
	var batches []usage.Batch
	var hidden []usage.Mask
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		if batches, err = v.Store.Batches(ctx, r, s, usage.BatchFilter{Dataset: usage.DailyUsage}); err != nil {
			return err
		}
		hidden, err = v.Store.Masks(ctx, r, s, usage.Numbers(batches))
		return err
	})
	if err != nil {
		return nil, err
	}
	masks, out.Twice, err = consistency.Repeated(ctx, v.Rows, s, batches, hidden)
	return masks, err
}

// ReserveNumbers reserves every number up to those of another usage store, so that they are never given to other rows.
func (v *Service) ReserveNumbers(ctx context.Context, rows consistency.Rows) error {
	loads, err := rows.Loads(ctx)
	if err != nil {
		return err
	}
	counted, err := rows.Counted(ctx)
	if err != nil {
		return err
	}
	var to usage.BatchRef
	for _, n := range loads {
		to.Load = max(to.Load, n)
	}
	for b := range counted {
		to.Batch = max(to.Batch, b.Batch)
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		load, batch, err := v.Store.LastNumbers(ctx, t)
		for err == nil && (load < to.Load || batch < to.Batch) {
			if load, batch, err = v.Store.NextNumbers(ctx, t, maxSlots); err == nil {
				batch += maxSlots - 1
			}
		}
		return err
	})
}
