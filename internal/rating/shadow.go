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

// Shadowed masks the rows of incomplete billed batches that do not count. Billed rows replace unbilled ones only when
// they are complete (money-path §3). Until then the unbilled rows of an entitlement and day count, and shadow all billed
// rows of that day; billed rows of a day without unbilled ones count.
func (v Rater) Shadowed(ctx context.Context, s scope.Scope, st *State) ([]usage.Mask, error) {
	var incomplete, unbilled []uint32
	for _, b := range st.Batches {
		switch {
		case !b.Slot.Billed:
			unbilled = append(unbilled, b.Number)
		case !b.Complete:
			incomplete = append(incomplete, b.Number)
		}
	}
	if len(incomplete) == 0 || len(unbilled) == 0 {
		return nil, nil
	}
	cells, err := v.Rows.Cells(ctx, s, slices.Concat(incomplete, unbilled))
	if err != nil {
		return nil, err
	}
	return shadowedCells(st, cells), nil
}

// entitlementDay is where the billed and the unbilled side of a month meet.
type entitlementDay struct {
	account     string
	currency    money.Currency
	entitlement string
	day         period.Date
}

// shadowedCells masks each cell of an incomplete billed batch that an unbilled one shadows. Pure.
func shadowedCells(st *State, cells []usage.Cell) (masks []usage.Mask) {
	batches := map[uint32]usage.Batch{}
	for _, b := range st.Batches {
		batches[b.Number] = b
	}
	masked := map[usage.Mask]bool{}
	for _, m := range st.Masks {
		m.Entitlement = strings.ToLower(m.Entitlement)
		masked[m] = true
	}
	at := func(c usage.Cell) entitlementDay {
		b := batches[c.Batch]
		return entitlementDay{b.Slot.Account, b.Slot.Currency, strings.ToLower(c.Entitlement), c.Day}
	}
	unbilled := map[entitlementDay]bool{}
	for _, c := range cells {
		m := usage.Mask{Batch: c.Batch, Entitlement: strings.ToLower(c.Entitlement), Day: c.Day}
		if !batches[c.Batch].Slot.Billed && !masked[m] {
			unbilled[at(c)] = true
		}
	}
	for _, c := range cells {
		if b := batches[c.Batch]; b.Slot.Billed && !b.Complete && unbilled[at(c)] {
			masks = append(masks, usage.Mask{Batch: c.Batch, Entitlement: c.Entitlement, Day: c.Day})
		}
	}
	return masks
}
