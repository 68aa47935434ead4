package pricing

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

func day(s string) period.Date {
	d, err := period.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func markup(percent string) Price {
	return Price{Kind: CostFactor, Factor: FactorOf(money.MustParse(percent))}
}

func sampleBook() Book {
	return Book{
		ID: "bok_x", Owner: "contoso", Key: "retail", Version: 3, From: day("2026-01-01"), Currency: "EUR",
		Rules: []Rule{
			{Key: "rest", Price: markup("10")},
			{Key: "azure", Match: Match{Family: []string{"azure"}}, Price: markup("12"), Priority: 10},
			{Key: "storage", Match: Match{Category: []string{"Storage"}}, Price: Price{Kind: UnitPrice, Unit: money.MustParse("0.10")}, Priority: 20},
			{Key: "summer", Match: Match{Family: []string{"azure"}}, Price: markup("5"), Priority: 30,
				Period: period.Period{Start: day("2026-07-01"), End: day("2026-09-01")}},
			{Key: "big", Match: Match{Customer: []string{"c0001", "c0002"}, Region: []string{"EU West"}}, Price: markup("3"), Priority: 40},
			{Key: "managed", Match: Match{Tag: map[string][]string{"Plan": {"Managed"}}}, Price: markup("30"), Priority: 50},
			{Key: "internal", Match: Match{Tag: map[string][]string{"internal": nil}}, Price: Price{Kind: Free}, Priority: 60},
			{Key: "saved", Match: Match{Category: []string{"Virtual Machines"}}, Price: Price{Kind: ListFactor, Factor: money.MustParse("0.5")}, Priority: 5, Covered: true},
		},
	}
}

func TestRateFor(t *testing.T) {
	c := Compile(sampleBook())
	cases := []struct {
		name string
		key  Key
		on   string
		want string // rule
		ok   bool
	}{
		{"nothing special", Key{Family: "licence"}, "2026-03-01", "rest", true},
		{"higher priority wins", Key{Family: "azure"}, "2026-03-01", "azure", true},
		{"case does not matter", Key{Family: "AZURE", Category: "sToRaGe"}, "2026-03-01", "storage", true},
		{"first day of a dated rule", Key{Family: "azure"}, "2026-07-01", "summer", true},
		{"last day of a dated rule", Key{Family: "azure"}, "2026-08-31", "summer", true},
		{"its end is the first day after", Key{Family: "azure"}, "2026-09-01", "azure", true},
		{"all lists must match", Key{Customer: "c0002", Region: "US East"}, "2026-03-01", "rest", true},
		{"any value of a list", Key{Customer: "c0002", Region: "eu west"}, "2026-03-01", "big", true},
		{"tag value", Key{Tags: []Tag{{"plan", "MANAGED"}}}, "2026-03-01", "managed", true},
		{"another tag value", Key{Tags: []Tag{{"plan", "none"}}}, "2026-03-01", "rest", true},
		{"of two tags with one name the first counts", Key{Tags: []Tag{{"Plan", "none"}, {"plan", "managed"}}}, "2026-03-01", "rest", true},
		{"tag that exists", Key{Tags: []Tag{{"Internal", ""}}}, "2026-03-01", "internal", true},
		{"covered without a rule is free", Key{Family: "azure", Covered: true}, "2026-03-01", "", true},
		{"covered with a rule", Key{Category: "Virtual Machines", Covered: true}, "2026-03-01", "saved", true},
		{"a covered rule prices the rest too", Key{Category: "Virtual Machines"}, "2026-03-01", "saved", true},
		{"before the version", Key{Family: "azure"}, "2025-12-31", "", false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := c.RateFor(tc.key, day(tc.on))
			if ok != tc.ok || got.Rule != tc.want {
				t.Fatalf("got rule %q, %v; want %q, %v", got.Rule, ok, tc.want, tc.ok)
			}
			if ok && (got.Book != "bok_x" || got.Version != 3 || got.BookKey != "retail") {
				t.Errorf("the rate does not say where it is from: %+v", got)
			}
			if ok && tc.want == "" && got.Price.Kind != Free {
				t.Errorf("covered usage without a rule sells at %s", got.Price)
			}
			if tc.want == "storage" && got.Price.Currency != "EUR" {
				t.Errorf("a unit price without a currency takes the book's, not %q", got.Price.Currency)
			}
		})
	}
	if got := c.TagNames(); !slices.Equal(got, []string{"internal", "plan"}) {
		t.Errorf("tags %v", got)
	}
}

// words are few and of mixed case, so that rules meet; among them letters with three cases.
var someWords = []string{"a", "A", "b", "Straße", "ſ", "S", "K", "\u212a", "Σ", "ς", ""}

func drawMatch(t *rapid.T) Match {
	list := rapid.SliceOfN(rapid.SampledFrom(someWords), 0, 2)
	m := Match{Customer: list.Draw(t, "customer"), Category: list.Draw(t, "category"), Family: list.Draw(t, "family")}
	if rapid.Bool().Draw(t, "tagged") {
		m.Tag = map[string][]string{rapid.SampledFrom([]string{"env", "Team"}).Draw(t, "tag"): list.Draw(t, "values")}
	}
	return m
}

func drawBook(t *rapid.T) Book {
	b := Book{Key: "b", From: 100, Currency: "EUR"}
	for i := range rapid.IntRange(0, 8).Draw(t, "rules") {
		r := Rule{Key: fmt.Sprint(i), Match: drawMatch(t), Price: markup(fmt.Sprint(i)), Priority: rapid.IntRange(0, 3).Draw(t, "priority"),
			Covered: rapid.Bool().Draw(t, "covered")}
		r.Start = period.Date(rapid.IntRange(0, 1).Draw(t, "dated") * rapid.IntRange(95, 110).Draw(t, "start"))
		if rapid.Bool().Draw(t, "ends") {
			r.End = max(r.Start, b.From) + period.Date(rapid.IntRange(1, 10).Draw(t, "days"))
		}
		b.Rules = append(b.Rules, r)
	}
	return b
}

func drawKey(t *rapid.T) Key {
	word := rapid.SampledFrom(someWords)
	k := Key{Customer: word.Draw(t, "key customer"), Category: word.Draw(t, "key category"), Family: word.Draw(t, "key family"),
		Covered: rapid.Bool().Draw(t, "key covered")}
	for _, name := range []string{"ENV", "team"} {
		if rapid.Bool().Draw(t, "has "+name) {
			k.Tags = append(k.Tags, Tag{name, word.Draw(t, "value of "+name)})
		}
	}
	return k
}

// plainly says whether a rule matches, by the words of its definition and without any index.
func plainly(b Book, r Rule, k Key, on period.Date) bool {
	any := func(list []string, v string) bool {
		return len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, v) })
	}
	if on < b.From || !r.Contains(on) || k.Covered && !r.Covered {
		return false
	}
	for name, values := range r.Match.Tag {
		i := slices.IndexFunc(k.Tags, func(t Tag) bool { return strings.EqualFold(t.Name, name) })
		if i < 0 || !any(values, k.Tags[i].Value) {
			return false
		}
	}
	return any(r.Match.Customer, k.Customer) && any(r.Match.Category, k.Category) && any(r.Match.Family, k.Family)
}

func TestRateForEqualsPlainSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBook(t)
		c := Compile(b)
		for range 5 {
			k, on := drawKey(t), period.Date(rapid.IntRange(95, 125).Draw(t, "on"))
			var want *Rule
			for i := range b.Rules {
				if r := &b.Rules[i]; plainly(b, *r, k, on) && (want == nil || r.Priority > want.Priority) {
					want = r
				}
			}
			got, ok := c.RateFor(k, on)
			switch {
			case want == nil && ok && !(k.Covered && got.Rule == "" && got.Price.Kind == Free):
				t.Fatalf("found rule %q where none matches", got.Rule)
			case want == nil && !ok && k.Covered:
				t.Fatalf("covered usage without a rule has no rate")
			case want != nil && (!ok || got.Rule != want.Key):
				t.Fatalf("got %q %v, want %q", got.Rule, ok, want.Key)
			}
		}
	})
}

func TestAllowedBooksHaveOneAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBook(t)
		v := &validation{book: &b}
		v.compare()
		dead, ambiguous := map[string]bool{}, false
		for _, p := range v.found {
			rule := strings.TrimPrefix(p.Path, "rules.")
			dead[rule] = dead[rule] || p.Code == "dead_rule"
			ambiguous = ambiguous || p.Code == "ambiguous"
		}
		c := Compile(b)
		for range 5 {
			k, on := drawKey(t), period.Date(rapid.IntRange(100, 125).Draw(t, "on"))
			got, ok := c.RateFor(k, on)
			if ok && dead[got.Rule] {
				t.Fatalf("rule %q was called dead and prices %s on day %d", got.Rule, k, on)
			}
			for i := range b.Rules {
				for j := range i {
					if said := ambiguous || dead[b.Rules[i].Key] || dead[b.Rules[j].Key]; !said && b.Rules[i].Priority == b.Rules[j].Priority && plainly(b, b.Rules[i], k, on) && plainly(b, b.Rules[j], k, on) {
						t.Fatalf("rules %d and %d both match %s on day %d, and nothing was said", i, j, k, on)
					}
				}
			}
		}
	})
}

func TestCommonKeyIsMatchedByBoth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Book{From: 1, Rules: []Rule{{Match: drawMatch(t)}, {Match: drawMatch(t)}}}
		k, ok := common(newMatcher(&b.Rules[0], 0, 1), newMatcher(&b.Rules[1], 1, 1))
		if ok && !(plainly(b, b.Rules[0], k, 1) && plainly(b, b.Rules[1], k, 1)) {
			t.Fatalf("%s is not matched by both", k)
		}
		other := drawKey(t)
		if other.Covered = false; !ok && plainly(b, b.Rules[0], other, 1) && plainly(b, b.Rules[1], other, 1) {
			t.Fatalf("%s is matched by both, and no common key was found", other)
		}
	})
}

func TestVersions(t *testing.T) {
	book := func(version int, from string, rules ...Rule) *Compiled {
		return Compile(Book{Version: version, From: day(from), Rules: rules})
	}
	dated := Rule{Key: "r", Period: period.Period{Start: day("2026-02-10"), End: day("2026-04-10")}}
	v := NewVersions(
		book(3, "2026-02-01", dated), book(1, "2026-01-01", dated), book(4, "2026-02-01", dated), book(2, "2026-03-01"),
	)
	for _, tc := range []struct {
		on   string
		want int
	}{{"2025-12-31", 0}, {"2026-01-01", 1}, {"2026-01-31", 1}, {"2026-02-01", 4}, {"2026-02-28", 4}, {"2026-03-01", 2}, {"2030-01-01", 2}} {
		got := 0
		if c := v.On(day(tc.on)); c != nil {
			got = c.Book().Version
		}
		if got != tc.want {
			t.Errorf("on %s version %d, want %d", tc.on, got, tc.want)
		}
	}
	got := fmt.Sprint(v.Cuts(period.Period{Start: day("2026-01-01"), End: day("2026-05-01")}))
	if want := "[2026-02-01 2026-02-10 2026-03-01]"; got != want {
		t.Errorf("cuts %s, want %s: the rule's end lies after its version's", got, want)
	}
	if (Versions{}).On(day("2026-01-01")) != nil {
		t.Error("no versions, and yet one is in force")
	}
}

// thousand is a book of a thousand rules, of which few concern any one key.
func thousand() Book {
	book := Book{Owner: "o", Key: "k", From: 1, Rules: []Rule{{Key: "rest", Price: markup("10")}}}
	for i := range 1000 {
		r := Rule{Key: fmt.Sprint(i), Priority: 10 + i%3, Price: markup("1"), Match: Match{Family: []string{"azure"}}}
		switch i % 3 {
		case 0:
			r.Match.Meter = []string{fmt.Sprintf("meter-%d", i)}
		case 1:
			r.Match.Customer, r.Match.Category = []string{fmt.Sprintf("c%04d", i)}, []string{"Storage"}
		case 2:
			r.Match.SKU = []string{fmt.Sprintf("sku-%d", i)}
		}
		book.Rules = append(book.Rules, r)
	}
	return book
}

func BenchmarkRateFor(b *testing.B) {
	c := Compile(thousand())
	k := Key{Customer: "c0400", Family: "azure", Product: "DZH318Z0BNZ5", SKU: "sku-500", Category: "Virtual Machines",
		SubCategory: "Dv3 Series", Meter: "meter-999", Region: "EU West", Publisher: "Microsoft", ChargeType: "new", Plan: "Azure plan"}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := c.RateFor(k, 10); !ok {
			b.Fatal("no rate")
		}
	}
}

func BenchmarkProblems(b *testing.B) {
	book := thousand()
	for b.Loop() {
		if p := problems(book); len(p) > 0 {
			b.Fatal(p)
		}
	}
}
