package pricing

import (
	"cmp"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
)

// Apply is what a price makes of a base: exact, unrounded, in the currency of the base or of the unit price. Faults:
// Conflict with code missing_list when a price on list, or on cost before credit, meets an unknown list, with code
// excluded when the price says it is not sold; Internal for an unknown kind.
func Apply(p Price, b Base) (money.Amount, error) {
	base := BaseOf(p, b)
	switch p.Kind {
	case CostFactor, CostBeforeCreditFactor, ListFactor:
		if p.Kind == ListFactor && b.List == nil || p.Kind == CostBeforeCreditFactor && b.NoUnitPrice {
			return money.Amount{}, fault.New(fault.Conflict, "missing_list",
				"the price is a share of the provider's list price, and no list price is known")
		}
		return money.Of(base.Value.Mul(p.Factor), base.Currency), nil
	case UnitPrice:
		return money.Of(b.Quantity.Mul(p.Unit), p.Currency), nil
	case Free:
		return money.Of(money.Decimal{}, b.Currency), nil
	case Excluded:
		return money.Amount{}, fault.New(fault.Conflict, "excluded", "this is not sold")
	}
	return money.Amount{}, fault.New(fault.Internal, "unknown_price_kind", "there is no price kind %q", p.Kind)
}

// BaseOf is the amount a price is applied to: the cost, list … of the base; for a unit price the unit price itself.
// An unknown list is 0 here; Apply refuses it.
func BaseOf(p Price, b Base) money.Amount {
	listCurrency := cmp.Or(b.ListCurrency, b.Currency)
	switch p.Kind {
	case CostBeforeCreditFactor:
		return money.Of(b.CostBeforeCredit, listCurrency)
	case ListFactor:
		if b.List == nil {
			return money.Of(money.Decimal{}, listCurrency)
		}
		return money.Of(*b.List, listCurrency)
	case UnitPrice:
		return money.Of(p.Unit, p.Currency)
	}
	return money.Of(b.Cost, b.Currency)
}
