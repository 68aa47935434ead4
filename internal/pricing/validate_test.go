package pricing

import (
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

func decimal(s string) *money.Decimal {
	d := money.MustParse(s)
	return &d
}

func TestProblems(t *testing.T) {
	azure := Match{Family: []string{"azure"}}
	storage := Match{Family: []string{"azure"}, Category: []string{"Storage", "Backup"}}
	with := func(rules ...Rule) func(*Book) { return func(b *Book) { b.Rules = rules } }
	example := func(e Example) func(*Book) {
		e.Name, e.On = "one", max(e.On, day("2026-02-01"))
		return func(b *Book) { b.Examples = []Example{e} }
	}
	cases := []struct {
		name   string
		change func(*Book)
		code   string
		says   []string
	}{
		{"a sound book", func(*Book) {}, "", nil},
		{"no owner", func(b *Book) { b.Owner = "" }, "missing_owner", nil},
		{"a key with a slash", func(b *Book) { b.Key = "a/b" }, "bad_key", nil},
		{"no first day", func(b *Book) { b.From = 0 }, "missing_from", nil},
		{"no rules", with(), "no_rules", nil},
		{"unknown currency of the book", func(b *Book) { b.Currency = "EURO" }, "unknown_currency", []string{"EURO"}},
		{"two rules with one key", with(Rule{Key: "a", Price: markup("1")}, Rule{Key: "a", Price: markup("1"), Priority: 1}), "duplicate_rule", []string{`"a"`}},
		{"equal priority and a common key", with(
			Rule{Key: "a", Match: azure, Price: markup("1")},
			Rule{Key: "b", Match: Match{Category: []string{"storage"}}, Price: markup("2")},
		), "ambiguous", []string{`"a"`, `"b"`, "category storage", "family azure", "2026-01-01"}},
		{"equal priority, days apart", with(
			Rule{Key: "a", Price: markup("1"), Period: period.Period{End: day("2026-03-01")}},
			Rule{Key: "b", Price: markup("2"), Period: period.Period{Start: day("2026-03-01")}},
		), "", nil},
		{"days overlap before the version only", with(
			Rule{Key: "a", Price: markup("1"), Period: period.Period{Start: day("2025-01-01"), End: day("2026-03-01")}},
			Rule{Key: "b", Price: markup("2"), Period: period.Period{Start: day("2026-03-01")}},
		), "", nil},
		{"one tag, two values", with(
			Rule{Key: "a", Match: Match{Tag: map[string][]string{"env": {"prod"}}}, Price: markup("1")},
			Rule{Key: "b", Match: Match{Tag: map[string][]string{"Env": {"dev"}}}, Price: markup("2")},
		), "", nil},
		{"one tag, a value in common", with(
			Rule{Key: "a", Match: Match{Tag: map[string][]string{"env": {"prod", "dev"}}}, Price: markup("1")},
			Rule{Key: "b", Match: Match{Tag: map[string][]string{"Env": {"DEV"}}}, Price: markup("2")},
		), "ambiguous", []string{"tag Env=", "2026-01-01"}},
		{"two tags", with(
			Rule{Key: "a", Match: Match{Tag: map[string][]string{"env": nil}}, Price: markup("1")},
			Rule{Key: "b", Match: Match{Tag: map[string][]string{"team": {"red"}}}, Price: markup("2")},
		), "ambiguous", []string{"tag team=red"}},
		{"covered or not, usage without cover meets both", with(
			Rule{Key: "a", Price: markup("1"), Covered: true}, Rule{Key: "b", Price: markup("2")},
		), "ambiguous", []string{`"a"`}},
		{"a rule behind a wider one", with(
			Rule{Key: "all", Match: azure, Price: markup("1"), Priority: 20}, Rule{Key: "some", Match: storage, Price: markup("2"), Priority: 10},
		), "dead_rule", []string{`"all"`}},
		{"a rule behind a narrower one", with(
			Rule{Key: "all", Match: azure, Price: markup("1")}, Rule{Key: "some", Match: storage, Price: markup("2"), Priority: 10},
		), "", nil},
		{"the wider rule ends earlier", with(
			Rule{Key: "all", Match: azure, Price: markup("1"), Priority: 20, Period: period.Period{End: day("2027-01-01")}},
			Rule{Key: "some", Match: storage, Price: markup("2"), Priority: 10},
		), "", nil},
		{"the wider rule does not price covered usage", with(
			Rule{Key: "all", Match: azure, Price: markup("1"), Priority: 20}, Rule{Key: "some", Match: storage, Price: markup("2"), Priority: 10, Covered: true},
		), "", nil},
		{"a rule behind a tag it asks for", with(
			Rule{Key: "all", Match: Match{Tag: map[string][]string{"ENV": nil}}, Price: markup("1"), Priority: 20},
			Rule{Key: "some", Match: Match{Tag: map[string][]string{"env": {"dev"}}}, Price: markup("2"), Priority: 10},
		), "dead_rule", []string{`"all"`}},
		{"a rule without days", with(Rule{Key: "a", Price: markup("1"), Period: period.Period{Start: day("2026-03-01"), End: day("2026-03-01")}}), "dead_rule", nil},
		{"a rule that ended before the version", with(Rule{Key: "a", Price: markup("1"), Period: period.Period{End: day("2026-01-01")}}), "dead_rule", nil},
		{"a unit price without a currency", func(b *Book) {
			b.Currency = ""
			b.Rules = []Rule{{Key: "a", Price: Price{Kind: UnitPrice, Unit: money.MustParse("1")}}}
		}, "missing_currency", nil},
		{"a unit price with its own", func(b *Book) {
			b.Currency = ""
			b.Rules = []Rule{{Key: "a", Price: Price{Kind: UnitPrice, Unit: money.MustParse("1"), Currency: "CHF"}}}
		}, "", nil},
		{"a unit price in nothing known", with(Rule{Key: "a", Price: Price{Kind: UnitPrice, Unit: money.MustParse("1"), Currency: "XYZ"}}), "unknown_currency", []string{"XYZ"}},
		{"a discount of everything", with(Rule{Key: "a", Price: markup("-100")}), "bad_factor", []string{"free"}},
		{"a unit price below nothing", with(Rule{Key: "a", Price: Price{Kind: UnitPrice, Unit: money.MustParse("-1")}}), "bad_unit", nil},
		{"an unknown family", with(Rule{Key: "a", Match: Match{Family: []string{"azur"}}, Price: markup("1")}), "unknown_family", []string{"azur"}},
		{"an unknown price", with(Rule{Key: "a", Price: Price{Kind: "tiers"}}), "unknown_kind", []string{"tiers"}},
		{"an example that holds", example(Example{Key: Key{Family: "azure"}, Cost: money.MustParse("100"), Currency: "EUR", Sells: money.MustParse("112.00"), Rule: "azure"}), "", nil},
		{"an example off by the last digit", example(Example{Key: Key{Family: "azure"}, Cost: money.MustParse("100"), Currency: "EUR", Sells: money.MustParse("112.001")}),
			"example_failed", []string{"112.001 EUR", "112.00 EUR", `"azure"`, "cost + 12 %"}},
		{"an example by another rule", example(Example{Key: Key{Family: "azure"}, Cost: money.MustParse("100"), Currency: "EUR", Sells: money.MustParse("112"), Rule: "storage"}),
			"example_failed", []string{`"storage"`, `"azure"`}},
		{"an example in another currency", example(Example{Key: Key{Category: "storage"}, Quantity: money.MustParse("7"), Currency: "EUR", Sells: money.MustParse("0.7"), SellsIn: "CHF"}),
			"example_failed", []string{"0.70 CHF", "0.70 EUR"}},
		{"an example of a list nobody knows", func(b *Book) {
			with(Rule{Key: "a", Price: Price{Kind: ListFactor, Factor: money.MustParse("0.9")}})(b)
			example(Example{Currency: "EUR", Sells: money.MustParse("9")})(b)
		}, "example_failed", []string{"list price"}},
		{"an example of what is not sold", func(b *Book) {
			with(Rule{Key: "a", Price: Price{Kind: Excluded}})(b)
			example(Example{Currency: "EUR", Excluded: true, Rule: "a"})(b)
		}, "", nil},
		{"an example wrongly thought not sold", example(Example{Cost: money.MustParse("1"), Currency: "EUR", Excluded: true}), "example_failed", []string{"not to be sold", "1.10 EUR"}},
		{"an example before the version", func(b *Book) { b.Examples = []Example{{Name: "one", On: day("2025-01-01")}} }, "example_failed", []string{"2025-01-01"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			b := sampleBook()
			tc.change(&b)
			found := problems(b)
			if tc.code == "" {
				if len(found) > 0 {
					t.Fatalf("refused: %v", found)
				}
				return
			}
			if len(found) != 1 || found[0].Code != tc.code {
				t.Fatalf("found %v, want one %s", found, tc.code)
			}
			for _, s := range tc.says {
				if !strings.Contains(found[0].Text, s) {
					t.Errorf("%q does not name %s", found[0].Text, s)
				}
			}
			if err := Validate(b); fault.CodeOf(err) != "book_refused" || !strings.Contains(err.Error(), found[0].Text) {
				t.Errorf("the fault does not say it: %v", err)
			}
		})
	}
}

func TestApply(t *testing.T) {
	base := Base{Quantity: money.MustParse("3"), Cost: money.MustParse("10"), CostBeforeCredit: money.MustParse("12"),
		List: decimal("20"), Currency: "EUR", ListCurrency: "USD"}
	unlisted := base
	unlisted.List = nil
	factor := money.MustParse("1.1")
	cases := []struct {
		name  string
		price Price
		base  Base
		want  string
		code  string
	}{
		{"cost", Price{Kind: CostFactor, Factor: factor}, base, "11.00 EUR", ""},
		{"cost before credit", Price{Kind: CostBeforeCreditFactor, Factor: factor}, base, "13.20 USD", ""},
		{"list", Price{Kind: ListFactor, Factor: factor}, base, "22.00 USD", ""},
		{"unit", Price{Kind: UnitPrice, Unit: money.MustParse("0.333333333333333333333"), Currency: "CHF"}, base, "0.999999999999999999999 CHF", ""},
		{"free", Price{Kind: Free}, base, "0.00 EUR", ""},
		{"excluded", Price{Kind: Excluded}, base, "", "excluded"},
		{"list unknown", Price{Kind: ListFactor, Factor: factor}, unlisted, "", "missing_list"},
		{"no such kind", Price{Kind: "tiers"}, base, "", "unknown_price_kind"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Apply(tc.price, tc.base)
			if tc.code != "" {
				if fault.CodeOf(err) != tc.code {
					t.Fatalf("got %v, want %s", err, tc.code)
				}
				return
			}
			if err != nil || got.String() != tc.want {
				t.Fatalf("got %s %v, want %s", got, err, tc.want)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	a, b := sampleBook(), sampleBook()
	if d := Diff(a, b); len(d) != 0 {
		t.Fatalf("a book differs from itself: %v", d)
	}
	b.From = day("2026-07-01")
	b.Rules = append(b.Rules[1:], Rule{Key: "new", Match: Match{Region: []string{"US East", "US West"}}, Price: Price{Kind: Excluded}, Priority: 70})
	b.Rules[0].Price = markup("-4")
	b.Rules[1].Period.End = day("2026-12-01")
	want := []Change{
		{"", "changed", "from 2026-01-01", "from 2026-07-01"},
		{"rest", "removed", "everything: cost + 10 %, priority 0, always", ""},
		{"azure", "changed", "cost + 12 %", "cost - 4 %"},
		{"storage", "changed", "days always", "days until 2026-12-01"},
		{"new", "added", "", "region US East or US West: not sold, priority 70, always"},
	}
	got := Diff(a, b)
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
}
