package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// An invoice that holds the rows of another one is refused with their amount until that one is withdrawn, or --add says
// that both count. Late usage of the same days, other rows, is taken.
func TestInvoiceBilledAgain(t *testing.T) {
	again := func(invoice string) []byte {
		return text(line(invoice, 1, 1, 100), line(invoice, 1, 2, 200), line(invoice, 2, 1, 400))
	}
	t.Run("refused, withdrawn, taken", func(t *testing.T) {
		v := open(t)
		v.mustImport(t, intake.Request{Complete: true}, again("G1"))
		_, err := v.try(t, intake.Request{Complete: true}, again("G2"))
		if fault.CodeOf(err) != "repeats_invoice" || !strings.Contains(err.Error(), "3 rows with 7 EUR of invoice G2") || !strings.Contains(err.Error(), "--invoice G1") {
			t.Fatal(err)
		}
		v.expect(t, "7", 3)
		v.withdraw(t, intake.Withdrawal{Invoice: "G1"})
		v.mustImport(t, intake.Request{Complete: true}, again("G2"))
		v.expect(t, "7", 3)
		if _, err := v.try(t, intake.Request{}, again("G1")); fault.CodeOf(err) != "repeats_invoice" {
			t.Errorf("the first invoice again: %v", err)
		}
	})
	t.Run("a part of it", func(t *testing.T) {
		v := open(t)
		v.mustImport(t, intake.Request{}, again("G1"))
		_, err := v.try(t, intake.Request{}, text(line("G2", 1, 1, 99), line("G2", 1, 2, 200), line("G2", 1, 3, 1)))
		if fault.CodeOf(err) != "repeats_invoice" || !strings.Contains(err.Error(), "1 rows with 2 EUR") {
			t.Fatal(err)
		}
	})
	t.Run("both count", func(t *testing.T) {
		v := open(t)
		v.mustImport(t, intake.Request{}, again("G1"))
		v.mustImport(t, intake.Request{Add: true}, again("G2"))
		v.expect(t, "14", 6)
		if l := v.mustImport(t, intake.Request{}, again("G2")); l.Rows.Skipped != 3 {
			t.Errorf("again: %+v", l.Rows)
		}
	})
	t.Run("both in one command", func(t *testing.T) {
		v := open(t)
		if _, err := v.try(t, intake.Request{}, again("G1"), again("G2")); fault.CodeOf(err) != "repeats_invoice" {
			t.Fatal(err)
		}
		v.expect(t, "0", 0)
	})
	for name, late := range map[string]string{
		"another amount": line("G2", 1, 1, 101), "another entitlement": line("G2", 3, 1, 100), "another day": line("G2", 1, 5, 100),
		"another meter": strings.Replace(line("G2", 1, 1, 100), "m-1", "m-9", 1), "another account": strings.Replace(line("G2", 1, 1, 100), "p-1", "p-2", 1),
	} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			v.mustImport(t, intake.Request{}, text(line("G1", 1, 1, 100)))
			v.mustImport(t, intake.Request{}, text(late))
		})
	}
}

// Lines that come to another invoice with the opposite sign credit it as a whole, and that is said.
func TestInvoiceCredited(t *testing.T) {
	lines := func(invoice string, subtotals ...string) []byte {
		s := "CustomerId,InvoiceNumber,ProductId,SkuId,Subtotal,TaxTotal,Total,Currency\n"
		for _, x := range subtotals {
			s += fmt.Sprintf("t-1,%s,DZH1,0001,%s,0,%[2]s,EUR\n", invoice, x)
		}
		return []byte(s)
	}
	req := intake.Request{Period: period.NewDate(2026, 9, 1).Month()}
	for name, c := range map[string]struct {
		credit []string
		said   int
	}{"every line": {[]string{"-2.00", "-1.00"}, 1}, "in one line": {[]string{"-3.00"}, 1}, "a part": {[]string{"-2.00"}, 0}, "no credit": {[]string{"3.00"}, 0}} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			v.mustImport(t, req, lines("G1", "1.00", "2.00"))
			load := v.mustImport(t, req, lines("G2", c.credit...))
			if p := said(load, "credits_invoice"); len(p) != c.said || c.said > 0 && !strings.Contains(p[0].Reason, "usage withdraw --invoice G1") {
				t.Errorf("%+v", load.Problems)
			}
		})
	}
}
