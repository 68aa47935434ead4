package upkeep

import (
	"context"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/check"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Check verifies every invariant.
type Check struct{ command.Shown }

// Help is the long help.
func (Check) Help() string {
	return `Compares imported rows with sealed rows, and every sealed row and line with its hash; worksheets with rows and with lines;
the sales of each edge with the purchases of the next; totals; debits with credits; documents with the event log and with
a fresh rendering. Looks for gaps in the numbers, and checks the state of every row and every file. Changes nothing.`
}

// Run checks. The exit code is 0 only when everything holds.
func (c *Check) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		var r check.Report
		raw, err := api.Post(ctx, "/checks", nil, &r)
		if err != nil {
			return err
		}
		if err := e.Show(c.Shown, raw, checkTables(c.Output, r)...); err != nil {
			return err
		}
		if len(r.Violations) > 0 {
			return fault.New(fault.Conflict, "check_failed", "%s; nothing was changed. Restore a backup, or report it", table.Count(len(r.Violations), "violation"))
		}
		return nil
	})
}

func checkTables(output string, r check.Report) []*table.Table {
	checked := table.New("check", ">checked", ">violations")
	bad := map[string]int{}
	for _, v := range r.Violations {
		bad[v.Check]++
	}
	for _, name := range slices.Sorted(maps.Keys(r.Checked)) {
		checked.Add(name, r.Checked[name], bad[name])
	}
	rows := table.New("state", ">rows and charges")
	for _, state := range slices.Sorted(maps.Keys(r.Rows)) {
		rows.Add(state, r.Rows[state])
	}
	violations := table.New("check", "subject", "violation").Titled("all checks passed")
	for _, v := range r.Violations {
		violations.Add(v.Check, v.Subject, v.Text)
	}
	if len(r.Violations) > 0 {
		violations.Title = ""
	}
	if output == "csv" {
		return []*table.Table{violations}
	}
	return []*table.Table{checked, rows, violations}
}
