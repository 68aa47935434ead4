package usagetest

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// rowsBy gathers what a method that yields rows yields, by line.
func rowsBy(t *testing.T, read func(yield func(usage.CellRow) error) error) (out []usage.CellRow) {
	t.Helper()
	must(t, read(func(x usage.CellRow) error {
		out = append(out, x)
		return nil
	}))
	slices.SortFunc(out, func(a, b usage.CellRow) int { return cmp.Compare(a.Line, b.Line) })
	return out
}

// mixed is rows of both entries on two days, one of them tagged, one with two wide literals.
func mixed() *usage.Block {
	b := rows(row(1, 2, day(1), "1"), row(1, 3, day(1), "2"), row(1, 4, day(2), "4"), row(2, 5, day(1), "8"))
	b.Facts[1].TagSet = 1
	for _, c := range []usage.Column{usage.PricingPreTaxTotal, usage.Quantity} {
		b.Wide = append(b.Wide, usage.WideValue{Fact: b.Facts[0], Column: c, Value: dec("0.0000000000000000001")})
	}
	return b
}

func cellRows(t *testing.T, f fixture) {
	wanted := []usage.Cell{{Batch: 1, Entitlement: "sub-a", Day: day(1)}, {Batch: 1, Entitlement: "Sub-A", Day: day(1)}, {Batch: 1, Entitlement: "nobody", Day: day(2)}}
	b := mixed()
	want := []usage.CellRow{
		{Fact: b.Facts[0], Entitlement: "Sub-A", EntryHash: hash(1), VariantHash: hash(9)},
		{Fact: b.Facts[1], Entitlement: "Sub-A", EntryHash: hash(1), TagHash: hash(7), VariantHash: hash(9)},
	}
	for _, i := range []int{1, 0} { // by column
		want[0].Wide = append(want[0].Wide, usage.WideValue{Fact: keyOf(b.Facts[0]), Column: b.Wide[i].Column, Value: b.Wide[i].Value})
	}
	w := f.begin(t, 1)
	must(t, w.Append(background(), dictionary()))
	must(t, w.Append(background(), b))
	open := func(yield func(usage.CellRow) error) error { return w.CellRows(background(), wanted, yield) }
	closed := func(s scope.Scope) func(func(usage.CellRow) error) error {
		return func(yield func(usage.CellRow) error) error { return f.store.CellRows(background(), s, wanted, yield) }
	}
	same(t, "rows of the open load", rowsBy(t, open), want)
	same(t, "rows that others see of it", len(rowsBy(t, closed(scope.All()))), 0)
	must(t, w.Append(background(), rows(row(1, 9, day(1), "16"))))
	same(t, "rows with a later one", len(rowsBy(t, open)), 3)
	must(t, w.Close(background()))
	same(t, "rows", rowsBy(t, closed(scope.All()))[:2], want)
	same(t, "rows of its customer", len(rowsBy(t, closed(scope.Of("x").WithRefs("cust-a")))), 3)
	same(t, "rows of another customer", len(rowsBy(t, closed(scope.Of("x").WithRefs("cust-b")))), 0)
	must(t, f.store.CellRows(background(), scope.All(), nil, func(usage.CellRow) error { panic("a row of no cell") }))
}

// keyOf is a fact without its amounts: what a wide literal has of one.
func keyOf(f usage.Fact) usage.Fact {
	return usage.Fact{Batch: f.Batch, Entry: f.Entry, TagSet: f.TagSet, Variant: f.Variant, Day: f.Day, File: f.File, Line: f.Line}
}

func removedRows(t *testing.T, f fixture) {
	w := f.begin(t, 1)
	must(t, w.Append(context.Background(), dictionary()))
	b := mixed()
	b.Facts[3].File = 2
	must(t, w.Append(background(), b))
	must(t, w.RemoveRows(background(), nil))
	must(t, w.RemoveRows(background(), []usage.Place{{File: 1, Line: 2}, {File: 1, Line: 5}, {File: 1, Line: 77}}))
	must(t, w.Append(background(), rows(row(1, 9, day(1), "16"))))
	must(t, w.Close(background()))
	cost := dec("0")
	for _, x := range f.sums(t, scope.All(), all(1)) {
		cost = cost.Add(x.Cost)
	}
	same(t, "cost", cost, dec("30")) // 2 + 4 + 8 of the other file + 16
	wide, err := f.store.Wide(background(), scope.All(), []uint32{1})
	must(t, err)
	same(t, "wide literals", len(wide), 0)
}
