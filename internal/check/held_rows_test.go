package check_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// memoryRows answers the queries of rating from memory, once it has read a batch and the dictionaries of its load,
// which do not change once sealed. It adds up in Go, where the usage store does it in SQL. Preparing a statement
// costs the usage store more than all the rows of these tests do.
type memoryRows struct {
	usage.RowStore
	mu       sync.Mutex
	batches  map[uint32][]usage.CellRow
	texts    map[string]texts
	variants map[uint32][]usage.VariantRecord
	tagSets  map[uint32][]usage.TagSetRecord
}

type texts struct {
	numbers []uint32
	columns [][]string
}

func newMemoryRows(r usage.RowStore) usage.RowStore {
	return &memoryRows{RowStore: r, batches: map[uint32][]usage.CellRow{}, texts: map[string]texts{},
		variants: map[uint32][]usage.VariantRecord{}, tagSets: map[uint32][]usage.TagSetRecord{}}
}

// held returns the value kept under a key, and reads it first if there is none.
func held[K comparable, V any](h *memoryRows, kept map[K]V, key K, read func() (V, error)) (V, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v, known := kept[key]
	if known {
		return v, nil
	}
	v, err := read()
	if err == nil {
		kept[key] = v
	}
	return v, err
}

func (h *memoryRows) Texts(ctx context.Context, s scope.Scope, load uint32, columns []usage.Column, yield func([]uint32, [][]string) error) error {
	all, err := held(h, h.texts, fmt.Sprint(load, columns), func() (t texts, err error) {
		t.columns = make([][]string, len(columns))
		err = h.RowStore.Texts(ctx, s, load, columns, func(numbers []uint32, list [][]string) error {
			t.numbers = append(t.numbers, numbers...)
			for i := range list {
				t.columns[i] = append(t.columns[i], list[i]...)
			}
			return nil
		})
		return t, err
	})
	if err != nil || len(all.numbers) == 0 {
		return err
	}
	return yield(all.numbers, all.columns)
}

func (h *memoryRows) Variants(ctx context.Context, s scope.Scope, load uint32) ([]usage.VariantRecord, error) {
	return held(h, h.variants, load, func() ([]usage.VariantRecord, error) { return h.RowStore.Variants(ctx, s, load) })
}

func (h *memoryRows) TagSets(ctx context.Context, s scope.Scope, load uint32, yield func(usage.TagSetRecord) error) error {
	all, err := held(h, h.tagSets, load, func() (list []usage.TagSetRecord, err error) {
		err = h.RowStore.TagSets(ctx, s, load, func(r usage.TagSetRecord) error {
			list = append(list, r)
			return nil
		})
		return list, err
	})
	for _, r := range all {
		if err == nil {
			err = yield(r)
		}
	}
	return err
}

// batch is every row of a sealed batch.
func (h *memoryRows) batch(ctx context.Context, number uint32) ([]usage.CellRow, error) {
	return held(h, h.batches, number, func() (list []usage.CellRow, err error) {
		cells, err := h.Cells(ctx, scope.All(), []uint32{number})
		if err != nil {
			return nil, err
		}
		err = h.CellRows(ctx, scope.All(), cells, func(r usage.CellRow) error {
			r.Wide = slices.Clone(r.Wide)
			list = append(list, r)
			return nil
		})
		return list, err
	})
}

// Sums adds up the rows of batches that are not masked.
func (h *memoryRows) Sums(ctx context.Context, _ scope.Scope, q usage.Query, yield func(usage.Sum) error) error {
	type group struct {
		usage.Sum
		variant usage.Hash
	}
	masked := map[usage.Mask]bool{}
	for _, m := range q.Masks {
		masked[usage.Mask{Batch: m.Batch, Entitlement: strings.ToLower(m.Entitlement), Day: m.Day}] = true
	}
	groups := map[[5]uint32]*group{}
	for _, b := range q.Batches {
		rows, err := h.batch(ctx, b.Batch)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if !q.Period.Contains(r.Day) || masked[usage.Mask{Batch: r.Batch, Entitlement: strings.ToLower(r.Entitlement), Day: r.Day}] {
				continue
			}
			span := reached(q.Cuts, r.Day)
			key := [...]uint32{r.Batch, r.Entry, r.TagSet, r.Variant, uint32(span)}
			g := groups[key]
			if g == nil {
				g = &group{usage.Sum{Load: b.Load, Batch: r.Batch, Entry: r.Entry, TagSet: r.TagSet, Variant: r.Variant,
					EntryHash: r.EntryHash, TagHash: r.TagHash, Span: span}, r.VariantHash}
				groups[key] = g
			}
			add(&g.Sum, &r)
		}
	}
	var list []*group
	for _, g := range groups {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b *group) int {
		return cmp.Or(bytes.Compare(a.EntryHash[:], b.EntryHash[:]), bytes.Compare(a.TagHash[:], b.TagHash[:]), bytes.Compare(a.variant[:], b.variant[:]),
			cmp.Compare(a.Span, b.Span), cmp.Compare(a.Batch, b.Batch))
	})
	for _, g := range list {
		if err := yield(g.Sum); err != nil {
			return err
		}
	}
	return nil
}

// reached is how many cuts are not after a day.
func reached(cuts []period.Date, day period.Date) (n int) {
	for _, c := range cuts {
		if day >= c {
			n++
		}
	}
	return n
}

// add adds a row with its wide literals, which are passed separately.
func add(s *usage.Sum, r *usage.CellRow) {
	s.Rows++
	for column, to := range map[usage.Column]*money.Decimal{usage.Quantity: &s.Quantity, usage.BillingPreTaxTotal: &s.Cost, usage.PricingPreTaxTotal: &s.Pricing} {
		for _, w := range r.Wide {
			if w.Column == column {
				*to = to.Add(w.Value)
			}
		}
	}
	s.Quantity, s.Cost, s.Pricing = s.Quantity.Add(r.Quantity.Decimal()), s.Cost.Add(r.Cost.Decimal()), s.Pricing.Add(r.Pricing.Decimal())
}
