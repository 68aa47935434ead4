package star

import (
	"context"
	"fmt"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Mismatch is one way in which stored rows of a batch are not those that were sealed, and what of them it is about.
type Mismatch struct{ Of, Text string }

// What a departure is about.
const (
	OfRows     = "rows"     // how many, and what they cost
	OfContent  = "content"  // all they say
	OfCurrency = "currency" // of each
)

// Mismatches holds the stored rows of a batch of daily usage against what was sealed: their number, their cost, their
// currency, and the digest of all they say.
func Mismatches(ctx context.Context, rows usage.RowStore, s scope.Scope, b usage.Batch) ([]Mismatch, error) {
	list, err := sumMismatches(ctx, rows, s, b)
	if err != nil {
		return nil, err
	}
	more, err := cellMismatches(ctx, rows, s, b)
	return append(list, more...), err
}

func sumMismatches(ctx context.Context, rows usage.RowStore, s scope.Scope, b usage.Batch) (out []Mismatch, err error) {
	have, cost := int64(0), money.Decimal{}
	entries := map[uint32]bool{}
	q := usage.Query{Batches: []usage.BatchRef{{Load: b.LoadNumber, Batch: b.Number}}}
	err = rows.Sums(ctx, s, q, func(x usage.Sum) error {
		have, cost = have+x.Rows, cost.Add(x.Cost)
		entries[x.Entry] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	if have != b.Rows || !cost.Equal(b.Cost) {
		out = append(out, Mismatch{OfRows, fmt.Sprintf("sealed with %d rows and %s, and the usage store has %d rows and %s", b.Rows, b.Cost, have, cost)})
	}
	return out, rows.Entries(ctx, s, b.LoadNumber, nil, func(e usage.EntryRecord) error {
		if c := e.Value[usage.BillingCurrency]; entries[e.Number] && c != string(b.Slot.Currency) {
			out = append(out, Mismatch{OfCurrency, fmt.Sprintf("a batch in %s has rows in %q", b.Slot.Currency, c)})
		}
		return nil
	})
}

// cellMismatches makes the digest of a batch again from its rows, and compares it cell by cell with what the store keeps.
func cellMismatches(ctx context.Context, rows usage.RowStore, s scope.Scope, b usage.Batch) (out []Mismatch, err error) {
	cells, err := rows.Cells(ctx, s, []uint32{b.Number})
	if err != nil {
		return nil, err
	}
	if CellsDigest(cells) != b.Digest {
		out = append(out, Mismatch{OfContent, "the usage store no longer has the cells that were sealed"})
	}
	again, err := recount(ctx, rows, s, cells)
	if err != nil {
		return nil, err
	}
	have := map[Key]usage.Cell{}
	for _, c := range again {
		have[Key{c.Batch, strings.ToLower(c.Entitlement), c.Day}] = c
	}
	for _, c := range cells {
		if x := have[Key{c.Batch, strings.ToLower(c.Entitlement), c.Day}]; x.Rows != c.Rows || x.Hash != c.Hash {
			text := fmt.Sprintf("the rows of entitlement %s on %s are not those that were sealed", c.Entitlement, c.Day)
			return append(out, Mismatch{OfContent, text}), nil // the first is enough
		}
	}
	return out, nil
}

// recount makes cells of one batch again from the rows that are stored.
func recount(ctx context.Context, rows usage.RowStore, s scope.Scope, cells []usage.Cell) ([]usage.Cell, error) {
	again := Cells{}
	var buf []byte
	err := rows.CellRows(ctx, s, cells, func(r usage.CellRow) error {
		h, b := FingerprintOf(&r, buf)
		buf = b
		again.At(Key{r.Batch, strings.ToLower(r.Entitlement), r.Day}).Add(h.Hi, h.Lo, r.Cost)
		return nil
	})
	return again.List(), err
}
