package invoice_test

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// What is billed in one currency is never taken off a sum in another: an edge that sold keeps its currency until its
// documents are void.
func TestOneCurrencyAnEdge(t *testing.T) {
	n := installtest.New(t)
	ctx := installtest.Operator(t.Context())
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(installtest.Row{Tenant: "t-b", Cost: "100"}))
	first := n.Bill(t)[0]
	yen := installtest.Small()
	yen.Edges[1].Terms.Currency = "JPY"
	yen.Rates = append(yen.Rates, org.Rate{From: "EUR", To: "JPY", Month: installtest.September, Value: money.MustParse("160.2"), Source: "ECB", Rule: "x"})
	if _, err := n.Orgs.Apply(ctx, yen, false); fault.CodeOf(err) != "edge_invoiced" {
		t.Errorf("another currency was applied: %v", err)
	}
	n.Orgs.Invoiced = nil // as if it had been changed in some other way
	n.Settle(t, yen)
	if _, err := n.Invoices.Draft(ctx, installtest.September); fault.CodeOf(err) != "other_currency" {
		t.Errorf("drafted: %v", err)
	}
	if _, err := n.Invoices.Again(ctx, installtest.September, nil); err != nil {
		t.Error(err)
	}
	if _, err := n.Invoices.Void(ctx, first.ID, 0, "in yen, please"); err != nil {
		t.Fatal(err)
	}
	if s := n.Bill(t)[0]; s.Net.String() != "19224" || s.Currency != "JPY" {
		t.Errorf("%s %s", s.Net, s.Currency)
	}
}
