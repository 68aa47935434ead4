package demo

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/cli/billing"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// credit voids one document of a month and bills its usage again, so that the demo has a credit note. What is there is
// left as it is; what was broken off after the voiding is gone on with.
func (d *demo) credit(ctx context.Context, m period.Month) error {
	found, _, err := billing.Documents(ctx, d.api, m.String(), "", "")
	if err != nil {
		return err
	}
	void, stands := map[id.Edge]bool{}, map[id.Edge]bool{}
	for _, v := range found {
		if v.State == invoice.Void {
			void[v.Edge] = true
		} else if v.Answers == "" {
			stands[v.Edge] = true
		}
	}
	if len(void) == 0 {
		v := found[0]
		for _, other := range found { // the last customer's: by order of sellers and numbers
			if other.Kind == invoice.KindInvoice {
				v = other
			}
		}
		reason := map[string]any{"reason": "The purchase order was wrong; a corrected invoice follows.", "on": m.End()}
		if _, err := d.api.Post(ctx, call.Path("invoices", string(v.ID), "void"), reason, nil); err != nil {
			return err
		}
		void[v.Edge] = true
		delete(stands, v.Edge)
	}
	for e := range void {
		if !stands[e] {
			return billing.Close(ctx, d.api, m, m.End(), billing.Unbilled)
		}
	}
	return nil
}
