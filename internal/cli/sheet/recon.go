package sheet

import (
	"fmt"
	"io"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/recon"
)

// Recon is everything in one list: the codes of parts and of differences are never the same.
func Recon(r recon.Result) *table.Table {
	t := table.New("code", "invoice", "customer", "subscription", "product", "sku", "meter", "currency", ">amount", "explanation")
	total := func(code string, totals money.Totals) {
		for _, c := range totals.Currencies() {
			t.Add(code, "", "", "", "", "", "", c, totals[c], "")
		}
	}
	total("unexplained", r.Unexplained)
	for _, p := range r.Parts {
		t.Add(p.Code, "", "", "", "", "", "", p.Currency, p.Amount, "")
	}
	total("statement", r.Statement)
	total("imported", r.Imported)
	total("sold", r.Sold)
	for _, d := range r.Differences {
		t.Add(d.Code, d.Invoice, d.Customer, d.Subscription, d.Product, d.SKU, d.Meter, d.Currency, d.Amount, d.Explanation)
	}
	return t
}

// shownDifferences is how many differences are printed; all are in the answer.
const shownDifferences = 50

// PrintRecon prints what is unexplained first, then the bridge from rows to statement, then the differences, largest
// first.
func PrintRecon(w io.Writer, r recon.Result) {
	for _, c := range r.Unexplained.Currencies() {
		fmt.Fprintf(w, "unexplained %12s %s\n", r.Unexplained[c].Fixed(c.Digits()), c)
	}
	bridge := func(name string, d money.Decimal, c money.Currency) {
		fmt.Fprintf(w, "  %-15s %18s %s\n", name, d.Round(c.Digits()).Fixed(c.Digits()), c)
	}
	for _, p := range r.Parts {
		bridge(p.Code, p.Amount, p.Currency)
	}
	for _, c := range r.Statement.Currencies() {
		bridge("= statement", r.Statement[c], c)
	}
	for _, c := range r.Imported.Currencies() {
		bridge("imported", r.Imported[c], c)
	}
	for _, c := range r.Sold.Currencies() {
		bridge("of it sold", r.Sold[c], c)
	}
	largest := slices.SortedStableFunc(slices.Values(r.Differences), func(a, b recon.Difference) int { return b.Amount.Abs().Cmp(a.Amount.Abs()) })
	for i, d := range largest {
		if i == shownDifferences {
			fmt.Fprintf(w, "… and %d more differences\n", len(largest)-i)
			break
		}
		fmt.Fprintf(w, "difference %-14s %12s %s  %s  %s: %s\n", d.Code, d.Amount.Fixed(d.Currency.Digits()), d.Currency, table.Clean(d.Customer), table.Clean(d.Meter), table.Clean(d.Explanation))
	}
}
