package rating

import (
	"context"
	"slices"
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

// RunStore adds up what it holds in memory.
type RunStore interface {
	// Runs adds rows exactly per class and group of a grouping, in no particular order, and a group may come in several
	// parts. Of a Total it sets the span, the rows, the amounts but Pricing, and what the grouping asks for; it is reused.
	// It is not held, and nothing is yielded, when the rows are not in memory.
	Runs(ctx context.Context, s scope.Scope, q usage.Query, r Reading, yield func(class int, t *Total) error) (held bool, err error)
}

// Reading says what rows are added up by.
type Reading struct {
	By    Grouping
	Rated []usage.Column // what Class looks at of entries
	Tags  []string       // and the names of tags whose values it does
	// Unit is what a variant says a unit costs, and one of sixteen kinds: all that Class looks at of variants. It is the same
	// whoever asks.
	Unit func(v *usage.Variant) (price money.Decimal, kind int)
	// Class is what rows in the span are added up with; below 0 they are left out. It is asked once for what is alike, and
	// only when there are rows.
	Class func(e *usage.Entry, v *usage.Variant, kind int, tags [][]string, span int) int
}

// Eye is with whom somebody looks at what is rated.
type Eye struct {
	Of        id.Organisation // whose buying and selling they look at
	Customers bool            // customers are kept apart
	// Sees says whether they look at a group. It is asked once for all usage that is rated alike, before it was added up:
	// amounts are not known yet, only which there are, and of what is unresolved or excluded not why.
	Sees func(g *Group) bool
}

// View yields what an eye sees of Totals, added up further where rating cannot tell apart what is seen: the same
// amounts in fewer groups. A group has of its entry and tags what the grouping asks for, its customer where customers are
// kept apart, and of its steps those down to the last in which the eye's organisation buys or sells; it is reused. A group
// may come in several parts.
func (v Rater) View(ctx context.Context, s scope.Scope, st *State, by Grouping, eye Eye, yield func(*Group, *Total) error) error {
	if v.Runs == nil {
		return v.Totals(ctx, s, st, by, eye.only(yield))
	}
	q, err := v.counting(ctx, st)
	if err != nil {
		return err
	}
	m := &merging{findings: v.Memory.of(st, q), eye: eye, q: q, books: st.tagNames(), known: map[seenAs]int{}, signs: map[string]int{}}
	run := newRun(st, q)
	reading := Reading{By: by, Rated: run.priced(nil), Tags: m.books, Unit: kindOf, Class: m.class}
	var g Group
	held, err := v.Runs.Runs(ctx, s, q, reading, func(class int, t *Total) error {
		m.classes[class].fill(&g, run.exchange, t)
		return yield(&g, t)
	})
	if err != nil {
		return err
	}
	if !held {
		return v.Totals(ctx, s, st, by, eye.only(yield))
	}
	return v.rateCharges(ctx, st, run, eye.only(yield))
}

// only passes on what the eye sees.
func (e Eye) only(yield func(*Group, *Total) error) func(*Group, *Total) error {
	return func(g *Group, t *Total) error {
		if !e.Sees(g) {
			return nil
		}
		return yield(g, t)
	}
}

// merging finds out what of usage may be added up before it is multiplied: prices are linear, so groups whose steps, as
// far as somebody sees them, do the same arithmetic in the same currencies have as their amounts those of their sum.
type merging struct {
	*findings
	eye     Eye
	q       usage.Query
	books   []string
	known   map[seenAs]int
	signs   map[string]int
	classes []merged
}

// seenAs is what a class depends on.
type seenAs struct {
	*paying
	customer *org.Organisation
}

// merged is a class: what its groups have in common.
type merged struct {
	Group
	plan *plan // nil when nothing is sold
}

// fill makes the class's group of a total, in the room of another.
func (c *merged) fill(g *Group, exchange exchanges, t *Total) {
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

func (m *merging) class(e *usage.Entry, v *usage.Variant, kind int, tags [][]string, span int) int {
	found := m.find(alike{entry: e, kind: kind, span: span}, v, m.books, tags)
	g := found.group(e, v)
	g.Span = Span(m.q, span)
	if !m.eye.Sees(&g) {
		return -1
	}
	x := seenAs{paying: found.paying}
	if m.eye.Customers {
		x.customer = found.customer
	}
	n, ok := m.known[x]
	if ok {
		return n
	}
	u := unitOf(v)
	g.unit, g.Customer, g.Steps = &u, x.customer, nil
	c := merged{g, x.plan.seenBy(m.eye.Of)}
	sign := strings.Join([]string{"", x.billing, x.pricing, strconv.Itoa(x.kind), strconv.FormatBool(x.unresolved != ""), strconv.FormatBool(x.ownUse), c.plan.sign(m.eye.Of)}, "\x00")
	if x.customer != nil {
		sign = x.customer.Key + sign
	}
	if n, ok = m.signs[sign]; !ok {
		n = len(m.classes)
		m.classes, m.signs[sign] = append(m.classes, c), n
	}
	m.known[x] = n
	return n
}

// seenBy is a plan down to the last step in which an organisation buys or sells; nil is nil.
func (p *plan) seenBy(of id.Organisation) *plan {
	if p == nil {
		return nil
	}
	last := len(p.steps)
	for last > 0 && p.steps[last-1].edge.Seller != of && p.steps[last-1].edge.Buyer != of {
		last--
	}
	return &plan{steps: slices.Clip(p.steps[:last])}
}

// sign writes down what the steps of a plan do, and which of them are the buying and which the selling of an
// organisation, so that plans of one sign make the same amounts of the same base.
func (p *plan) sign(of id.Organisation) string {
	if p == nil {
		return "nothing"
	}
	var b strings.Builder
	for i := range p.steps {
		s := &p.steps[i]
		x := &s.rate.Price
		for _, part := range [...]string{string(x.Kind), x.Factor.String(), x.Unit.String(), string(x.Currency), string(s.edge.Terms.Currency)} {
			b.WriteString(part)
			b.WriteByte(' ')
		}
		if f := s.fixed; f != nil { // edges of one currency may convert at other rates
			for _, x := range f.Exchange {
				b.WriteString(string(x.From) + x.Date + " " + x.Rate.String() + " ")
			}
		}
		for _, is := range [...]bool{s.asked, s.edge.Seller == of, s.edge.Buyer == of} {
			b.WriteString(strconv.FormatBool(is))
		}
		b.WriteByte(';')
	}
	return b.String()
}
