package recon

import (
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

const september = period.Month(2026*12 + 8)

// september's lines of G1, with the days they are for.
func dated(m period.Month, invoice string, l usage.StatementLine) usage.StatementLine {
	l.InvoiceNumber, l.ChargeStart, l.ChargeEnd = invoice, m.Start(), m.End()-1
	return l
}

// A statement of another month is one difference for each of its invoices, and so is an invoice of the month that the
// statement does not have.
func TestStatementOfAnotherMonth(t *testing.T) {
	rows := func() *usage.ControlTotals {
		g := &usage.ControlTotals{}
		rowsOf(g, "a", "m1", "10.333", "7.77")
		rowsOf(g, "b", "m3", "12", "55")
		return g
	}
	own := []usage.StatementLine{dated(september, "G1", lineOf("a", "m1", "10.333", "7.77")), dated(september, "G1", lineOf("b", "m3", "12", "55"))}
	licence := func(invoice string, m period.Month) usage.StatementLine {
		l := dated(m, invoice, lineOf("a", "", "2", "20"))
		l.ProductID, l.TermAndBillingCycle = "L", "One-Year commitment"
		return l
	}
	for name, c := range map[string]struct {
		invoices  map[string]period.Month
		statement []usage.StatementLine
		want      []string
	}{
		"its own":                      {nil, own, nil},
		"of August, imported":          {map[string]period.Month{"G0": september - 1}, []usage.StatementLine{dated(september-1, "G0", own[0]), licence("G0", september-1)}, []string{"missing_invoice -592.22", "other_month 114.5"}},
		"of August, never imported":    {nil, []usage.StatementLine{dated(september-1, "G0", own[0]), licence("G0", september-1)}, []string{"missing_invoice -592.22", "other_month 114.5"}},
		"of August, licences alone":    {nil, []usage.StatementLine{licence("G0", september-1)}, []string{"missing_invoice -592.22", "other_month 38.08"}},
		"of both months":               {nil, append(slices.Clone(own), licence("G0", september-1)), []string{"other_month 38.08"}},
		"of September, never imported": {nil, append(slices.Clone(own), licence("G2", september)), []string{"not_imported 32"}},
		"imported as of September":     {map[string]period.Month{"G0": september}, append(slices.Clone(own), licence("G0", september-1)), []string{"not_imported 32"}},
		"a licence that began the day before": {nil, append(slices.Clone(own), func() usage.StatementLine {
			l := licence("G2", september)
			l.ChargeStart--
			return l
		}()), []string{"not_imported 32"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := books{period: september, rows: rows(), charges: money.Totals{}, invoices: map[string]period.Month{"G1": september}}
			for k, m := range c.invoices {
				b.invoices[k] = m
			}
			r := compare(b, c.statement, nil)
			var got []string
			for _, d := range r.Differences {
				got = append(got, string(d.Code)+" "+d.Amount.String())
				if d.Code == OtherMonth && (d.Invoice != "G0" || !strings.Contains(d.Explanation, "2026-08")) {
					t.Errorf("which one of which month? %+v", d)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
			if !r.Unexplained.IsZero() {
				t.Errorf("unexplained %v of %v", r.Unexplained, r.Parts)
			}
		})
	}
}

// Truncation is what the published arithmetic takes off, and a cent a row where rows are rounded; what is more than
// that is the rows' own difference. Neither hides the other.
func TestTruncationIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		cost, pricing string
		rows          int64
		line          string
		want          []string
		notes         int
	}{
		"rows as they should be":         {"79.999999", "100", 1, "80.00", nil, 0},
		"rows rounded to cents":          {"80.04", "100", 10, "80.00", nil, 0},
		"rows off by more than that":     {"80.50", "100", 10, "80.00", []string{"rows_off -0.5"}, 0},
		"exact rows, off by little":      {"80.040000001", "100.000000001", 10, "80.00", []string{"rows_off -0.0400000002"}, 0},
		"ten times the statement":        {"800", "100", 1, "80.00", []string{"rows_off -720"}, 0},
		"a tenth of it":                  {"8", "100", 1, "80.00", []string{"rows_off 72"}, 0},
		"ten times, and the line is off": {"800", "100", 1, "90.00", []string{"off_formula 10", "rows_off -720"}, 0},
		"pricing alone ten times":        {"80", "1000", 1, "80.00", nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := &usage.ControlTotals{}
			e := usage.Entry{usage.InvoiceNumber: "G1", usage.CustomerID: "a", usage.SubscriptionID: "plan", usage.ProductID: "P", usage.SkuID: "S", usage.MeterName: "m", usage.BillingCurrency: "EUR"}
			g.Add(&e, &usage.Variant{UnitPrice: "1", ExchangeRate: "0.8"}, usage.Sum{Rows: c.rows, Quantity: dec("100"), Pricing: dec(c.pricing), Cost: dec(c.cost)})
			r := compareRows(g, []usage.StatementLine{subtotal(lineOf("a", "m", "100", "1"), dec(c.line))})
			var got []string
			for _, d := range r.Differences {
				got = append(got, string(d.Code)+" "+d.Amount.String())
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) || len(r.Notes) != c.notes {
				t.Errorf("%v, notes %v; want %v, %d", got, r.Notes, c.want, c.notes)
			}
			for _, p := range r.Parts {
				if p.Code == PartTruncation && p.Amount.Abs().Cmp(dec("0.1")) > 0 {
					t.Errorf("truncation takes %s off", p.Amount)
				}
			}
			if !r.Unexplained.IsZero() {
				t.Errorf("unexplained %v", r.Unexplained)
			}
		})
	}
}

// A wrong effective unit price is a wrong price; leading zeros are said to be that, and cost nothing; each difference
// says what to do about it.
func TestWhatDifferencesSay(t *testing.T) {
	one := func(change func(*usage.StatementLine)) Result {
		g := &usage.ControlTotals{}
		e := usage.Entry{usage.InvoiceNumber: "G1", usage.CustomerID: "a", usage.SubscriptionID: "plan", usage.ProductID: "P", usage.SkuID: "0001", usage.MeterName: "m", usage.BillingCurrency: "EUR"}
		g.Add(&e, &usage.Variant{UnitPrice: "1", EarnedCredit: "15", ExchangeRate: "0.8"}, usage.Sum{Rows: 3, Quantity: dec("100"), Pricing: dec("85"), Cost: dec("68")})
		l := subtotal(lineOf("a", "m", "100", "1"), dec("68"))
		l.SkuID, l.EffectiveUnitPrice = "0001", dec("0.85")
		change(&l)
		return compareRows(g, []usage.StatementLine{l})
	}
	if r := one(func(*usage.StatementLine) {}); len(r.Differences) > 0 || len(r.Notes) > 0 {
		t.Errorf("nothing is wrong: %+v %v", r.Differences, r.Notes)
	}
	r := one(func(l *usage.StatementLine) { *l = subtotal(*l, dec("80")); l.EffectiveUnitPrice = dec("1") })
	if len(r.Differences) != 1 || r.Differences[0].Code != WrongPrice || !strings.Contains(r.Differences[0].Explanation, "0.85") {
		t.Errorf("the earned credit is not taken: %+v", r.Differences)
	}
	r = one(func(l *usage.StatementLine) { l.SkuID = "1" })
	if len(r.Differences) > 0 || len(r.Notes) != 1 || r.Notes[0].Code != LeadingZeros {
		t.Errorf("leading zeros: %+v %+v", r.Differences, r.Notes)
	}
	r = one(func(l *usage.StatementLine) { l.CustomerID, l.SubscriptionID = "a", "elsewhere" })
	remedies := map[Code]Remedy{}
	for _, d := range r.Differences {
		remedies[d.Code] = d.Code.Remedy()
		if d.Code == MissingLine && !strings.Contains(d.Explanation, "3 rows") {
			t.Errorf("counts are counts of rows: %s", d.Explanation)
		}
	}
	if len(remedies) != 2 || remedies[MissingLine] != Claim || remedies[NoRows] != Import {
		t.Errorf("%v", remedies)
	}
}

// A statement of another partner is named once for each of its invoices, whatever else agrees.
func TestStatementOfAnotherPartner(t *testing.T) {
	ours := org.Organisation{Tenant: "T-1", MPN: "4711", Tenants: []string{"t-2"}}
	rows := &usage.ControlTotals{}
	rowsOf(rows, "a", "m1", "10", "7")
	rowsOf(rows, "b", "m3", "12", "55")
	for name, c := range map[string]struct {
		partner   *org.Organisation
		all       []usage.Batch
		statement string
		want      int
	}{
		"ours, in other letters":   {&ours, nil, "t-1", 0},
		"our number":               {&ours, nil, "4711", 0},
		"our other tenant":         {&ours, nil, "T-2", 0},
		"none":                     {&ours, nil, "", 0},
		"another":                  {&ours, nil, "t-9", 1},
		"nothing is known of us":   {nil, nil, "t-9", 0},
		"whom usage was billed to": {&ours, []usage.Batch{{Slot: usage.Slot{Account: "t-9", Dataset: usage.DailyUsage}}}, "T-9", 0},
		"who has a statement, too": {&ours, []usage.Batch{{Slot: usage.Slot{Account: "t-9", Dataset: usage.Reconciliation}}}, "T-9", 1},
		"another than usage says":  {nil, []usage.Batch{{Slot: usage.Slot{Account: "t-8", Dataset: usage.DailyUsage}}}, "T-9", 1},
	} {
		t.Run(name, func(t *testing.T) {
			statement := []usage.StatementLine{lineOf("a", "m1", "10", "7"), lineOf("b", "m3", "12", "55")}
			for i := range statement {
				statement[i].PartnerID = c.statement
			}
			r := compare(books{rows: rows, charges: money.Totals{}, partners: partnersOf(c.partner, c.all)}, statement, nil)
			if len(r.Differences) != c.want || !r.Unexplained.IsZero() {
				t.Fatalf("found %+v, unexplained %v; want %d", r.Differences, r.Unexplained, c.want)
			}
			for _, d := range r.Differences {
				if d.Code != OtherPartner || d.Code.Remedy() != Statement || d.Invoice != "G1" {
					t.Errorf("found %+v", d)
				}
			}
		})
	}
}
