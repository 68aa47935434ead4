package billing

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
)

// NoteWaiting says which other months the provider's invoices of a month charge, and what is not issued of them.
func NoteWaiting(e *command.Env, list []invoice.Waiting) {
	for _, w := range list {
		e.Note("%s on the provider's invoice also charges %s: %d rows with a cost of %s, of which %s over %s are not issued yet; \"invoice draft --period %s\" drafts them",
			strings.Join(w.Invoices, ", "), w.Period, w.Rows, table.Sums(w.Cost), table.Count(w.Documents, "document"), sums(w.Net), w.Period)
	}
}

// sums prints amounts with the decimals of their currencies.
func sums(t money.Totals) string {
	parts := []string{}
	for _, c := range t.Currencies() {
		parts = append(parts, fixed(t[c], c)+" "+string(c))
	}
	return strings.Join(parts, ", ")
}
