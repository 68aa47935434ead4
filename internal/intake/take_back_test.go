package intake_test

import (
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// said is what a load says under a code.
func said(l usage.Load, code string) (out []usage.Problem) {
	for _, p := range l.Problems {
		if p.Code == code {
			out = append(out, p)
		}
	}
	return out
}

// Files that are all of their invoice, and count instead of what is sealed, take back what they no longer have.
func TestTakenBack(t *testing.T) {
	whole := intake.Request{Complete: true, Supersede: true}
	a, gone, other := line("G1", 1, 1, 100), line("G1", 1, 2, 900), line("G1", 2, 2, 400)
	august := strings.Replace(line("G1", 1, 3, 50), "9/3/2026", "8/3/2026", 1)
	for name, c := range map[string]struct {
		first, then []string
		how         intake.Request
		cost        string
		rows        int64
		said        string
	}{
		"a day":                               {[]string{a, gone, other}, []string{a, other}, whole, "5", 2, "1 rows with 9 EUR (entitlement e-1 on 2026-09-02)"},
		"a row of a day":                      {[]string{a, line("G1", 1, 1, 101), other}, []string{a, other}, whole, "5", 2, ""},
		"an entitlement":                      {[]string{a, gone, other}, []string{a, gone}, whole, "10", 2, "1 rows with 4 EUR (entitlement e-2"},
		"a month":                             {[]string{a, august}, []string{a}, whole, "1", 1, "1 rows with 0.5 EUR (entitlement e-1 on 2026-08-03)"},
		"the month the invoice was taken for": {[]string{a, august}, []string{august}, whole, "0.5", 1, "1 rows with 1 EUR (entitlement e-1 on 2026-09-01)"},
		"several":                             {[]string{a, gone, other}, []string{line("G1", 1, 1, 75)}, whole, "0.75", 1, "2 rows with 13 EUR (entitlement e-1 on 2026-09-02, and 1 more days"},
		"nothing":                             {[]string{a, gone}, []string{gone, a}, whole, "10", 2, ""},
		"only what is there is replaced":      {[]string{a, gone}, []string{line("G1", 1, 1, 75)}, intake.Request{Supersede: true}, "9.75", 2, ""},
		"another invoice keeps its rows":      {[]string{a, line("G2", 1, 2, 900)}, []string{a}, whole, "10", 2, ""},
		"of what may be kept aside":           {[]string{a, gone, other}, []string{a, strings.Replace(gone, "9/2/2026", "9/31/2026", 1)}, whole, "10", 2, "1 rows with 4 EUR (entitlement e-2"},
	} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			v.mustImport(t, intake.Request{Complete: true}, text(c.first...))
			load := v.mustImport(t, c.how, text(c.then...))
			v.expect(t, c.cost, c.rows)
			back := said(load, "taken_back")
			if (len(back) > 0) != (c.said != "") || c.said != "" && !strings.Contains(back[0].Reason, c.said) {
				t.Errorf("said %+v, want %q", back, c.said)
			}
			if name == "of what may be kept aside" && len(said(load, "not_taken_back")) != 1 {
				t.Errorf("%+v", load.Problems)
			}
			if again := v.mustImport(t, c.how, text(c.then...)); again.Rows.Sealed != 0 || len(said(again, "taken_back")) != 0 {
				t.Errorf("again: %+v", again)
			}
			v.expect(t, c.cost, c.rows)
		})
	}
}

// What was taken back does not come back with the file it was in, unless somebody says so.
func TestTakenBackStaysSo(t *testing.T) {
	v := open(t)
	a, gone, august := line("G1", 1, 1, 100), line("G1", 1, 2, 900), strings.Replace(line("G1", 1, 3, 50), "9/3/2026", "8/3/2026", 1)
	v.mustImport(t, intake.Request{Complete: true}, text(a, gone, august))
	v.mustImport(t, intake.Request{Complete: true, Supersede: true}, text(a))
	v.expect(t, "1", 1)
	if l := v.mustImport(t, intake.Request{}, text(a, gone, august)); l.Rows.Skipped != 3 {
		t.Errorf("the first file again: %+v", l.Rows)
	}
	v.expect(t, "1", 1)
	v.mustImport(t, intake.Request{Supersede: true}, text(a, gone, august))
	v.expect(t, "10.5", 3)
}

// Reconciliation lines that are not among those that replace them are named.
func TestLinesTakenBack(t *testing.T) {
	lines := func(subtotals ...string) []byte {
		s := "CustomerId,InvoiceNumber,ProductId,SkuId,Subtotal,TaxTotal,Total,Currency\n"
		for _, x := range subtotals {
			s += "t-1,G1,DZH1,0001," + x + ",0," + x + ",EUR\n"
		}
		return []byte(s)
	}
	v := open(t)
	v.mustImport(t, intake.Request{Period: period.NewDate(2026, 9, 1).Month()}, lines("1.00", "2.00", "9.00"))
	load := v.mustImport(t, intake.Request{Period: period.NewDate(2026, 9, 1).Month(), Complete: true, Supersede: true}, lines("1.00", "2.50"))
	back := said(load, "taken_back")
	if len(back) != 1 || back[0].Rows != 2 || !strings.Contains(back[0].Reason, "2 reconciliation lines with 11 EUR") {
		t.Errorf("%+v", load.Problems)
	}
	if load = v.mustImport(t, intake.Request{Period: period.NewDate(2026, 9, 1).Month(), Supersede: true}, lines("2.50", "1.00")); load.Rows.Skipped != 2 {
		t.Errorf("again: %+v", load)
	}
}
