package upkeep

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/event"
)

// Events is what there is for the event log.
type Events struct {
	List listEvents `cmd:"" help:"List events, oldest first."`
}

type listEvents struct{ command.Shown }

// Run lists events.
func (c *listEvents) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/events", call.Query("limit", "1000"), eventTable)
}

func eventTable(found ...event.Event) *table.Table {
	t := table.New(">number", "at", "type", "by", "about", "data")
	for _, v := range found {
		t.Add(v.Number, table.Second(v.At), v.Type, v.Actor, v.Subject, string(v.Data))
	}
	return t
}
