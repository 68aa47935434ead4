package billing

import (
	"context"
	"encoding/json"

	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
)

type rebuildCommand struct{ command.Shown }

// Help is the long help.
func (rebuildCommand) Help() string {
	return `This needs the data directory itself, with no server running on it. Every file of every import is read again from the
archive and compared with what was sealed: the number of rows, their cost and their contents. Only then does the new usage
store replace the old one. If the command is interrupted or a file of the archive is damaged, the old store stays; run it
again at any time, with the same result.`
}

// Run rebuilds.
func (c *rebuildCommand) Run(ctx context.Context, e *command.Env) error {
	made, err := e.RebuildUsage(ctx)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(made)
	if err != nil {
		return err
	}
	t := table.New(">loads", ">files", ">batches", ">rows").Titled("the usage store was rebuilt from the archived files and agrees with what was sealed")
	t.Add(made.Loads, made.Files, made.Batches, made.Rows)
	return e.Show(c.Shown, raw, t)
}
