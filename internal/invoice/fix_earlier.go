package invoice

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// FixEarlier records, once, what documents of earlier builds fix for their edges and months: the terms their edges
// have now, and the currency and exchange rates that they name. The installation calls it; it checks no caller.
func (v *Service) FixEarlier(ctx context.Context, terms TermsStore) error {
	var list []id.Invoice
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		list, err = terms.Unfixed(ctx, r, scope.All())
		return err
	})
	if err != nil || len(list) == 0 {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		states := map[period.Month]*rating.State{}
		for _, one := range list {
			d, err := v.Store.Get(ctx, t, scope.All(), one)
			if err != nil {
				return err
			}
			if states[d.Period] == nil {
				if states[d.Period], err = v.Reader.Read(ctx, t, scope.All(), d.Period); err != nil {
					return err
				}
			}
			st := states[d.Period]
			e := st.Index.Edge(d.Edge)
			if e == nil {
				continue // the world no longer has the edge: no document can be made on it
			}
			f := st.FixedBy(e, d.Exchange, st.Query().Cuts)
			f.Currency, d.Fixed = d.Currency, &f
			if err := terms.Fix(ctx, t, scope.All(), d); err != nil {
				return err
			}
		}
		return nil
	})
}
