// Package table prints lists: aligned for people, as CSV for spreadsheets and programs.
//
// It knows nothing of what the lists are of. Always true: what is printed cannot steer a terminal; CSV holds every
// digit, and no formula that a spreadsheet would run.
package table

import (
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// Table is an answer as people and spreadsheets read it. Columns named with a leading ">" are numbers.
type Table struct {
	Title   string
	columns []string
	rows    [][]cell
}

// cell is a value as people read it, and as programs do.
type cell struct{ text, exact string }

// New is an empty table.
func New(columns ...string) *Table { return &Table{columns: columns} }

// Titled gives a table its title.
func (t *Table) Titled(format string, args ...any) *Table {
	t.Title = fmt.Sprintf(format, args...)
	return t
}

// Add adds a row. An amount of money is shown to the minor unit of its currency, and exact in CSV.
func (t *Table) Add(cells ...any) {
	row := make([]cell, len(cells))
	for i, c := range cells {
		text := Clean(fmt.Sprint(c))
		row[i] = cell{text, text}
		if a, ok := c.(money.Amount); ok { // its currency stands in a column of its own
			places := a.Currency.Digits()
			row[i] = cell{a.Value.Round(places).Fixed(places), a.Value.Fixed(places)}
		}
	}
	t.rows = append(t.rows, row)
}

// Clean keeps what comes from files from steering the terminal.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '�'
		}
		return r
	}, s)
}

// CSV writes a table as RFC 4180 has it.
func (t *Table) CSV(w io.Writer) error {
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
			record[i] = inert(c.exact)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

var number = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)

// inert is text of a CSV cell that no spreadsheet runs as a formula: text that begins like one gets an apostrophe before it.
// Numbers stay as they are.
func inert(s string) string {
	start := strings.TrimLeftFunc(s, unicode.IsSpace)
	if start == "" || !strings.ContainsRune("=+-@\uff1d\uff0b\uff0d\uff20", []rune(start)[0]) && !strings.ContainsRune("\t\r\n\ufffd", []rune(s)[0]) || number.MatchString(s) {
		return s
	}
	return "'" + s
}

// Print writes aligned columns, two spaces apart; numbers stand at the right of theirs. A table without rows is only
// its title, or says that there is nothing.
func (t *Table) Print(w io.Writer) {
	if t.Title != "" {
		fmt.Fprintln(w, t.Title)
	}
	if len(t.rows) == 0 {
		if t.Title == "" {
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

// Empty says whether there is nothing to print but perhaps a title.
func (t *Table) Empty() bool { return len(t.rows) == 0 }

// Under adds the rows of another table, each after the same first cells.
func (t *Table) Under(first string, other *Table) {
	for _, r := range other.rows {
		t.rows = append(t.rows, append([]cell{{first, first}}, r...))
	}
}
