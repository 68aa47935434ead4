package invoice_test

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// TestOneCurrencyAMonth: an amount billed in one currency is never deducted from an amount in another. An issued
// month keeps its currency until its documents are void, even if the edge's currency changes.
func TestOneCurrencyAMonth(t *testing.T) {
	n := installtest.New(t)
	ctx := installtest.Operator(t.Context())
	row := installtest.Row{Tenant: "t-b", Cost: "100"}
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(row))
	first := n.Bill(t)[0]
	yen := installtest.Small()
	yen.Edges[1].Terms.Currency = "JPY"
	yen.Rates = append(yen.Rates, org.Rate{From: "EUR", To: "JPY", Month: installtest.September, Value: money.MustParse("160.2"), Source: "ECB", Rule: "x"})
	n.Settle(t, yen)
	row.Cost = "90"
	n.Import(t, intake.Request{Complete: true, Supersede: true}, installtest.UsageFile(row))
	note := n.Bill(t)[0]
	if note.Net.String() != "-12" || note.Currency != "EUR" {
		t.Errorf("a correction of an invoice in EUR is %s %s", note.Net, note.Currency)
	}
	for _, s := range []string{string(first.ID), string(note.ID)} {
		d, err := n.Invoices.Find(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Invoices.Void(ctx, d.ID, 0, "in yen, please"); err != nil {
			t.Fatal(err)
		}
	}
	if s := n.Bill(t)[0]; s.Net.String() != "17302" || s.Currency != "JPY" {
		t.Errorf("billed again once everything is void: %s %s", s.Net, s.Currency)
	}
}
