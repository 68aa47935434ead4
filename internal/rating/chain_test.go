package rating

import (
	"fmt"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
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

func compiled(books ...pricing.Book) Versions {
	var list []*pricing.Compiled
	for _, b := range books {
		list = append(list, pricing.Compile(b))
	}
	return byKey(list)
}

func booksOf(first, second pricing.Price) Versions {
	rule := func(p pricing.Price) []pricing.Rule { return []pricing.Rule{{Key: "all", Price: p}} }
	return compiled(
		pricing.Book{Owner: "p", Key: "b", Version: 1, Rules: rule(first)}, pricing.Book{Owner: "r", Key: "b", Version: 1, Rules: rule(second)},
	)
}

// priceAlong prices one group along its chain.
func priceAlong(x *org.Index, books Versions, chain []*org.Edge, key pricing.Key, g *Group) {
	st := &State{Index: x, Books: books}
	findPlan(st, chain, key, g.Span.Start).apply(g, newExchanges(st))
}

func pricedAlong(w org.World, books Versions) Group {
	g := Group{Span: september.Month().Period(), Base: pricing.Base{
		Quantity: money.FromInt(3), Cost: money.MustParse("10"), CostBeforeCredit: money.MustParse("12.5"),
		Currency: "EUR", ListCurrency: "EUR",
	}}
	x := w.Index()
	priceAlong(x, books, x.Chain("c", september), pricing.Key{}, &g)
	return g
}

// What an edge sells for is what the next one buys for, converted once, and nothing is rounded.
func TestPricesAlongAChain(t *testing.T) {
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
			g := pricedAlong(chainOf(), booksOf(c.first, c.second))
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

// A rate that is missing is missing for a sum of 0 too: what rows are added up with must not resolve them. Free is 0 in
// whatever currency.
func TestAChainNeedsARateForNothing(t *testing.T) {
	w := chainOf()
	w.Rates = nil
	x := w.Index()
	price := func(second pricing.PriceKind) Group {
		books := booksOf(pricing.Price{Kind: pricing.CostFactor, Factor: money.FromInt(1)}, pricing.Price{Kind: second, Factor: money.FromInt(1)})
		g := Group{Span: september.Month().Period(), Base: pricing.Base{Quantity: money.FromInt(2), Currency: "EUR", ListCurrency: "EUR"}}
		priceAlong(x, books, x.Chain("c", september), pricing.Key{}, &g)
		return g
	}
	if g := price(pricing.CostFactor); g.Unresolved != MissingRate || g.Ref != "EUR→CHF 2026-09" {
		t.Errorf("0 EUR in CHF without a rate: %q %s", g.Unresolved, g.Ref)
	}
	if g := price(pricing.Free); g.Unresolved != "" || len(g.Steps) != 2 || g.Steps[1].Sold.Currency != "CHF" {
		t.Errorf("free without a rate: %q, %d steps", g.Unresolved, len(g.Steps))
	}
}

// Covered usage lists at 0, unless a rule asks for it: then it has the list price it would have had.
func TestCoveredAtList(t *testing.T) {
	rule := func(covered bool, p pricing.Price) []pricing.Rule {
		return []pricing.Rule{{Key: "all", Price: p, Covered: covered}}
	}
	list := pricing.Price{Kind: pricing.ListFactor, Factor: money.MustParse("0.9")}
	for forCovered, want := range map[bool]string{true: "11.25", false: "0"} {
		w := chainOf()
		x := w.Index()
		books := compiled(
			pricing.Book{Owner: "p", Key: "b", Version: 1, Rules: rule(forCovered, list)},
			pricing.Book{Owner: "r", Key: "b", Version: 1, Rules: rule(true, pricing.Price{Kind: pricing.Free})},
		)
		g := Group{
			Span: september.Month().Period(), Sum: usage.Sum{Quantity: money.FromInt(5)}, Variant: &usage.Variant{UnitPrice: "2.5", ExchangeRate: "1", Covered: true},
			Entry: &usage.Entry{usage.BillingCurrency: "EUR", usage.PricingCurrency: "EUR"},
		}
		g.Base = usageBase(&g)
		priceAlong(x, books, x.Chain("c", september), pricing.Key{Covered: true}, &g)
		if g.Unresolved != "" || g.Steps[0].Sold.Value.String() != want {
			t.Errorf("asked for %t: %q, %+v; want %s", forCovered, g.Unresolved, g.Steps, want)
		}
		if !g.Base.List.IsZero() {
			t.Errorf("it lists at %s", g.Base.List)
		}
	}
}

// A row that prints no exchange rate has its list price in the currency of its prices; it is not taken for another.
func TestBaseWithoutExchangeRate(t *testing.T) {
	for name, c := range map[string]struct {
		rate, pricing string
		list          money.Amount
	}{
		"printed":             {"0.5", "USD", money.Of(money.MustParse("6.25"), "EUR")},
		"blank":               {"", "USD", money.Of(money.MustParse("12.5"), "USD")},
		"one currency":        {"", "EUR", money.Of(money.MustParse("12.5"), "EUR")},
		"no pricing currency": {"", "", money.Of(money.MustParse("12.5"), "EUR")},
	} {
		g := Group{
			Sum: usage.Sum{Quantity: money.FromInt(5)}, Variant: &usage.Variant{UnitPrice: "2.5", ExchangeRate: c.rate},
			Entry: &usage.Entry{usage.BillingCurrency: "EUR", usage.PricingCurrency: c.pricing},
		}
		b := usageBase(&g)
		if got := money.Of(*b.List, b.ListCurrency); got.String() != c.list.String() || !b.CostBeforeCredit.Equal(*b.List) || b.Currency != "EUR" {
			t.Errorf("%s: list %s, before credit %s; want %s", name, got, b.CostBeforeCredit, c.list)
		}
	}
}

// Books see the tags of a row by name, whatever the case.
func TestPick(t *testing.T) {
	pairs := []usage.TagPair{{Key: "ENV", Value: "first"}, {Key: "env", Value: "second"}, {Key: "other", Value: "x"}, {Key: "team", Value: "17"}}
	if got := fmt.Sprint(pick([]string{"env", "team"}, pairs)); got != "[{env first} {env second} {team 17}]" {
		t.Error(got)
	}
}

// A chain is priced whole or not at all.
func TestWalkLeavesNothingHalfPriced(t *testing.T) {
	cost := pricing.Price{Kind: pricing.CostFactor, Factor: money.FromInt(1)}
	w := chainOf()
	w.Rates = nil
	if g := pricedAlong(w, booksOf(cost, cost)); g.Unresolved != MissingRate || len(g.Steps) != 0 {
		t.Errorf("without a rate into CHF: %q with %d steps", g.Unresolved, len(g.Steps))
	}
	w = chainOf()
	if g := pricedAlong(w, compiled()); g.Unresolved != NoBook || len(g.Steps) != 0 {
		t.Errorf("without a book: %q with %d steps", g.Unresolved, len(g.Steps))
	}
}

// A charge that a rule prices by a list price which is not known names what a price sheet would have to list: product,
// SKU and month. By a rule on its cost the same charge is sold.
func TestMissingListOfACharge(t *testing.T) {
	licence := &charge.Charge{Customer: "tenant", Family: pricing.FamilyLicence, Product: "CFQ7TTC0LH18", SKU: "0001",
		Service: period.Period{Start: september.AddDays(19)}, Quantity: money.FromInt(10), Amount: money.Of(money.FromInt(50), "EUR")}
	for kind, want := range map[pricing.PriceKind]string{pricing.ListFactor: "CFQ7TTC0LH18/0001 2026-09 (rule all)", pricing.CostFactor: ""} {
		w := chainOf()
		w.Organisations[2].Tenant = "tenant"
		st := &State{Period: september.Month(), Index: w.Index(), Resolver: usage.Resolver{Index: w.Index()},
			Books: booksOf(pricing.Price{Kind: pricing.CostFactor, Factor: money.FromInt(1)}, pricing.Price{Kind: kind, Factor: money.MustParse("0.95")})}
		var g Group
		newRun(st, usage.Query{}).charge(&g, licence)
		if missing := g.Unresolved == MissingList; g.Ref != want || missing != (want != "") || !missing && len(g.Steps) != 2 {
			t.Errorf("%s: %q, ref %q, %d steps", kind, g.Unresolved, g.Ref, len(g.Steps))
		}
	}
}
