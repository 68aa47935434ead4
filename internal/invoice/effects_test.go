package invoice_test

import (
	"context"
	"fmt"
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

// readCounts counts what is read to compute the effects of a change.
type readCounts struct {
	store                    invoice.Store
	terms                    rating.IssuedTerms
	orgs                     org.Source
	documents, fixed, states int
}

// countReads counts what the invoice service of an installation reads from now on.
func countReads(n *installtest.Installation) *readCounts {
	c := &readCounts{store: n.Invoices.Store, terms: n.Invoices.Reader.Issued, orgs: n.Invoices.Reader.Orgs}
	n.Invoices.Store = countedDocuments{c.store, c}
	n.Invoices.Reader.Issued = countedTerms{c}
	n.Invoices.Reader.Orgs = countedStates{c}
	return c
}

// resetCounts returns the counts and resets them.
func (c *readCounts) resetCounts() string {
	text := fmt.Sprintf("%d documents, terms of %d, %d states", c.documents, c.fixed, c.states)
	c.documents, c.fixed, c.states = 0, 0, 0
	return text
}

type countedDocuments struct {
	invoice.Store
	*readCounts
}

func (c countedDocuments) List(ctx context.Context, r tx.Read, s scope.Scope, f invoice.Filter) ([]invoice.Summary, error) {
	list, err := c.store.List(ctx, r, s, f)
	c.readCounts.documents += len(list)
	return list, err
}

type countedTerms struct{ *readCounts }

func (c countedTerms) Fixed(ctx context.Context, r tx.Read, s scope.Scope, p period.Month, edges ...id.Edge) ([]rating.Fixed, error) {
	list, err := c.terms.Fixed(ctx, r, s, p, edges...)
	c.fixed += len(list)
	return list, err
}

type countedStates struct{ *readCounts }

func (c countedStates) Index(ctx context.Context, r tx.Read, s scope.Scope) (*org.Index, error) {
	c.states++
	return c.orgs.Index(ctx, r, s)
}

// billed is an installation that has issued August and September on all three edges.
func billed(t *testing.T) *installtest.Installation {
	t.Helper()
	n, ctx := installtest.New(t), installtest.Operator(t.Context())
	for _, month := range []string{"8", "9"} {
		n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(installtest.Row{Invoice: "G" + month, Day: month + "/2/2026", Cost: "10"},
			installtest.Row{Invoice: "G" + month, Tenant: "t-b", Day: month + "/2/2026", Cost: "20"}))
	}
	for _, month := range []period.Month{installtest.September - 1, installtest.September} {
		if _, err := n.Invoices.Draft(ctx, month); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Invoices.Approve(ctx, month, nil); err != nil {
			t.Fatal(err)
		}
		if list, err := n.Invoices.Issue(ctx, invoice.Issuing{Period: month, Incomplete: true}); err != nil || len(list) != 3 {
			t.Fatalf("%d documents of %s issued: %v", len(list), month, err)
		}
	}
	return n
}

// TestEffectsOfABookReadWhatItConcerns: the effects of a book are computed from the documents of its seller, from the
// first day of the book on, and only months in which it is used are rated.
func TestEffectsOfABookReadWhatItConcerns(t *testing.T) {
	n := billed(t)
	ctx, c := installtest.Operator(t.Context()), countReads(n)
	for _, x := range []struct {
		owner, key string
		from       period.Date
		reached    string // the result of NotReached
		documents  string // what NotReached reads
		impact     string // what Impact reads
	}{
		{"r", "retail", period.NewDate(2026, 10, 1), "[]", "0 documents, terms of 0, 0 states", "0 documents, terms of 0, 0 states"},
		{"r", "retail", period.NewDate(2026, 9, 1), "[{r a [2026-09]}]", "1 documents, terms of 1, 0 states", "3 documents, terms of 6, 2 states"},
		{"r", "retail", period.NewDate(2026, 1, 1), "[{r a [2026-08 2026-09]}]", "2 documents, terms of 2, 0 states", "6 documents, terms of 12, 4 states"},
		{"p", "retail", period.NewDate(2026, 9, 10), "[{p b [2026-09]}]", "2 documents, terms of 2, 0 states", "3 documents, terms of 6, 2 states"},
		{"r", "of nobody", period.NewDate(2026, 1, 1), "[]", "2 documents, terms of 2, 0 states", "0 documents, terms of 6, 2 states"},
	} {
		b := bookOf(x.owner, x.key, x.from, times("2"))
		b.ID = "bok_new"
		if got, err := n.Invoices.NotReached(ctx, invoice.Changed{Books: []pricing.Book{b}}); err != nil || fmt.Sprint(got) != x.reached {
			t.Errorf("%s %s from %s does not reach %v, %v; want %s", x.owner, x.key, x.from, got, err, x.reached)
		}
		if got := c.resetCounts(); got != x.documents {
			t.Errorf("%s %s from %s: %s were read, want %s", x.owner, x.key, x.from, got, x.documents)
		}
		if got, err := n.Invoices.Impact(ctx, rating.Proposal{Books: []pricing.Book{b}}); err != nil || len(got) != 0 {
			t.Errorf("a book changes issued months: %v, %v", got, err)
		}
		if got := c.resetCounts(); got != x.impact {
			t.Errorf("%s %s from %s: the impact reads %s, want %s", x.owner, x.key, x.from, got, x.impact)
		}
	}
}

// TestEffectsOfTermsReadWhatTheyConcern: the months that keep an edge's terms or an exchange rate are computed from the documents of the edge, or of the rate's month and later ones.
func TestEffectsOfTermsReadWhatTheyConcern(t *testing.T) {
	n := billed(t)
	ctx, c := installtest.Operator(t.Context()), countReads(n)
	edge := installtest.Small().Edges[0]
	rate := org.Rate{From: "USD", To: "EUR", Month: installtest.September}
	for _, x := range []struct {
		changed invoice.Changed
		want    string
	}{
		{invoice.Changed{}, "0 documents, terms of 0, 0 states"},
		{invoice.Changed{Edges: []id.Edge{edge.ID}}, "2 documents, terms of 0, 0 states"},
		{invoice.Changed{Rates: []org.Rate{rate}}, "3 documents, terms of 3, 0 states"},
		{invoice.Changed{Rates: []org.Rate{{From: "USD", To: "EUR", Month: installtest.September + 1}}}, "0 documents, terms of 0, 0 states"},
	} {
		got, err := n.Invoices.NotReached(ctx, x.changed)
		if read := c.resetCounts(); err != nil || read != x.want || len(got) != min(1, len(x.changed.Edges)) {
			t.Errorf("%+v does not reach %v, %v; read were %s, want %s", x.changed, got, err, read, x.want)
		}
	}
}
