package pricing_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// viewer may do everything, and sees some money.
type viewer struct {
	access.Local
	view scope.View
}

func (v viewer) Require(ctx context.Context, a access.Action) (access.Grant, error) {
	g, err := v.Local.Require(ctx, a)
	g.View = v.view
	return g, err
}

// TestRulesByCostAreHidden: who sees neither costs nor buy prices reads no rule that prices by them, and no example; of every view
// and every read.
func TestRulesByCostAreHidden(t *testing.T) {
	v, _ := newService(t)
	ctx := access.AsLocalOperator(context.Background())
	b := book(period.NewDate(2026, 1, 1), "13.37")
	b.Rules = append(b.Rules, pricing.Rule{Key: "credit", Match: pricing.Match{Meter: []string{"c"}}, Priority: 2,
		Price: pricing.Price{Kind: pricing.CostBeforeCreditFactor, Factor: pricing.FactorOf(money.MustParse("17.71"))}, Note: "canary"})
	list := money.MustParse("4.242")
	b.Examples = []pricing.Example{{Name: "e", Key: pricing.Key{Meter: "m"}, On: period.NewDate(2026, 2, 1), Quantity: money.MustParse("1"),
		Cost: money.MustParse("0.0777"), List: &list, Currency: "EUR", Sells: money.MustParse("0.08808849")}}
	_, err := v.Publish(ctx, b)
	if err != nil {
		t.Fatal(err)
	}
	for view := range scope.Everything + 1 {
		v.Access = viewer{view: view}
		all, err := v.List(ctx)
		if err != nil {
			t.Fatal(err)
		}
		one, err := v.Show(ctx, "contoso/retail", 0)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal([]any{all, one, pricing.Diff(pricing.Book{}, one)})
		if err != nil {
			t.Fatal(err)
		}
		sees := view&(scope.Cost|scope.Buy) != 0
		for _, canary := range []string{"1.1337", "1.1771", "0.0777", "4.242", "canary"} {
			if strings.Contains(string(text), canary) != sees {
				t.Errorf("%v: %q is told: %v", view, canary, !sees)
			}
		}
		if !strings.Contains(string(text), `"fixed"`) {
			t.Errorf("%v: a rule with a fixed price is hidden", view)
		}
	}
}
