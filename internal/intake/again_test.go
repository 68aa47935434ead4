package intake_test

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// The billed rows that are sealed already are found complete by importing them again: unbilled rows are superseded
// then, and later ones do not come in.
func TestFoundComplete(t *testing.T) {
	v := open(t)
	billed := text(line("G1", 1, 1, 100), line("G1", 1, 2, 200))
	v.mustImport(t, intake.Request{}, billed)
	v.mustImport(t, intake.Request{}, text(line("", 1, 1, 90)))
	if l := v.mustImport(t, intake.Request{Complete: true}, billed); l.Rows.Skipped != 2 {
		t.Errorf("the same rows again: %+v", l.Rows)
	}
	v.expect(t, "3", 2)
	if l := v.mustImport(t, intake.Request{}, text(line("", 1, 5, 33))); l.Rows.Skipped != 1 {
		t.Errorf("unbilled rows of a complete month: %+v", l.Rows)
	}
}

// Lines that are sealed already are known, whatever others were added to them.
func TestLinesSealedAlready(t *testing.T) {
	lines := func(subtotals ...string) []byte {
		s := "CustomerId,InvoiceNumber,ProductId,SkuId,Subtotal,TaxTotal,Total,Currency\n"
		for _, x := range subtotals {
			s += "t-1,G1,DZH1,0001," + x + ",0," + x + ",EUR\n"
		}
		return []byte(s)
	}
	v := open(t)
	req := intake.Request{Period: period.NewDate(2026, 9, 1).Month()}
	v.mustImport(t, req, lines("1.00"))
	if _, err := v.try(t, req, lines("2.00")); fault.KindOf(err) != fault.Conflict {
		t.Fatalf("other lines: %v", err)
	}
	add := req
	add.Add = true
	v.mustImport(t, add, lines("2.00"))
	for _, x := range []string{"1.00", "2.00"} {
		if l := v.mustImport(t, req, lines(x)); l.Rows.Skipped != 1 || l.Rows.Sealed != 0 {
			t.Errorf("%s again: %+v", x, l.Rows)
		}
	}
}
