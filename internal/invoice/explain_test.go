package invoice_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// explain explains every line of a document, and checks that the explanations add up.
func explain(t *testing.T, n *installtest.Installation, ref string, asBuyer bool) (out []invoice.Explanation) {
	t.Helper()
	ctx := installtest.Operator(t.Context())
	d, err := n.Invoices.Find(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Lines {
		e, err := n.Invoices.Explain(ctx, ref, i+1, asBuyer)
		if err != nil {
			t.Fatal(err)
		}
		if !e.Holds || !e.Net.Equal(d.Lines[i].Net) {
			t.Errorf("line %d of %s does not hold: %+v", i+1, ref, e)
		}
		out = append(out, e)
	}
	return out
}

// rows lists the rows of an explanation: file, line, quantity and cost.
func rows(e invoice.Explanation) (out []string) {
	for _, g := range e.Groups {
		for _, r := range g.Rows {
			cost := "-"
			if r.Cost != nil {
				cost = r.Cost.String()
			}
			out = append(out, fmt.Sprintf("%s:%d %s %s", r.File, r.Line, r.Quantity, cost))
		}
	}
	slices.Sort(out)
	return out
}

// Canaries are values of the provider and of the partner's own books, which no buyer may see.
func TestExplain(t *testing.T) {
	n := installtest.New(t)
	long := "3.1415926535897932384626" // more decimals than a fact holds
	usageFile := installtest.UsageFile(
		installtest.Row{Quantity: "7", Price: "13.7713", Day: "9/2/2026"}, installtest.Row{Quantity: "2", Price: "13.7713", Day: "9/3/2026"},
		installtest.Row{Meter: "Other", Quantity: long, Price: "1", Cost: "4441.77" + strings.Repeat("1", 20)},
		installtest.Row{Tenant: "t-b", Quantity: "3", Price: "999.331"},
	)
	quoted := strings.Replace(usageFile, ",Other,", ",\"Other,\nin two lines\",", 1)
	lineFile := installtest.LineFile(installtest.Line{Subtotal: "515.73"}, installtest.Line{Subtotal: "66.11", Product: "CFQ8"})
	n.Import(t, intake.Request{Complete: true}, quoted)
	n.Import(t, intake.Request{}, lineFile)
	issued := n.Bill(t)
	if len(issued) != 3 {
		t.Fatalf("%v", nets(issued))
	}
	number := map[string]string{}
	for _, s := range issued {
		number[s.Seller+"→"+s.Buyer] = s.Number
	}
	mine := explain(t, n, number["r→a"], false)
	var got []string
	for _, e := range mine {
		got = append(got, rows(e)...)
	}
	slices.Sort(got)
	want := []string{
		"file-1.csv:2 7 96.3991", "file-1.csv:2 1 515.73", "file-1.csv:3 1 66.11", "file-1.csv:3 2 27.5426",
		"file-1.csv:4 " + long + " 4441.77" + strings.Repeat("1", 20),
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	checkPrinted(t, mine, quoted, lineFile)

	asJSON := func(asBuyer bool) string {
		text, err := json.Marshal(explain(t, n, number["r→a"], asBuyer))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	seen, hidden := asJSON(false), asJSON(true)
	for _, c := range []string{"13.7713", "96.3991", "27.5426", "4441.77", "515.73", "66.11", `"retail"`, `"rate"`, `"bought"`, `"provider"`, `"cost"`, `"base"`, `"printed"`} {
		if !strings.Contains(seen, c) {
			t.Errorf("the seller does not see %s: the canary proves nothing", c)
		}
		for what, text := range map[string]string{"explanation": hidden, "JSON": buyersDocument(t, n, number["r→a"], document.FormatJSON), "CSV": buyersDocument(t, n, number["r→a"], document.FormatCSV)} {
			if strings.Contains(text, c) {
				t.Errorf("the buyer's %s says %s", what, c)
			}
		}
	}
	if strings.Count(hidden, `"day"`) != 3 || !strings.Contains(hidden, long) {
		t.Errorf("the buyer does not see the rows: %s", hidden)
	}
}

// staffGuard is a guard that grants everything to the staff of one organisation, as a reseller sees it.
type staffGuard struct {
	access.Guard
	own  id.Organisation
	refs []string
}

// Require grants everything.
func (e staffGuard) Require(context.Context, access.Action) (access.Grant, error) {
	return access.Grant{Scope: scope.Of("p/r").WithRefs(e.refs...).WithDocuments(scope.Side{Own: e.own}), View: scope.Buy | scope.Sell | scope.List}, nil
}

// TestExplainToReseller: a reseller sees what it pays and how it prices, and not what the provider charges the
// partner. Of its purchases it sees no more than any buyer.
func TestExplainToReseller(t *testing.T) {
	n := installtest.New(t)
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(installtest.Row{Quantity: "7", Price: "13.7713"}))
	n.Import(t, intake.Request{}, installtest.LineFile(installtest.Line{Subtotal: "515.73"}))
	issued := n.Bill(t)
	n.Invoices.Access = staffGuard{n.Invoices.Access, org.OrganisationID("r"), []string{"t-a", "e-a"}}
	for _, s := range issued {
		text, err := json.Marshal(explain(t, n, string(s.ID), false))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []string{"13.7713", `"96.3991"`, "515.73", `"provider"`, `"printed"`} {
			if strings.Contains(string(text), c) {
				t.Errorf("%s to %s tells the reseller %s: %s", s.Seller, s.Buyer, c, text)
			}
		}
		if own := s.Seller == "r"; own != strings.Contains(string(text), `"bought"`) || own != strings.Contains(string(text), `"retail"`) || !strings.Contains(string(text), `"day"`) {
			t.Errorf("%s to %s: %s", s.Seller, s.Buyer, text)
		}
	}
	if len(issued) != 2 {
		t.Errorf("%v", nets(issued))
	}
}

// buyersDocument is a document as its buyer gets it.
func buyersDocument(t *testing.T, n *installtest.Installation, ref string, f document.Format) string {
	t.Helper()
	_, file, err := n.Archive.Open(installtest.Operator(t.Context()), ref, f)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil || len(text) == 0 {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	return string(text)
}

// checkPrinted compares the printed records with the files.
func checkPrinted(t *testing.T, list []invoice.Explanation, files ...string) {
	t.Helper()
	n := 0
	for _, e := range list {
		for _, g := range e.Groups {
			for _, r := range g.Rows {
				n++
				if r.Printed == "" || !strings.Contains(files[0]+files[1], "\n"+r.Printed+"\n") || !strings.Contains(r.Printed, r.Cost.String()) {
					t.Errorf("line %d is printed as %q", r.Line, r.Printed)
				}
			}
		}
	}
	if n != 5 {
		t.Errorf("%d rows, want 5", n)
	}
}

// TestExplainCorrections explains a voided invoice, its credit note, the invoice after it, and a withdrawn line.
func TestExplainCorrections(t *testing.T) {
	n := installtest.New(t)
	ctx := installtest.Operator(t.Context())
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(installtest.Row{Tenant: "t-b", Quantity: "3", Price: "10"}))
	n.Import(t, intake.Request{}, installtest.LineFile(installtest.Line{Tenant: "t-b", Subtotal: "20.00"}))
	first := n.Bill(t)[0]
	note, err := n.Invoices.Void(ctx, first.ID, 0, "wrong address")
	if err != nil {
		t.Fatal(err)
	}
	recomputed := n.Bill(t)[0]
	for _, c := range []struct {
		ref     string
		state   invoice.State
		answers string
		nets    string
		cost    string
	}{
		{string(first.ID), invoice.Void, "", "36 24", "30"},
		{string(note.ID), invoice.Issued, first.Number, "-36 -24", "-30"},
		{string(recomputed.ID), invoice.Issued, "", "36 24", "30"},
	} {
		list := explain(t, n, c.ref, false)
		if got := fmt.Sprint(list[0].Net, list[1].Net); got != c.nets {
			t.Errorf("%s: %s, want %s", c.ref, got, c.nets)
		}
		for _, e := range list {
			if e.State != c.state || e.Answers != c.answers || len(e.Groups) != 1 || len(e.Groups[0].Rows) != 1 || e.Groups[0].Rows[0].Printed == "" {
				t.Errorf("%s: %+v", c.ref, e)
			}
		}
		if g := list[0].Groups[0]; g.Provider.Cost.Value.String() != c.cost || g.Rows[0].Cost.String() != "30" {
			t.Errorf("%s: cost %s, row %s", c.ref, g.Provider.Cost, g.Rows[0].Cost)
		}
	}
	n.Import(t, intake.Request{Supersede: true}, installtest.LineFile(installtest.Line{Tenant: "t-b", Subtotal: "1.00", Product: "CFQ9"}))
	last := n.Bill(t)[0]
	withdrawn := 0
	for _, e := range explain(t, n, string(last.ID), false) {
		if e.Net.String() == "-24" && len(e.Groups) == 0 {
			withdrawn++
		}
	}
	if withdrawn != 1 {
		t.Errorf("the charge that is gone was not withdrawn: %v", nets([]invoice.Summary{last}))
	}
}

// TestExplainLeavesOutReplacedRows: rows that did not count when the document was made are not part of its
// explanation: rows replaced by a newer download, and billed rows shadowed by unbilled ones.
func TestExplainLeavesOutReplacedRows(t *testing.T) {
	n := installtest.New(t)
	u := func(day, cost string) installtest.Row {
		return installtest.Row{Tenant: "t-b", Day: day, Cost: cost, Unbilled: true}
	}
	n.Import(t, intake.Request{}, installtest.UsageFile(u("9/1/2026", "10"), u("9/2/2026", "20")))
	n.Import(t, intake.Request{}, installtest.UsageFile(u("9/2/2026", "21"), u("9/3/2026", "30")))
	n.Import(t, intake.Request{}, installtest.UsageFile(installtest.Row{Tenant: "t-b", Day: "9/3/2026", Cost: "33"}, installtest.Row{Tenant: "t-b", Day: "9/4/2026", Cost: "40"}))
	issued := n.Bill(t)[0]
	if issued.Net.String() != "121.2" { // (10 + 21 + 30 + 40) × 1.2
		t.Fatalf("issued %s", issued.Net)
	}
	e := explain(t, n, string(issued.ID), false)[0]
	want := []string{"file-1.csv:2 1 10", "file-1.csv:2 1 21", "file-1.csv:3 1 30", "file-1.csv:3 1 40"}
	if got := rows(e); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestExplainRowsThatCountedThen: other rows count after a document was made; its explanation has the rows that counted when it was made.
func TestExplainRowsThatCountedThen(t *testing.T) {
	n := installtest.New(t)
	first := n.OtherRowsCount(t)
	note, err := n.Invoices.Void(installtest.Operator(t.Context()), first.ID, 0, "again")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []invoice.Summary{first, note} {
		want := []string{"file-1.csv:2 1 9", "file-1.csv:3 1 20"}
		if got := rows(explain(t, n, string(s.ID), false)[0]); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", s.Number, got, want)
		}
	}
}
