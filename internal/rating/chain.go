package rating

import (
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// apply prices one group by its plan.
func (p *plan) apply(g *Group, exchange exchanges) {
	bought, month := money.Of(g.Base.Cost, g.Base.Currency), g.Span.Start.Month()
	for i := range p.steps {
		base := g.Base
		base.Cost, base.Currency = bought.Value, bought.Currency
		if p.steps[i].coveredRule { // a rule asks for covered usage, so it does not list at 0 (money-path §4)
			base.List = &g.Base.CostBeforeCredit
		}
		g.Steps = append(g.Steps, Step{Edge: p.steps[i].edge, Rate: p.steps[i].rate, Bought: bought})
		step := &g.Steps[len(g.Steps)-1]
		if reason, ref := step.price(&base, month, exchange); reason != "" {
			g.fail(reason, ref)
			return
		}
		bought = step.Sold
	}
	if p.excluded != nil {
		g.Excluded, g.ExcludedOn = true, p.excluded
	}
	if p.reason != "" {
		g.fail(p.reason, p.ref)
	}
}

// fail leaves the whole group unresolved: in a chain priced halfway, something would be sold that was not bought.
func (g *Group) fail(why Reason, ref string) {
	g.Steps, g.Unresolved, g.Ref = nil, why, ref
}

// price applies the rate of a step and converts the result once into the edge's currency. Whether an exchange rate is
// needed follows from the currencies alone: rows that are not 0 may add up to 0, and whether a row is resolved must not
// depend on what it is added up with.
func (s *Step) price(base *pricing.Base, month period.Month, exchange exchanges) (Reason, string) {
	if s.Rate.Price.Kind == pricing.ListFactor && base.List == nil {
		return MissingList, s.Rate.Rule
	}
	s.Base = pricing.BaseOf(s.Rate.Price, *base)
	amount, err := pricing.Apply(s.Rate.Price, *base)
	if err != nil {
		return MissingList, s.Rate.Rule
	}
	to := s.Edge.Terms.Currency
	if s.Rate.Price.Kind == pricing.Free {
		s.Sold = money.Of(money.Decimal{}, to)
		return "", ""
	}
	if amount.Currency != to {
		s.Exchange = exchange.of(s.Edge, amount.Currency, month)
		if s.Exchange == nil {
			return MissingRate, string(amount.Currency) + "→" + string(to) + " " + month.String()
		}
		amount = money.Of(amount.Value.Mul(s.Exchange[0].Rate), to)
	}
	s.Sold = amount
	return "", ""
}
