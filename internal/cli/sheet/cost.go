package sheet

import (
	"fmt"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/cost"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// kinds are the kinds of money with where a row has them.
var kinds = [...]struct {
	kind scope.View
	of   func(*cost.Row) money.Totals
}{
	{scope.Cost, func(r *cost.Row) money.Totals { return r.Cost }}, {scope.Buy, func(r *cost.Row) money.Totals { return r.Buy }},
	{scope.Sell, func(r *cost.Row) money.Totals { return r.Sell }}, {scope.List, func(r *cost.Row) money.Totals { return r.List }},
}

// Costs has a line for each group and currency: sums of different ones do not meet.
func Costs(c cost.Costs) *table.Table {
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
