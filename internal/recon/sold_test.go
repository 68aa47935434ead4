package recon_test

import (
	"maps"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// What was sold costs what the rows that count cost, for the reconciliation as for the margins, also where a changed
// cost leaves nothing to invoice and while a month is only drafted to be billed again.
func TestSoldFollowsTheRows(t *testing.T) {
	n := installtest.New(t)
	ctx := installtest.Operator(t.Context())
	world, books := installtest.Small(), installtest.SmallBooks()
	for i := range books {
		books[i].Rules[0].Price = pricing.Price{Kind: pricing.UnitPrice, Unit: money.FromInt(4), Currency: "EUR"}
	}
	n.Settle(t, world, books...)
	is := func(when, want string) {
		t.Helper()
		r, err := n.Recon.Compare(ctx, installtest.September, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		margins, err := n.Invoices.Margins(ctx, installtest.September)
		if err != nil {
			t.Fatal(err)
		}
		var cost money.Decimal
		for _, m := range margins {
			if m.Seller == "p" {
				cost = m.Cost
			}
		}
		if w := money.MustParse(want); !r.Sold["EUR"].Equal(w) || !cost.Equal(w) {
			t.Errorf("%s: sold %s in the reconciliation, %s in the margins; want %s", when, r.Sold["EUR"], cost, want)
		}
	}
	a := func(cost string) installtest.Row { return installtest.Row{Quantity: "10", Price: "3", Cost: cost} }
	b := installtest.Row{Tenant: "t-b", Quantity: "5", Price: "1"}
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(a("30"), b))
	is("nothing was issued", "0")
	n.Bill(t)
	is("issued", "35")
	n.Import(t, intake.Request{Complete: true, Supersede: true}, installtest.UsageFile(a("33"), b))
	if more := n.Bill(t); len(more) > 0 {
		t.Errorf("another cost at unit prices makes %d documents", len(more))
	}
	is("the cost changed, and no price did", "38")
	if _, err := n.Invoices.Void(ctx, find(t, n, "b"), 0, "again"); err != nil {
		t.Fatal(err)
	}
	is("b's invoice is void", "33")
	n.Bill(t)
	is("b is billed again", "38")
}

// A month that is only drafted to be billed again has the margins of the documents that are not void.
func TestMarginsWhileAMonthIsBilledAnew(t *testing.T) {
	n := installtest.New(t)
	ctx := installtest.Operator(t.Context())
	world, books := installtest.Small(), installtest.SmallBooks()
	n.Settle(t, world, books...)
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(installtest.Row{Quantity: "10", Price: "3"}))
	n.Bill(t)
	earned := func() (cost, sold string) {
		t.Helper()
		list, err := n.Invoices.Margins(ctx, installtest.September)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			if m.Seller == "r" {
				return m.Cost.String(), m.Sold.String()
			}
		}
		t.Fatal("r sold nothing")
		return "", ""
	}
	cost, sold := earned()
	dear := books[0]
	dear.Key = "dear"
	dear.Rules = []pricing.Rule{{Key: "all", Price: pricing.Price{Kind: pricing.CostFactor, Factor: money.FromInt(3)}}}
	for i := range world.Edges {
		if world.Edges[i].Buyer == org.OrganisationID("r") {
			world.Edges[i].Terms.Book = "dear"
		}
	}
	if _, err := n.Books.Publish(ctx, dear); err != nil {
		t.Fatal(err)
	}
	n.Settle(t, world)
	_, would, err := n.Invoices.PlanRebill(ctx, installtest.September, "r")
	if err != nil {
		t.Fatal(err)
	}
	before := billed(t, n)
	if _, err := n.Invoices.Rebill(ctx, installtest.September, "r"); err != nil {
		t.Fatal(err)
	}
	if c, s := earned(); c != cost || s != sold {
		t.Errorf("r sold for %s at a cost of %s while it is billed anew, and %s at %s before", s, c, sold, cost)
	}
	if _, err := n.Invoices.CancelRebill(ctx, installtest.September, "r"); err != nil {
		t.Fatal(err)
	}
	if given := billed(t, n); !maps.EqualFunc(given, before, money.Decimal.Equal) {
		t.Errorf("given up, %v are billed instead of %v: drafts of those below stay", given, before)
	}
	if _, err := n.Invoices.Rebill(ctx, installtest.September, "r"); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Invoices.Approve(ctx, installtest.September, nil); err != nil {
		t.Fatal(err)
	}
	n.Bill(t)
	after := billed(t, n)
	for _, x := range would {
		if got := after[x.Buyer].Sub(before[x.Buyer]); !got.Equal(x.Net) {
			t.Errorf("%s was billed %s more, and the dry run said %s", x.Buyer, got, x.Net)
		}
		delete(after, x.Buyer)
	}
	for buyer, net := range after {
		if !net.Equal(before[buyer]) {
			t.Errorf("%s was billed %s instead of %s, and the dry run said nothing", buyer, net, before[buyer])
		}
	}
	if c, s := earned(); c != "90" || s != "112.5" { // what r sells for follows its cost
		t.Errorf("r sold for %s at a cost of %s once that is issued; want 112.5 at 90", s, c)
	}
}

func find(t *testing.T, n *installtest.Installation, buyer string) id.Invoice {
	t.Helper()
	list, err := n.Invoices.List(installtest.Operator(t.Context()), invoice.Filter{State: invoice.Issued})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Buyer == buyer && s.Answers == "" {
			return s.ID
		}
	}
	t.Fatalf("%s has no invoice", buyer)
	return ""
}

// billed is what each buyer is billed in September, drafts included.
func billed(t *testing.T, n *installtest.Installation) map[string]money.Decimal {
	t.Helper()
	list, err := n.Invoices.List(installtest.Operator(t.Context()), invoice.Filter{Period: installtest.September})
	if err != nil {
		t.Fatal(err)
	}
	sum := map[string]money.Decimal{}
	for _, s := range list {
		sum[s.Buyer] = sum[s.Buyer].Add(s.Net)
	}
	return sum
}
