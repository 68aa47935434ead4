package money

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawAny draws numbers of every size, and those around the borders of 64 and 128 bits.
func drawAny(t *rapid.T, name string) string {
	border := rapid.SampledFrom([]string{"0", "-0.00", "1", "9223372036854775808", "18446744073709551615", "18446744073709551616",
		"340282366920938463463374607431768211455", "340282366920938463463374607431768211456", "99999999999999999999999999999999999999",
		"-10000000000000000000", "0.10000000000000000000", "-340282366920938463463.374607431768211455", "1e38", "-5E-39", "1e60", "0.5", "-0.4999999999999999999999"})
	long := rapid.StringMatching(`-?[0-9]{1,45}(\.[0-9]{1,45})?`)
	short := rapid.StringMatching(`-?[0-9]{1,9}(\.[0-9]{1,18})?`)
	return rapid.OneOf(border, short, long).Draw(t, name)
}

// TestDecimalIsExact: every operation gives the result of rational numbers, whatever the size.
func TestDecimalIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawAny(t, "x"), drawAny(t, "y")
		a, b, p, q := MustParse(x), MustParse(y), rat(x), rat(y)
		same := func(what string, d Decimal, want *big.Rat) {
			if rat(d.String()).Cmp(want) != 0 {
				t.Fatalf("%s of %s and %s is %s", what, x, y, d)
			}
			if d.Sign() != want.Sign() || d.IsZero() != (want.Sign() == 0) || d.Neg().Neg().Cmp(d) != 0 || d.Abs().Sign() < 0 {
				t.Fatalf("%s of %s and %s: %s has sign %d", what, x, y, d, d.Sign())
			}
		}
		same("value", a, p)
		same("sum", a.Add(b), new(big.Rat).Add(p, q))
		same("difference", a.Sub(b), new(big.Rat).Sub(p, q))
		same("product", a.Mul(b), new(big.Rat).Mul(p, q))
		same("sum of three", a.Add(b).Add(a.Mul(b)), new(big.Rat).Add(new(big.Rat).Add(p, q), new(big.Rat).Mul(p, q)))
		if a.Cmp(b) != p.Cmp(q) || a.Equal(b) != (p.Cmp(q) == 0) {
			t.Fatalf("%s and %s compare as %d", x, y, a.Cmp(b))
		}
		places := rapid.IntRange(-3, 42).Draw(t, "places")
		same("rounding", a.Round(places), rounded(p, places, true))
		same("truncation", a.Truncate(places), rounded(p, places, false))
	})
}

// rounded is r with the given number of decimals, half away from zero or toward zero.
func rounded(r *big.Rat, places int, half bool) *big.Rat {
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(places, -places))), nil))
	if places < 0 {
		scale.Inv(scale)
	}
	scaled := new(big.Rat).Mul(r, scale)
	if half {
		scaled.Add(scaled, big.NewRat(int64(r.Sign()), 2))
	}
	whole := new(big.Int).Quo(scaled.Num(), scaled.Denom())
	return new(big.Rat).Quo(new(big.Rat).SetInt(whole), scale)
}

// Equal values print as equal text, in the shortest plain form, and read back.
func TestDecimalText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawAny(t, "x"), drawAny(t, "y")
		a, b := MustParse(x), MustParse(y)
		sum := a.Add(b).Sub(b)
		s := sum.String()
		if s != a.String() {
			t.Fatalf("%s plus and minus %s prints as %q", x, y, s)
		}
		if strings.ContainsAny(s, "eE+") || strings.Contains(s, ".") && strings.HasSuffix(s, "0") || strings.HasPrefix(s, "-0") && !strings.Contains(s, ".") {
			t.Fatalf("%s prints as %q", x, s)
		}
		places := 0
		if _, part, ok := strings.Cut(s, "."); ok {
			places = len(part)
		}
		if sum.Places() != places || !MustParse(s).Equal(a) {
			t.Fatalf("%q has %d places", s, sum.Places())
		}
	})
}

func TestMinor(t *testing.T) {
	for s, want := range map[string]int64{"12.50": 1250, "-0.01": -1, "0": 0, "1e3": 100_000, "92233720368547758.07": 1<<63 - 1} {
		if n, err := Of(MustParse(s), "EUR").Minor(); err != nil || n != want {
			t.Errorf("%s is %d, %v", s, n, err)
		}
	}
	for _, s := range []string{"0.001", "92233720368547758.08", "1e30"} {
		if n, err := Of(MustParse(s), "EUR").Minor(); err == nil {
			t.Errorf("%s became %d", s, n)
		}
	}
}

func BenchmarkDecimal(b *testing.B) {
	cost, factor, sum := MustParse("123.456789012345678"), MustParse("1.01"), MustParse("98765.4321")
	for b.Loop() {
		sum = cost.Mul(factor).Add(MustParse("98765.4321"))
	}
	_ = sum.String()
}
