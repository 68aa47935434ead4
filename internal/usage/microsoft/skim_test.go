package microsoft

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Skimming a row says what splitting it says: facts at once, the rest on request; and two rows with the same shared
// text share their values.
func TestSkimmingIsSplitting(t *testing.T) {
	skimmed := 0
	rapid.Check(t, func(t *rapid.T) {
		var header []string
		for c := range usage.NumColumns {
			header = append(header, ColumnName(c))
		}
		header = rapid.Permutation(append(header, "Attributes", "Surprise")).Draw(t, "columns")
		field := rapid.SampledFrom([]string{"", "a", "12.5", "-0.000000001", "Größe & Söhne", "/subscriptions/0123456789/x", "-,-", `{"a":"b, c"}`,
			`say "hi"`, "a\nb", `"`, "x\r"})
		var text bytes.Buffer
		out := csv.NewWriter(&text)
		out.UseCRLF = rapid.Bool().Draw(t, "crlf")
		rows := [][]string{header}
		for range rapid.IntRange(1, 12).Draw(t, "rows") {
			row := make([]string, len(header))
			for i := range row {
				if row[i] = field.Draw(t, "field"); out.UseCRLF {
					row[i] = strings.ReplaceAll(row[i], "\n", " ") // the writer would make CRLF of it
				}
			}
			rows = append(rows, row)
			for range rapid.IntRange(0, 4).Draw(t, "nearly the same") {
				row = slices.Clone(row)
				row[rapid.IntRange(0, len(row)-1).Draw(t, "at")] = rapid.SampledFrom([]string{"", "b", "12.6"}).Draw(t, "other")
				rows = append(rows, row)
			}
		}
		_ = out.WriteAll(rows)
		dec, _, err := Open("f.csv", usage.DailyUsage, &text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := dec.Next()
		if err != nil {
			t.Fatal(err)
		}
		at, shared := 0, map[string][]string{}
		err = b.Rows(func(r *usage.Row) error {
			at++
			key := string(r.Shared)
			before := r.Values
			if r.Shared != nil {
				skimmed++
				r.Whole()
			}
			var same []string
			for i, want := range rows[at] {
				c, ok := usageNames()[strings.ToLower(header[i])]
				if !ok || c == ignored {
					continue
				}
				if got := string(r.Values[c]); got != strings.TrimSuffix(want, "\r") && got != want {
					t.Fatalf("row %d, %s is %q, want %q", at, header[i], got, want)
				}
				if usage.PartOf(usage.Column(c)) != usage.PartFact {
					same = append(same, string(r.Values[c]))
				} else if !bytes.Equal(before[c], r.Values[c]) {
					t.Fatalf("row %d, %s was skimmed as %q and is %q", at, header[i], before[c], r.Values[c])
				}
			}
			if have := strings.Join(same, "|"); r.Shared != nil && shared[key] != nil && shared[key][0] != have {
				t.Fatalf("rows share %q and not their values", key)
			} else if r.Shared != nil {
				shared[key] = []string{have}
			}
			return nil
		})
		if err != nil || at != len(rows)-1 {
			t.Fatalf("%d rows of %d, %v", at, len(rows)-1, err)
		}
	})
	if skimmed == 0 {
		t.Error("no row was skimmed")
	}
}

// What cannot be a record is refused whichever way it is read.
func TestSkimmingRefusesNothingNew(t *testing.T) {
	header := strings.Join(strings.Fields(`PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,SubscriptionId,UsageDate,MeterId,UnitPrice,
		Quantity,BillingPreTaxTotal,BillingCurrency,PricingPreTaxTotal,PricingCurrency,PCToBCExchangeRate,EntitlementId`), "") + "\n"
	for line, code := range map[string]string{
		strings.Repeat("x,", 15) + "x\n":            "",
		strings.Repeat("x,", 15) + "\"x\"\r\n":      "",
		strings.Repeat("x,", 14) + "x\n":            "field_count",
		strings.Repeat("x,", 16) + "x\n":            "field_count",
		strings.Repeat("x,", 15) + "\"x\"y\n":       "quote",
		strings.Repeat("x,", 15) + "x\"y\"\n":       "quote",
		"x\"x," + strings.Repeat("x,", 14) + "\"\n": "quote",
		strings.Repeat("x,", 15) + "\"x,x\n":        "quote",
	} {
		_, _, err := drain([]byte(header+line), usage.DailyUsage)
		if got := codeOf(err); got != code {
			t.Errorf("%q is refused as %q, want %q", line, got, code)
		}
	}
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.CodeOf(err)
}
