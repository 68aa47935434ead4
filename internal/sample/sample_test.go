package sample

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

func made(t *testing.T, s Spec) []byte {
	t.Helper()
	var b bytes.Buffer
	if sum, err := Generate(&b, s); err != nil || sum.Rows != s.Rows {
		t.Fatalf("%d rows, %v", sum.Rows, err)
	}
	return b.Bytes()
}

func TestGenerate(t *testing.T) {
	s := Spec{Rows: 30_000, Customers: 20, Seed: 7, Format: "csv"}
	text := made(t, s)
	if !bytes.Equal(text, made(t, s)) {
		t.Error("the same seed made another file")
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(records) != s.Rows+1 || len(records[0]) != 58 {
		t.Fatalf("%d records of %d columns, %v", len(records), len(records[0]), err)
	}
	if n := len(text) / s.Rows; n < 1000 || n > 1180 {
		t.Errorf("%d bytes a line", n)
	}
	at := map[string]int{}
	for i, n := range records[0] {
		at[n] = i
	}
	rat := func(r []string, c string) *big.Rat {
		v, ok := new(big.Rat).SetString(r[at[c]])
		if !ok {
			t.Fatalf("%s is %q", c, r[at[c]])
		}
		return v
	}
	entries, seen, covered, negative := map[string]int{}, map[string]bool{}, 0, 0
	for _, r := range records[1:] {
		line := strings.Join(r, "|")
		if seen[line] {
			t.Fatal("two identical rows")
		}
		seen[line] = true
		entries[r[at["ResourceURI"]]+r[at["MeterId"]]]++
		pricing := new(big.Rat).Mul(rat(r, "UnitPrice"), rat(r, "Quantity"))
		pricing.Mul(pricing, new(big.Rat).Sub(big.NewRat(1, 1), new(big.Rat).Quo(rat(r, "PartnerEarnedCreditPercentage"), big.NewRat(100, 1))))
		if r[at["BenefitType"]] != "" {
			pricing.SetInt64(0)
			covered++
		}
		if pricing.Sign() < 0 {
			negative++
		}
		if pricing.Cmp(rat(r, "PricingPreTaxTotal")) != 0 || new(big.Rat).Mul(pricing, rat(r, "PCToBCExchangeRate")).Cmp(rat(r, "BillingPreTaxTotal")) != 0 {
			t.Fatalf("amounts do not hold: %v", r)
		}
	}
	if per := s.Rows / len(entries); per < 27 || per > 31 || covered == 0 || negative == 0 {
		t.Errorf("%d rows an entry, %d covered, %d negative", per, covered, negative)
	}
}

func TestJSONLinesSayTheSame(t *testing.T) {
	s := Spec{Rows: 600, Customers: 3, Seed: 7, Format: "csv"}
	records, err := csv.NewReader(bytes.NewReader(made(t, s))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s.Format = "jsonl"
	for i, l := range strings.Split(strings.TrimSpace(string(made(t, s))), "\n") {
		var o map[string]any
		d := json.NewDecoder(strings.NewReader(l))
		d.UseNumber()
		if err := d.Decode(&o); err != nil {
			t.Fatal(err)
		}
		for _, c := range []int{2, 8, 33, 34, 36, 38, 42} { // customer, invoice, amounts, tags
			api := columns()[c].api
			if n, ok := o[api].(json.Number); ok {
				o[api] = n.String()
			}
			if o[api] != records[i+1][c] {
				t.Fatalf("line %d: %s is %v and in CSV %s", i, api, o[api], records[i+1][c])
			}
		}
	}
}

func TestAdversarial(t *testing.T) {
	s := Spec{Rows: 3000, Customers: 5, Seed: 1, Format: "csv", Shape: Adversarial}
	records, err := csv.NewReader(bytes.NewReader(made(t, s))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	resources := map[string]bool{}
	for _, r := range records[1:] {
		resources[r[31]] = true
	}
	if len(resources) < s.Rows*9/10 {
		t.Errorf("only %d resources in %d rows", len(resources), s.Rows)
	}
}

// Who a customer is does not depend on how much is made.
func TestPeople(t *testing.T) {
	names := map[string]bool{}
	for n := 1; n <= 2000; n++ {
		names[CustomerName(n)+Tenant(n)] = true
		if len(Entitlements(n)) < 1 || len(Entitlements(n)) > 3 {
			t.Errorf("customer %d has %d entitlements", n, len(Entitlements(n)))
		}
	}
	if len(names) != 2000 {
		t.Errorf("%d names for 2000 customers", len(names))
	}
	small, large := made(t, Spec{Rows: 100, Customers: 2, Seed: 1, Format: "csv"}), made(t, Spec{Rows: 900, Customers: 9, Seed: 2, Format: "csv"})
	for _, text := range [][]byte{small, large} {
		if !bytes.Contains(text, []byte(Tenant(1))) {
			t.Error("customer 1 is somebody else")
		}
	}
}
