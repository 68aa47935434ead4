// Package consistency owns whether the usage store has what the ledger sealed. Each can be restored from a backup without the other,
// and the store can be lost: what an import compares its rows with must be what was sealed.
//
// It changes neither. Always true: the ledger is asked first, for what is sealed by then was in the store before.
package consistency

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Rows is a usage store whose rows can be counted.
type Rows interface {
	usage.RowStore
	// Counted counts the rows of each batch of the loads that were closed, whatever the ledger knows of them.
	Counted(ctx context.Context) (map[usage.BatchRef]int64, error)
}

// CodeRowsLost is the code of the Unavailable by which an import refuses a usage store that has not the rows which the
// ledger says were sealed. It is that of rating, which refuses the same.
const CodeRowsLost = "usage_store_incomplete"

// Comparison is how the usage store differs from what the ledger sealed.
type Comparison struct {
	UnknownLoads []uint32       // loads that the store has, and to which the ledger has not given a number yet: it is older
	LastUnknown  usage.BatchRef // the last numbers of them

	incomplete []storedBatch // batches of which the store has other rows than were sealed
	sealed     int           // batches there are
	rows       int64         // of unknown loads
}

// storedBatch is a batch with the number of its rows that the store has.
type storedBatch struct {
	usage.Batch
	have int64
}

// Compare compares the usage store with the ledger.
func Compare(ctx context.Context, db tx.DB, store usage.Store, rows Rows, s scope.Scope) (out Comparison, err error) {
	var batches []usage.Batch
	var last uint32
	err = db.View(ctx, func(ctx context.Context, r tx.Read) error {
		if batches, err = store.Batches(ctx, r, s, usage.BatchFilter{Dataset: usage.DailyUsage, Superseded: true}); err != nil {
			return err
		}
		last, _, err = store.LastNumbers(ctx, r)
		return err
	})
	if err != nil {
		return out, err
	}
	have, err := rows.Counted(ctx)
	if err != nil {
		return out, err
	}
	out.sealed = len(batches)
	for _, b := range batches {
		if n := have[usage.BatchRef{Load: b.LoadNumber, Batch: b.Number}]; n != b.Rows {
			out.incomplete = append(out.incomplete, storedBatch{b, n})
		}
	}
	out.UnknownLoads = UnknownLoads(have, last)
	for b, n := range have {
		if b.Load > last {
			out.rows += n
			out.LastUnknown.Load, out.LastUnknown.Batch = max(out.LastUnknown.Load, b.Load), max(out.LastUnknown.Batch, b.Batch)
		}
	}
	return out, nil
}

// UnknownLoads lists the loads of the usage store behind the last number that the ledger has given. A load is written
// after its number was reserved, so they were closed beside a newer ledger than this.
func UnknownLoads(have map[usage.BatchRef]int64, last uint32) []uint32 {
	list := map[uint32]bool{}
	for b := range have {
		if b.Load > last {
			list[b.Load] = true
		}
	}
	return slices.Sorted(maps.Keys(list))
}

// Complete is Unavailable unless the store has every row that was sealed.
func (x Comparison) Complete() error {
	if len(x.incomplete) == 0 {
		return nil
	}
	var missing int64
	for _, b := range x.incomplete {
		missing += b.Rows - b.have
	}
	first := x.incomplete[0]
	return fault.New(fault.Unavailable, CodeRowsLost,
		"the usage store is not the one that belongs to this ledger: of %d of %d sealed batches it has other rows than were sealed (batch %s of %s: %d rows sealed, %d there; %d rows too few in all). "+
			"Nothing was imported, for rows that are sealed already would count twice. Stop the server and give \"purveyor usage rebuild\", which makes the usage store again from the archived files; then import again",
		len(x.incomplete), x.sealed, first.ID, first.Slot.Period, first.Rows, first.have, missing)
}

// Note says what became of loads that the ledger knows nothing of; "" when there are none.
func (x Comparison) Note() string {
	if len(x.UnknownLoads) == 0 {
		return ""
	}
	return fmt.Sprintf("the ledger is older than the usage store: %d rows of loads that it knows nothing of (%s) were taken out of the usage store, and their numbers are not used again; "+
		"if what they brought is missing, import their files again", x.rows, ListNumbers(x.UnknownLoads))
}

// ListNumbers lists numbers of loads, the first of many.
func ListNumbers(list []uint32) string {
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
