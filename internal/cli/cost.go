package cli

import (
	"context"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/cost"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
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
		return e.show(c.shown, raw, costTable(out))
	})
}

// costTable has a line for each group and currency: sums of different ones do not meet.
func costTable(c cost.Costs) *table.Table {
	kinds := []struct {
		kind scope.View
		of   func(cost.Row) money.Totals
	}{
		{scope.Cost, func(r cost.Row) money.Totals { return r.Cost }}, {scope.Buy, func(r cost.Row) money.Totals { return r.Buy }},
		{scope.Sell, func(r cost.Row) money.Totals { return r.Sell }}, {scope.List, func(r cost.Row) money.Totals { return r.List }},
	}
	heads := append([]string{}, c.By...)
	for _, k := range kinds {
		if c.Shown.Has(k.kind) {
			heads = append(heads, ">"+k.kind.String())
		}
	}
	t := table.New(append(heads, "currency", ">not known")...).Titled("%s, %s", c.Period, strings.ReplaceAll(string(c.State), "_", " "))
	for _, r := range c.Rows {
		every := money.Totals{}
		for _, k := range kinds {
			for currency := range k.of(r) {
				every[currency] = money.Decimal{}
			}
		}
		currencies := every.Currencies()
		if len(currencies) == 0 { // nothing of it is known
			currencies = []money.Currency{""}
		}
		for _, currency := range currencies {
			var cells []any
			for _, d := range c.By {
				cells = append(cells, r.Group[d])
			}
			for _, k := range kinds {
				sum, ok := k.of(r)[currency]
				switch {
				case !c.Shown.Has(k.kind):
				case !ok:
					cells = append(cells, "")
				default:
					cells = append(cells, money.Of(sum, currency))
				}
			}
			t.Add(append(cells, currency, missingText(r.Missing))...)
		}
	}
	return t
}

// missingText is the kinds of money that rows have no amount of: "list 3, sell 1".
func missingText(missing map[string]int64) string {
	var parts []string
	for _, kind := range []scope.View{scope.Buy, scope.Sell, scope.List} {
		if n := missing[kind.String()]; n > 0 {
			parts = append(parts, kind.String()+" of "+count(n, "row"))
		}
	}
	return strings.Join(parts, ", ")
}
