package check_test

import (
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/check"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// A refund of usage that is printed with its quantity as it was used is invoiced with a negative quantity and passes
// the checks. A wrong quantity in the usage store is still found.
func TestRefundsOfUsagePass(t *testing.T) {
	n, err := installtest.Open(installtest.Operator(t.Context()), t.TempDir(), installtest.Wrap{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = n.Close() }()
	books := installtest.SmallBooks()
	for i := range books {
		books[i].Rules[0].Price = pricing.Price{Kind: pricing.UnitPrice, Unit: money.FromInt(2), Currency: "EUR"}
	}
	n.Settle(t, installtest.Small(), books...)
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(
		installtest.Row{Quantity: "30", Price: "1.5"},
		installtest.Row{Quantity: "4", Price: "1.5", Cost: "-6", Day: "9/2/2026"}, // a negative amount alone
		installtest.Row{Quantity: "3", Price: "-1.5", Day: "9/3/2026"},            // a negative price
		installtest.Row{Quantity: "-2", Price: "1.5", Day: "9/4/2026"},            // a negative quantity
		installtest.Row{Tenant: "t-b", Quantity: "10", Price: "1.5"}))
	net := money.Decimal{}
	for _, s := range n.Bill(t) {
		if s.Buyer == "a" {
			net = net.Add(s.Net)
		}
	}
	if want := money.FromInt(2 * (30 - 4 - 3 - 2)); !net.Equal(want) {
		t.Errorf("a is billed %s, and should be %s", net, want)
	}
	for _, c := range []struct {
		name   string
		change func(*usage.Sum)
		says   string
	}{
		{"as it was sealed", func(*usage.Sum) {}, ""},
		{"of another quantity", func(x *usage.Sum) { x.Quantity = x.Quantity.Add(money.FromInt(1)) }, "in the usage store"},
		{"of the other sign", func(x *usage.Sum) { x.Quantity = x.Quantity.Neg() }, "in the usage store"},
	} {
		r, err := service(n, otherRows{RowStore: n.Rows, sum: c.change}).Run(installtest.Operator(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, v := range r.Violations {
			if c.says == "" {
				t.Errorf("%s: %s: %s: %s", c.name, v.Check, v.Subject, v.Text)
			}
			found = found || v.Check == check.Sources && strings.Contains(v.Text, c.says)
		}
		if c.says != "" && !found {
			t.Errorf("rows %s are not found", c.name)
		}
	}
}
