package runs

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// maxSums is the maximum number of sums of one batch. A query that needs more is answered by the usage store.
const maxSums = 1 << 19

// Runs adds up the rows of a query; held is false, and nothing was yielded, if the rows are not kept.
func (v *Store) Runs(ctx context.Context, s scope.Scope, q usage.Query, r rating.Reading, yield func(class int, t *rating.Total) error) (held bool, err error) {
	batches := slices.Clone(q.Batches)
	slices.SortFunc(batches, func(a, b usage.BatchRef) int {
		return cmp.Or(cmp.Compare(a.Load, b.Load), cmp.Compare(a.Batch, b.Batch))
	})
	batches = slices.Compact(batches)
	loads, fits := v.loadsOf(batches)
	if !fits {
		return false, nil
	}
	defer v.evict()
	var parts []*part
	for _, b := range batches {
		p, err := v.part(ctx, loads[b.Load], b.Batch, s, &q, &r)
		if err == nil && total(loads) > v.maxBytes {
			v.reject(batches)
			err = errNotKept
		}
		if errors.Is(err, errNotKept) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if p != nil {
			parts = append(parts, p)
		}
	}
	for _, p := range parts {
		if err := p.yield(yield); err != nil {
			return true, err
		}
	}
	return true, nil
}

// total is the size of loads in bytes.
func total(loads map[uint32]*load) (bytes int64) {
	for _, l := range loads {
		bytes += l.bytes.Load()
	}
	return bytes
}

// part is the part of a query that concerns one batch.
type part struct {
	*batch
	reading          *rating.Reading
	mask             rowMask
	dims, priceClass *tuple
	tags, picks      *lists
	*prices
	slots   []slot
	slot    [maxDays]int32
	spans   int
	classes [][]int32 // of priceClass, by kind, picks and span
	index   baseIndex
	list    []base
	of      []uint32 // base of each run and span
	sums    []sum
	extras  map[int][3]money.Decimal
}

// slot is a range of days that are added up together.
type slot struct {
	span int
	day  period.Date
}

// base is what identifies a sum, except its slot.
type base struct {
	dims, tags uint32
	class      int32
	next       uint32 // the next base with the same dims and tags, or none
}

// kinds is the maximum number of kinds of variants that a query distinguishes.
const kinds = 16

// part adds up one batch; it is nil while the load is not closed.
func (v *Store) part(ctx context.Context, l *load, number uint32, s scope.Scope, q *usage.Query, r *rating.Reading) (*part, error) {
	b, err := v.batchOf(ctx, l, number)
	if err != nil || b == nil {
		return nil, err
	}
	p := &part{batch: b, reading: r, extras: map[int][3]money.Decimal{}}
	if err := p.prepare(ctx, v, l, number, s, q); err != nil {
		return nil, err
	}
	p.divide(q)
	if err := p.assign(ctx); err != nil {
		return nil, err
	}
	return p, p.add(ctx)
}

// prepare reads what the query needs from the dictionary of the load.
func (p *part) prepare(ctx context.Context, v *Store, l *load, number uint32, s scope.Scope, q *usage.Query) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := v.readMissing(ctx, l, scopeColumns); err != nil {
		return err
	}
	if p.dims, err = v.tupleOf(ctx, l, p.reading.By.Columns); err != nil {
		return err
	}
	if p.priceClass, err = v.tupleOf(ctx, l, p.reading.Rated); err != nil {
		return err
	}
	if p.tags, err = v.listsOf(ctx, l, p.reading.By.Tags); err != nil {
		return err
	}
	if p.picks, err = v.listsOf(ctx, l, p.reading.Tags); err != nil {
		return err
	}
	p.prices, err = v.pricesOf(ctx, l, p.reading.Unit)
	p.mask = l.rowMaskOf(p.batch, number, s, q)
	return err
}

// divide divides the days of the batch into slots.
func (p *part) divide(q *usage.Query) {
	p.spans = len(q.Cuts) + 1
	known := map[slot]int32{}
	each(p.days&p.batch.within(q.Period), func(day int) {
		x := slot{day: p.first.AddDays(day)}
		for _, c := range q.Cuts {
			if x.day >= c {
				x.span++
			}
		}
		if !p.reading.By.Daily {
			x.day = 0
		}
		n, ok := known[x]
		if !ok {
			n = int32(len(p.slots))
			known[x], p.slots = n, append(p.slots, x)
		}
		p.slot[day] = n
	})
}

// none is the base of runs that the query leaves out.
const none = ^uint32(0)

// assign finds the base of each run in each span in which it has rows.
func (p *part) assign(ctx context.Context) error {
	inSpan := make([]uint64, p.spans)
	for day, n := range p.slot {
		if len(p.slots) > 0 && p.days>>day&1 == 1 {
			inSpan[p.slots[n].span] |= 1 << day
		}
	}
	p.of, p.classes = make([]uint32, len(p.runs)*p.spans), make([][]int32, len(p.priceClass.sample))
	p.index = newBaseIndex(len(p.dims.sample), len(p.tags.all))
	for i := range p.runs {
		if i&0xffff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r := &p.runs[i]
		days := r.days & p.mask.daysOf(r.entry)
		for span, in := range inSpan {
			at := i*p.spans + span
			if days&in == 0 {
				p.of[at] = none
				continue
			}
			n, err := p.base(r, span)
			if err != nil {
				return err
			}
			p.of[at] = n
		}
	}
	return nil
}

func (p *part) base(r *run, span int) (uint32, error) {
	dims, priceClass := number(p.dims.of, r.entry), number(p.priceClass.of, r.entry)
	tags, picks := p.tags.number(r.tagSet), p.picks.number(r.tagSet)
	if dims == missing || priceClass == missing || tags == missing || picks == missing || int(r.variant) >= len(p.variants) || p.variants[r.variant].value == nil {
		return 0, fault.New(fault.Internal, "usage_dictionary", "the usage store has rows that lack an entry, a tag set or a variant; nothing was added up: run check, and import what it names again")
	}
	class := p.class(priceClass, picks, r.variant, span)
	if class < 0 {
		return none, nil
	}
	first := p.index.of(dims, tags)
	for n := first; n != none; n = p.list[n].next {
		if p.list[n].class == class {
			return n, nil
		}
	}
	n := uint32(len(p.list))
	p.list = append(p.list, base{dims, tags, class, first})
	p.index.set(dims, tags, n)
	if len(p.list)*len(p.slots) > maxSums {
		return 0, errNotKept
	}
	return n, nil
}

// number is an entry's number in a list, or missing.
func number(of []uint32, n uint32) uint32 {
	if int(n) >= len(of) {
		return missing
	}
	return of[n]
}

func (x *lists) number(set uint32) uint32 {
	if set == 0 || x.of == nil {
		return 0
	}
	return number(x.of, set)
}

// class looks up a price class, once for all rows that always have the same prices.
func (p *part) class(priceClass, picks, variant uint32, span int) int32 {
	const unknown = -2
	list := p.classes[priceClass]
	x := &p.variants[variant]
	at := (x.kind*len(p.picks.all)+int(picks))*p.spans + span
	if list == nil {
		list = make([]int32, kinds*len(p.picks.all)*p.spans)
		for i := range list {
			list[i] = unknown
		}
		p.classes[priceClass] = list
	}
	if list[at] == unknown {
		list[at] = int32(p.reading.Class(p.priceClass.entry(priceClass), x.value, x.kind, p.picks.all[picks], span))
	}
	return list[at]
}

// baseIndex finds the first base of dims and tags.
type baseIndex struct {
	tags  int
	dense []uint32
	far   map[uint64]uint32
}

// maxDensePairs is the number of pairs up to which the index is an array.
const maxDensePairs = 1 << 22

func newBaseIndex(dims, tags int) baseIndex {
	f := baseIndex{tags: tags}
	if dims*tags > maxDensePairs {
		f.far = map[uint64]uint32{}
		return f
	}
	f.dense = make([]uint32, dims*tags)
	for i := range f.dense {
		f.dense[i] = none
	}
	return f
}

func (f *baseIndex) of(dims, tags uint32) uint32 {
	if f.far == nil {
		return f.dense[int(dims)*f.tags+int(tags)]
	}
	if n, ok := f.far[uint64(dims)<<32|uint64(tags)]; ok {
		return n
	}
	return none
}

func (f *baseIndex) set(dims, tags, n uint32) {
	if f.far == nil {
		f.dense[int(dims)*f.tags+int(tags)] = n
		return
	}
	f.far[uint64(dims)<<32|uint64(tags)] = n
}

// parallelFrom is the number of rows from which several goroutines add up.
const parallelFrom = 200_000

// add adds up the runs, on several processors if there are many rows.
func (p *part) add(ctx context.Context) error {
	workers := 1
	if len(p.rows.day) > parallelFrom && len(p.list)*len(p.slots) < maxSums/8 {
		workers = runtime.GOMAXPROCS(0)
	}
	sums := make([][]sum, workers)
	var wg sync.WaitGroup
	for w := range workers {
		from, to := len(p.runs)*w/workers, len(p.runs)*(w+1)/workers
		wg.Go(func() { sums[w] = p.addRuns(ctx, from, to) })
	}
	wg.Wait()
	p.sums = sums[0]
	for _, more := range sums[1:] {
		for i := range more {
			p.sums[i].merge(&more[i])
		}
	}
	p.addExtras()
	return ctx.Err()
}

func (p *part) addRuns(ctx context.Context, from, to int) []sum {
	sums := make([]sum, len(p.list)*len(p.slots))
	for i := from; i < to; i++ {
		if i&0xfff == 0 && ctx.Err() != nil {
			return sums
		}
		r := &p.runs[i]
		days := r.days & p.mask.daysOf(r.entry)
		if days == 0 {
			continue
		}
		of, by := p.of[i*p.spans:(i+1)*p.spans], &p.variants[r.variant].by
		switch {
		case p.spans == 1 && of[0] == none:
		case len(p.slots) == 1 && days == r.days:
			if n := of[p.slots[0].span]; n != none {
				sums[n].addRun(r, by)
			}
		case p.spans == 1 && days == r.days:
			p.rows.addDays(sums[int(of[0])*len(p.slots):][:len(p.slots)], r, by, &p.slot)
		default:
			p.addRows(sums, r, by, days, of)
		}
	}
	return sums
}

// addRows adds those rows of a run that lie on some days, each to the sum of its slot.
func (p *part) addRows(sums []sum, r *run, by *factor, days uint64, of []uint32) {
	for at := r.start; at < r.end; at++ {
		day := p.rows.day[at]
		slot := p.slot[day]
		if days>>day&1 == 0 {
			continue
		}
		if n := of[p.slots[slot].span]; n != none {
			sums[int(n)*len(p.slots)+int(slot)].addRow(p.rows.quantityHi[at], p.rows.quantityLo[at], p.rows.costHi[at], p.rows.costLo[at], by)
		}
	}
}

// addDays adds all rows of a run, each to the sum of its day's slot.
func (c *column) addDays(sums []sum, r *run, by *factor, slots *[maxDays]int32) {
	days := c.day[r.start:r.end]
	quantityHi, quantityLo := c.quantityHi[r.start:r.end][:len(days)], c.quantityLo[r.start:r.end][:len(days)]
	costHi, costLo := c.costHi[r.start:r.end][:len(days)], c.costLo[r.start:r.end][:len(days)]
	for i, day := range days {
		sums[slots[day%maxDays]].addRow(quantityHi[i], quantityLo[i], costHi[i], costLo[i], by)
	}
}

// addExtras adds up the amounts that are too long for their rows.
func (p *part) addExtras() {
	for i := range p.extra {
		x := &p.extra[i]
		r := &p.runs[x.run]
		if p.mask.daysOf(r.entry)>>x.day&1 == 0 {
			continue
		}
		slot := p.slot[x.day]
		n := p.of[x.run*p.spans+p.slots[slot].span]
		if n == none {
			continue
		}
		at := int(n)*len(p.slots) + int(slot)
		s := p.extras[at]
		p.extras[at] = [3]money.Decimal{s[0].Add(x.quantity), s[1].Add(x.cost), s[2].Add(x.quantity.Mul(p.variants[r.variant].price))}
	}
}

// yield yields the sums that have rows.
func (p *part) yield(yield func(class int, t *rating.Total) error) error {
	var e usage.Entry
	var t rating.Total
	unit := money.FromMinor(1, p.places)
	for n, b := range p.list {
		p.dims.fill(&e, b.dims)
		for slot := range p.slots {
			at := n*len(p.slots) + slot
			s := &p.sums[at]
			if s.rows == 0 {
				continue
			}
			before, err := s.beforeCredit(p.places, unit)
			if err != nil {
				return err
			}
			t = rating.Total{Entry: &e, Tags: p.tags.all[b.tags], Day: p.slots[slot].day, BeforeCredit: before}
			t.Span, t.Rows, t.Quantity, t.Cost = p.slots[slot].span, s.rows, s.quantity.decimal(), s.cost.decimal()
			if x, ok := p.extras[at]; ok {
				t.Quantity, t.Cost, t.BeforeCredit = t.Quantity.Add(x[0]), t.Cost.Add(x[1]), t.BeforeCredit.Add(x[2])
			}
			if err := yield(int(b.class), &t); err != nil {
				return err
			}
		}
	}
	return nil
}
