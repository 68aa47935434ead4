package cli

import (
	"context"
	"net/url"

	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/job"
)

// eventsCommands is what there is for the event log.
type eventsCommands struct {
	List listEvents `cmd:"" help:"List what happened, oldest first."`
}

type listEvents struct{ shown }

// Run lists events.
func (c *listEvents) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error { return e.events(ctx, api, "/events", query("limit", "1000"), c.shown) })
}

// events prints a list of events.
func (e *env) events(ctx context.Context, api *client, path string, q url.Values, o shown) error {
	found, raw, err := list[event.Event](ctx, api, path, q)
	if err != nil {
		return err
	}
	t := table.New(">number", "at", "type", "by", "about", "data")
	for _, v := range found {
		t.Add(v.Number, v.At.UTC().Format("2006-01-02 15:04:05"), v.Type, v.Actor, v.Subject, string(v.Data))
	}
	return e.show(o, raw, t)
}

// jobsCommands is what there is for jobs.
type jobsCommands struct {
	List listJobs `cmd:"" help:"List jobs by due time."`
}

type listJobs struct {
	State string `enum:",queued,running,done,failed" default:"" help:"Only in this state: queued, running, done or failed."`
	shown
}

// Run lists jobs.
func (c *listJobs) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		found, raw, err := list[job.Job](ctx, api, "/jobs", query("state", c.State))
		if err != nil {
			return err
		}
		t := table.New("kind", "key", "lane", "due", "state", ">attempt", "error")
		for _, j := range found {
			t.Add(j.Kind, j.Key, j.Lane, until(j.When()), j.State, j.Attempt, j.Error)
		}
		return e.show(c.shown, raw, t)
	})
}
