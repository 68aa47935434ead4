package usagetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// OpenRuns gives what keeps rows of a store in memory.
type OpenRuns func(t *testing.T, store usage.RowStore) rating.RunStore

// Runs checks what keeps rows in memory against rows added up one by one: twice, for what was read once is used again.
func Runs(t *testing.T, open Open, keep OpenRuns) {
	f := fixture{open(t)}
	kept, next, held := keep(t, f.store), uint32(0), 0
	rapid.Check(t, func(r *rapid.T) {
		next++
		b := randomLoad(r, next)
		f.load(r, next, b)
		for range 2 {
			q, sc := randomQuery(r, next)
			read := randomReading(r)
			got, is := runsOf(r, kept, sc, q, read)
			if !is {
				r.Fatal("what was just read is not held")
			}
			held++
			same(r, "runs", got, expectedRuns(b, q, sc, read))
		}
	})
	if held == 0 {
		t.Error("nothing was asked")
	}
}

func randomReading(r *rapid.T) rating.Reading {
	read := rating.Reading{By: randomGrouping(r), Unit: unitOfVariant}
	for _, c := range []usage.Column{usage.CustomerID, usage.EntitlementID} {
		if rapid.Bool().Draw(r, "rated") {
			read.Rated = append(read.Rated, c)
		}
	}
	if rapid.Bool().Draw(r, "tags of books") {
		read.Tags = []string{"env"}
	}
	return read
}

// unitOfVariant makes prices of many digits, of which some are negative, from those of random loads.
func unitOfVariant(v *usage.Variant) (money.Decimal, int) {
	if v.UnitPrice == "" {
		return money.Decimal{}, 0
	}
	price := dec(v.UnitPrice).Sub(dec("0.3333333333333333333333333333"))
	switch {
	case v.Covered:
		return price, 5
	case v.Reversed:
		return price, 15
	}
	return price, 2
}

// classText names a class; entitlements that end in 3 are left out.
func classText(read rating.Reading, e *usage.Entry, kind int, tags [][]string, span int) string {
	var texts []string
	for _, c := range read.Rated {
		if c == usage.EntitlementID && strings.HasSuffix(e[c], "3") {
			return ""
		}
		texts = append(texts, e[c])
	}
	return fmt.Sprintf("%q %d %q %d", texts, kind, tags, span)
}

// groupSums is what rows come to.
type groupSums struct {
	rows                   int64
	quantity, cost, before money.Decimal
}

func (g groupSums) and(rows int64, quantity, cost, before money.Decimal) groupSums {
	return groupSums{g.rows + rows, g.quantity.Add(quantity), g.cost.Add(cost), g.before.Add(before)}
}

func groupTexts(groups map[string]groupSums) map[string]string {
	out := map[string]string{}
	for key, g := range groups {
		out[key] = fmt.Sprint(g.rows, g.quantity, g.cost, g.before)
	}
	return out
}

// runsOf reads all groups: class and what the grouping asks for → rows and amounts.
func runsOf(t rapid.TB, kept rating.RunStore, sc scope.Scope, q usage.Query, read rating.Reading) (map[string]string, bool) {
	t.Helper()
	classes, groups := []string{}, map[string]groupSums{}
	asked := map[string]bool{}
	read.Class = func(e *usage.Entry, _ *usage.Variant, kind int, tags [][]string, span int) int {
		text := classText(read, e, kind, tags, span)
		if text == "" {
			return -1
		}
		if len(q.Batches) == 1 && asked[text] {
			t.Errorf("%s was asked for twice", text)
		}
		asked[text] = true
		classes = append(classes, text)
		return len(classes) - 1
	}
	held, err := kept.Runs(background(), sc, q, read, func(class int, x *rating.Total) error {
		key := classes[class] + groupKey(read.By, *x.Entry, usage.Variant{}, x.Tags, x.Span, x.Day)
		groups[key] = groups[key].and(x.Rows, x.Quantity, x.Cost, x.BeforeCredit)
		return nil
	})
	must(t, err)
	return groupTexts(groups), held
}

// expectedRuns does the same row by row.
func expectedRuns(b *usage.Block, q usage.Query, sc scope.Scope, read rating.Reading) map[string]string {
	groups := map[string]groupSums{}
	for _, x := range b.Facts {
		span, counts := counted(b, q, sc, x)
		if !counts {
			continue
		}
		e, v := &b.Entries[x.Entry-1].Value, &b.Variants[x.Variant-1].Value
		price, kind := unitOfVariant(v)
		class := classText(read, e, kind, tagsOf(b, x, read.Tags), span)
		if class == "" {
			continue
		}
		key := class + groupKey(read.By, *e, usage.Variant{}, tagsOf(b, x, read.By.Tags), span, x.Day)
		quantity := x.Quantity.Decimal()
		groups[key] = groups[key].and(1, quantity, costOf(b, x), quantity.Mul(price))
	}
	return groupTexts(groups)
}

// tagsOf is the values of names in the tag set of a row.
func tagsOf(b *usage.Block, x usage.Fact, names []string) [][]string {
	tags := make([][]string, len(names))
	if x.TagSet == 0 {
		return tags
	}
	for n, name := range names {
		for _, p := range b.TagSets[x.TagSet-1].Pairs {
			if strings.EqualFold(p.Key, name) {
				tags[n] = append(tags[n], p.Value)
			}
		}
	}
	return tags
}

// RunsOfWhatIsNotHeld checks what is not there to be kept, and what keeps a megabyte, a small load, and next to nothing.
func RunsOfWhatIsNotHeld(t *testing.T, open Open, keep, keepLittle, keepNone OpenRuns) {
	f := fixture{open(t)}
	read := rating.Reading{Unit: unitOfVariant}
	f.load(t, 1, dictionary(), rows(row(1, 2, day(1), "1")))
	if got, held := runsOf(t, keepNone(t, f.store), scope.All(), all(1), read); held || len(got) > 0 {
		t.Errorf("a load that does not fit is held, with %v", got)
	}
	kept := keep(t, f.store)
	w := f.begin(t, 2)
	must(t, w.Append(background(), dictionary()))
	must(t, w.Append(background(), rows(row(1, 2, day(1), "7"))))
	open2 := usage.Query{Batches: []usage.BatchRef{{Load: 2, Batch: 1}}, Period: september}
	got, _ := runsOf(t, kept, scope.All(), open2, read)
	same(t, "runs of an open load", got, map[string]string{})
	must(t, w.Close(background()))
	if got, held := runsOf(t, kept, scope.All(), open2, read); !held || len(got) != 1 {
		t.Errorf("a load that is closed now has %v, held %v", got, held)
	}
	must(t, f.store.Drop(background(), 2, 1))
	if got, _ = runsOf(t, kept, scope.All(), open2, read); len(got) > 0 {
		t.Errorf("a batch that was dropped has %v", got)
	}
	for n, spoil := range []func(*usage.Fact){
		func(x *usage.Fact) { x.Entry = 99 }, func(x *usage.Fact) { x.Variant = 99 }, func(x *usage.Fact) { x.TagSet = 99 },
	} {
		x, load := row(1, 2, day(1), "1"), uint32(n+3)
		spoil(&x)
		f.load(t, load, dictionary(), rows(x))
		q, by := usage.Query{Batches: []usage.BatchRef{{Load: load, Batch: 1}}, Period: september}, rating.Reading{Unit: unitOfVariant, Tags: []string{"a"}}
		by.Class = func(*usage.Entry, *usage.Variant, int, [][]string, int) int { return 0 }
		if _, err := kept.Runs(background(), scope.All(), q, by, func(int, *rating.Total) error { return nil }); err == nil {
			t.Error("a row without its entry, variant or tag set was added up or passed over")
		}
	}
	far := rows(row(1, 2, day(1), "1"), row(1, 2, day(1).AddDays(90), "1"))
	f.load(t, 9, dictionary(), far)
	if _, held := runsOf(t, kept, scope.All(), usage.Query{Batches: []usage.BatchRef{{Load: 9, Batch: 1}}}, read); held {
		t.Error("a batch of more days than there are bits for is held")
	}
	long := dictionary()
	long.Entries[0].Value[usage.ResourceURI] = strings.Repeat("x", 2<<20)
	f.load(t, 10, long, rows(row(1, 2, day(1), "1")))
	q := usage.Query{Batches: []usage.BatchRef{{Load: 10, Batch: 1}}}
	ended, end := context.WithCancel(background())
	end()
	if _, err := kept.Runs(ended, scope.All(), q, read, nil); err == nil {
		t.Error("an ended context does not end the call")
	}
	for range 2 {
		by := rating.Grouping{Columns: []usage.Column{usage.ResourceURI, usage.MeterCategory}}
		if _, held := runsOf(t, kept, scope.All(), q, rating.Reading{Unit: unitOfVariant, By: by}); held {
			t.Error("a column that does not fit is held")
		}
		by.Columns = by.Columns[1:]
		if got, held := runsOf(t, kept, scope.All(), q, rating.Reading{Unit: unitOfVariant, By: by}); !held || len(got) != 1 {
			t.Errorf("beside a column that does not fit others come to %v, held %v", got, held)
		}
	}
	little, both := keepLittle(t, f.store), usage.Query{Batches: []usage.BatchRef{{Load: 11, Batch: 1}, {Load: 12, Batch: 1}}}
	f.load(t, 11, dictionary(), rows(row(1, 2, day(1), "1")))
	f.load(t, 12, dictionary(), rows(row(1, 2, day(1), "2")))
	for range 2 {
		if _, held := runsOf(t, little, scope.All(), both, read); held {
			t.Error("two loads are held that do not fit together")
		}
		for i := range both.Batches {
			if got, held := runsOf(t, little, scope.All(), usage.Query{Batches: both.Batches[i : i+1]}, read); !held || len(got) != 1 {
				t.Errorf("one of two loads that do not fit together has %v, held %v", got, held)
			}
		}
	}
}
