package cli

import (
	"context"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/sheet"
	"github.com/purveyor-csp/purveyor/internal/cost"
)

// costCommands is what there is for what usage costs.
type costCommands struct {
	List listCosts `cmd:"" help:"What a month's usage costs, by any grouping, at the prices you may see."`
}

type listCosts struct {
	Period   string   `required:"" placeholder:"YYYY-MM" help:"The month."`
	Customer string   `placeholder:"KEY" help:"Only this customer's."`
	At       string   `placeholder:"@KEY/…" help:"What the customer's people are shown at a place: @KEY, @KEY/SUBSCRIPTION or @KEY/SUBSCRIPTION/GROUP."`
	By       []string `placeholder:"WHAT" help:"customer, day, subscription, subscription_name, resource_group, resource, location, service, meter, product, charge_type, tag:KEY; several with commas between."`
	shown
}

// Help is the long help.
func (listCosts) Help() string {
	return `Amounts are exact and come from the usage imported so far: what would be invoiced were the month billed now. What you may not
see is not there. Of rows without an amount it is said how many there are.

  purveyor cost list --period 2026-09 --by customer,service
  purveyor cost list --period 2026-09 --customer c0001 --by subscription,tag:env -o csv`
}

// Run lists costs.
func (c *listCosts) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		var out cost.Costs
		raw, err := api.get(ctx, "/costs", query("period", c.Period, "customer", c.Customer, "at", c.At, "by", strings.Join(c.By, ",")), &out)
		if err != nil {
			return err
		}
		if out.State == cost.Nothing {
			e.note("nothing of %s has been imported", out.Period)
		}
		return e.show(c.shown, raw, sheet.Costs(out))
	})
}
