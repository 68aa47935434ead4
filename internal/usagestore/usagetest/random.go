package usagetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

const (
	people = 4 // customers, each with two entitlements and two entries
	dicts  = 3 // tag sets, variants
)

// random writes random loads and compares random queries with sums kept in a map.
func random(t *testing.T, f fixture) {
	next := uint32(0)
	rapid.Check(t, func(r *rapid.T) {
		next++
		load := next
		b := randomLoad(r, load)
		w := f.begin(r, load)
		must(r, w.Append(background(), &usage.Block{Entries: b.Entries, TagSets: b.TagSets, Variants: b.Variants}))
		for part := range slices.Chunk(b.Facts, rapid.IntRange(1, 50).Draw(r, "block")) {
			must(r, w.Append(background(), &usage.Block{Facts: part}))
		}
		must(r, w.Append(background(), &usage.Block{Wide: b.Wide}))
		must(r, w.Close(background()))
		q, sc := randomQuery(r, load)
		got := map[string]string{}
		for _, x := range f.sums(r, sc, q) {
			got[fmt.Sprint(x.Batch, x.Entry, x.TagSet, x.Variant, x.Span)] = fmt.Sprint(x.Rows, x.Quantity, x.Cost, x.Pricing)
		}
		same(r, "sums", got, expected(b, q, sc))
		by := randomGrouping(r)
		same(r, "totals", f.totals(r, sc, q, by), expectedTotals(b, q, sc, by))
		must(r, f.store.Drop(background(), load))
	})
}

// amount draws an amount of a row: small, border and arbitrary ones.
func amount(r *rapid.T) money.Fixed {
	border := rapid.SampledFrom([]string{"0", "0.000000000000000001", "99999999999.999999999999999999", "18446744073.709551615999999999", "1"})
	s := rapid.OneOf(border, rapid.StringMatching(`[0-9]{1,11}(\.[0-9]{1,18})?`)).Draw(r, "amount")
	f := fixed(s)
	if rapid.Bool().Draw(r, "negative") {
		return f.Neg()
	}
	return f
}

func randomLoad(r *rapid.T, load uint32) *usage.Block {
	b := &usage.Block{}
	for i := range uint32(people * 4) {
		e := entry(i+1, hash(byte(i*37), byte(load)), fmt.Sprint("Cust-", i/4), fmt.Sprint("Sub-", i/2))
		e.Value[usage.ResourceGroup], e.Value[usage.MeterCategory] = fmt.Sprint("Group-", i%2), fmt.Sprint("Service ", i%3)
		b.Entries = append(b.Entries, e)
	}
	for i := range uint32(dicts) {
		b.TagSets = append(b.TagSets, usage.TagSetRecord{Number: i + 1, Hash: hash(byte(90 - i)), Pairs: randomPairs[i]})
		b.Variants = append(b.Variants, usage.VariantRecord{Number: i + 1, Hash: hash(byte(9 + i)),
			Value: usage.Variant{UnitPrice: fmt.Sprint(i / 2), ExchangeRate: "0.9", Credit: fmt.Sprint(i), Covered: i == 1, Reversed: i == 2, Unlisted: i == 0}})
	}
	number := func(low, high uint32) uint32 { return rapid.Uint32Range(low, high).Draw(r, "number") }
	for i := range rapid.IntRange(0, 200).Draw(r, "rows") {
		x := usage.Fact{Batch: load*10 + number(0, 2), Entry: number(1, people*4), TagSet: number(0, dicts), Variant: number(1, dicts),
			Day: day(int(number(0, 33))), File: 1, Line: uint32(i), Quantity: amount(r), EffectiveUnitPrice: amount(r), Cost: amount(r), Pricing: amount(r)}
		if number(0, 9) == 0 {
			x.Cost = money.Fixed{}
			v := rapid.StringMatching(`-?[0-9]{1,11}\.[0-9]{18,38}[1-9]`).Draw(r, "wide")
			b.Wide = append(b.Wide, usage.WideValue{Fact: x, Column: usage.BillingPreTaxTotal, Value: dec(v)})
		}
		b.Facts = append(b.Facts, x)
	}
	return b
}

func randomQuery(r *rapid.T, load uint32) (usage.Query, scope.Scope) {
	var q usage.Query
	for i := range uint32(3) {
		if rapid.Bool().Draw(r, "batch") {
			q.Batches = append(q.Batches, usage.BatchRef{Load: load, Batch: load*10 + i})
		}
	}
	days := rapid.IntRange(0, 33)
	for range rapid.IntRange(0, 5).Draw(r, "masks") {
		q.Masks = append(q.Masks, usage.Mask{Batch: load*10 + rapid.Uint32Range(0, 2).Draw(r, "batch"),
			Entitlement: fmt.Sprint("sub-", rapid.IntRange(0, people*2).Draw(r, "entitlement")), Day: day(days.Draw(r, "day"))})
	}
	q.Period = rapid.SampledFrom([]period.Period{september, {}, {Start: day(10)}, {End: day(10)}, {Start: day(5), End: day(6)}}).Draw(r, "period")
	for _, n := range rapid.SliceOfNDistinct(days, 0, 4, rapid.ID[int]).Draw(r, "cuts") {
		q.Cuts = append(q.Cuts, day(n))
	}
	slices.Sort(q.Cuts)
	if rapid.Bool().Draw(r, "all") {
		return q, scope.All()
	}
	refs := []scope.Ref{{ID: "cUST-1"}, {ID: "Sub-5", Days: period.Period{Start: day(8)}}}
	for range rapid.IntRange(0, 3).Draw(r, "references") {
		ref := scope.Ref{ID: fmt.Sprint(rapid.SampledFrom([]string{"Cust-", "sub-"}).Draw(r, "kind"), rapid.IntRange(0, people*2).Draw(r, "number"))}
		if rapid.Bool().Draw(r, "from") {
			ref.Days.Start = day(days.Draw(r, "from day"))
		}
		if rapid.Bool().Draw(r, "until") {
			ref.Days.End = day(days.Draw(r, "until day"))
		}
		switch rapid.IntRange(0, 3).Draw(r, "groups") {
		case 1:
			ref.Group = "Group-1"
		case 2:
			ref.Except = []string{"gROUP-0", "none"}
		}
		refs = append(refs, ref)
	}
	return q, scope.Of("a").WithRefsOf(func() []scope.Ref { return refs })
}

// seesRow says whether a scope sees a row of an entry on a day.
func seesRow(s scope.Scope, e usage.Entry, on period.Date) bool {
	return s.IsAll() || slices.ContainsFunc(s.Refs(), func(r scope.Ref) bool {
		group := e[usage.ResourceGroup]
		return (strings.EqualFold(r.ID, e[usage.CustomerID]) || strings.EqualFold(r.ID, e[usage.EntitlementID])) && r.Days.Contains(on) &&
			(r.Group == "" || strings.EqualFold(r.Group, group)) &&
			!slices.ContainsFunc(r.Except, func(x string) bool { return strings.EqualFold(x, group) })
	})
}

// counted says whether a row counts in a query within a scope, and in which span.
func counted(b *usage.Block, q usage.Query, sc scope.Scope, x usage.Fact) (span int, counts bool) {
	e := b.Entries[x.Entry-1].Value
	asked := slices.ContainsFunc(q.Batches, func(r usage.BatchRef) bool { return r.Batch == x.Batch })
	masked := slices.ContainsFunc(q.Masks, func(m usage.Mask) bool {
		return m.Batch == x.Batch && m.Day == x.Day && strings.EqualFold(m.Entitlement, e[usage.EntitlementID])
	})
	for _, c := range q.Cuts {
		if x.Day >= c {
			span++
		}
	}
	return span, seesRow(sc, e, x.Day) && asked && !masked && q.Period.Contains(x.Day)
}

// costOf is the cost of a row with its wide literal.
func costOf(b *usage.Block, x usage.Fact) money.Decimal {
	cost := x.Cost.Decimal()
	for _, w := range b.Wide {
		if w.Fact.Line == x.Line {
			cost = cost.Add(w.Value)
		}
	}
	return cost
}

// expected does what the store should, row by row.
func expected(b *usage.Block, q usage.Query, sc scope.Scope) map[string]string {
	type group struct {
		rows                    int64
		quantity, cost, pricing money.Decimal
	}
	groups := map[string]group{}
	for _, x := range b.Facts {
		span, counts := counted(b, q, sc, x)
		if !counts {
			continue
		}
		key := fmt.Sprint(x.Batch, x.Entry, x.TagSet, x.Variant, span)
		g := groups[key]
		groups[key] = group{g.rows + 1, g.quantity.Add(x.Quantity.Decimal()), g.cost.Add(costOf(b, x)), g.pricing.Add(x.Pricing.Decimal())}
	}
	out := map[string]string{}
	for key, g := range groups {
		out[key] = fmt.Sprint(g.rows, g.quantity, g.cost, g.pricing)
	}
	return out
}
