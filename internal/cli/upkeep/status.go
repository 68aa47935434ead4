package upkeep

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/api/native/status"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// Status is what there is in a data directory.
type Status struct{ command.Shown }

// Run says what there is.
func (c *Status) Run(ctx context.Context, e *command.Env) error {
	return command.Get(ctx, e, c.Shown, "/status", nil, func(s status.Status) *table.Table {
		t := table.New("what", "value")
		t.Add("version", s.Version)
		t.Add("business clock", table.Second(s.Now))
		t.Add("demo data", table.YesNo(s.Demo))
		for _, kind := range []org.Kind{org.Partner, org.Reseller, org.Customer} {
			t.Add(string(kind)+"s", s.Organisations[kind])
		}
		t.Add("edges", s.Edges)
		t.Add("import commands", s.Loads)
		t.Add("rows", s.Rows)
		return t
	})
}
