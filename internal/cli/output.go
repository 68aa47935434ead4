package cli

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// shown is the flag of every command that answers something.
type shown struct {
	Output string `short:"o" default:"table" enum:"table,json,csv" help:"table, json (the API's answer as it is) or csv."`
}

// table is an answer as people and spreadsheets read it. Columns named with a leading ">" are numbers.
type table struct {
	title   string
	columns []string
	rows    [][]cell
}

// cell is a value as people read it, and as programs do.
type cell struct{ text, exact string }

func newTable(columns ...string) *table { return &table{columns: columns} }

func (t *table) titled(format string, args ...any) *table {
	t.title = fmt.Sprintf(format, args...)
	return t
}

func (t *table) add(cells ...any) {
	row := make([]cell, len(cells))
	for i, c := range cells {
		text := clean(fmt.Sprint(c))
		row[i] = cell{text, text}
		if a, ok := c.(money.Amount); ok { // its currency stands in a column of its own
			row[i] = cell{fixed(a.Value.Round(a.Currency.Digits()), a.Currency), fixed(a.Value, a.Currency)}
		}
	}
	t.rows = append(t.rows, row)
}

// clean keeps what comes from files from steering the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '�'
		}
		return r
	}, s)
}

// show prints an answer: the body of the API as it is, the first table as CSV, or all tables.
func (e *env) show(o shown, raw []byte, tables ...*table) error {
	out := bufio.NewWriter(e.Out)
	switch o.Output {
	case "json":
		out.Write(bytes.TrimRight(raw, "\n"))
		out.WriteByte('\n')
	case "csv":
		if err := tables[0].csv(out); err != nil {
			return err
		}
	default:
		for i, t := range tables {
			if i > 0 && len(t.rows) == 0 && t.title == "" {
				continue
			}
			if i > 0 && len(t.rows) > 0 {
				out.WriteByte('\n')
			}
			t.print(out)
		}
	}
	return out.Flush()
}

func (t *table) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180
	head := make([]string, len(t.columns))
	for i, c := range t.columns {
		head[i] = strings.ReplaceAll(strings.TrimPrefix(c, ">"), " ", "_")
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for _, r := range t.rows {
		record := make([]string, len(r))
		for i, c := range r {
			record[i] = c.exact
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// print writes aligned columns, two spaces apart; numbers stand at the right of theirs. A table without rows is only
// its title, or says that there is nothing.
func (t *table) print(w *bufio.Writer) {
	if t.title != "" {
		fmt.Fprintln(w, t.title)
	}
	if len(t.rows) == 0 {
		if t.title == "" {
			fmt.Fprintln(w, "nothing")
		}
		return
	}
	width := make([]int, len(t.columns))
	for i, c := range t.columns {
		width[i] = uniseg.StringWidth(strings.TrimPrefix(c, ">"))
		for _, r := range t.rows {
			width[i] = max(width[i], uniseg.StringWidth(r[i].text))
		}
	}
	head := make([]cell, len(t.columns))
	for i, c := range t.columns {
		head[i].text = strings.ToUpper(strings.TrimPrefix(c, ">"))
	}
	for _, r := range append([][]cell{head}, t.rows...) {
		var line strings.Builder
		for i, c := range r {
			gap := strings.Repeat(" ", width[i]-uniseg.StringWidth(c.text))
			if strings.HasPrefix(t.columns[i], ">") {
				line.WriteString(gap + c.text + "  ")
			} else {
				line.WriteString(c.text + gap + "  ")
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
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
