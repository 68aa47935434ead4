package billing

import (
	"context"
	"fmt"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/cost"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// Cost is what there is for what usage costs.
type Cost struct {
	List listCosts `cmd:"" help:"Show what a month's usage costs, by any grouping, at the prices you may see."`
}

type listCosts struct {
	Period   string   `required:"" placeholder:"YYYY-MM" help:"The month."`
	Customer string   `placeholder:"KEY" help:"Only this customer's."`
	At       string   `placeholder:"@KEY/…" help:"Show it as the customer's own people see it, at @KEY, @KEY/SUBSCRIPTION or @KEY/SUBSCRIPTION/GROUP."`
	By       []string `placeholder:"WHAT" help:"customer, day, subscription, subscription_name, resource_group, resource, location, service, meter, product, charge_type, reservation, tag:KEY; several with commas between."`
	command.Shown
}

// Help is the long help.
func (listCosts) Help() string {
	return `Amounts are exact and come from the usage imported so far: they are what would be invoiced if the month were billed now.
Prices that you may not see are left out. The last column counts rows whose amount is not known.

  purveyor cost list --period 2026-09 --by customer,service
  purveyor cost list --period 2026-09 --customer c0001 --by subscription,tag:env -o csv`
}

// Run lists costs.
func (c *listCosts) Run(ctx context.Context, e *command.Env) error {
	q := call.Query("period", c.Period, "customer", c.Customer, "at", c.At, "by", strings.Join(c.By, ","))
	return command.Get(ctx, e, c.Shown, "/costs", q, func(out cost.Costs) *table.Table {
		if out.State == cost.Nothing {
			e.Note("nothing has been imported for %s", out.Period)
		}
		if len(out.OwnUse) > 0 {
			e.Note("%s of the cost is own use, which is sold to nobody", table.Sums(out.OwnUse))
		}
		return costTable(out)
	})
}

// kinds are the kinds of money with where a row has them.
var kinds = [...]struct {
	kind scope.View
	of   func(*cost.Row) money.Totals
}{
	{scope.Cost, func(r *cost.Row) money.Totals { return r.Cost }}, {scope.Buy, func(r *cost.Row) money.Totals { return r.Buy }},
	{scope.Sell, func(r *cost.Row) money.Totals { return r.Sell }}, {scope.List, func(r *cost.Row) money.Totals { return r.List }},
}

// costTable has a line for each group and currency: sums of different ones do not meet.
func costTable(c cost.Costs) *table.Table {
	heads := append([]string{}, c.By...)
	for _, k := range kinds {
		if c.Shown.Has(k.kind) {
			heads = append(heads, ">"+k.kind.String())
		}
	}
	t := table.New(append(heads, "currency", ">not known")...).Titled("%s, %s", c.Period, strings.ReplaceAll(string(c.State), "_", " "))
	for i := range c.Rows {
		r := &c.Rows[i]
		for _, currency := range currencies(r) {
			var cells []any
			for _, d := range c.By {
				cells = append(cells, r.Group[d])
			}
			for _, k := range kinds {
				if sum, ok := k.of(r)[currency]; ok {
					cells = append(cells, money.Of(sum, currency))
				} else if c.Shown.Has(k.kind) {
					cells = append(cells, "")
				}
			}
			t.Add(append(cells, currency, missingText(r.Missing))...)
		}
	}
	return t
}

// currencies are those of a row; "" when no amount of it is known.
func currencies(r *cost.Row) []money.Currency {
	every := money.Totals{}
	for _, k := range kinds {
		for c := range k.of(r) {
			every[c] = money.Decimal{}
		}
	}
	if len(every) == 0 {
		return []money.Currency{""}
	}
	return every.Currencies()
}

// missingText is the kinds of money that rows have no amount of: "sell of 1, list of 3".
func missingText(missing map[string]int64) string {
	var parts []string
	for _, kind := range []scope.View{scope.Buy, scope.Sell, scope.List} {
		if n := missing[kind.String()]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s of %d", kind, n))
		}
	}
	return strings.Join(parts, ", ")
}
