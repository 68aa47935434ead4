package invoice

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Preview rates a state and adds it up to the lines its documents would have: per edge and line key the exact amount,
// in the edge's currency and not rounded. Nothing is kept. A state with other books shows what they would bring.
func (v *Service) Preview(ctx context.Context, st *rating.State) (map[*org.Edge]map[string]money.Decimal, Tally, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceRead)
	if err != nil {
		return nil, Tally{}, err
	}
	rater := v.Rater
	rater.Columns = []usage.Column{usage.MeterCategory, usage.ProductName, usage.ResourceGroup} // what lines may be grouped by
	run, edges := newRun(st), map[*org.Edge]map[place]*money.Decimal{}
	err = rater.Rate(ctx, grant.Scope, st, func(g *rating.Group) error {
		run.count(g, max(g.Sum.Rows, 1), money.Of(g.Base.Cost, g.Base.Currency))
		for i := range g.Steps {
			s := &g.Steps[i]
			lines := edges[s.Edge]
			if lines == nil {
				lines = map[place]*money.Decimal{}
				edges[s.Edge] = lines
			}
			at := placeOf(g, s.Edge.Terms.Grouping)
			sum := lines[at]
			if sum == nil {
				sum = &money.Decimal{}
				lines[at] = sum
			}
			*sum = sum.Add(s.Sold.Value)
		}
		if g.Unresolved != "" {
			run.tally.Unresolved += max(g.Sum.Rows, 1)
		}
		return nil
	})
	if err != nil {
		return nil, Tally{}, err
	}
	out := map[*org.Edge]map[string]money.Decimal{}
	for e, lines := range edges {
		out[e] = map[string]money.Decimal{}
		for at, sum := range lines {
			out[e][at.key()] = out[e][at.key()].Add(*sum)
		}
	}
	return out, run.tally, nil
}
