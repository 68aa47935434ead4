package delegated

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/notice"
)

// Notice is what there is for notices.
type Notice struct {
	List listNotices `cmd:"" help:"List delegated access that ends soon or has ended, and whether it is extended by itself."`
}

type listNotices struct {
	Customer string `placeholder:"KEY" help:"Only with this customer."`
	command.Shown
}

// Run lists notices.
func (c *listNotices) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/notices", call.Query("customer", c.Customer), func(items ...notice.Notice) *table.Table {
		t := table.New("relationship", "name", "state", "ends", ">days before", "goes on", "since")
		if len(items) == 0 {
			t.Title = "nothing ends within 30 days"
		}
		for _, n := range items {
			t.Add(n.Relationship, n.Name, n.State, table.Minute(n.End), n.Days, table.YesNo(n.Extends), table.Minute(n.Since))
		}
		return t
	})
}
