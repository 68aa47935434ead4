package money

import (
	"cmp"
	"math/bits"
	"strconv"
)

// uint128 is a whole number below 2^128. What does not fit is said, never dropped.
type uint128 struct{ hi, lo uint64 }

// powers are the powers of ten that fit 64 bits.
var powers = [20]uint64{
	1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
	100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
	10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
}

func (x uint128) isZero() bool { return x.hi|x.lo == 0 }

func (x uint128) less(y uint128) bool { return x.hi < y.hi || x.hi == y.hi && x.lo < y.lo }

func (x uint128) compare(y uint128) int {
	return cmp.Or(cmp.Compare(x.hi, y.hi), cmp.Compare(x.lo, y.lo))
}

func compare(a, b int) int { return cmp.Compare(a, b) }

func (x uint128) plus(y uint128) (uint128, bool) {
	lo, carry := bits.Add64(x.lo, y.lo, 0)
	hi, over := bits.Add64(x.hi, y.hi, carry)
	return uint128{hi, lo}, over == 0
}

// minus is x − y; y must not be the larger.
func (x uint128) minus(y uint128) uint128 {
	lo, borrow := bits.Sub64(x.lo, y.lo, 0)
	hi, _ := bits.Sub64(x.hi, y.hi, borrow)
	return uint128{hi, lo}
}

// times is x × f + more.
func (x uint128) times(f, more uint64) (uint128, bool) {
	over, hi := bits.Mul64(x.hi, f)
	carry, lo := bits.Mul64(x.lo, f)
	lo, c := bits.Add64(lo, more, 0)
	hi, d := bits.Add64(hi, carry, c)
	return uint128{hi, lo}, over|d == 0
}

// product is x × y.
func (x uint128) product(y uint128) (uint128, bool) {
	switch {
	case y.hi == 0:
		return x.times(y.lo, 0)
	case x.hi == 0:
		return y.times(x.lo, 0)
	}
	return uint128{}, false
}

// shifted is x × 10^n.
func (x uint128) shifted(n int) (uint128, bool) {
	ok := true
	for ; ok && n >= len(powers); n -= len(powers) - 1 {
		if x.isZero() {
			return x, true
		}
		x, ok = x.times(powers[len(powers)-1], 0)
	}
	if !ok {
		return x, false
	}
	return x.times(powers[n], 0)
}

// divided is the whole part of x ÷ d, and the rest.
func (x uint128) divided(d uint64) (uint128, uint64) {
	if x.hi == 0 {
		return uint128{lo: x.lo / d}, x.lo % d
	}
	hi, rest := x.hi/d, x.hi%d
	lo, rest := bits.Div64(rest, x.lo, d)
	return uint128{hi, lo}, rest
}

// append prints x in decimal.
func (x uint128) append(b []byte) []byte {
	const chunk = 19
	if x.hi == 0 {
		return strconv.AppendUint(b, x.lo, 10)
	}
	more, rest := x.divided(powers[chunk])
	b = more.append(b)
	from := len(b)
	b = append(b, "0000000000000000000"...)
	for i := from + chunk - 1; rest > 0; i-- {
		b[i] = byte('0' + rest%10)
		rest /= 10
	}
	return b
}
