package intake_test

import (
	"context"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

func (n installation) withdraw(t *testing.T, w intake.Withdrawal) intake.Withdrawn {
	t.Helper()
	done, err := n.Withdraw(operator(t), w)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// A withdrawn invoice counts no more until its files are imported again, though they are known; twice is once.
func TestWithdraw(t *testing.T) {
	v := open(t)
	a, gone, b := line("G1", 1, 1, 100), line("G1", 1, 2, 900), line("G2", 2, 2, 400)
	first, corrected := text(a, gone), text(a, line("G1", 1, 2, 800))
	statement := []byte("CustomerId,InvoiceNumber,ProductId,SkuId,Subtotal,TaxTotal,Total,Currency\nt-1,G1,DZH1,0001,9.00,0,9.00,EUR\n")
	september := intake.Request{Period: period.NewDate(2026, 9, 1).Month()}
	v.mustImport(t, intake.Request{Complete: true}, first, text(b))
	v.mustImport(t, september, statement)
	v.mustImport(t, intake.Request{Supersede: true}, corrected)
	v.expect(t, "13", 3)

	asked := 0
	v.Preview = func(_ context.Context, s usage.Seal) (any, error) {
		asked = len(s.Supersede)
		return map[string]string{"credited": "9.00"}, nil
	}
	if dry := v.withdraw(t, intake.Withdrawal{Invoice: "G1", DryRun: true}); len(dry.Batches) != 3 || asked != 3 || string(dry.Effects) != `{"credited":"9.00"}` {
		t.Errorf("dry run: %+v, of %d batches", dry, asked)
	}
	v.expect(t, "13", 3)
	done := v.withdraw(t, intake.Withdrawal{Invoice: "g1", Reason: "voided"})
	rows, cost := int64(0), money.Decimal{}
	for _, x := range done.Batches {
		rows, cost = rows+x.Rows, cost.Add(x.Cost)
	}
	if rows != 3 || cost.String() != "18" {
		t.Errorf("%d rows and lines with %s: %+v", rows, cost, done)
	}
	v.expect(t, "4", 1)
	if again := v.withdraw(t, intake.Withdrawal{Invoice: "G1"}); len(again.Batches) != 0 {
		t.Errorf("twice: %+v", again)
	}
	if l := v.mustImport(t, intake.Request{}, first); l.Rows.Sealed != 2 {
		t.Errorf("the first file once more: %+v", l.Rows)
	}
	if l := v.mustImport(t, september, statement); l.Rows.Sealed != 1 {
		t.Errorf("its lines once more: %+v", l.Rows)
	}
	v.expect(t, "14", 3)
	v.withdraw(t, intake.Withdrawal{Invoice: "G1", Account: "P-1"})
	v.expect(t, "4", 1)
}

// What cannot be withdrawn is said, and nothing is.
func TestWithdrawOfWhatThereIsNot(t *testing.T) {
	v := open(t)
	a := line("G1", 1, 1, 100)
	v.mustImport(t, intake.Request{}, text(a), text("p-2"+a[len("p-1"):]))
	for want, w := range map[string]intake.Withdrawal{
		"no_invoice": {}, "invoice_not_imported": {Invoice: "G9"}, "several_accounts": {Invoice: "G1"},
	} {
		if _, err := v.Withdraw(operator(t), w); fault.CodeOf(err) != want {
			t.Errorf("%+v: %v, want %s", w, err, want)
		}
	}
	v.expect(t, "2", 2)
	v.withdraw(t, intake.Withdrawal{Invoice: "G1", Account: "p-2"})
	v.expect(t, "1", 1)
}
