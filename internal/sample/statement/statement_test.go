package statement

import (
	"bytes"
	"encoding/csv"
	"math/big"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/sample"
)

func read(t *testing.T, o Options) (lines []map[string]string, planted []Planted) {
	t.Helper()
	var b bytes.Buffer
	planted, err := Write(&b, sample.Spec{Rows: 60_000, Customers: 12, Seed: 3, Format: "csv"}, o)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records[1:] {
		m := map[string]string{}
		for i, n := range records[0] {
			m[n] = r[i]
		}
		lines = append(lines, m)
	}
	return lines, planted
}

func sum(t *testing.T, lines []map[string]string, column string) *big.Rat {
	t.Helper()
	total := new(big.Rat)
	for _, l := range lines {
		v, ok := new(big.Rat).SetString(l[column])
		if !ok {
			t.Fatalf("%s is %q", column, l[column])
		}
		total.Add(total, v)
	}
	return total
}

// What is planted is what the statement changes by: subtotals for all kinds but tax and a line at the wrong customer.
func TestPlant(t *testing.T) {
	clean, none := read(t, Options{})
	spoilt, planted := read(t, Options{Plant: 40, Seed: 9})
	if len(none) != 0 || len(planted) != 40 {
		t.Fatalf("%d and %d planted", len(none), len(planted))
	}
	kinds, identities := map[string]int{}, map[string]bool{}
	want := new(big.Rat)
	for _, p := range planted {
		kinds[p.Code]++
		identities[p.Invoice+p.Customer+p.Subscription+p.Product+p.SKU+p.Meter+p.Currency] = true
		amount, _ := new(big.Rat).SetString(p.Amount)
		if p.Code != "tax" && p.Code != "wrong_customer" {
			want.Add(want, amount)
		}
	}
	if len(kinds) != len(Codes()) || len(identities) != 40 {
		t.Errorf("kinds %v, %d identities", kinds, len(identities))
	}
	if got := new(big.Rat).Sub(sum(t, spoilt, "Subtotal"), sum(t, clean, "Subtotal")); got.Cmp(want) != 0 {
		t.Errorf("subtotals changed by %s, planted %s", got.FloatString(2), want.FloatString(2))
	}
	for _, l := range spoilt {
		one := []map[string]string{l}
		if new(big.Rat).Add(sum(t, one, "Subtotal"), sum(t, one, "TaxTotal")).Cmp(sum(t, one, "Total")) != 0 {
			t.Errorf("a total does not add up: %v", l)
		}
	}
}
