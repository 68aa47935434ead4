package intake

import (
	"math/bits"

	"github.com/purveyor-csp/purveyor/internal/money"
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
