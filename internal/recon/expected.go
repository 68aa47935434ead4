package recon

import (
	"cmp"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// expected is the line a correct statement has for rows of one identity at one price, credit and exchange rate.
type expected struct {
	id                       identity
	price, credit, rate      money.Decimal
	quantity, pricing, exact money.Decimal // Σ Quantity, Σ PricingPreTaxTotal, Σ BillingPreTaxTotal
}

// subtotal is the provider's documented figure for usage: trunc2(trunc2(Σ pricing) × rate).
func (e *expected) subtotal() money.Decimal {
	return e.pricing.Truncate(2).Mul(e.rate).Truncate(2)
}

type variantKey struct {
	id                  identity
	price, credit, rate string
}

// gathering adds up rows into the lines a correct statement has.
type gathering struct {
	lines map[variantKey]*expected
	rows  money.Totals
}

func newGathering() *gathering { return &gathering{map[variantKey]*expected{}, money.Totals{}} }

// add takes a rated group of billed usage.
func (g *gathering) add(r *rating.Group) {
	e, v := r.Entry, r.Variant
	if e == nil || e[usage.InvoiceNumber] == "" {
		return
	}
	at := identity{
		e[usage.InvoiceNumber], strings.ToLower(e[usage.CustomerID]), strings.ToLower(e[usage.SubscriptionID]), e[usage.ProductID],
		e[usage.SkuID], e[usage.MeterName], money.Currency(e[usage.BillingCurrency]),
	}
	price, rate, credit := number(v.UnitPrice, "0"), number(v.ExchangeRate, "1"), number(v.EarnedCredit, "0")
	k := variantKey{at, price.String(), credit.String(), rate.String()}
	l := g.lines[k]
	if l == nil {
		l = &expected{id: at, price: price, credit: credit, rate: rate}
		g.lines[k] = l
	}
	l.quantity, l.pricing, l.exact = l.quantity.Add(r.Sum.Quantity), l.pricing.Add(r.Sum.Pricing), l.exact.Add(r.Sum.Cost)
	g.rows.Add(money.Of(r.Sum.Cost, at.currency))
}

func number(s, blank string) money.Decimal {
	d, err := money.Parse(s)
	if err != nil {
		return money.MustParse(blank)
	}
	return d
}

// byIdentity groups the lines, each group in a stable order.
func (g *gathering) byIdentity() map[identity][]*expected {
	out := map[identity][]*expected{}
	for _, l := range g.lines {
		out[l.id] = append(out[l.id], l)
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b *expected) int {
			return cmp.Or(a.price.Cmp(b.price), a.credit.Cmp(b.credit), a.rate.Cmp(b.rate))
		})
	}
	return out
}
