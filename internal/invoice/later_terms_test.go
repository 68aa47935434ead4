package invoice_test

import (
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// An edge whose terms change from October on is billed for September by the old ones and for October by the new ones: the
// edge and the keys of its lines stay, and a later change of October's terms leaves September alone.
func TestTermsFromAMonthOn(t *testing.T) {
	n, ctx := installtest.New(t), installtest.Operator(t.Context())
	october := period.NewDate(2026, 10, 1)
	w := installtest.Small()
	n.Settle(t, w, bookOf("p", "dear", period.NewDate(2026, 1, 1), times("9")))
	i := slices.IndexFunc(w.Edges, func(e org.Edge) bool { return e.Buyer == org.OrganisationID("b") })
	terms := w.Edges[i].Terms
	terms.Book, terms.PaymentDays = "dear", 7
	if _, err := n.Orgs.ChangeTerms(ctx, w.Edges[i].ID, october, terms, 1); err != nil {
		t.Fatal(err)
	}
	for _, day := range []string{"9/1/2026", "10/1/2026"} {
		n.Import(t, intake.Request{}, installtest.UsageFile(installtest.Row{Invoice: "G" + day[:1], Tenant: "t-b", Day: day, Cost: "10"}))
	}
	draft := func(month period.Month) invoice.Invoice {
		t.Helper()
		run, err := n.Invoices.Draft(ctx, month)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(run.Drafts, func(d invoice.Summary) bool { return d.Buyer == "b" })
		if at < 0 {
			t.Fatalf("no document for b in %s: %+v", month, run)
		}
		v, err := n.Invoices.Find(ctx, string(run.Drafts[at].ID))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	before, after := draft(installtest.September), draft(october.Month())
	if before.Net.String() == after.Net.String() || after.Net.String() != "90" {
		t.Errorf("September comes to %s and October to %s", before.Net, after.Net)
	}
	if before.PaymentDays != w.Edges[i].Terms.PaymentDays || after.PaymentDays != 7 {
		t.Errorf("paid in %d days, and then in %d", before.PaymentDays, after.PaymentDays)
	}
	if before.Edge != after.Edge || len(before.Lines) != 1 || len(after.Lines) != 1 || before.Lines[0].Key != after.Lines[0].Key {
		t.Errorf("edges %s and %s, lines %+v and %+v", before.Edge, after.Edge, before.Lines, after.Lines)
	}
	terms.PaymentDays = 21
	if _, err := n.Orgs.ChangeTerms(ctx, w.Edges[i].ID, october, terms, 2); err != nil {
		t.Fatal(err)
	}
	if redrafted := draft(installtest.September); redrafted.Net.String() != before.Net.String() || redrafted.PaymentDays != before.PaymentDays {
		t.Errorf("September is another one: %+v", redrafted)
	}
	if redrafted := draft(october.Month()); redrafted.PaymentDays != 21 {
		t.Errorf("October is paid in %d days", redrafted.PaymentDays)
	}
}
