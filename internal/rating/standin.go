package rating

import (
	"context"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// StandIns hides what of incomplete billed batches does not count. Billed rows replace unbilled ones only when they
// are complete (money-path §3); until then the unbilled rows of an entitlement and day stand in for whatever of that
// day the incomplete set has. Billed rows of a day without unbilled ones count.
func (v Rater) StandIns(ctx context.Context, s scope.Scope, st *State) ([]usage.Mask, error) {
	var partial, unbilled []uint32
	for _, b := range st.Batches {
		switch {
		case !b.Slot.Billed:
			unbilled = append(unbilled, b.Number)
		case !b.Complete:
			partial = append(partial, b.Number)
		}
	}
	if len(partial) == 0 || len(unbilled) == 0 {
		return nil, nil
	}
	cells, err := v.Rows.Cells(ctx, s, slices.Concat(partial, unbilled))
	if err != nil {
		return nil, err
	}
	return hidden(st, cells), nil
}

// place is where the billed and the unbilled side of a month meet.
type place struct {
	account     string
	currency    money.Currency
	entitlement string
	day         period.Date
}

// hidden masks each cell of an incomplete billed batch for which an unbilled one counts. Pure.
func hidden(st *State, cells []usage.Cell) (masks []usage.Mask) {
	batches := map[uint32]usage.Batch{}
	for _, b := range st.Batches {
		batches[b.Number] = b
	}
	masked := map[usage.Mask]bool{}
	for _, m := range st.Masks {
		m.Entitlement = strings.ToLower(m.Entitlement)
		masked[m] = true
	}
	at := func(c usage.Cell) place {
		b := batches[c.Batch]
		return place{b.Slot.Account, b.Slot.Currency, strings.ToLower(c.Entitlement), c.Day}
	}
	standing := map[place]bool{}
	for _, c := range cells {
		m := usage.Mask{Batch: c.Batch, Entitlement: strings.ToLower(c.Entitlement), Day: c.Day}
		if !batches[c.Batch].Slot.Billed && !masked[m] {
			standing[at(c)] = true
		}
	}
	for _, c := range cells {
		if b := batches[c.Batch]; b.Slot.Billed && !b.Complete && standing[at(c)] {
			masks = append(masks, usage.Mask{Batch: c.Batch, Entitlement: c.Entitlement, Day: c.Day})
		}
	}
	return masks
}

// notRated are the batches of the invoices that lines are of whose rows are not what is rated now: those of another
// month, and incomplete ones of which unbilled rows stand in for some.
func (st *State) notRated(hidden bool) map[uint32]bool {
	rest := map[uint32]bool{}
	for _, b := range st.Invoiced {
		rest[b.Number] = b.Slot.Period != st.Period || hidden && !b.Complete
	}
	return rest
}

// behind completes what stands behind statement lines, rows of the period as noted, by the rows of other batches.
func (v Rater) behind(ctx context.Context, s scope.Scope, st *State, rest map[uint32]bool, into *usage.Behind) error {
	others := slices.DeleteFunc(slices.Clone(st.Invoiced), func(b usage.Batch) bool { return !rest[b.Number] })
	if len(others) == 0 {
		return nil
	}
	totals, err := usage.ReadControls(ctx, v.Rows, s, others, st.InvoicedMasks)
	if err == nil {
		into.Join(totals.Behind)
	}
	return err
}
