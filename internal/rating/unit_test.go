package rating

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// A refund of usage sells at a negative amount by every kind of price, however it is printed; a unit price of 0 beside an
// amount is none, so that no share of the list price is taken of it.
func TestRefundsAndMissingListPrices(t *testing.T) {
	const none = "missing_list"
	w := chainOf()
	x := w.Index()
	for name, c := range map[string]struct {
		quantity, cost         string
		v                      usage.Variant
		unit, list, beforehand string // at 4, at the list price and before credit
	}{
		"charge":                             {"100", "100", usage.Variant{UnitPrice: "1.5"}, "400", "150", "150"},
		"refund by its quantity":             {"-100", "-100", usage.Variant{UnitPrice: "1.5"}, "-400", "-150", "-150"},
		"refund by its price":                {"100", "-100", usage.Variant{UnitPrice: "-1.5"}, "-400", "-150", "-150"},
		"refund by its amount alone":         {"100", "-100", usage.Variant{UnitPrice: "1.5", Reversed: true}, "-400", "-150", "-150"},
		"refund of a refund by its price":    {"-100", "100", usage.Variant{UnitPrice: "-1.5"}, "400", "150", "150"},
		"charge by its amount alone":         {"-100", "100", usage.Variant{UnitPrice: "1.5", Reversed: true}, "400", "150", "150"},
		"free":                               {"100", "0", usage.Variant{UnitPrice: "0"}, "400", "0", "0"},
		"no list price":                      {"100", "100", usage.Variant{UnitPrice: "0", Unlisted: true}, "400", none, none},
		"no list price, refunded":            {"100", "-100", usage.Variant{UnitPrice: "0", Unlisted: true, Reversed: true}, "-400", none, none},
		"refund without a price or a charge": {"100", "0", usage.Variant{UnitPrice: "-1.5"}, "-400", "-150", "-150"},
	} {
		c.v.ExchangeRate = "1"
		g := Group{
			Sum: usage.Sum{Quantity: money.MustParse(c.quantity), Cost: money.MustParse(c.cost)}, Variant: &c.v,
			Entry: &usage.Entry{usage.BillingCurrency: "EUR", usage.PricingCurrency: "EUR"},
		}
		b := usageBase(&g)
		for kind, want := range map[pricing.PriceKind]string{pricing.UnitPrice: c.unit, pricing.ListFactor: c.list, pricing.CostBeforeCreditFactor: c.beforehand, pricing.CostFactor: c.cost} {
			p := pricing.Price{Kind: kind, Factor: money.FromInt(1), Unit: money.FromInt(4), Currency: "EUR"}
			s := Step{Rate: pricing.Rate{Price: p}, Edge: x.Chain("c", september)[0]}
			reason, _ := s.price(&b, september.Month(), exchanges{})
			if got := s.Sold.Value.String(); want == none && reason != MissingList || want != none && (reason != "" || got != want) {
				t.Errorf("%s at %s: %s %s; want %s", name, kind, got, reason, want)
			}
		}
	}
}
