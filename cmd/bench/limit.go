package main

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/intake/microsoft"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// limitWay does only what no import can avoid: it splits every field, reads amounts and adds them up by the fields
// that prices depend on, and rates the sums. It checks, compares and stores nothing.
func limitWay(ctx context.Context, file, dir, memory string) (result, error) {
	store := storeOf("limit", dir)
	if err := os.RemoveAll(store); err != nil {
		return result{}, err
	}
	if err := os.MkdirAll(store, 0o755); err != nil {
		return result{}, err
	}
	p, err := open(ctx, store, memory)
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(store)
	defer p.Close()
	if err := p.apply(ctx, dir); err != nil {
		return result{}, err
	}
	r := result{}
	start := time.Now()
	sums, err := addUp(file)
	if err != nil {
		return r, err
	}
	if err := p.rollUpOf(ctx, sums, &r); err != nil {
		return r, err
	}
	r.Seconds = since(start)
	return r, nil
}

// priced are the columns that a price, a chain or a line may depend on.
var priced = [...]usage.Column{usage.EntitlementID, usage.CustomerID, usage.PublisherName, usage.PublisherID, usage.ProductID,
	usage.SkuID, usage.MeterCategory, usage.MeterSubCategory, usage.MeterID, usage.MeterRegion, usage.ChargeType,
	usage.SubscriptionDescription, usage.EntitlementDescription, usage.BillingCurrency, usage.UnitPrice, usage.ExchangeRate, usage.BenefitType}

type group struct {
	entry                   usage.Entry
	variant                 usage.Variant
	rows                    int64
	quantity, cost, pricing money.Fixed
}

type groups map[uint64]*group

// addUp reads a file with as many goroutines as there are processors.
func addUp(file string) (groups, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dec, _, err := microsoft.Open(file, usage.DailyUsage, usage.Reading, f)
	if err != nil {
		return nil, err
	}
	queue := make(chan intake.RawBlock, 2)
	seed, all := maphash.MakeSeed(), groups{}
	var mu sync.Mutex
	var workers sync.WaitGroup
	var failed error
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			mine := groups{}
			var buf []byte
			for b := range queue {
				err := b.Rows(func(r *intake.Row) error { return mine.add(r, seed, &buf) })
				if err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all.merge(mine)
		})
	}
	for {
		b, err := dec.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			failed = err
			break
		}
		queue <- b
	}
	close(queue)
	workers.Wait()
	return all, failed
}

func (m groups) add(r *intake.Row, seed maphash.Seed, buf *[]byte) error {
	if r.Shared != nil { // rows like the one before them name only what differs
		r.Whole()
	}
	cost, fit := money.ParseFixed(r.Values[usage.BillingPreTaxTotal])
	quantity, fit2 := money.ParseFixed(r.Values[usage.Quantity])
	pricing, fit3 := money.ParseFixed(r.Values[usage.PricingPreTaxTotal])
	if fit != money.Fits || fit2 != money.Fits || fit3 != money.Fits {
		return errors.New("an amount of the sample does not fit")
	}
	covered := cost.IsZero() && len(r.Values[usage.BenefitType]) > 0
	b := (*buf)[:0]
	for _, c := range priced {
		b = append(append(b, r.Values[c]...), 0)
	}
	if covered {
		b = append(b, 1)
	}
	*buf = b
	g := m[maphash.Bytes(seed, b)]
	if g == nil {
		g = &group{variant: usage.Variant{UnitPrice: string(r.Values[usage.UnitPrice]), ExchangeRate: string(r.Values[usage.ExchangeRate]), Covered: covered}}
		for _, c := range priced {
			g.entry[c] = string(r.Values[c])
		}
		m[maphash.Bytes(seed, b)] = g
	}
	g.rows++
	g.cost, g.quantity, g.pricing = g.cost.Add(cost), g.quantity.Add(quantity), g.pricing.Add(pricing)
	return nil
}

func (m groups) merge(o groups) {
	for k, g := range o {
		if h := m[k]; h != nil {
			h.rows += g.rows
			h.cost, h.quantity, h.pricing = h.cost.Add(g.cost), h.quantity.Add(g.quantity), h.pricing.Add(g.pricing)
			continue
		}
		m[k] = g
	}
}

// inMemory lets the rater read sums that are in no store.
type inMemory struct {
	usage.RowStore // nothing else is asked for
	list           []*group
}

// Texts yields the entry of each sum.
func (m inMemory) Texts(_ context.Context, _ scope.Scope, _ uint32, columns []usage.Column, yield func([]uint32, [][]string) error) error {
	numbers, texts := make([]uint32, len(m.list)), make([][]string, len(columns))
	for i := range m.list {
		numbers[i] = uint32(i + 1)
		for at, c := range columns {
			texts[at] = append(texts[at], m.list[i].entry[c])
		}
	}
	return yield(numbers, texts)
}

// Variants lists the variant of each sum.
func (m inMemory) Variants(context.Context, scope.Scope, uint32) (out []usage.VariantRecord, err error) {
	for i, g := range m.list {
		out = append(out, usage.VariantRecord{Number: uint32(i + 1), Value: g.variant})
	}
	return out, nil
}

// TagSets yields none: no price of the sample looks at a tag it has.
func (m inMemory) TagSets(context.Context, scope.Scope, uint32, func(usage.TagSetRecord) error) error {
	return nil
}

// Sums yields them all.
func (m inMemory) Sums(_ context.Context, _ scope.Scope, _ usage.Query, yield func(usage.Sum) error) error {
	for i, g := range m.list {
		n := uint32(i + 1)
		err := yield(usage.Sum{Load: 1, Batch: 1, Entry: n, Variant: n, Rows: g.rows, Quantity: g.quantity.Decimal(),
			Cost: g.cost.Decimal(), Pricing: g.pricing.Decimal()})
		if err != nil {
			return err
		}
	}
	return nil
}
