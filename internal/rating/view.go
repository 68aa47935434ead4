package rating

import (
	"context"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Rows is many rows of a batch, column by column.
type Rows struct {
	Entry, TagSet, Variant []uint32
	Day                    []int32 // days since 1970-01-01
	Quantity, Cost         []money.Fixed
}

// RunStore adds up rows that it holds in memory.
type RunStore interface {
	// Runs adds rows up exactly, per class and group of a grouping, in no particular order, and yields a group in one or
	// more parts. Of a Total it sets the span, the rows, the amounts but Pricing, and what the grouping asks for; the Total is
	// reused. When the rows are not in memory held is false and nothing is yielded.
	Runs(ctx context.Context, s scope.Scope, q usage.Query, r Reading, yield func(class int, t *Total) error) (held bool, err error)
}

// Reading says what rows are added up by.
type Reading struct {
	By    Grouping
	Rated []usage.Column // columns of entries that Class looks at
	Tags  []string       // names of tags whose values Class looks at
	// Unit is what a variant says a unit costs, and one of sixteen kinds: all that Class looks at of variants. It is a function
	// of the variant alone.
	Unit func(v *usage.Variant) (price money.Decimal, kind int)
	// Class numbers what rows in the span are added up with; rows of a class below 0 are left out. It is called once for rows
	// that are alike in everything it looks at, and only when there are such rows.
	Class func(e *usage.Entry, v *usage.Variant, kind int, tags [][]string, span int) int
}

// Viewer is who a view is for.
type Viewer struct {
	Organisation id.Organisation // whose buying and selling is shown
	PerCustomer  bool            // groups of different customers are kept apart
	// Sees says whether a group is shown. It is called once for all usage that is rated the same, before amounts are added up:
	// of the amounts it learns which there are, and of an unresolved or excluded group not the reason.
	Sees func(g *Group) bool
}

// View yields what a viewer sees of Totals, added up further where the viewer cannot distinguish groups: the same
// amounts in fewer groups. A group has those parts of its entry and tags that the grouping asks for, its customer
// where customers are kept apart, and its steps down to the last in which the viewer's organisation buys or sells; it
// is reused. A group may come in several parts. Rows that are not held in memory are added up by the usage store.
func (v Rater) View(ctx context.Context, s scope.Scope, st *State, by Grouping, viewer Viewer, yield func(*Group, *Total) error) error {
	held := false
	if v.Runs != nil {
		var err error
		if held, err = v.viewRuns(ctx, s, st, by, viewer, yield); err != nil {
			return err
		}
	}
	seen := func(g *Group, t *Total) error {
		if !viewer.Sees(g) {
			return nil
		}
		return yield(g, t)
	}
	if held {
		return v.rateCharges(ctx, st, seen)
	}
	return v.Totals(ctx, s, st, by, seen)
}

// viewRuns yields what a viewer sees of usage, if its rows are held in memory.
func (v Rater) viewRuns(ctx context.Context, s scope.Scope, st *State, by Grouping, viewer Viewer, yield func(*Group, *Total) error) (held bool, err error) {
	q, err := v.countedQuery(ctx, st)
	if err != nil {
		return false, err
	}
	a := &aggregator{viewCache: v.Memory.view(st, q), viewer: viewer, q: q, tags: st.tagNames(), known: map[classKey]int{}, signatures: map[string]int{}}
	run := newRun(st, q)
	reading := Reading{By: by, Rated: run.columns(), Tags: a.tags, Unit: kindOf, Class: a.class}
	var g Group
	return v.Runs.Runs(ctx, s, q, reading, func(class int, t *Total) error {
		a.sums[class].fill(&g, run.exchange, t)
		return yield(&g, t)
	})
}

// aggregator finds out which usage may be added up before it is multiplied. Prices are linear: where the steps that a
// viewer sees of two groups do the same arithmetic in the same currencies, the amounts of their sum are the sums of their
// amounts.
type aggregator struct {
	*viewCache
	viewer     Viewer
	q          usage.Query
	tags       []string // that books look at
	known      map[classKey]int
	signatures map[string]int
	sums       []sumClass
}

// classKey is what the class of usage depends on.
type classKey struct {
	*priced
	customer *org.Organisation
}

// sumClass is what the groups of a class have in common.
type sumClass struct {
	Group
	plan *plan // nil when nothing is sold
}

// fill makes the class's group of a total, and reuses the steps of the group that is overwritten.
func (c *sumClass) fill(g *Group, exchange exchanges, t *Total) {
	steps := g.Steps[:0]
	*g = c.Group
	g.Sum, g.Steps = t.Sum, steps
	g.Base = baseOf(g, g.unit, t.BeforeCredit)
	if c.plan != nil {
		c.plan.apply(g, exchange)
	}
	g.Entry = t.Entry
}

// kindOf is the unit price of a variant, and which of its parts there are.
func kindOf(v *usage.Variant) (money.Decimal, int) {
	u := unitOf(v)
	return u.price, u.kind()
}

func (u *unit) kind() (kind int) {
	for i, is := range [...]bool{u.priced, u.rated, u.variant.Covered, u.refund} {
		if is {
			kind |= 1 << i
		}
	}
	return kind
}

// class numbers what usage is added up with, or is -1 for usage that the viewer does not see.
func (a *aggregator) class(e *usage.Entry, v *usage.Variant, kind int, tags [][]string, span int) int {
	found := a.find(usageKey{entry: e, kind: kind, span: span}, v, a.tags, tags)
	g := found.group(e, v)
	g.Span = Span(a.q, span)
	if !a.viewer.Sees(&g) {
		return -1
	}
	x := classKey{priced: found.priced}
	if a.viewer.PerCustomer {
		x.customer = found.customer
	}
	n, ok := a.known[x]
	if ok {
		return n
	}
	u := unitOf(v)
	g.unit, g.Customer, g.Steps = &u, x.customer, nil
	c := sumClass{g, x.plan.visibleTo(a.viewer.Organisation)}
	signature := strings.Join([]string{"", x.billing, x.pricing, strconv.Itoa(x.kind), strconv.FormatBool(x.unresolved != ""), strconv.FormatBool(x.ownUse), c.plan.signature(a.viewer.Organisation)}, "\x00")
	if x.customer != nil {
		signature = x.customer.Key + signature
	}
	if n, ok = a.signatures[signature]; !ok {
		n = len(a.sums)
		a.sums, a.signatures[signature] = append(a.sums, c), n
	}
	a.known[x] = n
	return n
}
