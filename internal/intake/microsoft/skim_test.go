package microsoft

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Skimming a row says what splitting it says: facts at once, the rest on request; and two rows with the same shared
// text share their values.
func TestSkimmingIsSplitting(t *testing.T) {
	skimmed := 0
	rapid.Check(t, func(t *rapid.T) {
		var header []string
		for c := range usage.NumPrinted {
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
		dec, _, err := Open("f.csv", usage.DailyUsage, usage.Reading, &text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := dec.Next()
		if err != nil {
			t.Fatal(err)
		}
		at, shared := 0, map[string][]string{}
		err = b.Rows(func(r *intake.Row) error {
			at++
			key := string(r.Shared)
			before := r.Values
			if r.Shared != nil {
				if again := runsOf(b, r, ","); again != key {
					t.Fatalf("runs say %q, and %q is shared", again, key)
				}
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
	t.Logf("%d rows were skimmed", skimmed)
	if skimmed == 0 {
		t.Error("no row was skimmed")
	}
}

// runsOf is the text of a row's runs, each with an end.
func runsOf(b intake.RawBlock, r *intake.Row, end string) string {
	var text strings.Builder
	for _, run := range r.Runs {
		text.Write(b.Bytes()[run.From:run.To])
		text.WriteString(end)
	}
	return text.String()
}

// The same of JSON lines, whose records may differ in members, order, spaces and escapes.
func TestSkimmingJSONIsReading(t *testing.T) {
	names := map[usage.Column]string{}
	for n, c := range usageNames() {
		if c >= 0 && c < int(usage.NumColumns) && n != "tier2mpnid" && n != "unitofmeasure" {
			names[usage.Column(c)] = n
		}
	}
	skimmed := 0
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SampledFrom([]string{`""`, `"a"`, `12.5`, `-1E-7`, `null`, `true`, `"Größe"`, `"x, y"`, `"a\"b"`, `"c:\\"`, `"\u00e9\n"`, `"\b"`,
			`{"k":"v, }","n":[1,{"m":"]"}]}`, `[]`, `"{\"env\":\"prod\"}"`})
		order := rapid.Permutation(slices.Sorted(maps.Keys(names))).Draw(t, "order")
		last := map[usage.Column]string{}
		for _, c := range order {
			if last[c] = `"plain"`; usage.PartOf(c) == usage.PartFact {
				last[c] = `12.5`
			}
		}
		var text bytes.Buffer
		var rows []map[usage.Column]string
		for range rapid.IntRange(0, 6).Draw(t, "odd values") {
			if c := rapid.SampledFrom(order).Draw(t, "odd"); usage.PartOf(c) != usage.PartFact {
				last[c] = value.Draw(t, "value")
			}
		}
		space := rapid.SampledFrom([]string{"", " ", "\t"}).Draw(t, "space")
		if rapid.Bool().Draw(t, "lacks one") {
			delete(last, rapid.SampledFrom(order).Draw(t, "lacks"))
		}
		for range rapid.IntRange(2, 9).Draw(t, "rows") {
			if rapid.IntRange(0, 19).Draw(t, "other order") == 0 {
				order = rapid.Permutation(order).Draw(t, "order")
			}
			last = maps.Clone(last)
			for range rapid.IntRange(0, 2).Draw(t, "changes") {
				last[rapid.SampledFrom(order).Draw(t, "at")] = value.Draw(t, "other")
			}
			rows = append(rows, last)
			open := "{"
			for _, c := range order {
				if v, ok := last[c]; ok {
					text.WriteString(open + `"` + names[c] + `":` + space + v)
					open = ", "
				}
			}
			text.WriteString(`, "attributes": {"a":"b"}}` + "\n")
		}
		dec, _, err := Open("f.jsonl", usage.DailyUsage, usage.Reading, &text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := dec.Next()
		if err != nil {
			t.Fatal(err)
		}
		at, shared := 0, map[string]map[usage.Column]string{}
		err = b.Rows(func(r *intake.Row) error {
			key, before := string(r.Shared), r.Values
			if r.Shared != nil {
				if again := runsOf(b, r, ""); again != key {
					t.Fatalf("runs say %q, and %q is shared", again, key)
				}
				skimmed++
				r.Whole()
			}
			have := map[usage.Column]string{}
			for c := range usage.NumPrinted {
				if usage.PartOf(c) == usage.PartFact && !bytes.Equal(before[c], r.Values[c]) {
					t.Fatalf("row %d, %s was skimmed as %q and is %q", at, names[c], before[c], r.Values[c])
				}
				if want := plainJSON(rows[at][c]); string(r.Values[c]) != want {
					t.Fatalf("row %d, %s is %q, want %q", at, names[c], r.Values[c], want)
				}
				if usage.PartOf(c) != usage.PartFact {
					have[c] = string(r.Values[c])
				}
			}
			if r.Shared != nil {
				if shared[key] != nil && !maps.Equal(shared[key], have) {
					t.Fatalf("rows share %q and not their values", key)
				}
				shared[key] = have
			}
			at++
			return nil
		})
		if err != nil || at != len(rows) {
			t.Fatalf("%d rows of %d, %v", at, len(rows), err)
		}
	})
	t.Logf("%d rows were skimmed", skimmed)
	if skimmed == 0 {
		t.Error("no row was skimmed")
	}
}

// What comes after a usual record may be unusual.
func TestSkimmingJSONOddRecords(t *testing.T) {
	const usual = `{"usageDate":"2026-09-01","billingPreTaxTotal":1,"quantity":2,"tags":"{}","attributes":{"a":1}}` + "\n"
	for second, want := range map[string]string{
		`{"usageDate":"2026-09-02","billingPreTaxTotal":3,"quantity":4,"tags":"{}","attributes":{"a":1}}`:                          "2026-09-02 3 4  {}",
		`{"usageDate":"9\/2\/2026","billingPreTaxTotal":"3","quantity":null,"tags":"\"","attributes":{"a":[1,{}]}}`:                `9/2/2026 3   "`,
		`{"usageDate":"2026-09-02","billingPreTaxTotal":3,"effectiveUnitPrice":5,"quantity":4,"tags":"{}","attributes":{"a":1}}`:   "2026-09-02 3 4 5 {}",
		`{"usageDate":"2026-09-02","billingPreTaxTotal":3,"quantity":4,"tags":"\q","attributes":{"a":1}}`:                          "json",
		`{"usageDate":"2026-09-02","billingPreTaxTotal":3,"quantity":4,"tags":"\u12","attributes":{"a":1}}`:                        "json",
		`{"usageDate":"2026-09-02","billingPreTaxTotal":3,"quantity":4,"tags":"{}","attributes":{"a":1]}`:                          "json",
		`{"usageDate":"2026-09-02","billingPreTaxTotal":3,"quantity":4,"tags":"{}","attributes":{"a":1}`:                           "json",
		`{"usageDate":"2026-09-02","billingPreTaxTotal":3,"quantity":4,"tags":"{}","attributes":{"a":1}}}`:                         "json",
		`{"usageDate":"2026-09-02","billingPreTaxTotal":3,"quantity":4,"tags":"{}","attributes":{"a":1}]`:                          "json",
		`{"usageDate":"2026-09-02","billingPreTaxTotal":3,"quantity":4,"tags":maybe,"attributes":{"a":1}}`:                         "json",
		`{"usageDate":"2026-09-02","billingPreTaxTotal":,"quantity":4,"tags":"{}","attributes":{"a":1}}`:                           "json",
		`{"usageDate":"2026-09-02","billingPreTaxTotal":3,"quantity":4,"tags":"{}","tags":"{}","attributes":{"a":1}}`:              "duplicate_member",
		`{"usageDate":"2026-09-02","billingPreTaxTotal":3,"quantity":4,"tags":"{}","attributes":{"a":1},"tags":"{}"}`:              "duplicate_member",
		`{"usageDate":"2026-09-02" ,"billingPreTaxTotal":3 , "quantity":4,"tags" : "{}","attributes":{"a":1}}`:                     "2026-09-02 3 4  {}",
		`{"billingPreTaxTotal":3,"usageDate":"2026-09-02","quantity":4,"attributes":{"quantity":"7","x":"\"tags\":"},"tags":"{}"}`: "2026-09-02 3 4  {}",
	} {
		dec, _, err := Open("f.jsonl", usage.DailyUsage, usage.Reading, strings.NewReader(usual+second+"\n"+usual))
		if err != nil {
			t.Fatal(err)
		}
		b, err := dec.Next()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		err = b.Rows(func(r *intake.Row) error {
			fact := fmt.Sprintf("%s %s %s %s", r.Values[usage.UsageDate], r.Values[usage.BillingPreTaxTotal],
				r.Values[usage.Quantity], r.Values[usage.EffectiveUnitPrice])
			if r.Shared != nil {
				r.Whole()
			}
			got = append(got, fmt.Sprintf("%s %s", fact, r.Values[usage.Tags]))
			return nil
		})
		if code := codeOf(err); code != "" {
			if code != want {
				t.Errorf("%s is refused as %s, want %q", second, code, want)
			}
		} else if len(got) != 3 || got[1] != want || got[0] != got[2] {
			t.Errorf("%s is read as %q, want %q", second, got, want)
		}
	}
}

// plainJSON is how a value is delivered.
func plainJSON(v string) string {
	var s string
	if v == "null" || json.Unmarshal([]byte(v), &s) == nil {
		return s
	}
	return v
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
