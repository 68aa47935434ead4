package billing

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/selling"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Unresolved is the worklist and answers to it.
type Unresolved struct {
	List    listUnresolved `cmd:"" help:"List what found no customer, seller, price or rate, and the cost behind it."`
	Resolve resolveCommand `cmd:"" help:"Say whose a reference of the provider is; what waits for it goes on the next draft."`
	Answers listAnswers    `cmd:"" help:"List the answers given."`
}

type listUnresolved struct {
	Period string `placeholder:"YYYY-MM" help:"Only of this month; every month with imported files if not given."`
	command.Shown
}

// Run lists the worklist.
func (c *listUnresolved) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		months := []string{c.Period}
		if c.Period == "" {
			var err error
			if months, err = importedMonths(ctx, api); err != nil {
				return err
			}
		}
		t, items := table.New("period", "reason", "reference", ">cost", "currency"), []waiting{}
		raw := []byte(`{"items":[]}`)
		for _, m := range months {
			found, body, err := call.List[invoice.Unresolved](ctx, api, "/unresolved", call.Query("period", m))
			if err != nil {
				return err
			}
			raw = body
			for _, u := range found {
				items = append(items, waiting{m, u})
			}
			unresolvedRows(t, found, m)
		}
		if len(items) == 0 {
			t.Title = "nothing is unresolved"
		}
		if len(months) > 1 { // answers of several calls: each item says which month it is of
			var err error
			if raw, err = json.Marshal(native.List[waiting]{Items: items}); err != nil {
				return err
			}
		}
		return e.Show(c.Shown, raw, t)
	})
}

// waiting is a piece of the worklist of a month.
type waiting struct {
	Period string `json:"period"`
	invoice.Unresolved
}

// importedMonths is every month that something was imported for.
func importedMonths(ctx context.Context, api *call.Client) (out []string, err error) {
	batches, _, err := call.List[usage.Batch](ctx, api, "/batches", nil)
	for _, b := range batches {
		out = append(out, b.Slot.Period.String())
	}
	slices.Sort(out)
	return slices.Compact(out), err
}

// unresolvedRows lists what is missing, and the cost behind it.
func unresolvedRows(t *table.Table, found []invoice.Unresolved, before ...any) {
	for _, u := range found {
		for _, ref := range slices.Sorted(maps.Keys(u.Refs)) {
			named := ref
			if name := u.Names[ref]; name != "" {
				named += " (" + name + ")"
			}
			for _, c := range u.Refs[ref].Currencies() {
				t.Add(append(slices.Clone(before), u.Reason, named, money.Of(u.Refs[ref][c], c), c)...)
			}
		}
	}
}

type resolveCommand struct {
	Kind   string `arg:"" enum:"customer,entitlement,charge,product" help:"customer (the provider's tenant), entitlement (an Azure subscription), charge (a statement line that names nobody) or product."`
	Ref    string `arg:"" help:"The provider's id, as the worklist names it."`
	Target string `arg:"" help:"The key of the customer it belongs to, or own_use for what the partner uses itself; of a product, its family, or own_use for lines of it that name nobody."`
	DryRun bool   `help:"Only show what it would do to issued months."`
	command.Shown
}

// Help is the long help.
func (resolveCommand) Help() string {
	return `  purveyor unresolved list --period 2026-09
  purveyor unresolved resolve entitlement 5a9c1f0e-41d8-4b1c-a3b0-52d8a71e04cc c0007
  purveyor unresolved resolve product DZH318Z0BQD2 software
  purveyor unresolved resolve customer 0b6f41d0-7f0b-4c7e-9a7e-2a1f0c1d9e55 own_use`
}

// Run answers a reference.
func (c *resolveCommand) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		x := usage.Resolution{Kind: c.Kind, Ref: c.Ref, Target: c.Target}
		path := "/resolutions"
		if c.DryRun {
			path += "?dry_run=true"
		}
		var did native.Resolved
		raw, err := api.Post(ctx, path, x, &did)
		if err != nil {
			return err
		}
		if c.DryRun {
			return e.Show(c.Shown, raw, answerTable(x).Titled("would be answered:"), selling.ImpactTable(did.Months))
		}
		return e.Show(c.Shown, raw, answerTable(x))
	})
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
