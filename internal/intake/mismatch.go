package intake

import (
	"github.com/purveyor-csp/purveyor/internal/intake/plausible"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// mismatch says that the amount of a row is not what its price and quantity make: it has the other sign, or is further
// off than the provider's truncation can put it, or by more than 2 % where it reaches a hundredth at all.
func (v *variantInfo) mismatch(f *usage.Fact) bool {
	right, printed := v.factor.Times(plausible.RoughOf(f.Quantity)), plausible.RoughOf(f.Cost)
	if right.Beyond(printed, v.lost) || right.Differs(printed) && !small(f.Cost, f.Quantity, v) {
		return true
	}
	return !f.Cost.IsZero() && !right.IsZero() && (f.Cost.Hi < 0) != ((f.Quantity.Hi < 0) != v.negative)
}

// small says that neither amount reaches a hundredth: there the provider's own truncation is as large as they are.
func small(cost, quantity money.Fixed, v *variantInfo) bool {
	cent := plausible.RoughOf(money.Fixed{Lo: 10_000_000_000_000_000})
	return plausible.RoughOf(cost).Below(cent) && v.factor.Times(plausible.RoughOf(quantity)).Below(cent)
}
