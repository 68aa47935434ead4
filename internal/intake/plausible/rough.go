package plausible

import (
	"math/bits"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// Rough is a number to about nine digits: mantissa × 2^exponent. It serves to see gross mistakes in millions of rows,
// such as an amount ten times what price and quantity make; nothing is ever priced with it.
type Rough struct {
	mantissa uint64 // below 2^31
	exponent int
}

// RoughOf is the size of f, without its sign, in units of 10^-18.
func RoughOf(f money.Fixed) Rough {
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
		return Rough{lo << uint(-shift), shift}
	case shift < 64:
		return Rough{(hi<<(64-uint(shift)) | lo>>uint(shift)) & (1<<31 - 1), shift}
	}
	return Rough{hi >> uint(shift-64), shift}
}

// Times multiplies two numbers that each count 10^-18.
func (a Rough) Times(b Rough) Rough {
	const scale = 1_000_000_000_000_000_000 // 10^18
	hi, lo := bits.Mul64(a.mantissa, b.mantissa)
	_ = hi // two mantissas below 2^31
	n := bits.Len64(lo)
	if n == 0 {
		return Rough{}
	}
	// Shift up to 63 bits before dividing by 10^18, to keep its digits.
	wide, low := bits.Mul64(lo<<uint(63-n), 1<<31)
	q, _ := bits.Div64(wide, low, scale)
	return normal(q, a.exponent+b.exponent-(63-n)-31)
}

func normal(q uint64, exponent int) Rough {
	shift := bits.Len64(q) - 31
	if shift > 0 {
		return Rough{q >> uint(shift), exponent + shift}
	}
	return Rough{q << uint(-shift), exponent + shift}
}

// Differs says whether two numbers are more than 2 % apart.
func (a Rough) Differs(b Rough) bool {
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

// Beyond says whether two numbers are further apart than a third; what is lost by their being rough does not count.
func (a Rough) Beyond(b, bound Rough) bool {
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
	return apart > lost && bound.Below(normal(apart-lost, a.exponent-up))
}

// IsZero says whether a number is 0.
func (a Rough) IsZero() bool { return a.mantissa == 0 }

// Below says whether a number is smaller than another.
func (a Rough) Below(b Rough) bool {
	if a.mantissa == 0 {
		return true
	}
	if a.exponent != b.exponent {
		return a.exponent < b.exponent
	}
	return a.mantissa < b.mantissa
}
