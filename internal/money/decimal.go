package money

import (
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Decimal is an exact decimal number of any length. The zero value is 0. It is immutable.
type Decimal struct{ d apd.Decimal }

// maxDigits bounds what Parse accepts: far beyond any provider's literal, far below what would hurt.
const maxDigits = 200

// exact is a context without rounding: apd drops no digit when the precision is 0.
func exact() *apd.Context {
	c := apd.BaseContext
	return &c
}

// Parse reads plain or scientific decimal notation ("12.50", "-0.1", "1E-7"). It refuses blanks, NaN, infinities,
// grouping signs and numbers of more than 200 digits; the fault is Invalid.
func Parse(s string) (Decimal, error) {
	if s == "" || len(s) > maxDigits || strings.ContainsAny(s, "nNiI_ ") {
		return Decimal{}, fault.New(fault.Invalid, "not_a_number", "%q is not a decimal number", clip(s))
	}
	var d apd.Decimal
	if _, _, err := d.SetString(s); err != nil || d.Form != apd.Finite || d.Exponent > maxDigits || d.Exponent < -maxDigits {
		return Decimal{}, fault.New(fault.Invalid, "not_a_number", "%q is not a decimal number", clip(s))
	}
	return Decimal{d}, nil
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
func FromInt(n int64) Decimal { return Decimal{*apd.New(n, 0)} }

// FromMinor is n minor units with the given number of decimals: FromMinor(1234, 2) is 12.34.
func FromMinor(n int64, places int) Decimal { return Decimal{*apd.New(n, -int32(places))} }

// Add is a + b, exactly.
func (a Decimal) Add(b Decimal) Decimal {
	var r apd.Decimal
	_, _ = exact().Add(&r, &a.d, &b.d)
	return Decimal{r}
}

// Sub is a − b, exactly.
func (a Decimal) Sub(b Decimal) Decimal {
	var r apd.Decimal
	_, _ = exact().Sub(&r, &a.d, &b.d)
	return Decimal{r}
}

// Mul is a × b, exactly.
func (a Decimal) Mul(b Decimal) Decimal {
	var r apd.Decimal
	_, _ = exact().Mul(&r, &a.d, &b.d)
	return Decimal{r}
}

// Neg is −a.
func (a Decimal) Neg() Decimal {
	var r apd.Decimal
	r.Neg(&a.d)
	if r.IsZero() {
		r.Negative = false
	}
	return Decimal{r}
}

// Abs is a without its sign.
func (a Decimal) Abs() Decimal {
	if a.Sign() < 0 {
		return a.Neg()
	}
	return a
}

// Cmp is −1, 0 or 1 as a is below, equal to or above b, by value: 1.0 equals 1.00.
func (a Decimal) Cmp(b Decimal) int { return a.d.Cmp(&b.d) }

// Equal says whether both have the same value, however they were written.
func (a Decimal) Equal(b Decimal) bool { return a.Cmp(b) == 0 }

// Sign is −1, 0 or 1.
func (a Decimal) Sign() int { return a.d.Sign() }

// IsZero says whether the value is 0.
func (a Decimal) IsZero() bool { return a.d.Sign() == 0 }

// Places is the number of decimals the value needs: 2 for 12.50 written as 12.5 is 1.
func (a Decimal) Places() int {
	r := a.reduced()
	if r.Exponent >= 0 {
		return 0
	}
	return int(-r.Exponent)
}

// Round keeps the given number of decimals, half away from zero.
func (a Decimal) Round(places int) Decimal { return a.quantize(places, apd.RoundHalfUp) }

// Truncate keeps the given number of decimals and drops the rest toward zero: the provider's own habit.
func (a Decimal) Truncate(places int) Decimal { return a.quantize(places, apd.RoundDown) }

func (a Decimal) quantize(places int, mode apd.Rounder) Decimal {
	if a.d.Exponent >= -int32(places) {
		return a
	}
	c := exact()
	c.Precision = uint32(a.d.NumDigits()) + 1
	c.Rounding = mode
	var r apd.Decimal
	_, _ = c.Quantize(&r, &a.d, -int32(places))
	if r.IsZero() {
		r.Negative = false
	}
	return Decimal{r}
}

// Quo is a ÷ b to the given number of decimals, half away from zero; b must not be 0 (it panics).
func (a Decimal) Quo(b Decimal, places int) Decimal {
	if b.IsZero() {
		panic("money: division by zero")
	}
	// Integer division of the scaled coefficients keeps one digit more than asked and a sticky one behind it, so
	// the one rounding that follows is the only one.
	c := exact()
	digits := a.d.NumDigits() + b.d.NumDigits() + int64(places) + 8 + abs64(int64(a.d.Exponent)) + abs64(int64(b.d.Exponent))
	c.Precision = uint32(digits)
	c.Rounding = apd.Round05Up
	var r apd.Decimal
	_, _ = c.Quo(&r, &a.d, &b.d)
	return Decimal{r}.Round(places)
}

// quoDown is a ÷ b with the given number of decimals, the rest dropped toward zero; b must not be 0.
func (a Decimal) quoDown(b Decimal, places int) Decimal {
	scaled := a
	scaled.d.Exponent += int32(places)
	c := exact()
	c.Precision = uint32(a.d.NumDigits()+b.d.NumDigits()+int64(places)) + uint32(abs64(int64(a.d.Exponent))+abs64(int64(b.d.Exponent))) + 8
	var r apd.Decimal
	_, _ = c.QuoInteger(&r, &scaled.d, &b.d)
	r.Exponent -= int32(places)
	return Decimal{r}
}

func abs64(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

func (a Decimal) reduced() apd.Decimal {
	var r apd.Decimal
	r.Reduce(&a.d)
	if r.IsZero() {
		r = apd.Decimal{}
	}
	return r
}

// String prints the value without exponent or trailing zeros, so equal values are equal text.
func (a Decimal) String() string {
	r := a.reduced()
	return r.Text('f')
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
