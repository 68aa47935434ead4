package usagetest

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// randomPairs are the tags of the sets of random loads. Names that differ in their letters are one to a grouping.
var randomPairs = [dicts][]usage.TagPair{
	{{Key: "ENV", Value: "prod"}, {Key: "env", Value: "1:test"}, {Key: "owner", Value: ""}},
	{{Key: "Env", Value: "prod"}},
	nil,
}

func randomGrouping(r *rapid.T) (by rating.Grouping) {
	for _, c := range []usage.Column{usage.CustomerID, usage.EntitlementID, usage.ResourceGroup, usage.MeterCategory} {
		if rapid.Bool().Draw(r, "column") {
			by.Columns = append(by.Columns, c)
		}
	}
	for _, name := range []string{"eNV", "OWNER", "none"} {
		if rapid.Bool().Draw(r, "tag") {
			by.Tags = append(by.Tags, name)
		}
	}
	by.Daily = rapid.Bool().Draw(r, "daily")
	return by
}

// totals reads all groups of a grouping: what they are distinguished by → rows and amounts.
func (f fixture) totals(t rapid.TB, s scope.Scope, q usage.Query, by rating.Grouping) map[string]string {
	t.Helper()
	store, ok := f.store.(rating.TotalStore)
	if !ok {
		t.Fatal("the store adds up no totals")
	}
	out := map[string]string{}
	must(t, store.Totals(background(), s, q, by, func(x *rating.Total) error {
		key := groupKey(by, *x.Entry, *x.Variant, x.Tags, x.Span, x.Day)
		if out[key] != "" {
			t.Fatalf("group %s came twice", key)
		}
		out[key] = fmt.Sprint(x.Rows, x.Quantity, x.Cost)
		return nil
	}))
	return out
}

func groupKey(by rating.Grouping, e usage.Entry, v usage.Variant, tags [][]string, span int, day period.Date) string {
	var texts []string
	for _, c := range by.Columns {
		texts = append(texts, e[c])
	}
	if !by.Daily {
		day = 0
	}
	return fmt.Sprintf("%q %s %s %t %t %t %q %d %s", texts, v.UnitPrice, v.ExchangeRate, v.Covered, v.Reversed, v.Unlisted, tags, span, day)
}

// expectedTotals does what the store should, row by row.
func expectedTotals(b *usage.Block, q usage.Query, sc scope.Scope, by rating.Grouping) map[string]string {
	type group struct {
		rows           int64
		quantity, cost money.Decimal
	}
	groups := map[string]group{}
	for _, x := range b.Facts {
		span, counts := counted(b, q, sc, x)
		if !counts {
			continue
		}
		tags := make([][]string, len(by.Tags))
		if x.TagSet > 0 {
			for n, name := range by.Tags {
				for _, p := range b.TagSets[x.TagSet-1].Pairs {
					if strings.EqualFold(p.Key, name) {
						tags[n] = append(tags[n], p.Value)
					}
				}
			}
		}
		key := groupKey(by, b.Entries[x.Entry-1].Value, b.Variants[x.Variant-1].Value, tags, span, x.Day)
		g := groups[key]
		groups[key] = group{g.rows + 1, g.quantity.Add(x.Quantity.Decimal()), g.cost.Add(costOf(b, x))}
	}
	out := map[string]string{}
	for key, g := range groups {
		out[key] = fmt.Sprint(g.rows, g.quantity, g.cost)
	}
	return out
}

// largeTotals adds up more than any batch may hold.
func largeTotals(t *testing.T, f fixture) {
	big, q := money.Fixed{}, all()
	for range 100_000 {
		big = big.Add(fixed("99999999999.999999999999999999"))
	}
	b, want := dictionary(), money.Decimal{}
	for n := range uint32(4000) {
		b.Facts = append(b.Facts, usage.Fact{Batch: n, Entry: 1, Variant: 1, Day: day(1), Line: n, Quantity: big, Cost: big.Neg()})
		q.Batches = append(q.Batches, usage.BatchRef{Load: 1, Batch: n})
		want = want.Add(big.Decimal())
	}
	f.load(t, 1, b)
	same(t, "totals", f.totals(t, scope.All(), q, rating.Grouping{}), map[string]string{`[]   false false false [] 0 `: fmt.Sprint(4000, want, want.Neg())})
}

// totalsOfWhatLacksItsItem refuses what Sums refuses, and takes loads that are not closed for nothing.
func totalsOfWhatLacksItsItem(t *testing.T, f fixture) {
	x := row(1, 2, day(1), "1")
	x.TagSet = 99
	f.load(t, 1, dictionary(), rows(x))
	store := f.store.(rating.TotalStore)
	count := 0
	read := func(q usage.Query, by rating.Grouping) error {
		return store.Totals(background(), scope.All(), q, by, func(*rating.Total) error { count++; return nil })
	}
	if read(all(1), rating.Grouping{Tags: []string{"a"}}) == nil {
		t.Error("a row without its tag set was added up by tags")
	}
	w := f.begin(t, 2)
	must(t, w.Append(background(), dictionary()))
	must(t, w.Append(background(), rows(row(1, 2, day(1), "1"))))
	count = 0
	must(t, read(usage.Query{Batches: []usage.BatchRef{{Load: 2, Batch: 1}}, Period: september}, rating.Grouping{}))
	must(t, read(usage.Query{Period: september}, rating.Grouping{}))
	must(t, w.Abort(background()))
	same(t, "groups of an open load, and of no batch", count, 0)
	for n, spoil := range []func(*usage.Fact){func(x *usage.Fact) { x.Entry = 99 }, func(x *usage.Fact) { x.Variant = 99 }} {
		y, load := row(1, 2, day(1), "1"), uint32(n+3)
		spoil(&y)
		f.load(t, load, dictionary(), rows(y))
		if read(usage.Query{Batches: []usage.BatchRef{{Load: load, Batch: 1}}, Period: september}, rating.Grouping{}) == nil {
			t.Error("a row without its entry or variant was added up or passed over")
		}
	}
}
