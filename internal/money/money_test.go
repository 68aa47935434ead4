package money

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func drawDecimal(t *rapid.T, name string) string {
	return rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,25})?`).Draw(t, name)
}

func rat(s string) *big.Rat {
	r, _ := new(big.Rat).SetString(s)
	return r
}

func TestExactArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawDecimal(t, "x"), drawDecimal(t, "y")
		a, b := MustParse(x), MustParse(y)
		for name, is := range map[string][2]*big.Rat{
			"sum":        {rat(a.Add(b).String()), new(big.Rat).Add(rat(x), rat(y))},
			"difference": {rat(a.Sub(b).String()), new(big.Rat).Sub(rat(x), rat(y))},
			"product":    {rat(a.Mul(b).String()), new(big.Rat).Mul(rat(x), rat(y))},
		} {
			if is[0].Cmp(is[1]) != 0 {
				t.Fatalf("%s of %s and %s is %s", name, x, y, is[0].FloatString(50))
			}
		}
	})
}

func TestRoundAndTruncate(t *testing.T) {
	for _, c := range []struct{ in, round, truncate string }{
		{"0.005", "0.01", "0"}, {"-0.005", "-0.01", "0"}, {"-112.258", "-112.26", "-112.25"}, {"2.345", "2.35", "2.34"},
		{"1.2349999", "1.23", "1.23"}, {"7", "7", "7"}, {"99.999", "100", "99.99"}, {"0.0049999999999999999999", "0", "0"},
	} {
		d := MustParse(c.in)
		if r, tr := d.Round(2).String(), d.Truncate(2).String(); r != c.round || tr != c.truncate {
			t.Errorf("%s: rounded %s, truncated %s; want %s, %s", c.in, r, tr, c.round, c.truncate)
		}
	}
}

// Worked examples of the provider's truncations, by id: a credit on a cumulative cost, a credit on a unit price, the
// two formulas for subtotals.
func TestWorkedExamples(t *testing.T) {
	for _, c := range []struct{ id, price, quantity, cost, effective string }{
		{"W25", "0.868", "29", "21.39", "0.737586206896552"},
		{"W26", "0.868", "210.950039", "155.63", "0.737757626107858"},
		{"W27", "0.868", "555.950039", "410.17", "0.737782122900436"},
	} {
		t.Run(c.id, func(t *testing.T) {
			q := MustParse(c.quantity)
			cost := MustParse(c.price).Mul(MustParse("0.85")).Mul(q).Truncate(2)
			if cost.Fixed(2) != c.cost || cost.Quo(q, 15).String() != c.effective {
				t.Errorf("cost %s, effective %s", cost.Fixed(2), cost.Quo(q, 15))
			}
		})
	}
	t.Run("W28", func(t *testing.T) {
		if p := MustParse("0.045").Mul(MustParse("0.85")).String(); p != "0.03825" {
			t.Errorf("effective unit price %s", p)
		}
	})
	t.Run("W29", func(t *testing.T) {
		got := MustParse("0.03825").Mul(MustParse("0.005001")).Truncate(2).Mul(MustParse("0.846202666")).Truncate(2)
		if printed := MustParse("0.01"); !got.IsZero() || printed.Sub(got).String() != "0.01" {
			t.Errorf("the formula gives %s; the printed cent is a difference of one cent", got)
		}
	})
	t.Run("W30", func(t *testing.T) {
		if s := MustParse("10.08").Mul(MustParse("0.846202666")).Truncate(2).Mul(FromInt(10)).Fixed(2); s != "85.20" {
			t.Errorf("subtotal %s", s)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", " ", "NaN", "Infinity", "1,5", "(3.00)", "1e400", "1 000", "0x10", "--1", "1.2.3", "€5"} {
		if d, err := Parse(s); err == nil {
			t.Errorf("%q was read as %s", s, d)
		}
	}
}

func TestFixed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?[0-9]{1,11}(\.[0-9]{0,18})?`).Draw(t, "literal")
		f, fit := ParseFixed([]byte(s))
		if fit != Fits {
			t.Fatalf("%q does not fit: %d", s, fit)
		}
		if rat(f.Decimal().String()).Cmp(rat(trimPoint(s))) != 0 {
			t.Fatalf("%q became %s", s, f.Decimal())
		}
	})
	for s, want := range map[string]Fit{
		"0.1234567890123456789": Wide, "1E-7": Fits, "1e400": NotANumber, "100000000000": TooLarge, "": NotANumber, "NULL": NotANumber,
		"0.1234567890123456789012345678901234567891": TooLong, "1.": Fits, ".5": Fits, "1.5000000000000000000000": Wide,
	} {
		if _, fit := ParseFixed([]byte(s)); fit != want {
			t.Errorf("%q: fit %d, want %d", s, fit, want)
		}
	}
}

func trimPoint(s string) string {
	if s[len(s)-1] == '.' {
		return s[:len(s)-1]
	}
	return s
}

func TestSplitAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := FromMinor(rapid.Int64Range(-1e9, 1e9).Draw(t, "whole"), 2)
		var weights []Decimal
		for range rapid.IntRange(1, 9).Draw(t, "parts") {
			weights = append(weights, FromMinor(rapid.Int64Range(0, 1e6).Draw(t, "weight"), 3))
		}
		parts, err := Split(whole, weights, 2)
		if err != nil {
			t.Fatal(err)
		}
		sum := Decimal{}
		for i, p := range parts {
			sum = sum.Add(p)
			if p.Places() > 2 || p.Sign()*whole.Sign() < 0 {
				t.Fatalf("part %d of %s is %s", i, whole, p)
			}
		}
		if !sum.Equal(whole) {
			t.Fatalf("parts of %s add up to %s", whole, sum)
		}
	})
}
