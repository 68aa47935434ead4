package oracle

import (
	"math/big"
	"strconv"
	"strings"
)

// Number is an exact decimal: units × 10^−places. The zero value is 0. It is immutable.
type Number struct {
	units  *big.Int
	places int
}

// Parse reads decimal notation: a sign, digits with at most one point, perhaps an exponent.
func Parse(s string) (Number, bool) {
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(s[i+1:])
		if err != nil || n < -400 || n > 400 {
			return Number{}, false
		}
		mantissa, exponent = s[:i], n
	}
	whole, part, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+part, "+-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" || strings.ContainsAny(part, "+-") || len(whole+part)-len(digits) > 1 {
		return Number{}, false
	}
	n, _ := new(big.Int).SetString(digits, 10)
	if strings.HasPrefix(whole, "-") {
		n.Neg(n)
	}
	places := len(part) - exponent
	if places < 0 {
		return Number{n.Mul(n, power(-places)), 0}, true
	}
	return Number{n, places}, true
}

// must is Parse for what the types of other packages promise to be a number.
func must(s string) Number {
	n, ok := Parse(s)
	if !ok {
		panic("oracle: " + s + " is no number")
	}
	return n
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func (a Number) big() *big.Int {
	if a.units == nil {
		return new(big.Int)
	}
	return a.units
}

// Add is a + b.
func (a Number) Add(b Number) Number {
	x, y, places := a.big(), b.big(), max(a.places, b.places)
	if a.places < places {
		x = new(big.Int).Mul(x, power(places-a.places))
	}
	if b.places < places {
		y = new(big.Int).Mul(y, power(places-b.places))
	}
	return Number{new(big.Int).Add(x, y), places}
}

// Mul is a × b.
func (a Number) Mul(b Number) Number {
	return Number{new(big.Int).Mul(a.big(), b.big()), a.places + b.places}
}

// IsZero says whether a is 0.
// Sign is −1, 0 or 1.
func (a Number) Sign() int { return a.big().Sign() }

func (a Number) IsZero() bool { return a.big().Sign() == 0 }

// String is a without exponent and without zeros at the end, so equal numbers are equal text.
func (a Number) String() string {
	digits := new(big.Int).Abs(a.big()).String()
	if len(digits) <= a.places {
		digits = strings.Repeat("0", a.places-len(digits)+1) + digits
	}
	s := digits
	if a.places > 0 {
		s = digits[:len(digits)-a.places] + "." + digits[len(digits)-a.places:]
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	if a.big().Sign() < 0 {
		s = "-" + s
	}
	return s
}

// decimals is how many decimals a needs.
func (a Number) decimals() int {
	_, part, _ := strings.Cut(a.String(), ".")
	return len(part)
}

// row says whether a may stand in a row: below 10^11, at most 39 decimals.
func (a Number) row() bool {
	return new(big.Int).Abs(a.big()).Cmp(power(11+a.places)) < 0 && a.decimals() <= 39
}
