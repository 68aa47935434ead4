package command

import (
	"bufio"
	"bytes"

	"github.com/purveyor-csp/purveyor/internal/cli/table"
)

// Shown is the flag of every command that answers something.
type Shown struct {
	Output string `short:"o" default:"table" enum:"table,json,csv" help:"table, json (the API's answer as it is) or csv."`
}

// Show prints an answer: the body of the API as it is, the first table as CSV, or all tables.
func (e *Env) Show(o Shown, raw []byte, tables ...*table.Table) error {
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
