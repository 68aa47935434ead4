package rating

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

var september = period.NewDate(2026, 9, 1)

// chainOf is partner → reseller → customer; the customer pays in CHF.
func chainOf() org.World {
	return org.World{
		Organisations: []org.Organisation{
			{ID: "p", Key: "p", Kind: org.Partner}, {ID: "r", Key: "r", Kind: org.Reseller}, {ID: "c", Key: "c", Kind: org.Customer},
		},
		Edges: []org.Edge{
			{ID: "1", Seller: "p", Buyer: "r", Terms: org.Terms{Book: "b", Currency: "EUR"}},
			{ID: "2", Seller: "r", Buyer: "c", Terms: org.Terms{Book: "b", Currency: "CHF"}},
		},
		Rates: []org.Rate{{From: "EUR", To: "CHF", Month: september.Month(), Value: money.MustParse("0.95")}},
	}
}

func booksOf(first, second pricing.Price) Versions {
	rule := func(p pricing.Price) []pricing.Rule { return []pricing.Rule{{Key: "all", Price: p}} }
	return CompileBooks([]pricing.Book{
		{Owner: "p", Key: "b", Version: 1, Rules: rule(first)}, {Owner: "r", Key: "b", Version: 1, Rules: rule(second)},
	})
}

func walked(w org.World, books Versions) Group {
	g := Group{Span: september.Month().Period(), Base: pricing.Base{
		Quantity: money.FromInt(3), Cost: money.MustParse("10"), CostBeforeCredit: money.MustParse("12.5"),
		Currency: "EUR", ListCurrency: "EUR",
	}}
	x := w.Index()
	walk(x, books, x.Chain("c", september), pricing.Key{}, &g)
	return g
}

// What an edge sells for is what the next one buys for, converted once, and nothing is rounded.
func TestWalk(t *testing.T) {
	factor := func(k pricing.PriceKind, f string) pricing.Price {
		return pricing.Price{Kind: k, Factor: money.MustParse(f)}
	}
	for name, c := range map[string]struct {
		first, second pricing.Price
		sold          []string
		excluded      bool
		reason        Reason
	}{
		"markup on markup":   {factor(pricing.CostFactor, "1.1"), factor(pricing.CostFactor, "1.003"), []string{"11", "10.48135"}, false, ""},
		"before credit":      {factor(pricing.CostBeforeCreditFactor, "0.9"), factor(pricing.CostFactor, "1"), []string{"11.25", "10.6875"}, false, ""},
		"free sells on at 0": {pricing.Price{Kind: pricing.Free}, factor(pricing.CostFactor, "2"), []string{"0", "0"}, false, ""},
		"excluded below":     {factor(pricing.CostFactor, "1"), pricing.Price{Kind: pricing.Excluded}, []string{"10"}, true, ""},
		"unit price":         {factor(pricing.CostFactor, "1"), pricing.Price{Kind: pricing.UnitPrice, Unit: money.MustParse("0.7"), Currency: "CHF"}, []string{"10", "2.1"}, false, ""},
		"no list price":      {factor(pricing.CostFactor, "1"), factor(pricing.ListFactor, "0.9"), nil, false, MissingList},
	} {
		t.Run(name, func(t *testing.T) {
			g := walked(chainOf(), booksOf(c.first, c.second))
			if g.Unresolved != c.reason || g.Excluded != c.excluded || len(g.Steps) != len(c.sold) {
				t.Fatalf("%d steps, excluded %t, unresolved %q", len(g.Steps), g.Excluded, g.Unresolved)
			}
			for i, s := range g.Steps {
				if s.Sold.Value.String() != c.sold[i] {
					t.Errorf("edge %d sells for %s, want %s", i+1, s.Sold, c.sold[i])
				}
				if i > 0 && s.Bought != g.Steps[i-1].Sold && !s.Bought.Value.Equal(g.Steps[i-1].Sold.Value) {
					t.Errorf("edge %d buys for %s and not for %s", i+1, s.Bought, g.Steps[i-1].Sold)
				}
			}
		})
	}
}

// A chain is priced whole or not at all.
func TestWalkLeavesNothingHalfPriced(t *testing.T) {
	cost := pricing.Price{Kind: pricing.CostFactor, Factor: money.FromInt(1)}
	w := chainOf()
	w.Rates = nil
	if g := walked(w, booksOf(cost, cost)); g.Unresolved != MissingRate || len(g.Steps) != 0 {
		t.Errorf("without a rate into CHF: %q with %d steps", g.Unresolved, len(g.Steps))
	}
	w = chainOf()
	if g := walked(w, CompileBooks(nil)); g.Unresolved != NoBook || len(g.Steps) != 0 {
		t.Errorf("without a book: %q with %d steps", g.Unresolved, len(g.Steps))
	}
}
