package upkeep

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/job"
)

// Jobs is what there is for jobs.
type Jobs struct {
	List listJobs `cmd:"" help:"List jobs by due time."`
}

type listJobs struct {
	State string `enum:",queued,running,done,failed" default:"" help:"Only in this state: queued, running, done or failed."`
	command.Shown
}

// Run lists jobs.
func (c *listJobs) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/jobs", call.Query("state", c.State), func(found ...job.Job) *table.Table {
		t := table.New("kind", "key", "lane", "due", "state", ">attempt", "error")
		for _, j := range found {
			t.Add(j.Kind, j.Key, j.Lane, table.Second(j.When()), j.State, j.Attempt, j.Error)
		}
		return t
	})
}
