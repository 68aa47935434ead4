package invoice_test

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// TestHeldDocument: a document of 0.00 is issued unless its edge holds such documents. Then it gets no number and is
// reported, and its lines go on the next document of the month with another total.
func TestHeldDocument(t *testing.T) {
	for _, c := range []struct {
		zero         string
		first, later string
	}{{"", "p→b 1: 0", "p→b 2: 24"}, {org.IssueZero, "p→b 1: 0", "p→b 2: 24"}, {org.HoldZero, "", "p→b 1: 24"}} {
		n := installtest.New(t)
		w := installtest.Small()
		w.Edges[1].Terms.ZeroDocuments = c.zero
		n.Settle(t, w)
		n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(installtest.Row{Tenant: "t-b", Cost: "0.0000153"}))
		run := n.Draft(t)
		if held := c.zero == org.HoldZero; (len(run.Held) == 1 && run.Held[0].Buyer == "b") != held || (len(run.Drafts) == 0) != held {
			t.Errorf("%q: drafted %v, held %v", c.zero, nets(run.Drafts), nets(run.Held))
		}
		first := ""
		if got := nets(n.Bill(t)); len(got) > 0 {
			first = got[0]
		}
		n.Import(t, intake.Request{Complete: true, Add: true}, installtest.UsageFile(installtest.Row{Tenant: "t-b", Day: "9/2/2026", Cost: "20"}))
		later := nets(n.Bill(t))
		if first != c.first || len(later) != 1 || later[0] != c.later {
			t.Errorf("%q: issued %q and then %v, want %q and %q", c.zero, first, later, c.first, c.later)
		}
	}
}
