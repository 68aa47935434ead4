package intake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// CodeRowsLost is the code of the Unavailable by which an import refuses a usage store that has not the rows which the
// ledger says were sealed. It is that of rating, which refuses the same.
const CodeRowsLost = "usage_store_incomplete"

// standing is how the usage store stands beside the ledger. Each of them can be restored from a backup without the
// other, and the store can be lost: what an import compares its rows with must be what was sealed.
type standing struct {
	lost      []departed // batches of which the store has other rows than were sealed
	sealed    int        // batches there are
	forgotten []uint32   // loads that the store has, and to which the ledger has not given a number yet: it is older
	rows      int64      // in them
	last      usage.BatchRef
}

// departed is a batch with the number of its rows that the store has.
type departed struct {
	usage.Batch
	have int64
}

// stand compares the two. The ledger is asked first: what is sealed by then is in the store before.
func (v *Service) stand(ctx context.Context, s scope.Scope) (out standing, err error) {
	var batches []usage.Batch
	var last uint32
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		if batches, err = v.Store.Batches(ctx, r, s, usage.BatchFilter{Dataset: usage.DailyUsage, Superseded: true}); err != nil {
			return err
		}
		last, _, err = v.Store.LastNumbers(ctx, r)
		return err
	})
	if err != nil {
		return out, err
	}
	have, err := v.Rows.Counted(ctx)
	if err != nil {
		return out, err
	}
	out.sealed = len(batches)
	for _, b := range batches {
		if n := have[usage.BatchRef{Load: b.LoadNumber, Batch: b.Number}]; n != b.Rows {
			out.lost = append(out.lost, departed{b, n})
		}
	}
	out.forgotten = forgotten(have, last)
	for b, n := range have {
		if b.Load > last {
			out.rows += n
			out.last.Load, out.last.Batch = max(out.last.Load, b.Load), max(out.last.Batch, b.Batch)
		}
	}
	return out, nil
}

// forgotten lists the loads of the usage store behind the last number that the ledger has given. A load is written
// after its number was reserved, so they were closed beside a newer ledger than this.
func forgotten(have map[usage.BatchRef]int64, last uint32) []uint32 {
	list := map[uint32]bool{}
	for b := range have {
		if b.Load > last {
			list[b.Load] = true
		}
	}
	return slices.Sorted(maps.Keys(list))
}

// whole is Unavailable unless the store has every row that was sealed.
func (x standing) whole() error {
	if len(x.lost) == 0 {
		return nil
	}
	var missing int64
	for _, b := range x.lost {
		missing += b.Rows - b.have
	}
	first := x.lost[0]
	return fault.New(fault.Unavailable, CodeRowsLost,
		"the usage store is not the one that belongs to this ledger: of %d of %d sealed batches it has other rows than were sealed (batch %s of %s: %d rows sealed, %d there; %d rows too few in all). "+
			"Nothing was imported, for rows that are sealed already would count twice. Stop the server and give \"purveyor usage rebuild\", which makes the usage store again from the archived files; then import again",
		len(x.lost), x.sealed, first.ID, first.Slot.Period, first.Rows, first.have, missing)
}

// Whole is Unavailable unless the usage store has the rows of every batch that the ledger sealed, by their number.
func (v *Service) Whole(ctx context.Context) error {
	x, err := v.stand(ctx, scope.All())
	if err != nil {
		return err
	}
	return x.whole()
}

// agree is whole, found out once for a process that has the stores to itself: from then on it is this process that
// changes both. What a newer ledger had sealed goes then: by this ledger it never counted, and its numbers are passed over.
func (v *Service) agree(ctx context.Context, s scope.Scope) (passed standing, err error) {
	v.agreeing.Lock()
	defer v.agreeing.Unlock()
	if v.agreed {
		return passed, nil
	}
	if passed, err = v.stand(ctx, s); err == nil {
		err = passed.whole()
	}
	for _, n := range passed.forgotten {
		if err == nil {
			err = v.Rows.Drop(ctx, n)
		}
	}
	v.agreed = err == nil
	return passed, err
}

// note says what became of loads that the ledger knows nothing of; "" when there are none.
func (x standing) note() string {
	if len(x.forgotten) == 0 {
		return ""
	}
	return fmt.Sprintf("the ledger is older than the usage store: %d rows of loads that it knows nothing of (%s) were taken out of the usage store, and their numbers are not used again; "+
		"if what they brought is missing, import their files again", x.rows, numbered(x.forgotten))
}

// numbered lists numbers of loads, the first of many.
func numbered(list []uint32) string {
	const shown = 5
	texts := make([]string, 0, shown+1)
	for i, n := range list {
		if i == shown {
			texts = append(texts, fmt.Sprint("… ", len(list)-shown, " more"))
			break
		}
		texts = append(texts, fmt.Sprint("number ", n))
	}
	return strings.Join(texts, ", ")
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
		loads, err := v.Store.Loads(ctx, r, grant.Scope)
		for _, l := range loads {
			known[l.Number] = true
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
		newer = forgotten(have, last)
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
			"If the wrong ledger was restored, put the newer one back now; the next import takes these rows out of the usage store", numbered(newer)))
	}
	return nil
}

// sealedTwice finds rows that were sealed twice: cells of a batch that count, and are those of an earlier batch of the same
// slot. No import seals what is sealed already, unless the usage store it looked into had lost it. The later ones are
// to be masked; rows says how many there are.
func sealedTwice(batches []usage.Batch, masks []usage.Mask, cells []usage.Cell) (again []usage.Mask, rows int64) {
	type place struct {
		slot        usage.Slot
		entitlement string
		day         period.Date
	}
	slots, hidden := map[uint32]usage.Slot{}, map[usage.Mask]bool{}
	for _, b := range batches {
		slots[b.Number] = b.Slot
	}
	for _, m := range masks {
		m.Entitlement = strings.ToLower(m.Entitlement)
		hidden[m] = true
	}
	first := map[place][]usage.Cell{}
	for _, c := range cells { // by batch, so earlier ones first
		slot, counts := slots[c.Batch]
		mask := usage.Mask{Batch: c.Batch, Entitlement: strings.ToLower(c.Entitlement), Day: c.Day}
		if !counts || hidden[mask] {
			continue
		}
		at := place{slot, mask.Entitlement, c.Day}
		if slices.ContainsFunc(first[at], func(x usage.Cell) bool { return x.Batch != c.Batch && x.Hash == c.Hash && x.Rows == c.Rows }) {
			again, rows = append(again, mask), rows+c.Rows
			continue
		}
		first[at] = append(first[at], c)
	}
	return again, rows
}

// Repeated finds rows that were sealed twice, and count twice, among batches that count.
func Repeated(ctx context.Context, rows usage.RowStore, s scope.Scope, batches []usage.Batch, masks []usage.Mask) ([]usage.Mask, int64, error) {
	shared := map[usage.Slot]int{}
	for _, b := range batches {
		if b.Slot.Dataset == usage.DailyUsage && b.State == usage.Sealed {
			shared[b.Slot]++
		}
	}
	counting := slices.DeleteFunc(slices.Clone(batches), func(b usage.Batch) bool { return b.State != usage.Sealed || shared[b.Slot] < 2 })
	if len(counting) == 0 {
		return nil, 0, nil
	}
	cells, err := rows.Cells(ctx, s, usage.Numbers(counting))
	if err != nil {
		return nil, 0, err
	}
	again, n := sealedTwice(counting, masks, cells)
	return again, n, nil
}

// once masks what was sealed twice, in the transaction that records the rebuilding: then no row counts twice.
func (v *Service) once(ctx context.Context, s scope.Scope, out *Rebuilt) (masks []usage.Mask, err error) {
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
	masks, out.Twice, err = Repeated(ctx, v.Rows, s, batches, hidden)
	return masks, err
}

// PassOver reserves every number up to those of another usage store, so that they are never given to other rows.
func (v *Service) PassOver(ctx context.Context, rows usage.RowStore) error {
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
