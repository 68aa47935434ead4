package billing

import (
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/money"
)

// notCounted says what of files does not count, in money; it is empty of nothing.
func notCounted(o *aside.Open) *table.Table {
	t := table.New("").Titled("")
	if o != nil {
		t.Titled("not counted: %s; \"unresolved list\" lists each, with the reference to answer it by", o)
	}
	return t
}

// otherMonthsTable lists what the provider's invoices charge for other months than their own.
func otherMonthsTable(list []aside.OtherMonth) *table.Table {
	t := table.New("for month", "billed with", "invoice", ">rows", ">cost", "currency").Titled("")
	for _, o := range list {
		for _, c := range o.Money.Currencies() {
			t.Add(o.Period, o.Billed, o.Invoice, o.Rows, money.Of(o.Money[c], c), c)
		}
	}
	if len(list) > 0 {
		t.Titled("charged for other months:")
	}
	return t
}

// waitingTables says what of a month is on no document, beyond what found no price.
func waitingTables(w aside.Waiting) []*table.Table {
	nowhere := table.New("").Titled("")
	if w.Unknown != nil {
		nowhere.Titled("not counted, month not known: %s; \"unresolved list\" lists each", w.Unknown)
	}
	return []*table.Table{notCounted(w.Aside), nowhere, otherMonthsTable(w.OtherMonths)}
}

// overrides says what does not count of months that an import was to complete: in spite of --complete they stay open.
func overrides(list []aside.NotComplete, dryRun bool) *table.Table {
	t := table.New("month", "invoice", ">rows", "not counted").Titled("")
	for _, n := range list {
		t.Add(n.Period, n.Invoice, n.Open.Rows, n.Open.String())
	}
	if len(list) > 0 {
		stays := "stay"
		if dryRun {
			stays = "would stay"
		}
		t.Titled("these months %s incomplete, although --complete was given:", stays)
	}
	return t
}
