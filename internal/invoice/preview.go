package invoice

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/rating"
)

// Preview rates a state and adds it up to the lines its documents would have: per edge and line key the exact amount,
// in the edge's currency and not rounded. Nothing is kept. A state with other books shows what they would bring.
func (v *Service) Preview(ctx context.Context, st *rating.State) (map[*org.Edge]map[string]money.Decimal, Tally, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceRead)
	if err != nil {
		return nil, Tally{}, err
	}
	run := newRun(st)
	run.pack = nil
	if err := v.Rater.Rate(ctx, grant.Scope, st, run.add); err != nil {
		return nil, Tally{}, err
	}
	out := map[*org.Edge]map[string]money.Decimal{}
	for _, d := range run.edges {
		lines := make(map[string]money.Decimal, len(d.lines))
		for key, l := range d.lines {
			lines[key] = l.Exact
		}
		out[d.edge] = lines
	}
	return out, run.tally, nil
}
