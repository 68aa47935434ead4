package people

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/matrix"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// matrixCommand tests the separation of tenants; its data directory exists only while it runs.
type matrixCommand struct{ command.Shown }

// Help is the long help.
func (matrixCommand) Help() string {
	return `A person with each built-in role makes every call of the API: on data of their own organisation, of those below, beside
and above it, of another reseller, moved away and ended. Each answer is compared with a reviewed table; data of others must
be answered like data that does not exist; and every answer and document is searched for amounts that its reader must not
see.`
}

// matrixDay is a day on which the month of the matrix is over, and its customers have moved.
var matrixDay = period.NewDate(2026, 10, 5)

// Run tests. The exit code is 0 only when nothing mismatches and nothing leaked.
func (c *matrixCommand) Run(ctx context.Context, e *command.Env) (err error) {
	dir, err := os.MkdirTemp("", "purveyor-matrix-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	expected, err := matrix.Expected()
	if err != nil {
		return err
	}
	way, done, err := e.Open(ctx, filepath.Join(dir, "data"), command.OpenOptions{Create: true, Temporary: true, Clock: matrixDay, Named: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	r, _, err := matrix.Run(ctx, way, expected)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	t := table.New("what", "is wrong").Titled("%d cells, %d mismatches, %d amounts leaked in %d answers", r.Cells, r.Mismatches, r.Leaked, r.Bodies)
	for _, w := range r.Mismatched {
		t.Add("mismatch", w)
	}
	for _, l := range r.Leaks {
		t.Add("leak", l)
	}
	if err := e.Show(c.Shown, raw, t); err != nil {
		return err
	}
	if r.Mismatches+r.Leaked > 0 {
		return fault.New(fault.Conflict, "matrix", "%d cells are not as expected and %d amounts leaked", r.Mismatches, r.Leaked)
	}
	return nil
}
