package usagetest

import (
	"bytes"
	"cmp"
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

func namedTwice(t *testing.T, f fixture) {
	f.load(t, 1, dictionary(), rows(row(1, 2, day(1), "1.5")))
	got := f.sums(t, scope.All(), all(1, 1))
	same(t, "groups", len(got), 1)
	same(t, "cost", got[0].Cost, dec("1.5"))
	same(t, "groups of no batch", len(f.sums(t, scope.All(), all())), 0)
}

func wrongLoad(t *testing.T, f fixture) {
	f.load(t, 1, dictionary(), rows(row(1, 2, day(1), "1")))
	f.load(t, 2, dictionary())
	f.load(t, 3, dictionary(), rows(usage.Fact{Batch: 3, Entry: 1, Variant: 1, Day: day(1)}))
	q := usage.Query{Batches: []usage.BatchRef{{Load: 2, Batch: 1}, {Load: 1, Batch: 3}, {Load: 3, Batch: 1}}, Period: september}
	same(t, "groups", len(f.sums(t, scope.All(), q)), 0)
}

func exactSums(t *testing.T, f fixture) {
	a, b := row(1, 2, day(1), "0.1"), row(1, 3, day(2), "-0.300000000000000001")
	a.Quantity, b.Quantity = fixed("99999999999.999999999999999999"), fixed("99999999999.999999999999999999")
	a.Pricing, b.Pricing = fixed("-99999999999.999999999999999999"), fixed("0.000000000000000001")
	tagged := row(1, 4, day(1), "7")
	tagged.TagSet = 1
	f.load(t, 1, dictionary(), rows(a, tagged), rows(b))
	same(t, "sums", f.sums(t, scope.All(), all(1)), []usage.Sum{
		{Load: 1, Batch: 1, Entry: 1, Variant: 1, EntryHash: hash(1), Rows: 2,
			Quantity: dec("199999999999.999999999999999998"), Cost: dec("-0.200000000000000001"), Pricing: dec("-99999999999.999999999999999998")},
		{Load: 1, Batch: 1, Entry: 1, TagSet: 1, Variant: 1, EntryHash: hash(1), TagHash: hash(7), Rows: 1,
			Quantity: dec("7"), Cost: dec("7"), Pricing: dec("7")},
	})
}

// largestBatch adds up the most that callers let through: rows just below 10^11, their sum just below 10^19.
func largestBatch(t *testing.T, f fixture) {
	const most = 99_999_999
	big := money.Fixed{Hi: 0, Lo: 0}
	for range 1000 {
		big = big.Add(fixed("99999999999.999999999999999999"))
	}
	// Rows of 10^14 stand for a thousand rows each: fewer rows, the same magnitude of the sum.
	b := rows()
	for i := range most/1000 + 1 {
		b.Facts = append(b.Facts, usage.Fact{Batch: 1, Entry: 1, Variant: 1, Day: day(1 + i%30), Line: uint32(i),
			Quantity: big, Cost: big.Neg(), Pricing: fixed("-99999999999.999999999999999999")})
	}
	f.load(t, 1, dictionary(), b)
	got := f.sums(t, scope.All(), all(1))
	want := big.Decimal().Mul(money.FromInt(most/1000 + 1))
	same(t, "groups", len(got), 1)
	same(t, "quantity", got[0].Quantity, want)
	same(t, "cost", got[0].Cost, want.Neg())
	same(t, "pricing", got[0].Pricing, dec("-99999999999.999999999999999999").Mul(money.FromInt(most/1000+1)))
}

func wideSums(t *testing.T, f fixture) {
	at := func(line uint32, d period.Date) usage.Fact {
		return usage.Fact{Batch: 1, Entry: 1, Variant: 1, Day: d, File: 1, Line: line, Cost: fixed("1")}
	}
	b := dictionary()
	for i, v := range []string{"99999999999.999999999999999999999999999999999999999", "0.000000000000000000000000000000000000002",
		"-0.0000000000000000001", "99999999999.999999999999999999999999999999999999999"} {
		fact := at(uint32(i), day(i*7+1))
		if i == 3 {
			fact.Day = day(31) // outside the period
		}
		b.Facts = append(b.Facts, fact)
		b.Wide = append(b.Wide, usage.WideValue{Fact: fact, Column: usage.Quantity, Value: dec(v)})
	}
	b.Wide = append(b.Wide, usage.WideValue{Fact: at(0, day(1)), Column: usage.PricingPreTaxTotal, Value: dec("5.0000000000000000001")},
		usage.WideValue{Fact: at(0, day(1)), Column: usage.EffectiveUnitPrice, Value: dec("7.0000000000000000001")})
	f.load(t, 1, b)
	q := all(1)
	q.Cuts = []period.Date{day(15)}
	same(t, "sums", f.sums(t, scope.All(), q), []usage.Sum{
		{Load: 1, Batch: 1, Entry: 1, Variant: 1, EntryHash: hash(1), Rows: 2, Cost: dec("2"), Pricing: dec("5.0000000000000000001"),
			Quantity: dec("100000000000.000000000000000000000000000000000000001")},
		{Load: 1, Batch: 1, Entry: 1, Variant: 1, EntryHash: hash(1), Span: 1, Rows: 1, Cost: dec("1"), Quantity: dec("-0.0000000000000000001")},
	})
	q.Masks = []usage.Mask{{Batch: 1, Entitlement: "Sub-A", Day: day(1)}}
	same(t, "quantity of span 0 under a mask", f.sums(t, scope.All(), q)[0].Quantity, dec("0.000000000000000000000000000000000000002"))
}

func spans(t *testing.T, f fixture) {
	b := rows()
	for n := range 33 { // 31 August to 2 October
		b.Facts = append(b.Facts, row(1, uint32(n), day(n), "1"))
	}
	f.load(t, 1, dictionary(), b)
	count := func(p period.Period, cuts ...period.Date) (out []int64) {
		q := all(1)
		q.Period, q.Cuts = p, cuts
		for _, x := range f.sums(t, scope.All(), q) {
			for len(out) <= x.Span {
				out = append(out, 0)
			}
			out[x.Span] = x.Rows
		}
		return out
	}
	for _, c := range []struct {
		name string
		got  []int64
		want []int64
	}{
		{"no cuts", count(september), []int64{30}},
		{"one cut", count(september, day(11)), []int64{10, 20}},
		{"cut at the start", count(september, day(1)), []int64{0, 30}},
		{"cut at the end", count(september, day(31)), []int64{30}},
		{"two cuts", count(september, day(2), day(30)), []int64{1, 28, 1}},
		{"one day", count(period.Period{Start: day(5), End: day(6)}), []int64{1}},
		{"empty period", count(period.Period{Start: day(5), End: day(5)}), nil},
		{"open start", count(period.Period{End: day(1)}), []int64{1}},
		{"open end", count(period.Period{Start: day(30)}), []int64{3}},
	} {
		same(t, c.name, c.got, c.want)
	}
}

func masks(t *testing.T, f fixture) {
	other := row(1, 5, day(1), "16")
	other.Batch = 2
	f.load(t, 1, dictionary(), rows(row(1, 2, day(1), "1"), row(1, 3, day(2), "2"), row(2, 4, day(1), "4"), row(2, 5, day(2), "8"), other))
	q := all(1, 2)
	q.Masks = []usage.Mask{{Batch: 1, Entitlement: "SUB-a", Day: day(1)}, {Batch: 1, Entitlement: "SUB-a", Day: day(1)},
		{Batch: 1, Entitlement: "Sub-B", Day: day(2)}, {Batch: 1, Entitlement: "nobody", Day: day(2)}, {Batch: 9, Entitlement: "Sub-A", Day: day(2)}}
	got := map[[2]uint32]string{}
	for _, x := range f.sums(t, scope.All(), q) {
		got[[2]uint32{x.Batch, x.Entry}] = x.Cost.String()
	}
	same(t, "costs", got, map[[2]uint32]string{{1, 1}: "2", {1, 2}: "4", {2, 1}: "16"})
}

// ordered gives numbers that contradict the order of hashes, over two loads with the same content.
func ordered(t *testing.T, f fixture) {
	h := []usage.Hash{hash(0, 1), hash(127, 255), hash(128), hash(255, 0, 0, 0, 0, 0, 0, 0, 1), hash(255, 0, 0, 0, 0, 0, 0, 0, 2)}
	var q usage.Query
	for load := uint32(1); load <= 2; load++ {
		b := &usage.Block{}
		number := func(i int) uint32 { return (uint32(i)*3+load)%5 + 1 }
		for i := range h {
			b.Entries = append(b.Entries, entry(number(i), h[i], "", ""))
			b.TagSets = append(b.TagSets, usage.TagSetRecord{Number: number(i + 1), Hash: h[i]})
			b.Variants = append(b.Variants, usage.VariantRecord{Number: number(i + 2), Hash: h[i]})
		}
		for i := range uint32(6 * 6 * 6 * 2) {
			b.Facts = append(b.Facts, usage.Fact{Batch: load, Entry: i%5 + 1, TagSet: i / 6 % 6, Variant: i/36%5 + 1, Day: day(int(1 + i/216)), Line: i})
		}
		f.load(t, load, b)
		q.Batches = append(q.Batches, usage.BatchRef{Load: load, Batch: load})
	}
	q.Cuts = []period.Date{day(2)}
	variant := map[[2]uint32]usage.Hash{}
	for load := uint32(1); load <= 2; load++ {
		list, err := f.store.Variants(background(), scope.All(), load)
		must(t, err)
		for _, v := range list {
			variant[[2]uint32{load, v.Number}] = v.Hash
		}
	}
	got := f.sums(t, scope.All(), q)
	sorted := slices.IsSortedFunc(got, func(a, b usage.Sum) int {
		va, vb := variant[[2]uint32{a.Load, a.Variant}], variant[[2]uint32{b.Load, b.Variant}]
		return cmp.Or(bytes.Compare(a.EntryHash[:], b.EntryHash[:]), bytes.Compare(a.TagHash[:], b.TagHash[:]),
			bytes.Compare(va[:], vb[:]), a.Span-b.Span, int(a.Batch)-int(b.Batch))
	})
	if !sorted || len(got) < 100 {
		t.Fatalf("%d groups, sorted: %v", len(got), sorted)
	}
	slices.Reverse(q.Batches)
	same(t, "sums asked for in another order", f.sums(t, scope.All(), q), got)
}

func incomplete(t *testing.T, f fixture) {
	for number, spoil := range []func(*usage.Fact){
		func(x *usage.Fact) { x.Entry = 99 }, func(x *usage.Fact) { x.Variant = 99 }, func(x *usage.Fact) { x.TagSet = 99 }} {
		x := row(1, 2, day(1), "1")
		spoil(&x)
		load := uint32(number + 1)
		f.load(t, load, dictionary(), rows(x))
		q := usage.Query{Batches: []usage.BatchRef{{Load: load, Batch: 1}}, Period: september}
		if err := f.store.Sums(background(), scope.All(), q, func(usage.Sum) error { return nil }); err == nil {
			t.Fatal("rows without their dictionary item were summed or passed over")
		}
	}
}
