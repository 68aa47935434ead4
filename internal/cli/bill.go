package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// billCommand takes files to issued invoices; a data directory exists only while it runs.
type billCommand struct {
	Usage     []string     `required:"" placeholder:"FILE" help:"Usage files or folders of them (CSV or JSON lines, plain or .gz)."`
	Statement string       `placeholder:"FILE" help:"The provider's invoice reconciliation file."`
	World     string       `required:"" placeholder:"FILE" help:"Organisations and edges (world.yaml)."`
	Book      string       `required:"" placeholder:"FILE" help:"Price books (book.yaml)."`
	Period    period.Month `required:"" placeholder:"YYYY-MM" help:"The month to bill."`
	Out       string       `required:"" placeholder:"DIR" help:"Folder for invoices, reconciliation and summary.json."`
	IssueDate period.Date  `placeholder:"YYYY-MM-DD" help:"Issue date of the documents; the first day after the month if not given."`
}

// Help is the long help.
func (billCommand) Help() string {
	return `The usage is taken to be all of the month. Lines of the statement without usage behind them, such as licences, are
billed too; then it is reconciled.

  purveyor bill --usage usage.csv --statement recon.csv --world world.yaml --book book.yaml --period 2026-09 --out out`
}

// Run bills. The exit code is 0 only when every row of the files was read and every row of the month has a price.
func (c *billCommand) Run(ctx context.Context, e *env) (err error) {
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
	err = e.in(ctx, dir, OpenOptions{Create: true, Temporary: true, Clock: c.IssueDate}, func(api *client) error {
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

func (c *billCommand) bill(ctx context.Context, e *env, api *client, out *summary) error {
	if err := c.prepare(ctx, e, api); err != nil {
		return err
	}
	if err := c.imports(ctx, e, api, out); err != nil {
		return err
	}
	run, _, err := api.draft(ctx, c.Period)
	if err != nil {
		return err
	}
	out.drafted(run)
	if _, _, err := api.approve(ctx, c.Period, approval{}); err != nil {
		return err
	}
	if _, _, err := api.issue(ctx, c.Period, issuing{On: c.IssueDate}); err != nil {
		return err
	}
	if err := c.documents(ctx, api, out); err != nil {
		return err
	}
	if c.Statement == "" {
		return nil
	}
	r, _, err := e.reconcile(ctx, api, c.Period, c.Statement, nil)
	if err != nil {
		return err
	}
	out.recon = &r
	return writeJSON(filepath.Join(c.Out, "reconciliation.json"), r)
}

// prepare makes the world and publishes the books.
func (c *billCommand) prepare(ctx context.Context, e *env, api *client) error {
	text, err := e.read(c.World)
	if err != nil {
		return err
	}
	if _, _, err := api.apply(ctx, c.World, text, false); err != nil {
		return err
	}
	if text, err = e.read(c.Book); err != nil {
		return err
	}
	_, _, err = api.publish(ctx, c.Book, text, false)
	return err
}

func (c *billCommand) imports(ctx context.Context, e *env, api *client, out *summary) error {
	files, err := e.sourcesOf(c.Usage)
	if err != nil {
		return err
	}
	b := e.newBar("import")
	load, _, err := api.imported(ctx, query("dataset", "usage", "complete", "true"), files, b.show)
	b.done()
	if err != nil {
		return err
	}
	out.take(load, &out.Rows)
	if c.Statement == "" {
		return nil
	}
	if files, err = e.sourcesOf([]string{c.Statement}); err != nil {
		return err
	}
	load, _, err = api.imported(ctx, query("dataset", "reconciliation", "period", c.Period.String()), files, b.show)
	if err != nil {
		return err
	}
	out.take(load, &out.Lines)
	return nil
}

// documents writes every issued document as PDF, JSON and CSV: OUT/invoices/SELLER/NUMBER.*.
func (c *billCommand) documents(ctx context.Context, api *client, out *summary) error {
	found, _, err := api.invoices(ctx, c.Period.String(), string(invoice.Issued), "")
	if err != nil {
		return err
	}
	w, _, err := api.world(ctx)
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
	return api.export(ctx, found, filepath.Join(c.Out, "invoices"), true)
}

func writeJSON(path string, v any) error {
	b, err := indented(v)
	if err != nil {
		return err
	}
	return write(path, func(w io.Writer) error { _, err := w.Write(b); return err })
}
