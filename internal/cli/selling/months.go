package selling

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/invoice"
)

// ImpactTable is what a change would do to issued months, in money.
func ImpactTable(list []invoice.Impact) *table.Table {
	t := table.New("issued month", "seller", "buyer", ">next documents", "currency", ">more rows unresolved").Titled("")
	for _, m := range list {
		net := ""
		if m.Currency != "" {
			net = m.Net.Fixed(m.Currency.Digits())
		}
		rows := any("")
		if m.Unresolved != 0 {
			rows = m.Unresolved
		}
		t.Add(m.Period, m.Seller, m.Buyer, net, m.Currency, rows)
	}
	if len(list) == 0 {
		t.Title = "no issued month changes"
	}
	return t
}

// NoteNotReached says which issued months keep the terms they were issued by.
func NoteNotReached(e *command.Env, list []invoice.NotReached) {
	for _, x := range list {
		months := make([]string, len(x.Periods))
		for i, p := range x.Periods {
			months[i] = p.String()
		}
		e.Note("%s to %s: issued months keep the book, grouping, currency and exchange rates they were issued by: %s; \"invoice rebill\" bills one again",
			x.Seller, x.Buyer, strings.Join(months, ", "))
	}
}
