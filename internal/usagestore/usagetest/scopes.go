package usagetest

import (
	"maps"
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

func scoped(t *testing.T, f fixture) {
	b := dictionary()
	b.Entries = append(b.Entries, entry(3, hash(3), "Cust-A", "Sub-C"))
	b.TagSets = append(b.TagSets, usage.TagSetRecord{Number: 2, Hash: hash(8), Text: "b's", Pairs: []usage.TagPair{{Key: "owner", Value: "b"}}})
	b.Variants = append(b.Variants, usage.VariantRecord{Number: 2, Hash: hash(10)})
	theirs := row(2, 3, day(1), "2")
	theirs.TagSet, theirs.Variant = 2, 2
	ours := row(1, 2, day(1), "1")
	ours.TagSet = 1
	b.Facts = []usage.Fact{ours, theirs, row(3, 4, day(1), "4")}
	for i := range b.Facts {
		b.Wide = append(b.Wide, usage.WideValue{Fact: usage.Fact{Batch: 1, Entry: b.Facts[i].Entry, TagSet: b.Facts[i].TagSet,
			Variant: b.Facts[i].Variant, Day: day(1)}, Column: usage.Quantity, Value: dec("0.0000000000000000001")})
	}
	w := f.begin(t, 1)
	must(t, w.Append(background(), b))
	must(t, w.PutCells(background(), []usage.Cell{{Batch: 1, Entitlement: "Sub-A", Day: day(1)}, {Batch: 1, Entitlement: "Sub-B", Day: day(1)}, {Batch: 1, Entitlement: "Sub-C", Day: day(1)}}))
	must(t, w.Close(background()))
	none := scope.Of("contoso/nobody")
	for _, c := range []struct {
		name                  string
		scope                 scope.Scope
		entries               []uint32
		tags, variants, wides int
	}{
		{"all", scope.All(), []uint32{1, 2, 3}, 2, 2, 3},
		{"a customer", none.WithRefs("cust-a"), []uint32{1, 3}, 1, 1, 2},
		{"an entitlement", none.WithRefs("SUB-B"), []uint32{2}, 1, 1, 1},
		{"both", none.WithRefs("Cust-B", "Sub-C"), []uint32{2, 3}, 1, 2, 2},
		{"strangers", none.WithRefs("Cust-Z"), nil, 0, 0, 0},
		{"no references", none, nil, 0, 0, 0},
		{"the zero scope", scope.Scope{}, nil, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var summed, listed []uint32
			for _, x := range f.sums(t, c.scope, all(1)) {
				summed = append(summed, x.Entry)
				same(t, "wide literal", x.Quantity.Sub(x.Cost), dec("0.0000000000000000001"))
			}
			for _, e := range f.entries(t, c.scope, 1, 1, 2, 3) {
				listed = append(listed, e.Number)
			}
			same(t, "summed entries", summed, c.entries)
			same(t, "listed entries", listed, c.entries)
			same(t, "entries by column", slices.Sorted(maps.Keys(f.columns(t, c.scope, 1, usage.CustomerID))), c.entries)
			same(t, "tag sets", len(f.tagSets(t, c.scope, 1)), c.tags)
			same(t, "printed tags", len(f.columns(t, c.scope, 1, usage.Tags)), c.tags)
			v, err := f.store.Variants(background(), c.scope, 1)
			must(t, err)
			same(t, "variants", len(v), c.variants)
			cells, err := f.store.Cells(background(), c.scope, []uint32{1})
			must(t, err)
			same(t, "cells", len(cells), len(c.entries))
			wide, err := f.store.Wide(background(), c.scope, []uint32{1})
			must(t, err)
			same(t, "wide literals", len(wide), c.wides)
			for _, x := range b.Facts {
				got := f.facts(t, c.scope, usage.FactQuery{Batch: 1, Entry: x.Entry, TagSet: x.TagSet, Variant: x.Variant})
				want := 0
				for _, e := range c.entries {
					if e == x.Entry {
						want = 1
					}
				}
				same(t, "facts", len(got), want)
			}
		})
	}
}

// sharedCell has rows of two customers in one cell, as blank entitlements do: its count and hash tell about both.
func sharedCell(t *testing.T, f fixture) {
	b := &usage.Block{Entries: []usage.EntryRecord{entry(1, hash(1), "Cust-A", ""), entry(2, hash(2), "Cust-B", "")}}
	w := f.begin(t, 1)
	must(t, w.Append(background(), b))
	must(t, w.PutCells(background(), []usage.Cell{{Batch: 1, Day: day(1), Rows: 2}}))
	must(t, w.Close(background()))
	for name, c := range map[string]struct {
		scope scope.Scope
		want  int
	}{
		"all": {scope.All(), 1}, "one": {scope.Of("a").WithRefs("Cust-A"), 0}, "both": {scope.Of("a").WithRefs("Cust-A", "Cust-B"), 1},
	} {
		got, err := f.store.Cells(background(), c.scope, []uint32{1})
		must(t, err)
		same(t, "cells for "+name, len(got), c.want)
	}
}
