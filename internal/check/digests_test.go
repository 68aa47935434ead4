package check_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/check"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// installationWithRates is an installation with exchange rates and tax rows.
func installationWithRates(t *testing.T) *installtest.Installation {
	t.Helper()
	n := installtest.New(t)
	w := installtest.Small()
	w.Rates = []org.Rate{{From: "USD", To: "EUR", Month: installtest.September, Value: money.MustParse("0.85"), Source: "ECB"}}
	w.Taxes = []org.Tax{{Territory: "JE", Category: "standard", Percent: money.MustParse("5")}}
	n.Settle(t, w)
	return n
}

func worldViolations(t *testing.T, n *installtest.Installation) (found []string, checked int64) {
	t.Helper()
	r, err := service(n, n.Rows).Run(installtest.Operator(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Violations {
		if v.Check == check.World {
			found = append(found, v.Subject+": "+v.Text)
		}
	}
	return found, r.Checked[check.World]
}

// TestWorldIsComparedWithEvents: the stored world and books are compared with the digests in the event log, and any changed bit is found.
func TestWorldIsComparedWithEvents(t *testing.T) {
	if found, n := worldViolations(t, installationWithRates(t)); len(found) != 0 || n < 10 {
		t.Fatalf("undamaged: %d checked, %v", n, found)
	}
	for name, c := range map[string]struct{ sql, subject string }{
		"an edge's id":                   {`UPDATE edge SET id = replace(id, 'edg_', 'edf_') WHERE id = (SELECT min(id) FROM edge)`, "edges"},
		"an edge's id in its text":       {`UPDATE edge SET body = replace(body, '"id":"edg_', '"id":"edf_')`, "edges"},
		"an edge's terms":                {`UPDATE edge SET body = replace(body, '"payment_days":14', '"payment_days":15')`, "edges"},
		"an exchange rate":               {`UPDATE exchange_rate SET body = replace(body, '0.85', '0.84')`, "rates"},
		"a tax row":                      {`UPDATE tax SET body = replace(body, '"5"', '"4"')`, "taxes"},
		"a legal entity":                 {`UPDATE organisation SET body = replace(body, '"DE11B"', '"DE11C"') WHERE key = 'b'`, "organisations"},
		"an entitlement":                 {`UPDATE entitlement SET body = replace(body, '"e-a"', '"e-c"') WHERE ref = 'e-a'`, "organisations"},
		"the tenant rows are found by":   {`UPDATE organisation SET tenant = 't-c' WHERE key = 'b'`, "organisations"},
		"a published book":               {`UPDATE price_book SET body = replace(body, '1.25', '1.35') WHERE owner = 'r'`, "books"},
		"a rate that is gone":            {`DELETE FROM exchange_rate`, "rates"},
		"text that cannot be read again": {`UPDATE edge SET body = replace(body, '"payment_days":14', '"payment_days":1x')`, "edges"},
	} {
		t.Run(name, func(t *testing.T) {
			n := installationWithRates(t)
			storetest.Damage(t, n.Ledger(), c.sql)
			found, _ := worldViolations(t, n)
			if !slices.ContainsFunc(found, func(v string) bool { return strings.HasPrefix(v, c.subject+": they are not what event") }) {
				t.Errorf("%v, want one of %s", found, c.subject)
			}
		})
	}
}

// TestDigestsAreRecordedOnce: a ledger whose events have no digests yet passes the check; its first start records
// them, once, and from then on they are compared. The ids are checked in any case.
func TestDigestsAreRecordedOnce(t *testing.T) {
	n := installationWithRates(t)
	ctx := installtest.Operator(t.Context())
	storetest.Damage(t, n.Ledger(), `UPDATE event SET data = replace(data, '"digests"', '"before"')`)
	if found, _ := worldViolations(t, n); len(found) != 0 {
		t.Errorf("without digests: %v", found)
	}
	for range 2 {
		if err := service(n, n.Rows).Record(ctx); err != nil {
			t.Fatal(err)
		}
	}
	recorded := 0
	err := n.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err := n.Events.Store.Events(ctx, r, scope.All(), event.Filter{Type: event.DigestsRecorded})
		recorded = len(list)
		return err
	})
	if err != nil || recorded != 1 {
		t.Errorf("recorded %d times, %v", recorded, err)
	}
	storetest.Damage(t, n.Ledger(), `UPDATE price_book SET body = replace(body, '1.25', '1.35') WHERE owner = 'r'`)
	found, _ := worldViolations(t, n)
	if len(found) != 2 || !strings.HasPrefix(found[0], "books: ") || !strings.HasPrefix(found[1], "r/retail: version 1 says something else") {
		t.Errorf("%v", found)
	}
}
