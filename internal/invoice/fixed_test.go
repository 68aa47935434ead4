package invoice_test

import (
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
)

// owed is the total of all documents of a buyer for September: net and tax.
func owed(t *testing.T, n *installtest.Installation, buyer string) (net, tax money.Decimal) {
	t.Helper()
	list, err := n.Invoices.List(installtest.Operator(t.Context()), invoice.Filter{Period: installtest.September})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Buyer == buyer && s.Number != "" {
			net, tax = net.Add(s.Net), tax.Add(s.Tax)
		}
	}
	return net, tax
}

func bookOf(owner, key string, from period.Date, price pricing.Price) pricing.Book {
	return pricing.Book{Owner: owner, Key: key, From: from, Currency: "EUR", Rules: []pricing.Rule{{Key: "all", Price: price}}}
}

func times(factor string) pricing.Price {
	return pricing.Price{Kind: pricing.CostFactor, Factor: money.MustParse(factor)}
}

// TestIssuedMonthKeepsItsTerms: a change of an edge whose month is issued takes effect from the next month on; the
// issued month is corrected by the terms it was issued by.
func TestIssuedMonthKeepsItsTerms(t *testing.T) {
	january := period.NewDate(2026, 1, 1)
	for name, change := range map[string]func(*testing.T, *installtest.Installation, *org.World){
		"nothing": func(*testing.T, *installtest.Installation, *org.World) {},
		"another book": func(t *testing.T, n *installtest.Installation, w *org.World) {
			n.Settle(t, *w, bookOf("p", "dear", january, times("9")))
			w.Edges[1].Terms.Book = "dear"
		},
		"a book that is not there": func(_ *testing.T, _ *installtest.Installation, w *org.World) { w.Edges[1].Terms.Book = "retial" },
		"a newer version of the book": func(t *testing.T, n *installtest.Installation, w *org.World) {
			n.Settle(t, *w, bookOf("p", "retail", period.NewDate(2026, 9, 1), times("9")))
		},
		"another grouping": func(_ *testing.T, _ *installtest.Installation, w *org.World) { w.Edges[1].Terms.Grouping = "product" },
		"a VAT id that is gone": func(_ *testing.T, _ *installtest.Installation, w *org.World) {
			w.Organisations[3].Legal.Country, w.Organisations[3].Legal.VATID = "FR", "FR12345678901"
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := installtest.New(t)
			row := installtest.Row{Tenant: "t-b", Cost: "100"}
			n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(row))
			n.Bill(t)
			w := installtest.Small()
			change(t, n, &w)
			n.Settle(t, w)
			if drafts := n.Draft(t).Drafts; len(drafts) > 0 {
				t.Fatalf("the change alone drafts %+v", drafts)
			}
			row.Cost = "150"
			n.Import(t, intake.Request{Complete: true, Supersede: true}, installtest.UsageFile(row))
			more := n.Bill(t)
			if net, tax := owed(t, n, "b"); net.String() != "180" || tax.String() != "34.2" {
				t.Errorf("owed in the end: %s and %s tax, want 180.00 and 34.20", net, tax)
			}
			d, err := n.Invoices.Find(installtest.Operator(t.Context()), string(more[0].ID))
			if err != nil || len(d.Lines) != 1 || len(d.Follows) != 1 {
				t.Errorf("corrected on %d lines, following %v, %v: want the line that was invoiced, and its invoice", len(d.Lines), d.Follows, err)
			}
		})
	}
}

// TestPriceForRowsWithoutOne: a rule for rows without a price may begin in an issued month; rows with a price keep it.
func TestPriceForRowsWithoutOne(t *testing.T) {
	n := installtest.New(t)
	january := period.NewDate(2026, 1, 1)
	licences := pricing.Book{Owner: "p", Key: "retail", From: january + 1, Currency: "EUR", Rules: []pricing.Rule{
		{Key: "azure", Match: pricing.Match{Family: []string{"azure"}}, Price: times("1.2")}}}
	n.Settle(t, installtest.Small(), licences)
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(installtest.Row{Tenant: "t-b", Cost: "100"}))
	n.Import(t, intake.Request{Period: installtest.September}, installtest.LineFile(installtest.Line{Tenant: "t-b", Subtotal: "50"}))
	n.Bill(t)
	if net, _ := owed(t, n, "b"); net.String() != "120" {
		t.Fatalf("billed %s before there is a price for the licence", net)
	}
	n.Settle(t, installtest.Small(), bookOf("p", "retail", period.NewDate(2026, 9, 1), times("2")))
	n.Bill(t)
	if net, _ := owed(t, n, "b"); net.String() != "220" {
		t.Errorf("billed %s: want 120.00 as it was, and 100.00 for the licence", net)
	}
}

// TestUnresolvedRowsStayInvoiced: rows that were invoiced and no longer have a customer stay invoiced, however many there are, and are reported.
func TestUnresolvedRowsStayInvoiced(t *testing.T) {
	n := installtest.New(t)
	row := installtest.Row{Tenant: "t-b", Cost: "100"}
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(row))
	n.Import(t, intake.Request{Period: installtest.September}, installtest.LineFile(installtest.Line{Tenant: "t-b", Subtotal: "50"}))
	n.Bill(t)
	w := installtest.Small()
	w.Organisations[3].Tenant = "t-nobody"
	n.Settle(t, w)
	run := n.Draft(t)
	if len(run.Drafts) != 0 || len(run.Unresolved) != 1 || run.Unresolved[0].Rows != 2 || run.Unresolved[0].Invoiced != 2 {
		t.Errorf("drafted %+v, unresolved %+v: want nothing credited, and both named as staying invoiced", run.Drafts, run.Unresolved)
	}
	row.Cost = "110"
	n.Import(t, intake.Request{Complete: true, Supersede: true}, installtest.UsageFile(row))
	n.Bill(t)
	if net, _ := owed(t, n, "b"); net.String() != "192" {
		t.Errorf("owed %s: want 132.00 of usage that was corrected meanwhile, and 60.00 for the licence", net)
	}
	if r, err := n.Invoices.Margins(installtest.Operator(t.Context()), installtest.September); err != nil || r[0].Cost.String() != "160" {
		t.Errorf("margins %+v, %v", r, err)
	}
}

// TestIssuedMonthKeepsItsExchangeRate: a corrected exchange rate takes effect from the first month that is not
// issued. A rate that no document used is applied as it is when it is first needed.
func TestIssuedMonthKeepsItsExchangeRate(t *testing.T) {
	n := installtest.New(t)
	w := installtest.Small()
	w.Edges[1].Terms.Currency = "CHF"
	w.Rates = []org.Rate{{From: "EUR", To: "CHF", Month: installtest.September, Value: money.MustParse("0.5"), Source: "ECB", Rule: "x"}}
	n.Settle(t, w)
	row := installtest.Row{Tenant: "t-b", Cost: "100"}
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(row))
	n.Bill(t)
	w.Rates[0].Value = money.MustParse("0.7")
	n.Settle(t, w)
	row.Cost = "200"
	n.Import(t, intake.Request{Complete: true, Supersede: true}, installtest.UsageFile(row))
	n.Bill(t)
	if net, _ := owed(t, n, "b"); net.String() != "120" {
		t.Errorf("owed %s CHF: want 200 × 1.2 × 0.5", net)
	}
}

// TestApprovedDraftIsIssuedWhileItStands: an approved draft is issued only while its input is unchanged.
func TestApprovedDraftIsIssuedWhileItStands(t *testing.T) {
	ctx := installtest.Operator(t.Context())
	issue := func(n *installtest.Installation) error {
		_, err := n.Invoices.Issue(ctx, invoice.Issuing{Period: installtest.September, Incomplete: true})
		return err
	}
	n := installtest.New(t)
	row := installtest.Row{Tenant: "t-b", Cost: "100"}
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(row))
	first := n.Bill(t)[0]
	row.Cost = "150"
	n.Import(t, intake.Request{Complete: true, Supersede: true}, installtest.UsageFile(row))
	n.Draft(t)
	if _, err := n.Invoices.Approve(ctx, installtest.September, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Invoices.Void(ctx, first.ID, 0, "wrong"); err != nil {
		t.Fatal(err)
	}
	if err := issue(n); fault.CodeOf(err) != "drafted_anew" {
		t.Fatalf("a draft made before the void: %v", err)
	}
	if _, err := n.Invoices.Approve(ctx, installtest.September, nil); err != nil {
		t.Fatal(err)
	}
	n.Settle(t, installtest.Small(), bookOf("p", "other", period.NewDate(2026, 1, 1), times("3"))) // affects no draft
	if err := issue(n); err != nil {
		t.Fatalf("a draft that comes out the same stays approved: %v", err)
	}
	if net, _ := owed(t, n, "b"); net.String() != "180" {
		t.Errorf("owed %s", net)
	}
}

// TestMarginsFollowTheCost: a refund of earlier service goes to the seller of that time, at the prices of that time;
// margins include a changed cost even without a document.
func TestMarginsFollowTheCost(t *testing.T) {
	n := installtest.New(t)
	n.Settle(t, installtest.Small(), bookOf("p", "retail", period.NewDate(2026, 9, 1), pricing.Price{Kind: pricing.UnitPrice, Unit: money.MustParse("2"), Currency: "EUR"}))
	row := installtest.Row{Tenant: "t-b", Quantity: "100", Cost: "100"}
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(row))
	n.Bill(t)
	row.Cost = "300"
	n.Import(t, intake.Request{Complete: true, Supersede: true}, installtest.UsageFile(row))
	if run := n.Draft(t); len(run.Drafts) != 0 {
		t.Errorf("drafted %+v for a cost", run.Drafts)
	}
	m, err := n.Invoices.Margins(installtest.Operator(t.Context()), installtest.September)
	if err != nil || len(m) != 1 || m[0].Sold.String() != "200" || m[0].Cost.String() != "300" || m[0].Margin.String() != "-100" {
		t.Errorf("margins %+v, %v", m, err)
	}
}

// TestRebill: billing a month again uses the terms of today: a credit note for each document that is not void and a new
// document, issued together or not at all.
func TestRebill(t *testing.T) {
	ctx := installtest.Operator(t.Context())
	n := installtest.New(t)
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(installtest.Row{Tenant: "t-b", Cost: "100"}, installtest.Row{Tenant: "t-a", Cost: "10"}))
	n.Bill(t)
	n.Settle(t, installtest.Small(), bookOf("p", "retail", period.NewDate(2026, 9, 1), times("1.5")))
	if _, err := n.Invoices.Rebill(ctx, installtest.September, "nobody"); fault.CodeOf(err) != "nothing_to_rebill" {
		t.Errorf("somebody who was not billed: %v", err)
	}
	planned, months, err := n.Invoices.PlanRebill(ctx, installtest.September, "b")
	if err != nil || len(planned) != 2 || len(months) != 1 || months[0].Net.String() != "30" {
		t.Fatalf("planned %+v, %+v, %v", planned, months, err)
	}
	drafts, err := n.Invoices.Rebill(ctx, installtest.September, "b")
	if err != nil || len(drafts) != 2 {
		t.Fatalf("%+v, %v", drafts, err)
	}
	n.Draft(t) // drafting again keeps it
	if _, err := n.Invoices.Approve(ctx, installtest.September, []id.Invoice{drafts[0].ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Invoices.Issue(ctx, invoice.Issuing{Period: installtest.September}); fault.CodeOf(err) != "rebill_together" {
		t.Errorf("half of it: %v", err)
	}
	if gone, err := n.Invoices.CancelRebill(ctx, installtest.September, "b"); err != nil || gone != 2 {
		t.Errorf("cancelled %d, %v", gone, err)
	}
	if drafts := n.Draft(t).Drafts; len(drafts) != 0 {
		t.Errorf("given up, and drafted %+v", drafts)
	}
	if _, err := n.Invoices.Rebill(ctx, installtest.September, "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Invoices.Approve(ctx, installtest.September, nil); err != nil {
		t.Fatal(err)
	}
	list, err := n.Invoices.Issue(ctx, invoice.Issuing{Period: installtest.September})
	if err != nil || len(list) != 2 {
		t.Fatalf("issued %+v, %v", list, err)
	}
	if net, _ := owed(t, n, "b"); net.String() != "150" {
		t.Errorf("owed %s", net)
	}
	if net, _ := owed(t, n, "a"); net.String() != "13.75" {
		t.Errorf("somebody else owes %s", net)
	}
	void, err := n.Invoices.List(ctx, invoice.Filter{State: invoice.Void})
	if err != nil || len(void) != 1 || void[0].Net.String() != "120" {
		t.Errorf("void %+v, %v", void, err)
	}
	if drafts := n.Draft(t).Drafts; len(drafts) != 0 {
		t.Errorf("done, and drafted %+v", drafts)
	}
}

// TestImpact: the effect of a change on issued months is shown as amounts, and nothing is changed.
func TestImpact(t *testing.T) {
	ctx := installtest.Operator(t.Context())
	n := installtest.New(t)
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(installtest.Row{Tenant: "t-b", Cost: "100"}, installtest.Row{Tenant: "t-b", Day: "9/20/2026", Cost: "10"}))
	n.Bill(t)
	w := installtest.Small()
	w.Edges[1].Terms.Book = "wholesale"
	if m, err := n.Invoices.Impact(ctx, rating.Proposal{World: &w}); err != nil || len(m) != 0 {
		t.Errorf("another book does %+v, %v", m, err)
	}
	w = installtest.Small()
	since := period.NewDate(2026, 9, 15)
	w.Edges[1].End = since
	moved := w.Edges[1]
	moved.Seller, moved.Period, moved.Terms.Series = org.OrganisationID("r"), period.Period{Start: since}, "R"
	moved.ID = org.EdgeID(moved.Seller, moved.Buyer, since)
	w.Edges = append(w.Edges, moved)
	m, err := n.Invoices.Impact(ctx, rating.Proposal{World: &w})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range m {
		got = append(got, x.Seller+" "+x.Buyer+" "+x.Net.String())
	}
	if want := []string{"p b -12", "p r 11", "r b 13.75"}; !slices.Equal(got, want) {
		t.Errorf("another seller does %v, want %v", got, want)
	}
	if run := n.Draft(t); len(run.Drafts) != 0 {
		t.Errorf("it was only asked for, and drafted %+v", run.Drafts)
	}
}
