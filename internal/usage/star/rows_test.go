package star

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/zeebo/xxh3"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

func fixed(t *testing.T, text string) money.Fixed {
	t.Helper()
	n, fit := money.ParseFixed([]byte(text))
	if fit != money.Fits {
		t.Fatalf("%s does not fit", text)
	}
	return n
}

// row is a stored row, as one file printed it.
func row(t *testing.T) usage.CellRow {
	return usage.CellRow{
		Fact: usage.Fact{Day: 20_700, Batch: 1, Entry: 2, TagSet: 3, Variant: 4, File: 5, Line: 6,
			Quantity: fixed(t, "11.829876"), EffectiveUnitPrice: fixed(t, "0.87928165"), Cost: fixed(t, "8.80"), Pricing: fixed(t, "10.40")},
		EntryHash: usage.Hash{1}, TagHash: usage.Hash{2}, VariantHash: usage.Hash{3},
	}
}

func fingerprint(r usage.CellRow) xxh3.Uint128 {
	h, _ := FingerprintOf(&r, nil)
	return h
}

// A fingerprint is of what a row says. Where it was read, and what a load numbers, is no part of it.
func TestFingerprintIsOfTheContent(t *testing.T) {
	base := fingerprint(row(t))
	for name, change := range map[string]func(*usage.CellRow){
		"batch": func(r *usage.CellRow) { r.Batch = 9 }, "entry's number": func(r *usage.CellRow) { r.Entry = 9 },
		"tag set's number": func(r *usage.CellRow) { r.TagSet = 9 }, "variant's number": func(r *usage.CellRow) { r.Variant = 9 },
		"file": func(r *usage.CellRow) { r.File = 9 }, "line": func(r *usage.CellRow) { r.Line = 9 },
	} {
		r := row(t)
		if change(&r); fingerprint(r) != base {
			t.Errorf("another %s is another row", name)
		}
	}
	seen := map[xxh3.Uint128]string{base: "unchanged"}
	for name, change := range map[string]func(*usage.CellRow){
		"day": func(r *usage.CellRow) { r.Day++ }, "entry": func(r *usage.CellRow) { r.EntryHash[0]++ },
		"tags": func(r *usage.CellRow) { r.TagHash[0]++ }, "variant": func(r *usage.CellRow) { r.VariantHash[0]++ },
		"entry and tags exchanged": func(r *usage.CellRow) { r.EntryHash, r.TagHash = r.TagHash, r.EntryHash },
		"quantity":                 func(r *usage.CellRow) { r.Quantity = fixed(t, "11.829877") },
		"unit price":               func(r *usage.CellRow) { r.EffectiveUnitPrice = fixed(t, "0.87928166") },
		"cost":                     func(r *usage.CellRow) { r.Cost = fixed(t, "8.81") },
		"price in its currency":    func(r *usage.CellRow) { r.Pricing = fixed(t, "10.41") },
		"cost and price exchanged": func(r *usage.CellRow) { r.Cost, r.Pricing = r.Pricing, r.Cost },
		"a literal too long": func(r *usage.CellRow) {
			r.Wide = []usage.WideValue{{Column: usage.Quantity, Value: money.MustParse("1.5")}}
		},
		"the same of another column": func(r *usage.CellRow) {
			r.Wide = []usage.WideValue{{Column: usage.EffectiveUnitPrice, Value: money.MustParse("1.5")}}
		},
	} {
		r := row(t)
		change(&r)
		h := fingerprint(r)
		if other, twice := seen[h]; twice {
			t.Errorf("%s and %s have one fingerprint", name, other)
		}
		seen[h] = name
	}
}

// A cell is a multiset: the order of rows does not matter, how often each is there does.
func TestCellsAreMultisets(t *testing.T) {
	var hashes []xxh3.Uint128
	for i := range 50 {
		r := row(t)
		r.Day, r.EntryHash[1] = 20_700, byte(i)
		hashes = append(hashes, fingerprint(r))
	}
	key := Key{Batch: 1, Entitlement: "e-1", Day: 20_700}
	sum := func(list []xxh3.Uint128) usage.Cell {
		m := Cells{}
		for _, h := range list {
			m.At(key).Add(h.Hi, h.Lo, fixed(t, "0.1"))
		}
		return m.List()[0]
	}
	all := sum(hashes)
	turned := slices.Clone(hashes)
	slices.Reverse(turned)
	if sum(turned) != all || all.Rows != 50 {
		t.Errorf("another order: %+v and %+v", sum(turned), all)
	}
	if twice := sum(append(slices.Clone(hashes), hashes[0])); twice.Hash == all.Hash {
		t.Error("a row that is there twice does not show")
	}
	if swapped := sum(append(slices.Clone(hashes[1:]), hashes[1])); swapped.Hash == all.Hash || swapped.Rows != all.Rows {
		t.Error("one row twice in place of another does not show")
	}

	one, two := Cells{}, Cells{} // two workers
	for i, h := range hashes {
		[]Cells{one, two}[i%2].At(key).Add(h.Hi, h.Lo, fixed(t, "0.1"))
	}
	if Plus(one.List()[0].Hash, two.List()[0].Hash) != all.Hash {
		t.Error("the hashes of two parts do not add up to that of all")
	}
	one.Merge(two)
	if got := one.List()[0]; got != all || one.At(key).Total().String() != "5" {
		t.Errorf("two workers: %+v with %s, and %+v", got, one.At(key).Total(), all)
	}
	for _, h := range hashes {
		one.At(key).Take(h.Hi, h.Lo, fixed(t, "0.1"))
	}
	if len(one.List()) != 0 || !one.At(key).Total().IsZero() {
		t.Errorf("all taken out: %+v, %s", one.List(), one.At(key).Total())
	}
}

// No two lists of values look the same as canonical bytes.
func TestAppendField(t *testing.T) {
	seen := map[string]string{}
	for _, list := range [][]string{{"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}, {"", "abc"}, {"a", "b", "c"}, {}, {""}, {"\x01a"}} {
		var b []byte
		for _, v := range list {
			b = AppendField(b, []byte(v))
		}
		if other, twice := seen[string(b)]; twice {
			t.Errorf("%q and %s look the same", list, other)
		}
		seen[string(b)] = fmt.Sprintf("%q", list)
	}
}

// Workers that find the same items get the same numbers, each item one, and the numbers that items had are theirs again.
func TestDictionary(t *testing.T) {
	const items, workers = 5000, 4
	d := &Dictionary{}
	var got [workers][items]Item
	var fresh [workers]int
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := range items {
				at := (i + w*items/workers) % items
				it, isFresh := d.Find(fmt.Appendf(nil, "item %d", at))
				if got[w][at] = it; isFresh {
					fresh[w]++
				}
			}
		})
	}
	all.Wait()
	if got[1] != got[0] || got[2] != got[0] || got[3] != got[0] {
		t.Error("an item has two numbers")
	}
	if n := fresh[0] + fresh[1] + fresh[2] + fresh[3]; n != items || d.Count() != items {
		t.Errorf("%d times fresh, %d items", n, d.Count())
	}
	known, numbers := map[usage.Hash]uint32{}, map[uint32]bool{}
	for it := range d.All() {
		numbers[it.Number] = true
		if len(known) < items/2 {
			known[it.Hash] = it.Number
		}
	}
	if len(numbers) != items {
		t.Errorf("%d numbers for %d items", len(numbers), items)
	}
	again := Knowing(known)
	taken := map[uint32]bool{}
	for i := range items {
		it, _ := again.Find(fmt.Appendf(nil, "item %d", i))
		if had := known[it.Hash]; had != 0 && had != it.Number {
			t.Fatalf("item %d had number %d and has %d", i, had, it.Number)
		}
		if taken[it.Number] {
			t.Fatalf("number %d is given twice", it.Number)
		}
		taken[it.Number] = true
	}
}

// The digest of lines is of a multiset too.
func TestLinesDigest(t *testing.T) {
	a := LinesDigest([]string{"x", "y", "y"})
	if LinesDigest([]string{"y", "x", "y"}) != a || LinesDigest([]string{"x", "y"}) == a || LinesDigest([]string{"x", "x", "y"}) == a {
		t.Error("the digest of lines is not that of a multiset")
	}
}

// The digest of a batch is of every cell: where it is, how many rows it has and what they say.
func TestCellsDigest(t *testing.T) {
	cells := []usage.Cell{{Entitlement: "e-1", Day: 20_700, Rows: 2, Hash: [16]byte{1}}, {Entitlement: "e-2", Day: 20_700, Rows: 1, Hash: [16]byte{2}}}
	base := CellsDigest(cells)
	for name, change := range map[string]func(*usage.Cell){
		"entitlement": func(c *usage.Cell) { c.Entitlement = "e-3" }, "day": func(c *usage.Cell) { c.Day++ },
		"rows": func(c *usage.Cell) { c.Rows++ }, "content": func(c *usage.Cell) { c.Hash[15]++ },
	} {
		other := slices.Clone(cells)
		if change(&other[1]); CellsDigest(other) == base {
			t.Errorf("another %s does not show", name)
		}
	}
	if cells[0].Batch = 7; CellsDigest(cells) != base {
		t.Error("the number of a batch is part of its digest")
	}
}
