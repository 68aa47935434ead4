package check_test

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
)

// Which rows of a batch count changes: first unbilled ones stand in for some, then a correction replaces others. As many
// rows on two worksheets need not be the same ones.
func TestOtherRowsOfAGroup(t *testing.T) {
	n := installtest.New(t)
	row := func(day, cost string) installtest.Row { return installtest.Row{Tenant: "t-b", Day: day, Cost: cost} }
	unbilled := row("9/1/2026", "9")
	unbilled.Unbilled = true
	n.Import(t, intake.Request{}, installtest.UsageFile(unbilled))
	n.Import(t, intake.Request{}, installtest.UsageFile(row("9/1/2026", "10"), row("9/2/2026", "20"))) // not complete: day 1 waits
	n.Bill(t)
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(row("9/1/2026", "10"), row("9/2/2026", "20")))
	n.Bill(t)
	n.Import(t, intake.Request{Supersede: true, Complete: true}, installtest.UsageFile(row("9/2/2026", "21")))
	n.Bill(t)
	r, err := service(n, n.Rows).Run(installtest.Operator(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Violations {
		t.Errorf("%s: %s: %s", v.Check, v.Subject, v.Text)
	}
}
