package cli

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/notice"
	"github.com/purveyor-csp/purveyor/internal/resource"
)

// resourceCommands is what there is for resources.
type resourceCommands struct {
	List listResources `cmd:"" help:"List the resources that usage names, where you may see them."`
}

type listResources struct {
	Customer      string `placeholder:"KEY" help:"Only of this customer."`
	Entitlement   string `placeholder:"ID" help:"Only in this Azure subscription, by the provider's id."`
	ResourceGroup string `placeholder:"NAME" help:"Only in this resource group of it."`
	shown
}

// Run lists resources.
func (c *listResources) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		q := query("customer", c.Customer, "entitlement", c.Entitlement, "resource_group", c.ResourceGroup)
		items, raw, err := list[resource.Resource](ctx, api, "/resources", q)
		if err != nil {
			return err
		}
		t := table.New("customer", "entitlement", "resource group", "name", "location", "service", "first", "last")
		if c.Output == "csv" { // the id says all of it, and is long
			t = table.New("customer", "entitlement", "resource group", "name", "location", "service", "first", "last", "id")
		}
		if len(items) == 0 {
			t.Title = "no usage names a resource there"
		}
		for _, x := range items {
			row := []any{x.Customer, x.Entitlement, x.Group, x.Name, x.Location, x.Service, x.First, x.Last}
			if c.Output == "csv" {
				row = append(row, x.ID)
			}
			t.Add(row...)
		}
		return e.show(c.shown, raw, t)
	})
}

// noticeCommands is what there is for notices.
type noticeCommands struct {
	List listNotices `cmd:"" help:"List which delegated access ends soon, or has ended, and whether it goes on by itself."`
}

type listNotices struct {
	Customer string `placeholder:"KEY" help:"Only with this customer."`
	shown
}

// Run lists notices.
func (c *listNotices) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		items, raw, err := list[notice.Notice](ctx, api, "/notices", query("customer", c.Customer))
		if err != nil {
			return err
		}
		t := table.New("relationship", "name", "state", "ends", ">days before", "goes on", "since")
		if len(items) == 0 {
			t.Title = "nothing ends within 30 days"
		}
		for _, n := range items {
			t.Add(n.Relationship, n.Name, n.State, when(n.End), n.Days, word(n.Extends), when(n.Since))
		}
		return e.show(c.shown, raw, t)
	})
}
