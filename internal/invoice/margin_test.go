package invoice_test

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
)

// TestMarginsOverCorrections: after late rows, a voided document and withdrawn usage, sales and cost are those of the
// rows, each counted once.
func TestMarginsOverCorrections(t *testing.T) {
	n := installtest.New(t)
	ctx := installtest.Operator(t.Context())
	is := func(when, sold, cost string) {
		t.Helper()
		list, err := n.Invoices.Margins(ctx, installtest.September)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if m.Seller != "p" {
				continue
			}
			if !m.Sold.Equal(money.MustParse(sold)) || !m.Cost.Equal(money.MustParse(cost)) || !m.Margin.Equal(m.Sold.Sub(m.Cost)) {
				t.Errorf("%s: sold %s for %s, margin %s; want %s for %s", when, m.Cost, m.Sold, m.Margin, cost, sold)
			}
			return
		}
		t.Errorf("%s: the partner sold nothing", when)
	}
	row := func(day, cost string) installtest.Row { return installtest.Row{Tenant: "t-b", Day: day, Cost: cost} }
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(row("9/1/2026", "100")))
	first := n.Bill(t)
	is("billed", "120", "100")
	n.Import(t, intake.Request{Add: true}, installtest.UsageFile(row("9/2/2026", "10")))
	n.Bill(t)
	is("late rows", "132", "110")
	n.Import(t, intake.Request{Supersede: true}, installtest.UsageFile(row("9/2/2026", "4")))
	n.Bill(t)
	is("corrected", "124.8", "104")
	if _, err := n.Invoices.Void(ctx, first[0].ID, 0, "again"); err != nil {
		t.Fatal(err)
	}
	n.Bill(t)
	is("taken back and billed again", "124.8", "104")
}
