package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/money"
)

// shown is the flag of every command that answers something.
type shown struct {
	Output string `short:"o" default:"table" enum:"table,json,csv" help:"table, json (the API's answer as it is) or csv."`
}

// show prints an answer: the body of the API as it is, the first table as CSV, or all tables.
func (e *env) show(o shown, raw []byte, tables ...*table.Table) error {
	out := bufio.NewWriter(e.Out)
	switch o.Output {
	case "json":
		out.Write(bytes.TrimRight(raw, "\n"))
		out.WriteByte('\n')
	case "csv":
		if err := tables[0].CSV(out); err != nil {
			return err
		}
	default:
		for i, t := range tables {
			if i > 0 && t.Empty() && t.Title == "" {
				continue
			}
			if i > 0 && !t.Empty() {
				out.WriteByte('\n')
			}
			t.Print(out)
		}
	}
	return out.Flush()
}

// fixed is an amount with at least the decimals of its currency, and never fewer than it has.
func fixed(d money.Decimal, c money.Currency) string { return d.Fixed(c.Digits()) }

// sums is totals in words, to the minor unit: "12.50 EUR, 3.00 USD".
func sums(t money.Totals) string {
	var parts []string
	for _, c := range t.Currencies() {
		parts = append(parts, money.Of(t[c], c).Round().String())
	}
	return strings.Join(parts, ", ")
}

// count is a number of things in words: "1 file", "3 files".
func count[N int | int64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", one, "s")
}
