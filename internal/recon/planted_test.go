package recon

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/intake/microsoft"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/sample"
	"github.com/purveyor-csp/purveyor/internal/sample/statement"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// sampleRows adds the rows of a sample up.
func sampleRows(t *testing.T, s sample.Spec) *usage.ControlTotals {
	t.Helper()
	var b bytes.Buffer
	if _, err := sample.Generate(&b, s); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]usage.Column{}
	for c := range usage.NumPrinted {
		columns[microsoft.ColumnName(c)] = c
	}
	out := &usage.ControlTotals{}
	for _, r := range records[1:] {
		var e usage.Entry
		for i, name := range records[0] {
			if c, ok := columns[name]; ok {
				e[c] = r[i]
			}
		}
		v := usage.Variant{UnitPrice: e[usage.UnitPrice], ExchangeRate: e[usage.ExchangeRate], EarnedCredit: e[usage.EarnedCredit]}
		out.Add(&e, &v, usage.Sum{
			Rows: 1, Quantity: dec(e[usage.Quantity]), Pricing: dec(e[usage.PricingPreTaxTotal]), Cost: dec(e[usage.BillingPreTaxTotal]),
		})
	}
	return out
}

func linesOf(t *testing.T, s sample.Spec, o statement.Options) ([]usage.StatementLine, []statement.Planted) {
	t.Helper()
	var b bytes.Buffer
	planted, err := statement.Write(&b, s, o)
	if err != nil {
		t.Fatal(err)
	}
	lines, _, err := microsoft.Statement("lines.csv", &b)
	if err != nil {
		t.Fatal(err)
	}
	return lines, planted
}

// Whether a statement names meters or not, every planted error is found and none is invented; what is charged and what
// is a control stays the same.
func TestPlantedErrorsInEveryShape(t *testing.T) {
	for name, shape := range map[string]statement.Shape{"full": statement.Full, "blank meter": statement.BlankMeter, "basic": statement.Basic} {
		for _, seed := range []uint64{1, 2, 3} {
			t.Run(fmt.Sprint(name, " ", seed), func(t *testing.T) {
				s := sample.Spec{Rows: 20_000, Customers: 9, Seed: seed, Format: "csv"}
				rows := sampleRows(t, s)
				clean, _ := linesOf(t, s, statement.Options{Shape: shape})
				b := books{period: clean[0].ChargeStart.Month(), rows: rows, charges: money.Totals{}}
				charges, _, _ := rows.Behind.Divide(pointers(clean))
				for _, i := range charges {
					b.charged = append(b.charged, clean[i])
					b.charges.Add(money.Of(clean[i].Subtotal, clean[i].Currency))
				}
				for i := range clean {
					if d := clean[i].Warnings(); len(d) > 0 {
						t.Errorf("nothing is wrong with a line, and it is doubted: %v", d)
					}
				}
				if r := compare(b, clean, nil); len(r.Differences) > 0 || !r.Unexplained.IsZero() {
					t.Fatalf("nothing is wrong, and found is %v, unexplained %v", r.Differences, r.Unexplained)
				}
				lines, planted := linesOf(t, s, statement.Options{Plant: 28, Seed: seed, Shape: shape})
				r := compare(b, lines, nil)
				want, got := map[string]bool{}, map[string]bool{}
				for _, p := range planted {
					want[fmt.Sprint(p.Code, p.Invoice, p.Customer, p.Subscription, p.Product, p.SKU, p.Meter, p.Currency, p.Amount)] = true
				}
				for _, d := range r.Differences {
					if shape != statement.Full {
						d.Meter = "" // of a line that is missing the rows still say it
					}
					got[fmt.Sprint(d.Code, d.Invoice, d.Customer, d.Subscription, d.Product, d.SKU, d.Meter, d.Currency, d.Amount.Fixed(2))] = true
				}
				if len(want) != 28 || len(r.Differences) != 28 || !maps.Equal(want, got) {
					t.Errorf("planted\n%v\nfound\n%v", slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
				}
				if !r.Unexplained.IsZero() {
					t.Errorf("unexplained %v", r.Unexplained)
				}
			})
		}
	}
}

func pointers(lines []usage.StatementLine) (out []*usage.StatementLine) {
	for i := range lines {
		out = append(out, &lines[i])
	}
	return out
}
