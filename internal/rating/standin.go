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

// backed says which statement lines have daily rows behind them: rows of the period, as noted, and rows of their
// invoices that are of another month or do not count now.
func (v Rater) backed(ctx context.Context, s scope.Scope, st *State, d *dictionaries, hidden bool) (func(usage.Control) bool, error) {
	noted := func(c usage.Control) bool { return d.behind[c] }
	rest := slices.DeleteFunc(slices.Clone(st.Invoiced), func(b usage.Batch) bool {
		return b.Slot.Period == st.Period && (b.Complete || !hidden)
	})
	if len(rest) == 0 {
		return noted, nil
	}
	totals, err := usage.ReadControls(ctx, v.Rows, s, rest, st.InvoicedMasks)
	if err != nil {
		return nil, err
	}
	more := totals.Backed()
	return func(c usage.Control) bool { return noted(c) || more(c) }, nil
}
