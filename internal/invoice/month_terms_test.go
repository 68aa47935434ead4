package invoice_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// dearFrom gives the edge from p to b other terms from a day on: another book, and another series and payment days.
func dearFrom(w *org.World, since period.Date, book string) *org.Edge {
	e := &w.Edges[slices.IndexFunc(w.Edges, func(e org.Edge) bool { return e.Buyer == org.OrganisationID("b") })]
	terms := e.Terms
	terms.Book, terms.PaymentDays, terms.Series = book, 7, "LATE"
	e.Later = []org.DatedTerms{{Since: since, Terms: terms}}
	return e
}

// usageOf is usage of b before and from the day on which its terms change.
func usageOf(first, second string) string {
	return installtest.UsageFile(installtest.Row{Tenant: "t-b", Day: "9/15/2026", Cost: first}, installtest.Row{Tenant: "t-b", Day: "9/16/2026", Cost: second})
}

// A month in which the book of an edge changes is billed by both, to the cent, on the line that it always had: each day by
// the book of that day. The document says what the terms of the month's end say. A correction is priced by what was fixed,
// also for the days of the earlier book, whatever the terms and books say since; billing anew takes those of today.
func TestBookChangesWithinAMonth(t *testing.T) {
	n, ctx := installtest.New(t), installtest.Operator(t.Context())
	january, since := period.NewDate(2026, 1, 1), period.NewDate(2026, 9, 16)
	w := installtest.Small()
	e := dearFrom(&w, since, "dear")
	n.Settle(t, w, bookOf("p", "dear", january, times("9")), bookOf("p", "cheap", january, times("1")))
	n.Import(t, intake.Request{Complete: true}, usageOf("10.01", "10.02"))
	first := n.Bill(t)[0]
	d, err := n.Invoices.Find(ctx, string(first.ID))
	if err != nil || len(d.Lines) != 1 || d.Lines[0].Exact.String() != "102.192" || d.Net.String() != "102.19" { // 10.01 × 1.2 + 10.02 × 9
		t.Fatalf("billed %s: %+v, %v", d.Net, d.Lines, err)
	}
	if d.PaymentDays != 7 || d.Series != "LATE" || d.Edge != e.ID {
		t.Errorf("in %d days, series %s, on edge %s: want the terms of the month's end", d.PaymentDays, d.Series, d.Edge)
	}
	explained := explain(t, n, string(first.ID), false)[0]
	var by []string
	for _, g := range explained.Groups {
		by = append(by, fmt.Sprint(g.Rate.BookKey, " from ", g.Span.Start, ": ", g.Amount, " of ", g.Rows[0].Day))
	}
	if want := []string{"dear from 2026-09-16: 90.18 of 2026-09-16", "retail from 2026-09-01: 12.012 of 2026-09-15"}; !slices.Equal(by, want) {
		t.Errorf("explained by %q, want %q", by, want)
	}

	n.Settle(t, w, bookOf("p", "retail", period.NewDate(2026, 9, 1), times("3")), bookOf("p", "dear", since, times("4")))
	dearFrom(&w, since, "cheap")
	n.Settle(t, w)
	if drafts := n.Draft(t).Drafts; len(drafts) > 0 {
		t.Fatalf("the change alone drafts %+v", drafts)
	}
	n.Import(t, intake.Request{Complete: true, Supersede: true}, usageOf("20.01", "20.02"))
	more := n.Bill(t)
	if net, _ := owed(t, n, "b"); len(more) != 1 || net.String() != "204.19" { // 20.01 × 1.2 + 20.02 × 9 = 204.192
		t.Errorf("owed %s by %+v", net, more)
	}
	correction, err := n.Invoices.Find(ctx, string(more[0].ID))
	if err != nil || len(correction.Lines) != 1 || correction.Lines[0].Key != d.Lines[0].Key || len(correction.Follows) != 1 {
		t.Errorf("corrected by %+v, %v: want the line that was invoiced", correction, err)
	}
	explain(t, n, string(more[0].ID), false)
	if recomputed, err := n.Invoices.Recompute(ctx, installtest.September, nil); err != nil || slices.ContainsFunc(recomputed, func(r invoice.Recomputed) bool { return !r.Same }) {
		t.Errorf("recomputed %+v, %v", recomputed, err)
	}

	if _, err := n.Invoices.Rebill(ctx, installtest.September, "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Invoices.Approve(ctx, installtest.September, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Invoices.Issue(ctx, invoice.Issuing{Period: installtest.September}); err != nil {
		t.Fatal(err)
	}
	if net, _ := owed(t, n, "b"); net.String() != "80.05" { // 20.01 × 3 + 20.02 × 1
		t.Errorf("billed anew, owed %s", net)
	}
}

// What takes back service of an earlier month has the price of its day: also where nothing of that month was issued.
func TestRefundHasThePriceOfItsDay(t *testing.T) {
	for _, issued := range []bool{false, true} {
		n, ctx := installtest.New(t), installtest.Operator(t.Context())
		w := installtest.Small()
		dearFrom(&w, period.NewDate(2026, 9, 16), "dear")
		n.Settle(t, w, bookOf("p", "dear", period.NewDate(2026, 1, 1), times("9")))
		if issued {
			n.Import(t, intake.Request{Complete: true}, usageOf("1", "1"))
			n.Bill(t)
		}
		october := installtest.September + 1
		n.Import(t, intake.Request{Period: october}, installtest.LineFile(
			installtest.Line{Invoice: "G2", Tenant: "t-b", Subtotal: "-10", From: "9/15/2026", To: "9/15/2026"},
			installtest.Line{Invoice: "G2", Tenant: "t-b", Product: "CFQ8", Subtotal: "-100", From: "9/16/2026", To: "9/16/2026"}))
		run, err := n.Invoices.Draft(ctx, october)
		if err != nil || len(run.Drafts) != 1 || run.Drafts[0].Net.String() != "-912" {
			t.Errorf("issued %v: drafted %+v, %v; want −10 × 1.2 − 100 × 9", issued, run.Drafts, err)
		}
	}
}

// A change of terms within a month is seen before it is made: what it would do to the drafts and documents of the month, and
// which months keep their terms.
func TestImpactOfTermsWithinAMonth(t *testing.T) {
	n, ctx := installtest.New(t), installtest.Operator(t.Context())
	january, since := period.NewDate(2026, 1, 1), period.NewDate(2026, 9, 16)
	w := installtest.Small()
	n.Settle(t, w, bookOf("p", "dear", january, times("9")))
	a := installtest.Row{Tenant: "t-a", Cost: "10"}
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(a))
	n.Bill(t) // of a alone: nothing fixes what b pays
	n.Import(t, intake.Request{}, usageOf("10", "10"))
	dearFrom(&w, since, "dear")
	says := func(p rating.Proposal) (got []string) {
		t.Helper()
		list, err := n.Invoices.Impact(ctx, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			got = append(got, fmt.Sprint(x.Period, " ", x.Seller, " ", x.Buyer, " ", x.Net))
		}
		return got
	}
	if got := says(rating.Proposal{World: &w}); !slices.Equal(got, []string{"2026-09 p b 78"}) {
		t.Errorf("the terms do %q", got)
	}
	n.Settle(t, w)
	newer := func(key, factor string) pricing.Book {
		b := bookOf("p", key, since-1, times(factor))
		b.ID, b.Version = id.Book("bok_newer_"+key), 2
		return b
	}
	for key, want := range map[string][]string{"retail": {"2026-09 p b 8"}, "dear": {"2026-09 p b -70"}, "wholesale": {}} {
		if got := says(rating.Proposal{Books: []pricing.Book{newer(key, "2")}}); !slices.Equal(got, want) {
			t.Errorf("a version of %s does %q, want %q", key, got, want)
		}
	}
	var st *rating.State
	err := n.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		st, err = n.Invoices.Reader.Read(ctx, r, scope.All(), installtest.September)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	previewed, _, err := n.Invoices.Preview(ctx, st)
	for edge, lines := range previewed {
		if edge.Buyer == org.OrganisationID("b") && err == nil {
			for _, exact := range lines {
				if exact.String() != "102" {
					t.Errorf("previewed %s", exact)
				}
			}
		}
	}
	if err != nil || len(previewed) != 3 {
		t.Errorf("previewed %d edges, %v", len(previewed), err)
	}
	n.Bill(t)
	for key, want := range map[string]int{"retail": 1, "dear": 1, "cheap": 0} {
		if kept, err := n.Invoices.NotReached(ctx, invoice.Changed{Books: []pricing.Book{newer(key, "2")}}); err != nil || len(kept) != want {
			t.Errorf("a version of %s does not reach %+v, %v", key, kept, err)
		}
	}
	late := newer("retail", "2")
	late.From = since
	if kept, err := n.Invoices.NotReached(ctx, invoice.Changed{Books: []pricing.Book{late}}); err != nil || len(kept) != 0 {
		t.Errorf("a version that begins after the book priced its last day does not reach %+v, %v", kept, err)
	}
}
