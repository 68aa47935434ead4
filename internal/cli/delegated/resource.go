package delegated

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/resource"
)

// Resource is what there is for resources.
type Resource struct {
	List listResources `cmd:"" help:"List the resources that usage names and you may see."`
}

type listResources struct {
	Customer      string `placeholder:"KEY" help:"Only of this customer."`
	Entitlement   string `placeholder:"ID" help:"Only in this Azure subscription, by the provider's id."`
	ResourceGroup string `placeholder:"NAME" help:"Only in this resource group of it."`
	command.Shown
}

// Run lists resources.
func (c *listResources) Run(ctx context.Context, e *command.Env) error {
	q := call.Query("customer", c.Customer, "entitlement", c.Entitlement, "resource_group", c.ResourceGroup)
	return command.List(ctx, e, c.Shown, "/resources", q, func(items ...resource.Resource) *table.Table {
		t := table.New("customer", "entitlement", "resource group", "name", "location", "service", "first", "last")
		if c.Output == "csv" { // the id says all of it, and is long
			t = table.New("customer", "entitlement", "resource group", "name", "location", "service", "first", "last", "id")
		}
		if len(items) == 0 {
			t.Title = "no usage names a resource that you may see here"
		}
		for _, x := range items {
			row := []any{x.Customer, x.Entitlement, x.Group, x.Name, x.Location, x.Service, x.First, x.Last}
			if c.Output == "csv" {
				row = append(row, x.ID)
			}
			t.Add(row...)
		}
		return t
	})
}
