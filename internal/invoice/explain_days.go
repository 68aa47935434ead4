package invoice

import (
	"cmp"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// amounts are the amounts of a fact; if a number is too long for the fact, which then holds 0, it is looked up.
func (x *explainer) amounts(f usage.Fact) (quantity, cost money.Decimal) {
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

// matches reports whether facts have the number and the amounts of a group.
func (x *explainer) matches(facts []usage.Fact, g Group) bool {
	quantity, cost := g.Quantity, g.Provider.Cost.Value
	if x.document.Preceding != nil { // the groups of a credit note have the opposite sign
		quantity, cost = quantity.Neg(), cost.Neg()
	}
	for _, f := range facts {
		q, c := x.amounts(f)
		quantity, cost = quantity.Sub(q), cost.Sub(c)
	}
	return int64(len(facts)) == g.Rows && quantity.IsZero() && cost.IsZero()
}

// maxTries is how many choices of days are tried before all facts are shown.
const maxTries = 20_000

// onDays finds the days whose facts match a group, or nil: whether rows count is decided by the day.
func (x *explainer) onDays(all []usage.Fact, g Group) []usage.Fact {
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
		if tries++; tries > maxTries || int64(len(chosen)) > g.Rows {
			return nil
		}
		if int64(len(chosen)) == g.Rows {
			if x.matches(chosen, g) {
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
