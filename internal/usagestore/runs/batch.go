package runs

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"sort"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// batch holds the rows of one batch. Rows of a run are contiguous, in order of their days.
type batch struct {
	first period.Date // day 0 of the batch
	days  uint64      // days with rows, one bit each
	runs  []run
	rows  column
	extra []extra
}

// run is rows that differ in day and amounts only. quantity and cost are their sums, without the extras.
type run struct {
	entry, tagSet, variant uint32
	start, end             uint32 // its rows, in rows of the batch
	days                   uint64 // days with rows, one bit each
	quantity, cost         wide
}

// column holds rows as arrays of days and amounts, in units of 10^-18: 25 bytes a row.
type column struct {
	day                []uint8
	quantityHi, costHi []int32
	quantityLo, costLo []uint64
}

// extra is an amount too long for its row, which holds 0 instead.
type extra struct {
	run            int
	day            uint8
	quantity, cost money.Decimal
}

const (
	rowBytes, runBytes = 25, 64
	maxDays            = 64
	maxRows            = 1 << 31
	maxExtras          = 10_000
)

// read reads a batch. The caller holds the lock of the load.
func (v *Store) read(ctx context.Context, l *load, number uint32) (*batch, error) {
	b := &batch{}
	closed, err := v.source.SortedRows(ctx, usage.BatchRef{Load: l.number, Batch: number}, func(rows int64, first period.Date) error {
		if rows >= maxRows {
			return errNotKept
		}
		b.first, b.rows = first, newColumn(int(rows))
		return v.reserve(l, rows*rowBytes)
	}, func(r *rating.Rows) error {
		before := len(b.runs)
		if err := b.append(r); err != nil {
			return err
		}
		return v.reserve(l, int64(len(b.runs)-before)*runBytes)
	})
	if err != nil || !closed {
		return nil, err
	}
	b.runs = slices.Clip(b.runs)
	wides, err := v.source.Wide(ctx, scope.All(), []uint32{number})
	if err != nil {
		return nil, err
	}
	return b, b.addWides(wides)
}

func newColumn(n int) column {
	return column{
		day: make([]uint8, 0, n), quantityHi: make([]int32, 0, n), costHi: make([]int32, 0, n),
		quantityLo: make([]uint64, 0, n), costLo: make([]uint64, 0, n),
	}
}

// append adds rows, which are sorted.
func (b *batch) append(r *rating.Rows) error {
	for i := range r.Day {
		at := int(r.Day[i]) - b.first.Days()
		if at < 0 || at >= maxDays {
			return errNotKept
		}
		last := len(b.runs) - 1
		if last < 0 || b.runs[last].entry != r.Entry[i] || b.runs[last].tagSet != r.TagSet[i] || b.runs[last].variant != r.Variant[i] {
			start := uint32(len(b.rows.day))
			b.runs = append(b.runs, run{entry: r.Entry[i], tagSet: r.TagSet[i], variant: r.Variant[i], start: start})
			last++
		}
		if err := b.put(last, uint8(at), r.Quantity[i], r.Cost[i]); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) put(at int, day uint8, quantity, cost money.Fixed) error {
	if !fits(quantity) || !fits(cost) {
		if len(b.extra) == maxExtras {
			return errNotKept
		}
		b.extra = append(b.extra, extra{at, day, quantity.Decimal(), cost.Decimal()})
		quantity, cost = money.Fixed{}, money.Fixed{}
	}
	c, r := &b.rows, &b.runs[at]
	c.day = append(c.day, day)
	c.quantityHi, c.quantityLo = append(c.quantityHi, int32(quantity.Hi)), append(c.quantityLo, quantity.Lo)
	c.costHi, c.costLo = append(c.costHi, int32(cost.Hi)), append(c.costLo, cost.Lo)
	r.end, r.days, b.days = uint32(len(c.day)), r.days|1<<day, b.days|1<<day
	r.quantity.add(quantity.Hi, quantity.Lo)
	r.cost.add(cost.Hi, cost.Lo)
	return nil
}

func fits(x money.Fixed) bool { return x.Hi == int64(int32(x.Hi)) }

// addWides adds the amounts of the batch that are too long for its rows.
func (b *batch) addWides(list []usage.WideValue) error {
	for _, w := range list {
		if w.Column != usage.Quantity && w.Column != usage.BillingPreTaxTotal {
			continue
		}
		at, found := sort.Find(len(b.runs), func(i int) int {
			r := &b.runs[i]
			return cmp.Or(cmp.Compare(w.Fact.Entry, r.entry), cmp.Compare(w.Fact.TagSet, r.tagSet), cmp.Compare(w.Fact.Variant, r.variant))
		})
		day := w.Fact.Day.Days() - b.first.Days()
		if !found || day < 0 || day >= maxDays || len(b.extra) == maxExtras {
			return errNotKept
		}
		x := extra{run: at, day: uint8(day)}
		if x.quantity = w.Value; w.Column == usage.BillingPreTaxTotal {
			x.quantity, x.cost = money.Decimal{}, w.Value
		}
		b.extra = append(b.extra, x)
	}
	return nil
}

// within is the set of days of the batch that are in a period.
func (b *batch) within(p period.Period) (days uint64) {
	for i := range maxDays {
		if p.Contains(b.first.AddDays(i)) {
			days |= 1 << i
		}
	}
	return days
}

// each calls f with every day of a set.
func each(days uint64, f func(day int)) {
	for ; days != 0; days &= days - 1 {
		f(bits.TrailingZeros64(days))
	}
}
