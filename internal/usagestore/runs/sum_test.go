package runs

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// TestSums compares sums of rows with sums of decimals of any length, also at the limits of rows and prices.
func TestSums(t *testing.T) {
	amount := rapid.Custom(func(r *rapid.T) wide {
		hi := rapid.OneOf(rapid.Int32(), rapid.SampledFrom([]int32{0, -1, 1<<31 - 1, -1 << 31})).Draw(r, "hi")
		lo := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, 1 << 63, 1<<64 - 1})).Draw(r, "lo")
		return wide{int64(hi), lo}
	})
	rapid.Check(t, func(r *rapid.T) {
		by := factor{
			hi: rapid.OneOf(rapid.Just(uint64(0)), rapid.Uint64Range(0, 1<<63-1)).Draw(r, "price hi"),
			lo: rapid.Uint64().Draw(r, "price lo"), negative: rapid.Bool().Draw(r, "negative"),
		}
		price := whole(wide{int64(by.hi), by.lo})
		if by.negative {
			price.Neg(price)
		}
		var one, two sum
		quantity, cost, priced := new(big.Int), new(big.Int), new(big.Int)
		for i, q := range rapid.SliceOfN(amount, 1, 20).Draw(r, "rows") {
			c := amount.Draw(r, "cost")
			quantity.Add(quantity, whole(q))
			cost.Add(cost, whole(c))
			priced.Add(priced, new(big.Int).Mul(whole(q), price))
			part := &one
			if i%3 == 1 {
				part = &two
			}
			part.addRow(int32(q.hi), q.lo, int32(c.hi), c.lo, &by)
		}
		one.merge(&two)
		for _, x := range []struct {
			got  money.Decimal
			want *big.Int
			e    string
		}{{one.quantity.decimal(), quantity, "E-18"}, {one.cost.decimal(), cost, "E-18"}} {
			if want := money.MustParse(x.want.String() + x.e); !x.got.Equal(want) {
				r.Fatalf("%s, want %s", x.got, want)
			}
		}
		got, err := one.beforeCredit(7, money.MustParse("1e-7"))
		if want := money.MustParse(priced.String() + "E-25"); err != nil || !got.Equal(want) {
			r.Fatalf("priced %s, want %s: %v", got, want, err)
		}
	})
}

func whole(w wide) *big.Int {
	x := new(big.Int).Lsh(big.NewInt(w.hi), 64)
	return x.Add(x, new(big.Int).SetUint64(w.lo))
}

func TestFactorOf(t *testing.T) {
	for _, x := range []struct {
		price  string
		places int
		want   factor
		fits   bool
	}{
		{"0", 3, factor{}, true},
		{"1.25", 2, factor{lo: 125}, true},
		{"-1.25", 4, factor{lo: 12500, negative: true}, true},
		{"170141183460469231731687303715884105727", 0, factor{hi: 1<<63 - 1, lo: 1<<64 - 1}, true},
		{"170141183460469231731687303715884105728", 0, factor{}, false},
		{"1", 40, factor{}, false},
		{"0.123", 2, factor{}, false},
	} {
		got, ok := factorOf(money.MustParse(x.price), x.places)
		if ok != x.fits || ok && got != x.want {
			t.Errorf("%s with %d decimals is %+v, %t", x.price, x.places, got, ok)
		}
	}
}
