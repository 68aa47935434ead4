package usagetest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Open gives an empty store; whatever it needs is undone with t.Cleanup.
type Open func(t *testing.T) usage.RowStore

// Run checks a store against everything the interface promises.
func Run(t *testing.T, open Open) {
	cases := []struct {
		name string
		run  func(*testing.T, fixture)
	}{
		{"unfinished load is invisible", unfinished},
		{"closed load cannot be written", ended},
		{"aborted load leaves nothing", aborted},
		{"load number is used once", usedOnce},
		{"dropping twice is dropping once", dropped},
		{"dropping one batch keeps the others", droppedBatch},
		{"loads are listed ascending", listed},
		{"a batch named twice counts once", namedTwice},
		{"a batch of another load is not found", wrongLoad},
		{"entries come back", entries},
		{"columns of entries come back", columns},
		{"variants come back", variants},
		{"tag sets come back", tagSets},
		{"facts come back in order", facts},
		{"wide literals come back", wideValues},
		{"text that is not UTF-8 is refused", notText},
		{"sums are exact", exactSums},
		{"sums hold at the largest batch", largestBatch},
		{"sums include wide literals", wideSums},
		{"period and cuts are half-open", spans},
		{"masks hide whole cells", masks},
		{"sums come in hash order", ordered},
		{"an error of yield ends the reading", stopped},
		{"an ended context ends the call", cancelled},
		{"a row without its dictionary item fails", incomplete},
		{"cells come back in order", cells},
		{"removed cells are gone", removed},
		{"rows of cells come back with their hashes", cellRows},
		{"removed rows are gone", removedRows},
		{"a scope sees its own only", scoped},
		{"a shared cell is hidden from a scope", sharedCell},
		{"several goroutines append", concurrent},
		{"random loads sum as in a map", random},
		{"totals hold beyond a batch", largeTotals},
		{"totals of a row without its dictionary item fail", totalsOfWhatLacksItsItem},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, fixture{open(t)}) })
	}
}

// fixture is the store under test.
type fixture struct{ store usage.RowStore }

func background() context.Context { return context.Background() }

// load writes blocks as one closed load.
func (f fixture) load(t rapid.TB, number uint32, blocks ...*usage.Block) {
	t.Helper()
	w := f.begin(t, number)
	for _, b := range blocks {
		must(t, w.Append(background(), b))
	}
	must(t, w.Close(background()))
}

func (f fixture) begin(t rapid.TB, number uint32) usage.Writer {
	t.Helper()
	w, err := f.store.Begin(background(), number)
	must(t, err)
	return w
}

// sums reads all groups of a query.
func (f fixture) sums(t rapid.TB, s scope.Scope, q usage.Query) (out []usage.Sum) {
	t.Helper()
	must(t, f.store.Sums(background(), s, q, func(x usage.Sum) error {
		out = append(out, x)
		return nil
	}))
	return out
}

func (f fixture) facts(t rapid.TB, s scope.Scope, q usage.FactQuery) (out []usage.Fact) {
	t.Helper()
	must(t, f.store.Facts(background(), s, q, func(x usage.Fact) error {
		out = append(out, x)
		return nil
	}))
	return out
}

// columns reads columns of all entries of a load: per number, the texts in their order.
func (f fixture) columns(t rapid.TB, s scope.Scope, load uint32, list ...usage.Column) map[uint32][]string {
	t.Helper()
	out := map[uint32][]string{}
	must(t, f.store.Texts(background(), s, load, list, func(numbers []uint32, texts [][]string) error {
		for i, n := range numbers {
			if out[n] != nil {
				t.Fatalf("entry %d came twice", n)
			}
			for c := range list {
				out[n] = append(out[n], texts[c][i])
			}
		}
		return nil
	}))
	return out
}

func (f fixture) entries(t rapid.TB, s scope.Scope, load uint32, numbers ...uint32) (out []usage.EntryRecord) {
	t.Helper()
	must(t, f.store.Entries(background(), s, load, numbers, func(x usage.EntryRecord) error {
		out = append(out, x)
		return nil
	}))
	return out
}

func (f fixture) tagSets(t rapid.TB, s scope.Scope, load uint32) (out []usage.TagSetRecord) {
	t.Helper()
	must(t, f.store.TagSets(background(), s, load, func(x usage.TagSetRecord) error {
		out = append(out, x)
		return nil
	}))
	return out
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if cause := errors.Unwrap(err); cause != nil {
		t.Fatalf("%v (%v)", err, cause)
	}
	t.Fatal(err)
}

// same fails the test when the two differ; decimals are compared by value.
func same(t rapid.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmp.Comparer(money.Decimal.Equal)); d != "" {
		t.Fatalf("%s differ (- wanted, + got):\n%s", what, d)
	}
}

// september is the month in which the cases happen.
var september = period.Period{Start: day(1), End: day(31)}

// day is the nth of September 2026; the 31st is the first of October.
func day(n int) period.Date { return period.NewDate(2026, 9, 1).AddDays(n - 1) }

// all asks for batches of load 1 in September.
func all(batches ...uint32) usage.Query {
	q := usage.Query{Period: september}
	for _, b := range batches {
		q.Batches = append(q.Batches, usage.BatchRef{Load: 1, Batch: b})
	}
	return q
}

// fixed is an amount of a row.
func fixed(s string) money.Fixed {
	f, fit := money.ParseFixed([]byte(s))
	if fit != money.Fits {
		panic("usagetest: " + s + " is no amount of a row")
	}
	return f
}

func dec(s string) money.Decimal { return money.MustParse(s) }

// hash makes a hash that begins with the given bytes.
func hash(first ...byte) (h usage.Hash) {
	copy(h[:], first)
	return h
}

// entry is a dictionary entry of a customer and an entitlement.
func entry(number uint32, h usage.Hash, customer, entitlement string) usage.EntryRecord {
	e := usage.EntryRecord{Number: number, Hash: h}
	e.Value[usage.CustomerID], e.Value[usage.EntitlementID] = customer, entitlement
	return e
}

// dictionary is entries 1 (entitlement "Sub-A" of customer "Cust-A") and 2 ("Sub-B", "Cust-B"), variant 1, tag set 1.
func dictionary() *usage.Block {
	return &usage.Block{
		Entries:  []usage.EntryRecord{entry(1, hash(1), "Cust-A", "Sub-A"), entry(2, hash(2), "Cust-B", "Sub-B")},
		Variants: []usage.VariantRecord{{Number: 1, Hash: hash(9)}},
		TagSets:  []usage.TagSetRecord{{Number: 1, Hash: hash(7), Text: `{"a":"b"}`, Pairs: []usage.TagPair{{Key: "a", Value: "b"}}}},
	}
}

// row is a fact of batch 1, variant 1, untagged, with the same amount in every column.
func row(entry uint32, line uint32, on period.Date, amount string) usage.Fact {
	a := fixed(amount)
	return usage.Fact{Batch: 1, Entry: entry, Variant: 1, Day: on, File: 1, Line: line,
		Quantity: a, EffectiveUnitPrice: a, Cost: a, Pricing: a}
}

// rows is a block of facts.
func rows(facts ...usage.Fact) *usage.Block { return &usage.Block{Facts: facts} }
