package money

import (
	"encoding/binary"

	"github.com/cockroachdb/apd/v3"
)

// What does not fit 128 bits: the library's numbers and its arithmetic.

// exact is a context without rounding: apd drops no digit when the precision is 0.
func exact() *apd.Context {
	c := apd.BaseContext
	return &c
}

// library is the number as the library has it; it must not be changed.
func (a Decimal) library() *apd.Decimal {
	if a.long != nil {
		return a.long
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], a.n.hi)
	binary.BigEndian.PutUint64(b[8:], a.n.lo)
	d := &apd.Decimal{Exponent: a.exponent, Negative: a.negative}
	d.Coeff.SetBytes(b[:])
	return d
}

// fromLibrary is a number of the library's, which is finite and is not changed any more.
func fromLibrary(d *apd.Decimal) Decimal {
	if d.Coeff.BitLen() > 128 {
		return Decimal{long: d}
	}
	var b [16]byte
	d.Coeff.FillBytes(b[:])
	n := uint128{binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])}
	return Decimal{n: n, exponent: d.Exponent, negative: d.Negative}.normal()
}

func (a Decimal) longAdd(b Decimal) Decimal {
	var r apd.Decimal
	_, _ = exact().Add(&r, a.library(), b.library())
	return fromLibrary(&r)
}

func (a Decimal) longMul(b Decimal) Decimal {
	var r apd.Decimal
	_, _ = exact().Mul(&r, a.library(), b.library())
	return fromLibrary(&r)
}

func (a Decimal) longQuantize(places int, mode apd.Rounder) Decimal {
	c, d := exact(), a.library()
	c.Precision = uint32(d.NumDigits()) + 1
	c.Rounding = mode
	var r apd.Decimal
	_, _ = c.Quantize(&r, d, -int32(places))
	return fromLibrary(&r)
}

// Quo is a ÷ b to the given number of decimals, half away from zero; b must not be 0 (it panics).
func (a Decimal) Quo(b Decimal, places int) Decimal {
	if b.IsZero() {
		panic("money: division by zero")
	}
	// Integer division of the scaled coefficients keeps one digit more than asked and a sticky one behind it, so
	// the one rounding that follows is the only one.
	c, x, y := exact(), a.library(), b.library()
	digits := x.NumDigits() + y.NumDigits() + int64(places) + 8 + abs64(int64(x.Exponent)) + abs64(int64(y.Exponent))
	c.Precision = uint32(digits)
	c.Rounding = apd.Round05Up
	var r apd.Decimal
	_, _ = c.Quo(&r, x, y)
	return fromLibrary(&r).Round(places)
}

// quoDown is a ÷ b with the given number of decimals, the rest dropped toward zero; b must not be 0.
func (a Decimal) quoDown(b Decimal, places int) Decimal {
	x, y := a.Mul(pow10(places)).library(), b.library()
	c := exact()
	c.Precision = uint32(x.NumDigits()+y.NumDigits()+int64(places)) + uint32(abs64(int64(x.Exponent))+abs64(int64(y.Exponent))) + 8
	var r apd.Decimal
	_, _ = c.QuoInteger(&r, x, y)
	r.Exponent -= int32(places)
	return fromLibrary(&r)
}

func abs64(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
