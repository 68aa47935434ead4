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
	return `For whoever holds the data directory, with no server running on it. Every file of every import is read again from
the archive and held against what was sealed: how many rows, what they cost, and all they say. Only then does the new
usage store take the place of the old one. Interrupted, or with a damaged archive, it leaves the old one as it is; do it
again when you like: the same comes of it.`
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
	t := table.New(">loads", ">files", ">batches", ">rows").Titled("the usage store was made again from the archived files, and is what was sealed")
	t.Add(made.Loads, made.Files, made.Batches, made.Rows)
	return e.Show(c.Shown, raw, t)
}
