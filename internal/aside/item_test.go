package aside

import (
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// What is listed one by one is the rows of the lowest lines, whatever order they come in; the others are summed.
func TestRowsAreListedInAnyOrder(t *testing.T) {
	const n = 5 * Listed
	added := func(order func([]int)) []Item {
		lines := []int{}
		for i := range n {
			lines = append(lines, i+1)
		}
		order(lines)
		var r Rows
		for _, line := range lines {
			r.Add(Item{Line: int64(line), Rows: 1, Unreadable: int64(line % 2), Money: money.Totals{"EUR": money.FromInt(int64(line))}, Invoice: "G1"})
		}
		return r.List()
	}
	there, back := added(func([]int) {}), added(slices.Reverse[[]int])
	if len(there) != Listed+1 || len(back) != len(there) {
		t.Fatalf("%d and %d", len(there), len(back))
	}
	for i := range there {
		a, b := there[i], back[i]
		if a.Line != b.Line || a.Rows != b.Rows || a.Unreadable != b.Unreadable || !a.Money["EUR"].Equal(b.Money["EUR"]) {
			t.Fatalf("%d: %+v and %+v", i, a, b)
		}
	}
	if o := NewOpen(there); o.Rows != n || o.Unreadable != n/2 || !o.Money["EUR"].Equal(money.FromInt(n*(n+1)/2)) {
		t.Errorf("%s", o)
	}
}

// What is unbilled says nothing against billed rows; an invoice is stopped by its own, a month by its own.
func TestStops(t *testing.T) {
	for _, c := range []struct {
		item Item
		want bool
	}{
		{Item{Invoice: "G1", Period: 5}, true}, {Item{Invoice: "G2", Period: 6}, true}, {Item{Invoice: "G1"}, true},
		{Item{Invoice: "G2", Period: 5}, false}, {Item{Unbilled: true, Period: 6}, false}, {Item{}, false},
	} {
		if got := c.item.Stops("G1", 6); got != c.want {
			t.Errorf("%+v: %v", c.item, got)
		}
	}
}

// Sums are said in words that a clerk reads.
func TestOpenInWords(t *testing.T) {
	list := []Item{{Kind: KeptAside, Rows: 2, Unreadable: 1, Money: money.Totals{"EUR": money.MustParse("12.5")}}, {Kind: RefusedFile, File: "a"}, {Kind: RefusedFile, File: "a"}}
	for want, o := range map[string]*Open{
		"2 rows (12.50 EUR; the amount of 1 row cannot be read), 1 refused file": NewOpen(list),
		"0 rows, 1 refused file": NewOpen(list[1:]),
		"nothing":                NewOpen(nil),
	} {
		if o.String() != want {
			t.Errorf("%q, want %q", o, want)
		}
	}
}
