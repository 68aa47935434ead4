package world

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

const smallBook = `owner: contoso
key: retail
from: 2026-01-01
currency: EUR
rules:
  - key: rest
    price: {markup: 12.5%}
  - key: before
    match: {family: azure, category: [Storage, Backup], tag: {env: [prod, dev], team: }}
    price: {markup: 3%, on: cost_before_credit}
    priority: 10
    covered: true
    since: 2026-02-01
    until: 2026-03-01
    note: a note
  - {key: list, match: {region: EU West}, priority: 20, price: {discount: 5%, on: list}}
  - {key: unit, match: {sku: "0001"}, priority: 30, price: {unit: 0.10, currency: CHF}}
  - {key: gift, match: {publisher: Us}, priority: 40, price: free}
  - {key: none, match: {publisher: Them}, priority: 40, price: exclude}
examples:
  - name: with a unit price
    usage: {sku: "0001", tag: {env: prod}}
    on: 2026-02-01
    quantity: 3
    sells: 0.30 CHF
    rule: unit
  - {name: not sold, usage: {publisher: them}, on: 2026-02-01, sells: excluded}
`

func TestParseBooks(t *testing.T) {
	d := money.MustParse
	want := pricing.Book{Owner: "contoso", Key: "retail", From: period.NewDate(2026, 1, 1), Currency: "EUR",
		Rules: []pricing.Rule{
			{Key: "rest", Price: pricing.Price{Kind: pricing.CostFactor, Factor: d("1.125")}},
			{Key: "before", Price: pricing.Price{Kind: pricing.CostBeforeCreditFactor, Factor: d("1.03")}, Priority: 10, Covered: true, Note: "a note",
				Period: period.Period{Start: period.NewDate(2026, 2, 1), End: period.NewDate(2026, 3, 1)},
				Match:  pricing.Match{Family: []string{"azure"}, Category: []string{"Storage", "Backup"}, Tag: map[string][]string{"env": {"prod", "dev"}, "team": nil}}},
			{Key: "list", Priority: 20, Match: pricing.Match{Region: []string{"EU West"}}, Price: pricing.Price{Kind: pricing.ListFactor, Factor: d("0.95")}},
			{Key: "unit", Priority: 30, Match: pricing.Match{SKU: []string{"0001"}}, Price: pricing.Price{Kind: pricing.UnitPrice, Unit: d("0.1"), Currency: "CHF"}},
			{Key: "gift", Priority: 40, Match: pricing.Match{Publisher: []string{"Us"}}, Price: pricing.Price{Kind: pricing.Free}},
			{Key: "none", Priority: 40, Match: pricing.Match{Publisher: []string{"Them"}}, Price: pricing.Price{Kind: pricing.Excluded}},
		},
		Examples: []pricing.Example{
			{Name: "with a unit price", Key: pricing.Key{SKU: "0001", Tags: []pricing.Tag{{Name: "env", Value: "prod"}}}, On: period.NewDate(2026, 2, 1),
				Quantity: d("3"), Sells: d("0.3"), SellsIn: "CHF", Rule: "unit"},
			{Name: "not sold", Key: pricing.Key{Publisher: "them"}, On: period.NewDate(2026, 2, 1), Excluded: true},
		},
	}
	for name, text := range map[string]string{
		"one book": smallBook, "a list": "books:\n  -" + strings.ReplaceAll("\n"+smallBook, "\n", "\n    "), "documents": "---\n" + smallBook + "---\n# nothing\n",
	} {
		got, err := ParseBooks([]byte(text))
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %d books, %v", name, len(got), err)
		}
		if diff := cmp.Diff(want, got[0], cmp.Comparer(money.Decimal.Equal)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if err := pricing.Validate(want); err != nil {
		t.Error(err)
	}
	got, err := ParseBooks([]byte(smallBook + "---\n" + strings.Replace(smallBook, "retail", "other", 1)))
	if err != nil || len(got) != 2 || got[1].Key != "other" {
		t.Errorf("two documents: %d, %v", len(got), err)
	}
}

func TestParseBooksRefuses(t *testing.T) {
	cases := []misprint{
		{"a percentage that is none", "12.5%", "12.5", `line 7, rules[1].price.markup: "12.5" is not a percentage such as 12%`},
		{"a discount on nothing", "discount: 5%, on: list", "discount: 5%", "line 16, rules[3].price.on: say what the percentage is of"},
		{"a markup on nothing known", "on: cost_before_credit", "on: price", "line 10, rules[2].price.on: say what"},
		{"two prices in one", "unit: 0.10", "unit: 0.10, markup: 3%", "line 17, rules[4].price: a price is one of"},
		{"a currency for a markup", "markup: 12.5%", "markup: 12.5%, currency: EUR", "line 7, rules[1].price: a price is one of"},
		{"a price in words", "price: free", "price: cheap", `line 18, rules[5].price: "cheap" is no price`},
		{"a match that is none", "match: {region: EU West}", "match: {regions: EU West}", "did you mean region?"},
		{"tags without names", "tag: {env: [prod, dev], team: }", "tag: env", "line 9, rules[2].match.tag: expected tag names"},
		{"priority in words", "priority: 10", "priority: high", `line 11, rules[2].priority: "high" is not a whole number`},
		{"neither yes nor no", "covered: true", "covered: maybe", `line 12, rules[2].covered: "maybe" is neither true nor false`},
		{"an amount that is none", "sells: 0.30 CHF", "sells: much", `line 25, examples[1].sells: "much" is not an amount`},
		{"a rule without a price", "\n    price: {markup: 12.5%}", "", "line 6, rules[1]: price is missing"},
	}
	refuses(t, smallBook, cases, func(text []byte) error { _, err := ParseBooks(text); return err })
	if _, err := ParseBooks([]byte("# nothing\n")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an empty file: %v", err)
	}
}

func TestBooksRoundTrip(t *testing.T) {
	word := rapid.SampledFrom([]string{"NO", "null", "012", "1e3", "2026-01-01", "a: b", "EU West", "'", "[", "", "ß"})
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(word, 0, 3)
		b := pricing.Book{Owner: "o", Key: "k", From: 20000, Currency: "EUR"}
		for i := range rapid.IntRange(1, 4).Draw(t, "rules") {
			r := pricing.Rule{Key: string(rune('a' + i)), Priority: rapid.IntRange(-3, 3).Draw(t, "priority"), Covered: rapid.Bool().Draw(t, "covered"), Note: word.Draw(t, "note")}
			for name, values := range matchLists(&r.Match) {
				if drawn := list.Draw(t, name); len(drawn) > 0 {
					*values = drawn
				}
			}
			if rapid.Bool().Draw(t, "tagged") {
				r.Match.Tag = map[string][]string{word.Draw(t, "tag"): {word.Draw(t, "value")}, "x": nil}
			}
			factor := money.FromMinor(rapid.Int64Range(1, 1e12).Draw(t, "factor"), rapid.IntRange(0, 20).Draw(t, "places"))
			r.Price.Kind = rapid.SampledFrom([]pricing.PriceKind{pricing.CostFactor, pricing.CostBeforeCreditFactor, pricing.ListFactor, pricing.UnitPrice, pricing.Free, pricing.Excluded}).Draw(t, "kind")
			switch r.Price.Kind {
			case pricing.UnitPrice:
				r.Price.Unit, r.Price.Currency = factor, "CHF"
			case pricing.Free, pricing.Excluded:
			default:
				r.Price.Factor = factor
			}
			b.Rules = append(b.Rules, r)
		}
		e := pricing.Example{Name: "x", On: 20001, Quantity: money.FromInt(3), Currency: "EUR", Rule: "a", Excluded: rapid.Bool().Draw(t, "excluded"),
			Key: pricing.Key{Family: word.Draw(t, "family"), Covered: rapid.Bool().Draw(t, "key covered"), Tags: []pricing.Tag{{Name: "t", Value: word.Draw(t, "tag value")}}}}
		if cost := money.FromInt(7); !e.Excluded {
			e.Sells, e.SellsIn, e.CostBeforeCredit, e.List = money.FromMinor(-77, 1), "CHF", &cost, &cost
		}
		b.Examples = []pricing.Example{e}
		printed := PrintBooks(b, b)
		got, err := ParseBooks(printed)
		if err != nil || len(got) != 2 {
			t.Fatalf("%d books, %v\n%s", len(got), err, printed)
		}
		if d := cmp.Diff(b, got[1], cmp.Comparer(money.Decimal.Equal)); d != "" {
			t.Fatalf("%s\n%s", d, printed)
		}
	})
}
