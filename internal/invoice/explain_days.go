package invoice

import (
	"cmp"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// amounts is what a fact stands for: it holds 0 in the place of what is too long for it.
func (x *explaining) amounts(f usage.Fact) (quantity, cost money.Decimal) {
	quantity, cost = f.Quantity.Decimal(), f.Cost.Decimal()
	for _, w := range x.wide[f.Batch][usage.Place{File: f.File, Line: f.Line}] {
		switch w.Column {
		case usage.Quantity:
			quantity = w.Value
		case usage.BillingPreTaxTotal:
			cost = w.Value
		}
	}
	return quantity, cost
}

// comes says whether facts are as many as a group says, and come to what it says.
func (x *explaining) comes(facts []usage.Fact, g Group) bool {
	quantity, cost := g.Quantity, g.Provider.Cost.Value
	if x.document.Preceding != nil { // its groups are turned round
		quantity, cost = quantity.Neg(), cost.Neg()
	}
	for _, f := range facts {
		q, c := x.amounts(f)
		quantity, cost = quantity.Sub(q), cost.Sub(c)
	}
	return int64(len(facts)) == g.Rows && quantity.IsZero() && cost.IsZero()
}

// mostTries is how many choices of days are tried before all of them are shown.
const mostTries = 20_000

// onDays finds the days whose facts come to a group, or nil: rows come to count, and stop, by the day.
func (x *explaining) onDays(all []usage.Fact, g Group) []usage.Fact {
	by := map[period.Date][]usage.Fact{}
	for _, f := range all {
		by[f.Day] = append(by[f.Day], f)
	}
	var days [][]usage.Fact
	for _, d := range by {
		days = append(days, d)
	}
	slices.SortFunc(days, func(a, b []usage.Fact) int { return cmp.Compare(a[0].Day, b[0].Day) })
	tries := 0
	var choose func(from int, chosen []usage.Fact) []usage.Fact
	choose = func(from int, chosen []usage.Fact) []usage.Fact {
		if tries++; tries > mostTries || int64(len(chosen)) > g.Rows {
			return nil
		}
		if int64(len(chosen)) == g.Rows {
			if x.comes(chosen, g) {
				return chosen
			}
			return nil
		}
		for i := from; i < len(days); i++ {
			if found := choose(i+1, slices.Concat(chosen, days[i])); found != nil {
				return found
			}
		}
		return nil
	}
	return choose(0, nil)
}
