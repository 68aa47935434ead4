package rating

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// lineRows adds up the rows that may stand behind the statement lines of a state: those of the invoices that the lines are
// of, in whichever month. Rows that are rated anyhow are noted on the way; the others are read at the end.
type lineRows struct {
	st     *State
	noted  map[uint32]bool // batches whose rows are noted, all of them
	behind usage.Behind
	add    map[*usage.Entry]func(cost money.Decimal)
}

func newLineRows(st *State) *lineRows {
	return &lineRows{st: st, noted: map[uint32]bool{}, add: map[*usage.Entry]func(money.Decimal){}}
}

// noteRated says that the rows of the state's period will be noted while they are rated. Where unbilled rows shadow some of
// the incomplete batches, not all rows of those are rated, and so they are read.
func (l *lineRows) noteRated(shadowed bool) {
	for _, b := range l.st.Invoiced {
		l.noted[b.Number] = b.Slot.Period == l.st.Period && (b.Complete || !shadowed)
	}
}

// note takes rows of an entry that cost so much, if the rows of their batch are noted. Rows count and not entries: a
// dictionary also holds entries of rows that were skipped or superseded.
func (l *lineRows) note(batch uint32, e *usage.Entry, cost money.Decimal) {
	if !l.noted[batch] {
		return
	}
	add := l.add[e]
	if add == nil {
		add = l.behind.Of(e)
		l.add[e] = add
	}
	add(cost)
}

// charges are the statement lines of a state without rows behind them, once the rows that were not noted are read.
func (v Rater) charges(ctx context.Context, l *lineRows) ([]charge.Charge, error) {
	if len(l.st.Lines) == 0 {
		return nil, nil
	}
	q := usage.Query{Masks: l.st.InvoicedMasks}
	for _, b := range l.st.Invoiced {
		if b.Slot.Billed && !l.noted[b.Number] {
			q.Batches = append(q.Batches, usage.BatchRef{Load: b.LoadNumber, Batch: b.Number})
		}
	}
	if len(q.Batches) > 0 {
		err := v.sum(ctx, q, Grouping{Columns: l.behind.Columns()}, func(t *Total) error {
			l.behind.Of(t.Entry)(t.Cost)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	list, _, _ := l.st.Charges(&l.behind)
	return list, nil
}

// sum adds rows up by a grouping alone: in memory where they are held, else in the usage store.
func (v Rater) sum(ctx context.Context, q usage.Query, by Grouping, yield func(*Total) error) error {
	if v.Runs != nil {
		one := func(*usage.Entry, *usage.Variant, int, [][]string, int) int { return 0 }
		held, err := v.Runs.Runs(ctx, scope.All(), q, Reading{By: by, Unit: kindOf, Class: one}, func(_ int, t *Total) error { return yield(t) })
		if held || err != nil {
			return err
		}
	}
	return v.Sums.Totals(ctx, scope.All(), q, by, yield)
}
