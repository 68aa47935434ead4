package invoice

import (
	"context"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// Preview is what one line of one edge comes to in a period, exact and not rounded.
type Preview struct {
	Edge   *org.Edge
	Line   string // its key
	Rows   int64
	Amount money.Amount
}

// PreviewLines rates a state and adds it up to the lines its documents would have, by edge in natural order; nothing
// is kept. A state with other books shows what they would bring.
func PreviewLines(ctx context.Context, rater rating.Rater, s scope.Scope, st *rating.State) ([]Preview, Tally, error) {
	run := newRun(st)
	run.pack = nil
	if err := rater.Rate(ctx, s, st, run.add); err != nil {
		return nil, Tally{}, err
	}
	var out []Preview
	for _, d := range run.order() {
		for _, key := range slices.Sorted(maps.Keys(d.lines)) {
			l := d.lines[key]
			out = append(out, Preview{d.edge, key, l.Rows, money.Of(l.Exact, d.edge.Terms.Currency)})
		}
	}
	return out, run.tally, nil
}
