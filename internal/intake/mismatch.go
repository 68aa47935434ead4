package intake

import (
	"math/bits"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// rough is a number to about nine digits: mantissa × 2^exponent. It serves to see gross mistakes in millions of rows,
// such as an amount ten times what price and quantity make; nothing is ever priced with it.
type rough struct {
	mantissa uint64 // below 2^31
	exponent int
}

// roughly is the size of f, without its sign, in units of 10^-18.
func roughly(f money.Fixed) rough {
	if f.Hi < 0 {
		f = f.Neg()
	}
	hi, lo := uint64(f.Hi), f.Lo
	shift := 0
	if hi != 0 {
		shift = 64 + bits.Len64(hi) - 31
	} else {
		shift = bits.Len64(lo) - 31
	}
	switch {
	case shift <= 0:
		return rough{lo << uint(-shift), shift}
	case shift < 64:
		return rough{(hi<<(64-uint(shift)) | lo>>uint(shift)) & (1<<31 - 1), shift}
	}
	return rough{hi >> uint(shift-64), shift}
}

// times multiplies two numbers that each count 10^-18.
func (a rough) times(b rough) rough {
	const scale = 1_000_000_000_000_000_000 // 10^18
	hi, lo := bits.Mul64(a.mantissa, b.mantissa)
	_ = hi // two mantissas below 2^31
	n := bits.Len64(lo)
	if n == 0 {
		return rough{}
	}
	// Shift up to 63 bits before dividing by 10^18, to keep its digits.
	wide, low := bits.Mul64(lo<<uint(63-n), 1<<31)
	q, _ := bits.Div64(wide, low, scale)
	return normal(q, a.exponent+b.exponent-(63-n)-31)
}

func normal(q uint64, exponent int) rough {
	shift := bits.Len64(q) - 31
	if shift > 0 {
		return rough{q >> uint(shift), exponent + shift}
	}
	return rough{q << uint(-shift), exponent + shift}
}

// differs says whether two numbers are more than 2 % apart.
func (a rough) differs(b rough) bool {
	if a.mantissa == 0 || b.mantissa == 0 {
		return a.mantissa != b.mantissa
	}
	for a.exponent > b.exponent && a.mantissa < 1<<40 {
		a.mantissa, a.exponent = a.mantissa<<1, a.exponent-1
	}
	for b.exponent > a.exponent && b.mantissa < 1<<40 {
		b.mantissa, b.exponent = b.mantissa<<1, b.exponent-1
	}
	if a.exponent != b.exponent {
		return true
	}
	small, large := min(a.mantissa, b.mantissa), max(a.mantissa, b.mantissa)
	return (large-small)*50 > large
}

// mismatch says that the amount of a row is not what its price and quantity make: it has the other sign, or is further
// off than the provider's truncation can put it, or by more than 2 % where it reaches a hundredth at all.
func (v *variantInfo) mismatch(f *usage.Fact) bool {
	right, printed := v.factor.times(roughly(f.Quantity)), roughly(f.Cost)
	if right.beyond(printed, v.lost) || right.differs(printed) && !small(f.Cost, f.Quantity, v) {
		return true
	}
	return !f.Cost.IsZero() && right.mantissa != 0 && (f.Cost.Hi < 0) != ((f.Quantity.Hi < 0) != v.negative)
}

// small says that neither amount reaches a hundredth: there the provider's own truncation is as large as they are.
func small(cost, quantity money.Fixed, v *variantInfo) bool {
	cent := roughly(money.Fixed{Lo: 10_000_000_000_000_000})
	return roughly(cost).below(cent) && v.factor.times(roughly(quantity)).below(cent)
}

// beyond says whether two numbers are further apart than a third; what is lost by their being rough does not count.
func (a rough) beyond(b, bound rough) bool {
	if a.mantissa == 0 {
		a.exponent = b.exponent
	}
	if b.mantissa == 0 {
		b.exponent = a.exponent
	}
	if a.exponent < b.exponent {
		a, b = b, a
	}
	up := min(a.exponent-b.exponent, 32)
	x, y := a.mantissa<<uint(up), b.mantissa>>uint(a.exponent-b.exponent-up)
	apart, lost := max(x, y)-min(x, y), max(x, y)>>26+2
	return apart > lost && bound.below(normal(apart-lost, a.exponent-up))
}

func (a rough) below(b rough) bool {
	if a.mantissa == 0 {
		return true
	}
	if a.exponent != b.exponent {
		return a.exponent < b.exponent
	}
	return a.mantissa < b.mantissa
}
