package rating

import (
	"context"
	"slices"

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

// Total is the exact totals of what a grouping does not distinguish within a span. Totals of equal texts share Entry,
// Variant and Tags. These hold nothing else: a variant its price, its exchange rate and whether it is covered,
// reversed or unlisted; tags, for each name, the values of the pairs that have it, mostly one.
type Total struct {
	Entry   *usage.Entry
	Variant *usage.Variant
	Tags    [][]string
	Day     period.Date // 0 unless daily
	usage.Sum

	BeforeCredit money.Decimal // the quantities at their unit prices; only a RunStore sets it
}

// TotalStore adds rows up in a usage store.
type TotalStore interface {
	// Totals adds rows exactly per group of a grouping, in no particular order. Of a Total it sets the span, the rows and
	// the amounts but Pricing.
	Totals(ctx context.Context, s scope.Scope, q usage.Query, by Grouping, yield func(*Total) error) error
}

// Totals yields the state's period as Rate does, added up by a grouping before it is multiplied: the same amounts to the
// last digit, in fewer groups. A group has those parts of its entry, variant and tags that the grouping asks for or prices
// depend on; it is reused after yield has returned, and its total is nil for charges. Which rows count is decided by the
// whole state, and of these the rows in the scope are added up. All charges are yielded, whatever the scope: their lines are
// of no place, and the caller decides who may see them.
func (v Rater) Totals(ctx context.Context, s scope.Scope, st *State, by Grouping, yield func(*Group, *Total) error) error {
	q, err := v.countedQuery(ctx, st)
	if err != nil {
		return err
	}
	run := newRun(st, q)
	by.Columns = run.columns(by.Columns...)
	books := st.tagNames()
	by.Tags = slices.Concat(by.Tags, books)
	classes, units := map[*usage.Entry]*priceClass{}, map[*usage.Variant]*unit{}
	var g Group
	err = v.Sums.Totals(ctx, s, q, by, func(t *Total) error {
		g = Group{Sum: t.Sum, Entry: t.Entry, Variant: t.Variant, Span: Span(q, t.Span), Steps: g.Steps[:0]}
		if g.class = classes[t.Entry]; g.class == nil {
			g.class = &priceClass{entry: *t.Entry}
			classes[t.Entry] = g.class
		}
		if g.unit = units[t.Variant]; g.unit == nil {
			u := unitOf(t.Variant)
			g.unit, units[t.Variant] = &u, &u
		}
		g.pick(books, t.Tags[len(by.Tags)-len(books):])
		run.usage(&g, run.plan)
		return yield(&g, t)
	})
	if err != nil {
		return err
	}
	return v.rateCharges(ctx, st, yield)
}

// rateCharges yields the state's charges, rated.
func (v Rater) rateCharges(ctx context.Context, st *State, yield func(*Group, *Total) error) error {
	charges, err := v.charges(ctx, newLineRows(st))
	if err != nil || len(charges) == 0 {
		return err
	}
	run := newRun(st, usage.Query{})
	for i := range charges {
		var g Group
		run.charge(&g, &charges[i])
		if err := yield(&g, nil); err != nil {
			return err
		}
	}
	return nil
}

// countedQuery is the query for the rows that count.
func (v Rater) countedQuery(ctx context.Context, st *State) (usage.Query, error) {
	q := st.Query()
	shadowed, err := v.Shadowed(ctx, scope.All(), st)
	q.Masks = slices.Concat(q.Masks, shadowed)
	return q, err
}

// TagOf is the value of one of the first names a grouping asked for, "" without one; of two pairs that differ in the
// letters of their name the first counts.
func (t *Total) TagOf(name int) (value string, tagged bool) {
	if len(t.Tags[name]) == 0 {
		return "", false
	}
	return t.Tags[name][0], true
}
