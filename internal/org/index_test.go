package org

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// drawFile is a world file about organisations of few keys, whose kinds, tenants, entitlements and edges are anything.
func drawFile(t *rapid.T) World {
	var w World
	kind := rapid.SampledFrom([]Kind{Partner, Reseller, Reseller, Customer, Customer})
	keys := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"p", "r0", "r1", "r2", "c0", "c1", "c2"}), 0, 4, rapid.ID[string]).Draw(t, "keys")
	for _, key := range keys {
		is := map[byte]Kind{'p': Partner, 'r': Reseller, 'c': Customer}[key[0]]
		if rapid.IntRange(0, 9).Draw(t, "other kind") == 9 {
			is = kind.Draw(t, "kind")
		}
		o := organisation(is, key)
		o.Tenant = rapid.SampledFrom([]string{"", "", "T0", "t0", "t1", "t2", "t3", "t4"}).Draw(t, "tenant")
		if rapid.IntRange(0, 9).Draw(t, "own tenants") > 4 && key == "p" || rapid.IntRange(0, 19).Draw(t, "odd") == 19 {
			o.Tenants = []string{rapid.SampledFrom([]string{"t0", "T1", "own"}).Draw(t, "own tenant")}
		}
		for range rapid.IntRange(0, 2).Draw(t, "entitlements") {
			o.Entitlements = append(o.Entitlements, Entitlement{Provider: fmt.Sprintf("Ent-%d", rapid.IntRange(0, 3).Draw(t, "entitlement")), Period: drawPeriod(t)})
		}
		w.Organisations = append(w.Organisations, o)
	}
	who := rapid.SampledFrom([]string{"p", "p", "r0", "r1", "r2", "c0", "c1"})
	usual := rapid.SampledFrom([][2]string{{"p", "r0"}, {"p", "r1"}, {"r0", "r1"}, {"r1", "r2"}, {"r2", "r0"}, {"p", "c0"}, {"r0", "c1"}, {"r1", "c2"}})
	seen := map[string]bool{}
	for range rapid.IntRange(0, 2).Draw(t, "edges") {
		ends := usual.Draw(t, "ends")
		if rapid.IntRange(0, 7).Draw(t, "odd ends") == 7 {
			ends = [2]string{who.Draw(t, "seller"), who.Draw(t, "buyer")}
		}
		e := edge(ends[0], ends[1], drawPeriod(t))
		if rapid.IntRange(0, 3).Draw(t, "later") == 0 {
			since := period.Date(rapid.SampledFrom([]int{2, 32, 32, 40, 60, 60}).Draw(t, "since"))
			e.Later = []DatedTerms{{since, Terms{Book: "other", Currency: "EUR", Series: "A"}}}
		}
		if !seen[string(e.ID)] {
			w.Edges = append(w.Edges, e)
		}
		seen[string(e.ID)] = true
	}
	for range rapid.IntRange(0, 1).Draw(t, "rates") {
		w.Rates = append(w.Rates, Rate{From: "USD", To: "EUR", Month: 100, Value: money.FromInt(int64(rapid.IntRange(0, 9).Draw(t, "rate")))})
	}
	return w
}

// TestChangeIsValidWhenTheWholeIs lays files over valid worlds: what looks at the change alone refuses those, and only
// those, after which the whole world is not valid.
func TestChangeIsValidWhenTheWholeIs(t *testing.T) {
	valid, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		have := sound(drawWorld(t))
		merged, _ := Merge(have, drawFile(t))
		c := difference(have, merged)
		before := have.Index()
		whole := Validate(merged)
		part := validateChange(before, before.With(c, ""), c, nil).fault()
		if (whole == nil) != (part == nil) {
			t.Fatalf("of the whole: %v\nof the change: %v\nchange %+v", whole, part, c)
		}
		if whole == nil {
			valid++
		} else {
			refused++
		}
	})
	if valid < 10 || refused < 10 {
		t.Errorf("too few of a kind: %d valid, %d refused", valid, refused)
	}
	t.Logf("%d valid, %d refused", valid, refused)
}

// TestChangedIndexEqualsNewIndex changes an index again and again: each time it answers as one that was made again.
func TestChangedIndexEqualsNewIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have := World{}
		x := have.Index()
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			merged, _ := Merge(have, drawFile(t))
			before, same := x.lists(), fmt.Sprintf("%+v", *x.lists())
			next := x.With(difference(have, merged), "r")
			if fmt.Sprintf("%+v", *x.lists()) != same {
				t.Fatalf("the index of before changed: %+v", before)
			}
			sameIndex(t, next, merged.Index())
			have, x = merged, next
		}
	})
}

func sameIndex(t *rapid.T, x, want *Index) {
	if got, want := x.lists(), want.lists(); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v\nwant %+v", got, want)
	}
	on := period.Period{Start: 1, End: 80}
	if got, want := x.Cuts(on), want.Cuts(on); !slices.Equal(got, want) {
		t.Fatalf("cuts %v, want %v", got, want)
	}
	key := func(o *Organisation) string {
		if o == nil {
			return ""
		}
		return o.Key
	}
	for _, ref := range []string{"t0", "T1", "t2", "own", "ent-0", "ENT-1", "ent-2", "ent-3"} {
		for _, day := range []period.Date{1, 5, 9, 13, 20} {
			got := []string{key(x.CustomerOfTenant(ref)), key(x.OwnTenant(ref)), key(x.CustomerOfEntitlement(ref, day))}
			wanted := []string{key(want.CustomerOfTenant(ref)), key(want.OwnTenant(ref)), key(want.CustomerOfEntitlement(ref, day))}
			if !slices.Equal(got, wanted) {
				t.Fatalf("%s on day %d is of %q, want %q", ref, day, got, wanted)
			}
		}
	}
	for _, o := range want.lists().Organisations {
		if got, want := ids(x.below(o.ID)), ids(want.below(o.ID)); !slices.Equal(got, want) {
			t.Fatalf("below %s are %v, want %v", o.Key, got, want)
		}
		for day := period.Date(1); day < 26; day += 3 {
			if got, want := x.Path(o.ID, day), want.Path(o.ID, day); got != want {
				t.Fatalf("%s stands at %s on day %d, want %s", o.Key, got, day, want)
			}
		}
	}
	for _, month := range []period.Month{period.Date(1).Month(), period.Date(40).Month()} {
		if got, want := x.During(month).lists(), want.During(month).lists(); !reflect.DeepEqual(got, want) {
			t.Fatalf("in %s: %+v, want %+v", month, got, want)
		}
	}
}

// TestTermsWithinAMonth: what a document says follows the month's last day, or the edge's; a day has the price of its book;
// cuts are where books change, and only there.
func TestTermsWithinAMonth(t *testing.T) {
	terms := func(book string, days int) Terms {
		return Terms{Book: book, Currency: "EUR", PaymentDays: days, Series: "A"}
	}
	e := edge("p", "c1", period.Period{Start: day("2026-02-10"), End: day("2026-05-20")})
	e.Terms = terms("a", 1)
	e.Later = []DatedTerms{{day("2026-03-16"), terms("b", 2)}, {day("2026-03-20"), terms("b", 3)}, {day("2026-03-31"), terms("a", 4)}, {day("2026-05-05"), terms("c", 5)}}
	other := edge("p", "c2", period.Period{Start: day("2026-01-01")})
	w := World{Organisations: []Organisation{organisation(Partner, "p"), organisation(Customer, "c1"), organisation(Customer, "c2")}, Edges: []Edge{e, other}}
	for _, c := range []struct {
		month, cuts, books string
		days               int
	}{
		{"2026-02-01", "[2026-02-10]", "a a a a a", 1},
		{"2026-03-01", "[2026-03-16 2026-03-31]", "a a b b a", 4},
		{"2026-04-01", "[]", "a a b b a", 4}, // what is of an earlier month has the price of its day
		{"2026-05-01", "[2026-05-05 2026-05-20]", "a a b b a", 5},
		{"2026-06-01", "[]", "a a b b a", 5},
	} {
		month := day(c.month).Month()
		x := w.Index().During(month)
		got := x.Edge(e.ID)
		var books []string
		for _, on := range []string{"2026-02-10", "2026-03-15", "2026-03-16", "2026-03-30", "2026-03-31"} {
			books = append(books, got.BookOn(day(on)))
		}
		if cuts := fmt.Sprint(x.Cuts(month.Period())); cuts != c.cuts || strings.Join(books, " ") != c.books || got.Terms.PaymentDays != c.days {
			t.Errorf("%s: cuts %s, books %s, %d days; want %+v", c.month, cuts, books, got.Terms.PaymentDays, c)
		}
		if names := x.EarlierBooks(); len(names[e.ID]) != len(got.Earlier) || len(names[other.ID]) != 0 {
			t.Errorf("%s: %+v", c.month, names)
		}
		if !got.SellsBy("a") || got.SellsBy("c") != (month >= day("2026-05-01").Month()) || !x.Edge(other.ID).SellsBy(other.Terms.Book) {
			t.Errorf("%s: sells by a %v, by c %v", c.month, got.SellsBy("a"), got.SellsBy("c"))
		}
	}
}

func ids[T ~string](list []T) []T {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

func TestTermsOfDays(t *testing.T) {
	terms := func(book string) Terms { return Terms{Book: book, Currency: "EUR", Series: "A"} }
	e := edge("p", "c1", period.Period{Start: day("2026-01-15"), End: day("2026-12-01")})
	e.Terms = terms("a")
	e.Later = []DatedTerms{{day("2026-03-01"), terms("b")}, {day("2026-05-01"), terms("c")}}
	for on, want := range map[string]string{"2026-01-15": "a", "2026-02-28": "a", "2026-03-01": "b", "2026-04-30": "b", "2026-05-01": "c", "2027-01-01": "c"} {
		if got := e.TermsOn(day(on)).Book; got != want {
			t.Errorf("on %s by %s, want %s", on, got, want)
		}
	}
	for month, want := range map[string]string{"2025-01-01": "a []", "2026-01-01": "a []", "2026-02-01": "a []", "2026-03-01": "b [{2026-03-01 a}]",
		"2026-06-01": "c [{2026-03-01 a} {2026-05-01 b}]", "2027-01-01": "c [{2026-03-01 a} {2026-05-01 b}]"} {
		got := e.during(day(month).Month())
		if fmt.Sprint(got.Terms.Book, " ", got.Earlier) != want || got.Later != nil || got.ID != e.ID || got.Period != e.Period {
			t.Errorf("%s: %+v, want the edge by %s", month, got, want)
		}
	}
	var spans []string
	for _, d := range e.Dated() {
		spans = append(spans, fmt.Sprint(d.Of.Book, " ", d.Days.Start, " ", d.Days.End))
	}
	if !slices.Equal(spans, []string{"a 2026-01-15 2026-03-01", "b 2026-03-01 2026-05-01", "c 2026-05-01 2026-12-01"}) {
		t.Errorf("%q", spans)
	}
	e.Later[1].Terms = terms("b")
	if e.End = day("2026-04-01"); len(e.settled().Later) != 1 {
		t.Errorf("terms that change nothing, or never come into force, are kept: %+v", e.settled().Later)
	}
}
