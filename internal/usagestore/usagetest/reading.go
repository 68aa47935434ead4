package usagetest

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// texts are values that stores have got wrong before.
var texts = []string{"", " ", "plain", "exactly12byt", "thirteen byte", "Ωμέγα — Київ ✓", "😀", "quote ' \" \\ ;--", "line\nbreak\ttab",
	"NULL", "0", "%s", strings.Repeat("long ", 4000), "nul\x00inside"}

func entries(t *testing.T, f fixture) {
	b := &usage.Block{}
	for i := range 5000 {
		e := usage.EntryRecord{Number: uint32(i + 1), Hash: hash(byte(i), byte(i>>8), 255)}
		for c := range usage.NumColumns {
			if usage.PartOf(c) == usage.PartEntry && i < 50 {
				e.Value[c] = texts[(i+int(c))%len(texts)]
			}
		}
		e.Value[usage.ResourceURI] = "/subscriptions/" + strconv.Itoa(i)
		b.Entries = append(b.Entries, e)
	}
	f.load(t, 1, b, &usage.Block{Entries: []usage.EntryRecord{{Number: 4_000_000_000, Hash: hash(5)}}})
	var numbers []uint32
	for i := 5000; i > 0; i-- {
		numbers = append(numbers, uint32(i))
	}
	same(t, "entries", f.entries(t, scope.All(), 1, numbers...), b.Entries)
	same(t, "one entry", f.entries(t, scope.All(), 1, 4_000_000_000, 9_999)[0].Number, uint32(4_000_000_000))
	same(t, "without numbers, every entry of the load", len(f.entries(t, scope.All(), 1)), 5001)
	same(t, "entries of another load", len(f.entries(t, scope.All(), 2, 1)), 0)
}

func columns(t *testing.T, f fixture) {
	want, b := map[uint32][]string{}, &usage.Block{}
	for i := range 70_000 { // more texts than are shared
		e := usage.EntryRecord{Number: uint32(i + 1), Hash: hash(byte(i), byte(i>>8), byte(i>>16))}
		e.Value[usage.CustomerName], e.Value[usage.MeterCategory] = texts[i%len(texts)], texts[i/9%len(texts)]
		e.Value[usage.ResourceURI] = "/subscriptions/" + strconv.Itoa(i*7%70_000)
		want[e.Number] = []string{e.Value[usage.ResourceURI], e.Value[usage.CustomerName], e.Value[usage.MeterCategory], ""}
		b.Entries = append(b.Entries, e)
	}
	f.load(t, 1, b)
	f.load(t, 2, &usage.Block{Entries: b.Entries[:1]})
	same(t, "columns", f.columns(t, scope.All(), 1, usage.ResourceURI, usage.CustomerName, usage.MeterCategory, usage.Unit), want)
	same(t, "columns of another load", f.columns(t, scope.All(), 2, usage.ResourceURI), map[uint32][]string{1: {"/subscriptions/0"}})
	same(t, "no columns", len(f.columns(t, scope.All(), 1)), 0)
	same(t, "columns of no load", len(f.columns(t, scope.All(), 3, usage.Unit)), 0)
	f.load(t, 4, &usage.Block{TagSets: []usage.TagSetRecord{{Number: 7, Hash: hash(7), Text: `{"a":"b"}`, Pairs: []usage.TagPair{{Key: "a", Value: "b"}}}, {Number: 1, Hash: hash(1), Text: "x"}}})
	same(t, "printed tags", f.columns(t, scope.All(), 4, usage.Tags), map[uint32][]string{7: {`{"a":"b"}`}, 1: {"x"}})
}

func variants(t *testing.T, f fixture) {
	b := &usage.Block{}
	for i := range texts {
		at := func(n int) string { return texts[(i+n)%len(texts)] }
		b.Variants = append(b.Variants, usage.VariantRecord{Number: uint32(i + 1), Hash: hash(byte(200 - i)), Value: usage.Variant{
			UnitPrice: at(0), ExchangeRate: at(1), ExchangeRateDate: at(2), EarnedCredit: at(3), Credit: at(4), CreditType: at(5),
			BenefitOrderID: at(6), BenefitID: at(7), BenefitType: at(8), Covered: i%2 == 1, Reversed: i%3 == 1, Unlisted: i%5 == 1}})
	}
	shuffled := &usage.Block{Variants: slices.Clone(b.Variants)}
	slices.Reverse(shuffled.Variants)
	f.load(t, 1, shuffled)
	got, err := f.store.Variants(background(), scope.All(), 1)
	must(t, err)
	same(t, "variants", got, b.Variants)
}

func tagSets(t *testing.T, f fixture) {
	b := &usage.Block{}
	for i := range 3000 {
		s := usage.TagSetRecord{Number: uint32(i + 1), Hash: hash(byte(i), byte(i>>8)), Text: texts[i%len(texts)]}
		for j := range i % 7 {
			s.Pairs = append(s.Pairs, usage.TagPair{Key: "key" + strconv.Itoa(6-j), Value: texts[(i+j)%len(texts)]})
		}
		b.TagSets = append(b.TagSets, s)
	}
	f.load(t, 1, &usage.Block{TagSets: b.TagSets[1500:]}, &usage.Block{TagSets: b.TagSets[:1500]})
	same(t, "tag sets", f.tagSets(t, scope.All(), 1), b.TagSets)
}

func facts(t *testing.T, f fixture) {
	full := usage.Fact{Batch: 1, Entry: 2, TagSet: 1, Variant: 1, Day: day(30), File: 65535, Line: 4_294_967_295,
		Quantity: fixed("-99999999999.999999999999999999"), EffectiveUnitPrice: fixed("0.000000000000000001"),
		Cost: fixed("99999999999.999999999999999999"), Pricing: fixed("-0.000000000000000001")}
	first, second := full, full
	first.File, second.Line = 1, 7
	second.Day = day(1)
	outside, other := full, full
	outside.Day, other.Entry = day(31), 1
	f.load(t, 1, dictionary(), rows(full, outside, other, second, first))
	q := usage.FactQuery{Batch: 1, Entry: 2, TagSet: 1, Variant: 1, Period: september}
	same(t, "facts", f.facts(t, scope.All(), q), []usage.Fact{first, second, full})
	q.TagSet = 0
	same(t, "untagged facts", len(f.facts(t, scope.All(), q)), 0)
}

func wideValues(t *testing.T, f fixture) {
	var want []usage.WideValue
	for i, v := range []string{"0.000000000000000000000000000000000000001", "-99999999999.999999999999999999999999999999999999999",
		"1.2345678901234567891", "-0.0000000000000000001"} {
		want = append(want, usage.WideValue{Fact: usage.Fact{Batch: 1, Entry: 1, TagSet: 1, Variant: 1, Day: day(i + 1), File: 3, Line: uint32(i)},
			Column: []usage.Column{usage.Quantity, usage.EffectiveUnitPrice, usage.BillingPreTaxTotal, usage.PricingPreTaxTotal}[i], Value: dec(v)})
	}
	b := dictionary()
	b.Wide = want
	f.load(t, 1, b)
	got, err := f.store.Wide(background(), scope.All(), []uint32{1, 2})
	must(t, err)
	slices.SortFunc(got, func(a, b usage.WideValue) int { return int(a.Fact.Line) - int(b.Fact.Line) })
	same(t, "wide literals", got, want)
	none, err := f.store.Wide(background(), scope.All(), nil)
	must(t, err)
	same(t, "wide literals of no batch", len(none), 0)
}

func notText(t *testing.T, f fixture) {
	w := f.begin(t, 1)
	b := dictionary()
	b.Entries[1].Value[usage.MeterName] = "caf\xe9"
	if err := w.Append(background(), b); fault.KindOf(err) != fault.Invalid {
		t.Fatalf("append of Latin-1: %v, wanted invalid", err)
	}
	if err := w.Close(background()); err == nil {
		t.Fatal("a load that failed was closed")
	}
	must(t, w.Abort(background()))
	f.nothing(t)
}

func cells(t *testing.T, f fixture) {
	want := []usage.Cell{
		{Batch: 1, Entitlement: "", Day: day(2), Rows: 1, Hash: hash(255, 255)},
		{Batch: 1, Entitlement: "Sub-A", Day: day(1), Rows: 1 << 40, Hash: hash(1)},
		{Batch: 1, Entitlement: "Sub-A", Day: day(3), Rows: 3, Hash: hash(0, 1)},
		{Batch: 2, Entitlement: "Ωμέγα with more than twelve bytes", Day: day(1), Rows: 4},
	}
	w := f.begin(t, 1)
	must(t, w.PutCells(background(), []usage.Cell{want[3], want[1]}))
	must(t, w.PutCells(background(), nil))
	must(t, w.PutCells(background(), []usage.Cell{want[2], want[0], {Batch: 3, Entitlement: "x"}}))
	must(t, w.Close(background()))
	got, err := f.store.Cells(background(), scope.All(), []uint32{2, 1})
	must(t, err)
	same(t, "cells", got, want)
}

func removed(t *testing.T, f fixture) {
	w := f.begin(t, 1)
	must(t, w.Append(background(), dictionary()))
	other := row(1, 5, day(1), "16")
	other.Batch = 2
	b := rows(row(1, 2, day(1), "1"), row(1, 3, day(2), "2"), row(2, 4, day(1), "4"), other)
	b.Wide = []usage.WideValue{{Fact: b.Facts[0], Column: usage.BillingPreTaxTotal, Value: dec("0.0000000000000000001")}}
	must(t, w.Append(background(), b))
	must(t, w.PutCells(background(), []usage.Cell{{Batch: 1, Entitlement: "Sub-A", Day: day(1)}, {Batch: 1, Entitlement: "Sub-B", Day: day(1)}}))
	must(t, w.Remove(background(), []usage.Cell{{Batch: 1, Entitlement: "sub-a", Day: day(1)}, {Batch: 1, Entitlement: "unknown", Day: day(1)}}))
	must(t, w.Remove(background(), nil))
	must(t, w.Append(background(), rows(row(1, 9, day(1), "32")))) // written later: not removed
	must(t, w.Remove(background(), []usage.Cell{{Batch: 1, Entitlement: "Sub-B", Day: day(1)}}))
	must(t, w.Close(background()))
	got := f.sums(t, scope.All(), all(1, 2))
	same(t, "groups", len(got), 2)
	same(t, "cost of batch 1", got[0].Cost, dec("34"))
	same(t, "cost of batch 2", got[1].Cost, dec("16"))
	left, err := f.store.Cells(background(), scope.All(), []uint32{1})
	must(t, err)
	same(t, "cells", len(left), 0)
	wide, err := f.store.Wide(background(), scope.All(), []uint32{1})
	must(t, err)
	same(t, "wide literals", len(wide), 0)
}
