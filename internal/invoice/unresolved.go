package invoice

import (
	"cmp"
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Unresolved is the worklist of a period: what found no customer, chain, rule or rate, by reason. It stores nothing.
func (v *Service) Unresolved(ctx context.Context, p period.Month) ([]Unresolved, error) {
	grant, err := v.Access.Require(ctx, access.UnresolvedFix)
	if err != nil {
		return nil, err
	}
	var st *rating.State
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		st, err = v.Reader.Read(ctx, r, grant.Scope, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	run := newRun(st)
	err = v.Rater.Rate(ctx, grant.Scope, st, func(g *rating.Group) error {
		if g.Unresolved == "" {
			return nil
		}
		return run.add(g)
	})
	return run.worklist(), err
}

// worklist lists what could not be rated, by reason.
func (r *run) worklist() []Unresolved {
	out := []Unresolved{}
	for _, u := range r.open {
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b Unresolved) int { return cmp.Compare(a.Reason, b.Reason) })
	return out
}
