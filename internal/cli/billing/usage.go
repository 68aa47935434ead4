package billing

import (
	"context"
	"encoding/json"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/selling"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Usage is what there is for the provider's files.
type Usage struct {
	Import   importCommand   `cmd:"" help:"Import files or folders; rows that were imported before count only once."`
	Withdraw withdrawCommand `cmd:"" help:"Stop counting everything of a provider's invoice, until it is imported again."`
	List     listUsage       `cmd:"" help:"List what was imported: batches, or import commands."`
	Rebuild  rebuildCommand  `cmd:"" help:"Rebuild the usage store from the archived files, if it was lost or damaged."`
	Generate generateCommand `cmd:"" help:"Generate a made-up month of usage, and the provider's statement for it."`
}

type importCommand struct {
	Files     []string `arg:"" name:"file" help:"Files or folders: CSV, JSON lines or pages of the provider's interface, plain or .gz; \"-\" is standard input."`
	Dataset   string   `enum:",usage,reconciliation" default:"" help:"What the files hold, usage or reconciliation, if their header does not say."`
	Period    string   `placeholder:"YYYY-MM" help:"The month of reconciliation lines, if no imported usage names their invoice."`
	Complete  bool     `help:"These files hold all billed usage of their month and invoice."`
	Add       bool     `xor:"differs" help:"If billed rows differ from those imported before: count both."`
	Supersede bool     `xor:"differs" help:"If billed rows differ from those imported before: count the new ones instead; with --complete, rows that are missing from the files no longer count."`
	DryRun    bool     `help:"Only show what would be imported, and what that changes in issued months."`
	command.Shown
}

// Help is the long help.
func (importCommand) Help() string {
	return `All files of one command are one import: they begin to count together. Rows that cannot be right are kept aside and files
that cannot be read are refused; both are listed with their amounts, and the exit code is 1. If the command is interrupted,
nothing is imported; run it again.

  purveyor usage import downloads/2026-09/ --complete
  zcat big.csv.gz | purveyor usage import -`
}

// Run imports. The exit code is 0 only when every row of the files was sealed or was there already.
func (c *importCommand) Run(ctx context.Context, e *command.Env) error {
	files, err := e.Files(c.Files)
	if err != nil {
		return err
	}
	return e.With(ctx, func(api *call.Client) error {
		q := call.Query("dataset", c.Dataset, "period", c.Period, "complete", call.Yes(c.Complete), "add", call.Yes(c.Add), "supersede", call.Yes(c.Supersede),
			"dry_run", call.Yes(c.DryRun))
		load, raw, err := e.Import(ctx, api, q, files)
		if err != nil {
			return err
		}
		if err := e.Show(c.Shown, raw, importTables(load)...); err != nil {
			return err
		}
		if err := Verdict(load); err != nil || !c.Complete {
			return err
		}
		return whole(load)
	})
}

// whole is an error where files that were said to be complete say themselves that others are missing.
func whole(l usage.Load) error {
	for _, p := range parts(l.Problems) {
		return fault.New(fault.Conflict, "not_complete", "the rows are imported, but the files are not complete as --complete says: %s: %s", p.Where(), p.Reason)
	}
	return nil
}

// parts are the problems that say that files are not all of what they are part of.
func parts(list []usage.Problem) (out []usage.Problem) {
	for _, p := range list {
		if p.Code == usage.PagesMissing || p.Code == usage.ManifestIncomplete {
			out = append(out, p)
		}
	}
	return out
}

// Verdict is an error unless every file was taken, every row of an import counts, and what was to be complete is.
func Verdict(l usage.Load) error {
	switch {
	case l.Rows.Refused+l.Rows.Quarantined > 0 || l.FilesRefused > 0:
		return fault.New(fault.Conflict, "not_everything_imported",
			"refused: %s with %s; kept aside: %s; printed on them: %s. The other %d rows count. Correct them and import again (nothing is counted twice), or answer each: \"unresolved list\" lists them",
			table.Count(l.FilesRefused, "file"), table.Count(l.Rows.Refused, "row"), table.Count(l.Rows.Quarantined, "row"), l.Aside.Printed(), l.Rows.Sealed+l.Rows.Skipped)
	case len(l.NotComplete) > 0:
		n := l.NotComplete[0]
		return fault.New(fault.Conflict, "not_complete",
			"the rows are imported, but %s (invoice %s) is not complete: %s of this import or earlier ones do not count. Answer each (\"unresolved list\" lists them), and import again with --complete",
			n.Period, n.Invoice, n.Open)
	}
	return nil
}

type listUsage struct {
	Loads      bool   `help:"Import commands instead of batches."`
	Period     string `placeholder:"YYYY-MM" help:"Only batches of this month."`
	Dataset    string `enum:",usage,reconciliation" default:"" help:"Only batches of usage, or of reconciliation."`
	Superseded bool   `help:"Also batches that no longer count."`
	command.Shown
}

// Run lists batches or loads.
func (c *listUsage) Run(ctx context.Context, e *command.Env) error {
	if c.Loads {
		return command.List(ctx, e, c.Shown, "/loads", nil, loadTable)
	}
	q := call.Query("period", c.Period, "dataset", c.Dataset, "superseded", call.Yes(c.Superseded))
	return command.List(ctx, e, c.Shown, "/batches", q, batchTable)
}

func batchTable(batches ...usage.Batch) *table.Table {
	t := table.New("batch", "period", "dataset", "billed", "invoice", ">rows", ">cost", "currency", "state", "complete")
	for _, b := range batches {
		t.Add(b.ID, b.Slot.Period, b.Slot.Dataset, table.YesNo(b.Slot.Billed), b.Slot.Invoice, b.Rows, money.Of(b.Cost, b.Slot.Currency), b.Slot.Currency, b.State, table.YesNo(b.Complete))
	}
	return t
}

func loadTable(loads ...usage.Load) *table.Table {
	t := table.New("load", "at", ">files", ">in", ">sealed", ">skipped", ">kept aside", ">refused")
	for _, l := range loads {
		t.Add(l.ID, table.Minute(l.At), len(l.Files), l.Rows.In, l.Rows.Sealed, l.Rows.Skipped, l.Rows.Quarantined, l.Rows.Refused)
	}
	return t
}

// importTables is a load as people read it: where the rows of each file went, and what was wrong.
func importTables(l usage.Load) []*table.Table {
	files := table.New("file", "dataset", ">in", ">sealed", ">skipped", ">kept aside", ">refused").Titled("%s", l.ID)
	if l.DryRun {
		files.Titled("dry run, nothing was imported; this would be:")
	}
	for _, f := range l.Files {
		files.Add(f.Name, f.Dataset, f.Rows.In, f.Rows.Sealed, f.Rows.Skipped, f.Rows.Quarantined, f.Rows.Refused)
	}
	if len(l.Files) > 1 {
		files.Add("all", "", l.Rows.In, l.Rows.Sealed, l.Rows.Skipped, l.Rows.Quarantined, l.Rows.Refused)
	}
	return []*table.Table{files, problems(l.Problems), notCounted(l.Aside), overrides(l.NotComplete, l.DryRun), otherMonthsTable(l.OtherMonths), effectsTable(l.DryRun, l.Effects)}
}

// effectsTable is what a dry run of an import or a withdrawal would do to issued months.
func effectsTable(dryRun bool, effects json.RawMessage) *table.Table {
	if !dryRun {
		return new(table.Table)
	}
	var months []invoice.Impact
	if len(effects) > 0 && json.Unmarshal(effects, &months) != nil {
		return table.New("issued months").Titled("the changes of issued months cannot be shown here; see -o json")
	}
	return selling.ImpactTable(months)
}

// shownProblems is how many problems are printed; the load keeps all.
const shownProblems = 20

func problems(list []usage.Problem) *table.Table {
	t := table.New("verdict", "where", ">rows", "reason").Titled("")
	for i, p := range list {
		if i == shownProblems {
			t.Add("…", "", len(list)-i, "more; -o json lists them all")
			break
		}
		t.Add(p.Verdict, p.Where(), max(p.Rows, 1), p.Reason)
	}
	if len(list) == 0 {
		t.Title = "no problems"
	}
	return t
}
