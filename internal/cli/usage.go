package cli

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/cli/sheet"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// usageCommands is what there is for the provider's files.
type usageCommands struct {
	Import   importCommand   `cmd:"" help:"Import files, or folders of them; the same rows twice count once."`
	List     listUsage       `cmd:"" help:"List what was imported: batches, or import commands."`
	Generate generateCommand `cmd:"" help:"Make up a month of usage, and the provider's statement for it."`
}

type importCommand struct {
	Files     []string `arg:"" name:"file" help:"Files or folders: CSV or JSON lines, plain or .gz; \"-\" is standard input."`
	Dataset   string   `enum:",usage,reconciliation" default:"" help:"What the files hold, usage or reconciliation, where their header does not tell."`
	Period    string   `placeholder:"YYYY-MM" help:"The month of reconciliation lines whose invoice no imported usage names."`
	Complete  bool     `help:"The billed usage in these files is all of its month."`
	Add       bool     `xor:"differs" help:"Where billed rows differ from those imported before: both count."`
	Supersede bool     `xor:"differs" help:"Where billed rows differ from those imported before: the new ones count instead."`
	shown
}

// Help is the long help.
func (importCommand) Help() string {
	return `One command is one load, however many files: all of it counts, or nothing. Interrupted, it leaves nothing; do it again.

  purveyor usage import downloads/2026-09/ --complete
  zcat big.csv.gz | purveyor usage import -`
}

// Run imports. The exit code is 0 only when every row of the files was sealed or was there already.
func (c *importCommand) Run(ctx context.Context, e *env) error {
	files, err := e.sourcesOf(c.Files)
	if err != nil {
		return err
	}
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		b := e.newBar("import")
		q := query("dataset", c.Dataset, "period", c.Period, "complete", yes(c.Complete), "add", yes(c.Add), "supersede", yes(c.Supersede))
		load, raw, err := api.imported(ctx, q, files, b.show)
		b.done()
		if err != nil {
			return err
		}
		if err := e.show(c.shown, raw, sheet.Load(load)...); err != nil {
			return err
		}
		return verdict(load)
	})
}

func verdict(l usage.Load) error {
	if l.Rows.Refused+l.Rows.Quarantined == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "not_everything_imported",
		"%d rows were refused with their file and %d kept aside; the other %d count. Correct them and import again: nothing is counted twice",
		l.Rows.Refused, l.Rows.Quarantined, l.Rows.Sealed+l.Rows.Skipped)
}

type listUsage struct {
	Loads      bool   `help:"Import commands instead of batches."`
	Period     string `placeholder:"YYYY-MM" help:"Only batches of this month."`
	Dataset    string `enum:",usage,reconciliation" default:"" help:"Only batches of usage, or of reconciliation."`
	Superseded bool   `help:"Also batches that no longer count."`
	shown
}

// Run lists batches or loads.
func (c *listUsage) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		if c.Loads {
			return c.loads(ctx, e, api)
		}
		q := query("period", c.Period, "dataset", c.Dataset, "superseded", yes(c.Superseded))
		batches, raw, err := list[usage.Batch](ctx, api, "/batches", q)
		if err != nil {
			return err
		}
		t := table.New("batch", "period", "dataset", "billed", "invoice", ">rows", ">cost", "currency", "state", "complete")
		for _, b := range batches {
			t.Add(b.ID, b.Slot.Period, b.Slot.Dataset, word(b.Slot.Billed), b.Slot.Invoice, b.Rows, money.Of(b.Cost, b.Slot.Currency), b.Slot.Currency, b.State, word(b.Complete))
		}
		return e.show(c.shown, raw, t)
	})
}

func (c *listUsage) loads(ctx context.Context, e *env, api *client) error {
	loads, raw, err := list[usage.Load](ctx, api, "/loads", nil)
	if err != nil {
		return err
	}
	t := table.New("load", "at", ">files", ">in", ">sealed", ">skipped", ">kept aside", ">refused")
	for _, l := range loads {
		t.Add(l.ID, l.At.UTC().Format("2006-01-02 15:04"), len(l.Files), l.Rows.In, l.Rows.Sealed, l.Rows.Skipped, l.Rows.Quarantined, l.Rows.Refused)
	}
	return e.show(c.shown, raw, t)
}

func word(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
