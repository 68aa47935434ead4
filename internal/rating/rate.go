package rating

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Rater rates what a usage store holds.
type Rater struct {
	Rows usage.RowStore
	// Sums adds rows up in the usage store: for Totals and View, and to find the rows behind statement lines.
	Sums TotalStore
	// Columns are those that groups have besides the ones that prices and customers depend on. Without any, groups have their
	// whole entry and tags.
	Columns []usage.Column
	// Runs may be nil. It adds up for View the rows that it holds in memory.
	Runs RunStore
	// Memory may be nil. It spares View looking up the same prices again.
	Memory *Memory
}

// Rate yields every group of the state's period: first usage in the order of Sums, then charges in the order of their
// source. The group is reused after yield has returned. Rows outside the sealed batches of the state do not count.
func (v Rater) Rate(ctx context.Context, s scope.Scope, st *State, yield func(*Group) error) error {
	q := st.Query()
	shadowed, err := v.Shadowed(ctx, s, st)
	if err != nil {
		return err
	}
	q.Masks = slices.Concat(q.Masks, shadowed)
	run, rows, lines := newRun(st, q), rowCounts{}, newLineRows(st)
	lines.noteRated(len(shadowed) > 0)
	d := newDictionaries(run, v.Columns)
	return pipe(ctx, yield, func(ctx context.Context, next func() *rated, done func() error) error {
		ctx, stop := context.WithCancel(ctx)
		read := d.read(ctx, v.Rows, s, q.Batches)
		defer func() { stop(); _ = read() }() // the goroutine that reads ends before this returns
		err := v.Rows.Sums(ctx, s, q, func(sum usage.Sum) error {
			if err := read(); err != nil {
				return err
			}
			rows[sum.Batch] += sum.Rows
			r := next()
			r.Sum, r.Span = sum, Span(q, sum.Span)
			if err := d.fill(&r.Group); err != nil {
				return err
			}
			lines.note(sum.Batch, r.Entry, sum.Cost)
			run.usage(&r.Group, run.plan)
			return done()
		})
		if err == nil {
			err = read()
		}
		if err == nil {
			err = rows.check(st, q.Masks)
		}
		if err != nil {
			return err
		}
		charges, err := v.charges(ctx, lines)
		if err != nil {
			return err
		}
		for i := range charges {
			run.charge(&next().Group, &charges[i])
			if err := done(); err != nil {
				return err
			}
		}
		return nil
	})
}
