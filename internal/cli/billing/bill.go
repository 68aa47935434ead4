package billing

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/selling"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Bill takes files to issued invoices; a data directory exists only while it runs.
type Bill struct {
	Usage     []string     `required:"" placeholder:"FILE" help:"Usage files or folders of them (CSV or JSON lines, plain or .gz)."`
	Statement string       `placeholder:"FILE" help:"The provider's invoice reconciliation file."`
	World     string       `required:"" placeholder:"FILE" help:"Organisations and edges (world.yaml)."`
	Book      string       `required:"" placeholder:"FILE" help:"Price books (book.yaml)."`
	Period    period.Month `required:"" placeholder:"YYYY-MM" help:"The month to bill."`
	Out       string       `required:"" placeholder:"DIR" help:"Folder for invoices, reconciliation and summary.json."`
	IssueDate period.Date  `placeholder:"YYYY-MM-DD" help:"Issue date of the documents; the first day after the month if not given."`
}

// Help is the long help.
func (Bill) Help() string {
	return `The usage is taken to be all of the month. Lines of the statement without usage behind them, such as licences, are
billed too; then it is reconciled.

  purveyor bill --usage usage.csv --statement recon.csv --world world.yaml --book book.yaml --period 2026-09 --out out`
}

// Run bills. The exit code is 0 only when every row of the files was read and every row of the month has a price.
func (c *Bill) Run(ctx context.Context, e *command.Env) (err error) {
	if c.IssueDate.IsZero() {
		c.IssueDate = c.Period.End()
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.Out, ".working-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	out := summary{Period: c.Period, Totals: totals{Sell: money.Totals{}}, Invoices: []billed{}}
	err = e.At(ctx, dir, command.OpenOptions{Create: true, Temporary: true, Clock: c.IssueDate}, func(api *call.Client) error {
		return c.bill(ctx, e, api, &out)
	})
	if err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(c.Out, "summary.json"), out); err != nil {
		return err
	}
	out.print(e.Out, c.Out)
	return out.verdict(c.Out)
}

func (c *Bill) bill(ctx context.Context, e *command.Env, api *call.Client, out *summary) error {
	if err := c.prepare(ctx, e, api); err != nil {
		return err
	}
	if err := c.imports(ctx, e, api, out); err != nil {
		return err
	}
	drafted := func(run invoice.Run) error { out.drafted(run); return nil }
	// What does not count is named at the end, with its money, and then the exit code is not 0.
	if err := closeMonth(ctx, api, c.Period, issuing{On: c.IssueDate, Incomplete: out.lacks()}, drafted); err != nil {
		return err
	}
	if err := c.documents(ctx, api, out); err != nil {
		return err
	}
	if c.Statement == "" {
		return nil
	}
	r, _, err := Reconcile(ctx, e, api, c.Period, c.Statement, nil)
	if err != nil {
		return err
	}
	out.reconciled(r)
	return writeJSON(filepath.Join(c.Out, "reconciliation.json"), r)
}

// prepare makes the world and publishes the books.
func (c *Bill) prepare(ctx context.Context, e *command.Env, api *call.Client) error {
	text, err := e.Read(c.World)
	if err != nil {
		return err
	}
	if _, _, err := selling.ApplyWorld(ctx, api, c.World, text, false); err != nil {
		return err
	}
	if text, err = e.Read(c.Book); err != nil {
		return err
	}
	_, _, err = selling.PublishBooks(ctx, api, c.Book, text, false)
	return err
}

func (c *Bill) imports(ctx context.Context, e *command.Env, api *call.Client, out *summary) error {
	files, err := e.Files(c.Usage)
	if err != nil {
		return err
	}
	load, _, err := e.Import(ctx, api, call.Query("dataset", "usage", "complete", "true"), files)
	if err != nil {
		return err
	}
	out.take(load, &out.Rows)
	if c.Statement == "" {
		return nil
	}
	if files, err = e.Files([]string{c.Statement}); err != nil {
		return err
	}
	load, _, err = e.Import(ctx, api, call.Query("dataset", "reconciliation", "period", c.Period.String()), files)
	if err != nil {
		return err
	}
	out.take(load, &out.Lines)
	return nil
}

// documents writes every issued document as PDF, JSON and CSV: OUT/invoices/SELLER/NUMBER.*.
func (c *Bill) documents(ctx context.Context, api *call.Client, out *summary) error {
	found, _, err := Documents(ctx, api, c.Period.String(), string(invoice.Issued), "")
	if err != nil {
		return err
	}
	w, _, err := selling.Organisations(ctx, api)
	if err != nil {
		return err
	}
	partner := ""
	if o := w.Index().Partner(); o != nil {
		partner = o.Key
	}
	for _, v := range found {
		out.issued(v, partner)
	}
	return Export(ctx, api, found, filepath.Join(c.Out, "invoices"), true)
}

func writeJSON(path string, v any) error {
	b, err := indented(v)
	if err != nil {
		return err
	}
	return command.Write(path, func(w io.Writer) error { _, err := w.Write(b); return err })
}
