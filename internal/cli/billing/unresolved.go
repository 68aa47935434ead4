package billing

import (
	"context"
	"maps"
	"slices"

	usageapi "github.com/purveyor-csp/purveyor/internal/api/native/usage"
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/selling"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Unresolved is the worklist and answers to it.
type Unresolved struct {
	List    listUnresolved `cmd:"" help:"List usage without a customer, seller, price or exchange rate, and what it cost."`
	Resolve resolveCommand `cmd:"" help:"Assign a provider's reference to a customer, or answer for a row or file that is not counted."`
	Answers listAnswers    `cmd:"" help:"List the answers that were given."`
}

type listUnresolved struct {
	Period string `placeholder:"YYYY-MM" help:"Only of this month; every month with imported files if not given."`
	command.Shown
}

// Run lists the worklist.
func (c *listUnresolved) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		found, raw, err := call.List[invoice.Unresolved](ctx, api, "/unresolved", call.Query("period", c.Period))
		if err != nil {
			return err
		}
		t := table.New("period", "reason", "reference", "name", ">cost", "currency")
		for _, u := range found {
			month := "not known"
			if u.Period != 0 {
				month = u.Period.String()
			}
			unresolvedRows(t, []invoice.Unresolved{u}, month)
		}
		if len(found) == 0 {
			t.Title = "nothing is unresolved"
		}
		return e.Show(c.Shown, raw, t)
	})
}

// unresolvedRows lists what is missing, what it is called, and the cost behind it.
func unresolvedRows(t *table.Table, found []invoice.Unresolved, before ...any) {
	for _, u := range found {
		for _, ref := range slices.Sorted(maps.Keys(u.Refs)) {
			row := append(slices.Clone(before), u.Reason, ref, u.Names[ref])
			for _, c := range u.Refs[ref].Currencies() {
				t.Add(append(slices.Clone(row), money.Of(u.Refs[ref][c], c), c)...)
			}
			if len(u.Refs[ref]) == 0 {
				t.Add(append(row, "not readable", "")...)
			}
		}
	}
}

type resolveCommand struct {
	Kind   string `arg:"" enum:"customer,entitlement,charge,product,aside" help:"customer (the provider's tenant), entitlement (an Azure subscription), charge (a statement line that names no customer), product, or aside (a row or file that is not counted)."`
	Ref    string `arg:"" help:"The provider's id or the reference, as \"unresolved list\" shows it; for aside also an import, which answers for all of it."`
	Target string `arg:"" optional:"" help:"The key of the customer it belongs to, or own_use for what the partner uses itself. For a product: its family, or own_use for its lines that name no customer."`

	CorrectedBy string `placeholder:"LOAD" xor:"aside" help:"For aside: the later import that brought it (usage list --loads)."`
	AsPrinted   bool   `xor:"aside" help:"For aside: count it as printed, though it is doubtful; not possible if an amount, day or currency cannot be read."`
	WriteOff    bool   `xor:"aside" help:"For aside: write it off, so that nobody is billed for it; needs --reason."`
	Reason      string `placeholder:"TEXT" help:"For aside: why; needed with --write-off."`
	DryRun      bool   `help:"Only show what would change in issued months; for aside, also the amounts that would be answered."`
	command.Shown
}

// Help is the long help.
func (resolveCommand) Help() string {
	return `  purveyor unresolved list --period 2026-09
  purveyor unresolved resolve entitlement 5a9c1f0e-41d8-4b1c-a3b0-52d8a71e04cc c0007
  purveyor unresolved resolve product DZH318Z0BQD2 software
  purveyor unresolved resolve customer 0b6f41d0-7f0b-4c7e-9a7e-2a1f0c1d9e55 own_use
  purveyor unresolved resolve aside asd_0f3k --corrected-by lod_4711
  purveyor unresolved resolve aside asd_0f3k --as-printed --dry-run
  purveyor unresolved resolve aside asd_0f3k --write-off --reason "claimed from the provider, case 123"`
}

// Run answers a reference.
func (c *resolveCommand) Run(ctx context.Context, e *command.Env) error {
	switch ofAside := c.CorrectedBy != "" || c.WriteOff || c.AsPrinted || c.Reason != ""; {
	case c.Kind == "aside" && c.Target == "":
		return c.answerAside(ctx, e)
	case c.Kind == "aside" || ofAside:
		return fault.New(fault.Invalid, "bad_answer", "--corrected-by, --as-printed, --write-off and --reason are for aside, which belongs to no customer; nothing was resolved")
	case c.Target == "":
		return fault.New(fault.Invalid, "no_target", "name the owner of %s %q: the key of a customer, or for a product its family; nothing was resolved", c.Kind, c.Ref)
	}
	return e.With(ctx, func(api *call.Client) error {
		x := usage.Resolution{Kind: c.Kind, Ref: c.Ref, Target: c.Target}
		path := "/resolutions"
		if c.DryRun {
			path += "?dry_run=true"
		}
		var did usageapi.Resolved
		raw, err := api.Post(ctx, path, x, &did)
		if err != nil {
			return err
		}
		t := table.New("kind", "reference", "name", "belongs to")
		t.Add(x.Kind, x.Ref, did.Name, x.Target)
		if c.DryRun {
			return e.Show(c.Shown, raw, t.Titled("would be answered:"), selling.ImpactTable(did.Months))
		}
		return e.Show(c.Shown, raw, t)
	})
}

// answerAside answers for a row or file that does not count.
func (c *resolveCommand) answerAside(ctx context.Context, e *command.Env) error {
	x := aside.Answering{Ref: c.Ref, CorrectedBy: id.Load(c.CorrectedBy), WriteOff: c.WriteOff, AsPrinted: c.AsPrinted, Reason: c.Reason, DryRun: c.DryRun}
	return e.With(ctx, func(api *call.Client) error {
		var done aside.Settled
		raw, err := api.Post(ctx, "/unresolved/answers", x, &done)
		if err != nil {
			return err
		}
		answered, by := "answered", ""
		if done.DryRun {
			answered = "would be answered"
		}
		if done.Load != "" {
			by = "; they count as printed, by import " + string(done.Load)
		}
		tables := []*table.Table{asideTable(&done.Open).Titled("%s: %s%s", answered, &done.Open, by)}
		if done.Left != nil {
			tables = append(tables, asideTable(done.Left).Titled("cannot be taken as printed, and stays open: %s", done.Left))
		}
		if x.AsPrinted {
			tables = append(tables, effectsTable(done.DryRun, done.Effects))
		}
		return e.Show(c.Shown, raw, tables...)
	})
}

func asideTable(o *aside.Open) *table.Table {
	t := table.New("reference", "where", "reason", ">rows", "amount")
	for i := range o.Items {
		a := &o.Items[i]
		t.Add(a.Ref, a.Where(), a.Reason, a.Rows, table.Sums(a.Money))
	}
	return t
}

type listAnswers struct{ command.Shown }

// Run lists answers.
func (c *listAnswers) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/resolutions", nil, answerTable)
}

func answerTable(items ...usage.Resolution) *table.Table {
	t := table.New("kind", "reference", "belongs to")
	for _, x := range items {
		t.Add(x.Kind, x.Ref, x.Target)
	}
	return t
}
