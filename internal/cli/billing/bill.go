package billing

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/selling"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Bill takes files to invoices; a data directory exists only while it runs.
type Bill struct {
	Usage     []string     `required:"" placeholder:"FILE" help:"Usage files or folders of them (CSV or JSON lines, plain or .gz)."`
	Statement string       `placeholder:"FILE" help:"The provider's invoice reconciliation file."`
	World     string       `required:"" placeholder:"FILE" help:"Organisations and edges (world.yaml)."`
	Book      string       `required:"" placeholder:"FILE" help:"Price books (book.yaml)."`
	Period    period.Month `required:"" placeholder:"YYYY-MM" help:"The month to bill."`
	Out       string       `required:"" placeholder:"DIR" help:"Folder for invoices, reconciliation and summary.json."`
	IssueDate period.Date  `placeholder:"YYYY-MM-DD" help:"Issue date of the documents; the first day after the month if not given."`

	FirstNumber []string `placeholder:"SELLER/SERIES=N" help:"The next number of a series, such as contoso/INV=118, and contoso/INV-CN=9 for its credit notes; repeatable. Documents of other series are drafts."`
	Spreadsheet
}

// Help is the long help.
func (Bill) Help() string {
	return `The usage files must hold the whole month. Lines of the statement that have no usage, such as licences, are billed too;
then the statement is reconciled.

This command cannot know which numbers are taken. So the documents are drafts, numbered DRAFT-1, DRAFT-2 …, except in the
series whose next number is given.

  purveyor bill --usage usage.csv --statement recon.csv --world world.yaml --book book.yaml --period 2026-09 --out out
  purveyor bill … --first-number contoso/INV=118 --first-number contoso/INV-CN=9`
}

// Run bills. The exit code is 0 only when every row of the files was read, every row of the month has a price, and the
// statement agrees with the books.
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
	out := summary{Period: c.Period, Totals: totals{Sell: money.Totals{}}, Invoices: []billed{}, drafts: map[string]int{}}
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
	numbered, err := c.series(ctx, api)
	if err != nil {
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
	if err := c.otherMonths(ctx, api, out); err != nil {
		return err
	}
	if err := c.documents(ctx, api, numbered, out); err != nil {
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

// otherMonths makes the documents of the months that the provider's invoices of the month charge too, and notes what of the
// files belongs to a month that is not billed here. A month of which the files hold more than that is not: its documents
// would bill once more what an invoice of its own has billed.
func (c *Bill) otherMonths(ctx context.Context, api *call.Client, out *summary) error {
	batches, _, err := call.List[usage.Batch](ctx, api, "/batches", nil)
	if err != nil {
		return err
	}
	more := map[period.Month]bool{}
	for _, b := range batches {
		if b.Slot.Billed && usage.PeriodOf(batches, b.Slot.Invoice) != c.Period {
			more[b.Slot.Period] = true
		}
	}
	billed := map[period.Month]bool{c.Period: true}
	for _, o := range out.OtherMonths {
		if o.Billed != c.Period || billed[o.Period] || more[o.Period] {
			continue
		}
		billed[o.Period] = true
		late := func(run invoice.Run) error { out.late(run); return nil }
		if err := closeMonth(ctx, api, o.Period, issuing{On: c.IssueDate, Incomplete: true}, late); err != nil {
			return err
		}
	}
	for _, b := range batches {
		if !billed[b.Slot.Period] {
			out.leave(b)
		}
	}
	return nil
}

// prepare makes the world and publishes the books that its edges name.
func (c *Bill) prepare(ctx context.Context, e *command.Env, api *call.Client) error {
	worldText, err := e.Read(c.World)
	if err != nil {
		return err
	}
	bookText, err := e.Read(c.Book)
	if err != nil {
		return err
	}
	coming, err := selling.BookNames(c.Book, bookText)
	if err != nil {
		return err
	}
	did, _, err := selling.ApplyWorld(ctx, api, c.World, worldText, false, coming...)
	if err != nil {
		return err
	}
	for _, note := range did.Notes {
		e.Note("warning: %s", note)
	}
	_, _, err = selling.PublishBooks(ctx, api, c.Book, bookText, false)
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

// documents writes every document as PDF, JSON and CSV: OUT/invoices/SELLER/NUMBER.*. Those of series whose next number
// was not given are marked as drafts.
func (c *Bill) documents(ctx context.Context, api *call.Client, numbered map[string]bool, out *summary) error {
	found, _, err := Documents(ctx, api, "", string(invoice.Issued), "")
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
	how := Exporting{Dir: filepath.Join(c.Out, "invoices"), Anew: true, Spreadsheet: c.Spreadsheet, Drafts: map[id.Invoice]int{}}
	for i := range found {
		v := &found[i]
		if of := v.Seller + "/" + seriesOf(v.Number); !numbered[of] {
			n := len(how.Drafts) + 1
			how.Drafts[v.ID], v.State, v.Number = n, invoice.Draft, "DRAFT-"+strconv.Itoa(n)
			out.drafts[of]++
		}
		out.issued(*v, partner)
	}
	return Export(ctx, api, found, how)
}

func writeJSON(path string, v any) error {
	b, err := indented(v)
	if err != nil {
		return err
	}
	return command.Write(path, func(w io.Writer) error { _, err := w.Write(b); return err })
}
