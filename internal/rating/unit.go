package rating

import (
	"cmp"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// unit is what a variant says one unit costs: the provider's price, in billing currency where the variant prints the
// exchange rate.
type unit struct {
	variant *usage.Variant
	priced  bool
	rated   bool // the exchange rate is printed
	refund  bool // prices count the quantity with the other sign than it is printed with
	price   money.Decimal
}

// unitOf reads a variant. A price of 0 beside an amount is no price.
func unitOf(v *usage.Variant) unit {
	u := unit{variant: v, refund: v.Refund()}
	rate, err := money.Parse(v.ExchangeRate)
	u.rated = err == nil
	price, err := money.Parse(v.UnitPrice)
	if err != nil || v.Unlisted {
		return u
	}
	u.priced, u.price = true, price
	if v.Reversed && price.Sign() >= 0 {
		u.price = price.Neg()
	}
	if u.rated {
		u.price = u.price.Mul(rate)
	}
	return u
}

// usageBase is the provider's amounts of a group.
func usageBase(g *Group) pricing.Base {
	u := g.unit
	if u == nil {
		one := unitOf(g.Variant)
		u = &one
	}
	var before money.Decimal
	if u.priced {
		before = g.Sum.Quantity.Mul(u.price)
	}
	return baseOf(g, u, before)
}

// baseOf is the provider's amounts of a group; before is what its quantities come to at their unit prices. Until a retail
// price sheet is known, list is what an Azure plan row says itself: quantity × unit price × exchange rate (money-path
// §4); where the row prints no exchange rate, it is in the currency of its prices. Covered usage lists at 0.
func baseOf(g *Group, u *unit, before money.Decimal) pricing.Base {
	currency := money.Currency(g.Entry[usage.BillingCurrency])
	b := pricing.Base{Quantity: g.Sum.Quantity, Cost: g.Sum.Cost, Currency: currency, ListCurrency: currency, NoUnitPrice: !u.priced}
	if u.refund {
		b.Quantity = b.Quantity.Neg()
	}
	if !u.rated {
		b.ListCurrency = cmp.Or(money.Currency(g.Entry[usage.PricingCurrency]), currency)
	}
	if !u.priced {
		return b
	}
	b.CostBeforeCredit = before
	list := b.CostBeforeCredit
	if g.Variant.Covered {
		list = money.Decimal{}
	}
	b.List = &list
	return b
}
