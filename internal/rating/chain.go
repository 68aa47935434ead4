package rating

import (
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// Books finds the book of an edge in force on a day, or nil.
type Books interface {
	On(owner, key string, on period.Date) *pricing.Compiled
}

// walk prices one group along its chain. Pure: it changes nothing but g.
func walk(x *org.Index, books Books, chain []*org.Edge, key pricing.Key, g *Group) {
	on := g.Span.Start
	bought := money.Of(g.Base.Cost, g.Base.Currency)
	for _, e := range chain {
		seller := x.Organisation(e.Seller)
		book := books.On(seller.Key, e.Terms.Book, on)
		if book == nil {
			g.fail(NoBook, seller.Key+"/"+e.Terms.Book)
			return
		}
		rate, ok := book.RateFor(key, on)
		if !ok {
			g.fail(NoRate, seller.Key+"/"+e.Terms.Book)
			return
		}
		if rate.Price.Kind == pricing.Excluded {
			g.Excluded, g.ExcludedOn = true, e
			return
		}
		base := g.Base
		base.Cost, base.Currency = bought.Value, bought.Currency
		if key.Covered && rate.Rule != "" { // a rule asks for covered usage, so it does not list at 0 (money-path §4)
			base.List = &g.Base.CostBeforeCredit
		}
		step, reason, ref := price(x, e, rate, base, g.Span.Start.Month())
		if reason != "" {
			g.fail(reason, ref)
			return
		}
		g.Steps = append(g.Steps, step)
		bought = step.Sold
	}
}

// fail leaves the whole group unresolved: a chain priced halfway would sell what was not bought.
func (g *Group) fail(why Reason, ref string) {
	g.Steps, g.Unresolved, g.Ref = nil, why, ref
}

// price applies one rate on one edge and converts the result once into the edge's currency. Whether an exchange rate is
// needed follows from the currencies alone: a sum of 0 may hide rows that are not, and they must not be resolved by
// what they happen to be added up with.
func price(x *org.Index, e *org.Edge, rate pricing.Rate, base pricing.Base, month period.Month) (Step, Reason, string) {
	step := Step{Edge: e, Rate: rate, Bought: money.Of(base.Cost, base.Currency)}
	if rate.Price.Kind == pricing.ListFactor && base.List == nil {
		return step, MissingList, rate.Rule
	}
	step.Base = pricing.BaseOf(rate.Price, base)
	amount, err := pricing.Apply(rate.Price, base)
	if err != nil {
		return step, MissingList, rate.Rule
	}
	if rate.Price.Kind == pricing.Free {
		step.Sold = money.Of(money.Decimal{}, e.Terms.Currency)
		return step, "", ""
	}
	if amount.Currency != e.Terms.Currency {
		r := x.Rate(amount.Currency, e.Terms.Currency, month)
		if r == nil {
			return step, MissingRate, string(amount.Currency) + "→" + string(e.Terms.Currency) + " " + month.String()
		}
		step.Exchange = append(step.Exchange, Exchange{r.From, r.To, r.Value, month.String(), r.Source, r.Rule})
		amount = money.Of(amount.Value.Mul(r.Value), e.Terms.Currency)
	}
	step.Sold = amount
	return step, "", ""
}
