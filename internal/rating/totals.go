package rating

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Grouping is what totals of usage are kept apart by, besides the price variant: columns of entries, the values of
// tags (whose names are the same in any letters), and days.
type Grouping struct {
	Columns []usage.Column
	Tags    []string
	Daily   bool
}

// Total is the exact totals of what a grouping does not tell apart within a span. Totals of equal texts share Entry,
// Variant and Tags, which hold nothing else: of a variant its price, its exchange rate and whether it is covered, reversed or unlisted; of
// tags, for each name, the values of the pairs that have it, mostly one.
type Total struct {
	Entry   *usage.Entry
	Variant *usage.Variant
	Tags    [][]string
	Day     period.Date // 0 unless daily
	usage.Sum

	BeforeCredit money.Decimal // the quantities at their unit prices; a RunStore alone sets it
}

// TotalStore adds up what a usage store holds for views, in the store.
type TotalStore interface {
	// Totals adds rows exactly per group of a grouping, in no particular order. Of a Total it sets the span, the rows and
	// the amounts but Pricing.
	Totals(ctx context.Context, s scope.Scope, q usage.Query, by Grouping, yield func(*Total) error) error
}

// Totals yields the state's period as Rate does, added up by a grouping before it is multiplied: the same amounts to the
// last digit, in fewer groups. A group has of its entry, variant and tags what the grouping asks for and what prices
// depend on, and is reused after yield has returned; total is nil for charges. Which rows count is decided by the whole
// state; of those, the scope's are added up. Charges come whole, for their lines belong to no place: who yields them to
// somebody looks whose they are.
func (v Rater) Totals(ctx context.Context, s scope.Scope, st *State, by Grouping, yield func(*Group, *Total) error) error {
	q, err := v.counting(ctx, st)
	if err != nil {
		return err
	}
	run := newRun(st, q)
	by.Columns = run.priced(by.Columns)
	books := st.tagNames()
	by.Tags = slices.Concat(by.Tags, books)
	kins, units := map[*usage.Entry]*kin{}, map[*usage.Variant]*unit{}
	var g Group
	err = v.Sums.Totals(ctx, s, q, by, func(t *Total) error {
		g = Group{Sum: t.Sum, Entry: t.Entry, Variant: t.Variant, Span: Span(q, t.Span), Steps: g.Steps[:0]}
		if g.kin = kins[t.Entry]; g.kin == nil {
			g.kin = &kin{entry: *t.Entry}
			kins[t.Entry] = g.kin
		}
		if g.unit = units[t.Variant]; g.unit == nil {
			u := unitOf(t.Variant)
			g.unit, units[t.Variant] = &u, &u
		}
		g.pick(books, t.Tags[len(by.Tags)-len(books):])
		run.usage(&g)
		return yield(&g, t)
	})
	if err != nil {
		return err
	}
	return v.rateCharges(ctx, st, run, yield)
}

// rateCharges yields the state's charges, rated.
func (v Rater) rateCharges(ctx context.Context, st *State, run *run, yield func(*Group, *Total) error) error {
	charges, err := v.charges(ctx, st)
	for i := range charges {
		var g Group
		if run.charge(&g, &charges[i]); err == nil {
			err = yield(&g, nil)
		}
	}
	return err
}

// counting is the query for the rows that count.
func (v Rater) counting(ctx context.Context, st *State) (usage.Query, error) {
	q := st.Query()
	hidden, err := v.StandIns(ctx, scope.All(), st)
	q.Masks = slices.Concat(q.Masks, hidden)
	return q, err
}

// priced is columns with those that prices and customers depend on.
func (r *run) priced(more []usage.Column) []usage.Column {
	need := r.needs()
	for _, c := range more {
		need[c] = true
	}
	list := []usage.Column{}
	for c := range usage.NumColumns {
		if need[c] {
			list = append(list, c)
		}
	}
	return list
}

// charges are the lines of the state that no daily rows stand behind.
func (v Rater) charges(ctx context.Context, st *State) ([]charge.Charge, error) {
	if len(st.Lines) == 0 {
		return nil, nil
	}
	q := usage.Query{Masks: st.InvoicedMasks}
	for _, b := range st.Invoiced {
		if b.Slot.Billed {
			q.Batches = append(q.Batches, usage.BatchRef{Load: b.LoadNumber, Batch: b.Number})
		}
	}
	var behind usage.Behind
	by := Grouping{Columns: behind.Columns()}
	note := func(t *Total) error {
		behind.Of(t.Entry)(t.Cost)
		return nil
	}
	held, err := false, error(nil)
	if v.Runs != nil {
		any := func(*usage.Entry, *usage.Variant, int, [][]string, int) int { return 0 }
		held, err = v.Runs.Runs(ctx, scope.All(), q, Reading{By: by, Unit: kindOf, Class: any}, func(_ int, t *Total) error { return note(t) })
	}
	if !held && err == nil {
		err = v.Sums.Totals(ctx, scope.All(), q, by, note)
	}
	list, _, _ := st.Charges(&behind)
	return list, err
}

// TagOf is the value of one of the first names a grouping asked for, "" without one; of two pairs that differ in the
// letters of their name the first counts.
func (t *Total) TagOf(name int) (value string, tagged bool) {
	if len(t.Tags[name]) == 0 {
		return "", false
	}
	return t.Tags[name][0], true
}
