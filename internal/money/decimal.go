package money

import (
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Decimal is an exact decimal number of any length. The zero value is 0. It is immutable.
//
// Nearly all numbers fit 128 bits and are added and multiplied there; the library handles the others. Which of the
// two held a number makes no difference to its text or comparisons.
type Decimal struct {
	n        uint128 // the digits, when long is nil
	exponent int32
	negative bool // never for 0
	long     *apd.Decimal
}

// maxDigits is the maximum length that Parse accepts: far longer than any provider's literal, and short enough to be computed with quickly.
const maxDigits = 200

// Parse reads plain or scientific decimal notation ("12.50", "-0.1", "1E-7"). It refuses blanks, NaN, infinities,
// grouping signs and numbers of more than 200 digits; the fault is Invalid.
func Parse(s string) (Decimal, error) {
	if d, ok := parseShort(s); ok {
		return d, nil
	}
	if s == "" || len(s) > maxDigits || strings.ContainsAny(s, "nNiI_ ") {
		return Decimal{}, fault.New(fault.Invalid, "not_a_number", "%q is not a decimal number", clip(s))
	}
	var d apd.Decimal
	if _, _, err := d.SetString(s); err != nil || d.Form != apd.Finite || d.Exponent > maxDigits || d.Exponent < -maxDigits {
		return Decimal{}, fault.New(fault.Invalid, "not_a_number", "%q is not a decimal number", clip(s))
	}
	return fromLibrary(&d), nil
}

// parseShort reads digits with at most one point between them, as long as they fit 64 bits twice.
func parseShort(s string) (Decimal, bool) {
	d, i := Decimal{}, 0
	if len(s) > 0 && s[0] == '-' {
		d.negative, i = true, 1
	}
	digits, point := 0, -1
	for from := i; i < len(s); i++ {
		switch c := s[i]; {
		case c-'0' < 10 && digits < 38:
			digits++
			var ok bool
			if d.n, ok = d.n.times(10, uint64(c-'0')); !ok {
				return Decimal{}, false
			}
		case c == '.' && point < 0 && i > from:
			point = i
		default:
			return Decimal{}, false
		}
	}
	if digits == 0 || point == len(s)-1 {
		return Decimal{}, false
	}
	if point >= 0 {
		d.exponent = int32(point + 1 - len(s))
	}
	return d.normal(), true
}

// normal is the number with the one form of 0.
func (a Decimal) normal() Decimal {
	if a.long == nil && a.n.isZero() {
		return Decimal{}
	}
	return a
}

// MustParse is Parse for literals in code; it panics on anything Parse refuses.
func MustParse(s string) Decimal {
	d, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

// FromInt is the whole number n.
func FromInt(n int64) Decimal { return FromMinor(n, 0) }

// FromMinor is n minor units with the given number of decimals: FromMinor(1234, 2) is 12.34.
func FromMinor(n int64, places int) Decimal {
	d := Decimal{n: uint128{lo: uint64(n)}, exponent: -int32(places)}
	if n < 0 {
		d.n.lo, d.negative = -d.n.lo, true
	}
	return d.normal()
}

// Add is a + b, exactly.
func (a Decimal) Add(b Decimal) Decimal {
	if a.IsZero() {
		return b
	}
	if b.IsZero() {
		return a
	}
	x, y, exponent, ok := align(a, b)
	if !ok {
		return a.longAdd(b)
	}
	r := Decimal{exponent: exponent, negative: a.negative}
	if a.negative == b.negative {
		if r.n, ok = x.plus(y); !ok {
			return a.longAdd(b)
		}
		return r
	}
	if x.less(y) {
		x, y, r.negative = y, x, b.negative
	}
	r.n = x.minus(y)
	return r.normal()
}

// align brings the digits of both to one exponent; false when that does not fit.
func align(a, b Decimal) (x, y uint128, exponent int32, ok bool) {
	x, y, ok = a.n, b.n, a.long == nil && b.long == nil
	if a.exponent == b.exponent || !ok {
		return x, y, a.exponent, ok
	}
	if a.exponent > b.exponent {
		x, ok = x.shifted(int(a.exponent - b.exponent))
		return x, y, b.exponent, ok
	}
	y, ok = y.shifted(int(b.exponent - a.exponent))
	return x, y, a.exponent, ok
}

// Sub is a − b, exactly.
func (a Decimal) Sub(b Decimal) Decimal { return a.Add(b.Neg()) }

// Mul is a × b, exactly.
func (a Decimal) Mul(b Decimal) Decimal {
	if a.long == nil && b.long == nil {
		if n, ok := a.n.product(b.n); ok {
			return Decimal{n: n, exponent: a.exponent + b.exponent, negative: a.negative != b.negative}.normal()
		}
	}
	return a.longMul(b)
}

// Neg is −a.
func (a Decimal) Neg() Decimal {
	if a.long != nil {
		var r apd.Decimal
		r.Neg(a.long)
		return Decimal{long: &r}
	}
	a.negative = !a.negative && !a.n.isZero()
	return a
}

// Abs is a without its sign.
func (a Decimal) Abs() Decimal {
	if a.Sign() < 0 {
		return a.Neg()
	}
	return a
}

// Cmp is −1, 0 or 1 as a is below, equal to or above b, by value: 1.0 equals 1.00.
func (a Decimal) Cmp(b Decimal) int {
	if s, t := a.Sign(), b.Sign(); s != t || s == 0 {
		return compare(s, t)
	}
	x, y, _, ok := align(a, b)
	if !ok {
		return a.library().Cmp(b.library())
	}
	if a.negative {
		x, y = y, x
	}
	return x.compare(y)
}

// Equal says whether both have the same value, however they were written.
func (a Decimal) Equal(b Decimal) bool { return a.Cmp(b) == 0 }

// Sign is −1, 0 or 1.
func (a Decimal) Sign() int {
	switch {
	case a.long != nil:
		return a.long.Sign()
	case a.negative:
		return -1
	case a.n.isZero():
		return 0
	}
	return 1
}

// IsZero says whether the value is 0.
func (a Decimal) IsZero() bool { return a.n.isZero() && (a.long == nil || a.long.Sign() == 0) }

// Places is the number of decimals the value needs: 2 for 12.50 written as 12.5 is 1.
func (a Decimal) Places() int { return max(0, -int(a.reduced().exponentOf())) }

func (a Decimal) exponentOf() int32 {
	if a.long != nil {
		return a.long.Exponent
	}
	return a.exponent
}

// Round keeps the given number of decimals, half away from zero.
func (a Decimal) Round(places int) Decimal { return a.quantize(places, apd.RoundHalfUp) }

// Truncate keeps the given number of decimals and drops the rest toward zero: the provider's own habit.
func (a Decimal) Truncate(places int) Decimal { return a.quantize(places, apd.RoundDown) }

func (a Decimal) quantize(places int, mode apd.Rounder) Decimal {
	drop := -places - int(a.exponentOf())
	if drop <= 0 {
		return a
	}
	if a.long != nil || drop >= len(powers) {
		return a.longQuantize(places, mode)
	}
	n, rest := a.n.divided(powers[drop])
	if mode == apd.RoundHalfUp && rest >= powers[drop]-rest {
		n, _ = n.plus(uint128{lo: 1}) // what was divided leaves room
	}
	return Decimal{n: n, exponent: -int32(places), negative: a.negative}.normal()
}

// reduced has no zero at the end of its digits.
func (a Decimal) reduced() Decimal {
	if a.long != nil {
		var r apd.Decimal
		r.Reduce(a.long)
		return fromLibrary(&r)
	}
	if a.n.isZero() {
		return Decimal{}
	}
	for _, k := range [...]int{16, 8, 4, 2, 1} {
		for a.n.lo&(1<<k-1) == 0 { // what 10^k divides, 2^k divides
			n, rest := a.n.divided(powers[k])
			if rest != 0 {
				break
			}
			a.n, a.exponent = n, a.exponent+int32(k)
		}
	}
	return a
}

// String prints the value without exponent or trailing zeros, so equal values are equal text.
func (a Decimal) String() string {
	r := a.reduced()
	if r.long != nil {
		return r.long.Text('f')
	}
	var buf [96]byte
	return string(r.append(buf[:0]))
}

// append prints a reduced number that is not long.
func (a Decimal) append(b []byte) []byte {
	if a.negative {
		b = append(b, '-')
	}
	var digits [40]byte
	text := a.n.append(digits[:0])
	places := -int(a.exponent)
	switch {
	case places <= 0:
		b = append(b, text...)
		for range -places {
			b = append(b, '0')
		}
	case places < len(text):
		b = append(append(b, text[:len(text)-places]...), '.')
		b = append(b, text[len(text)-places:]...)
	default:
		b = append(b, '0', '.')
		for range places - len(text) {
			b = append(b, '0')
		}
		b = append(b, text...)
	}
	return b
}

// Fixed prints at least the given number of decimals and never fewer than the value needs.
func (a Decimal) Fixed(places int) string {
	s := a.String()
	have := 0
	if i := strings.IndexByte(s, '.'); i >= 0 {
		have = len(s) - i - 1
	} else if places > 0 {
		s += "."
	}
	if have >= places {
		return s
	}
	return s + strings.Repeat("0", places-have)
}

// MarshalText is String: decimals travel as text, never as a JSON number.
func (a Decimal) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText is Parse.
func (a *Decimal) UnmarshalText(b []byte) error {
	d, err := Parse(string(b))
	if err != nil {
		return err
	}
	*a = d
	return nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
