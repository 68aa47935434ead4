package rating

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// plan is what a key pays on a chain: the rate of each edge, down to the edge that has none or whose rule excludes the
// key. It is the same for every group with the key, so it is looked up once.
type plan struct {
	steps    []planStep
	excluded *org.Edge
	reason   Reason
	ref      string
}

type planStep struct {
	edge        *org.Edge
	rate        pricing.Rate
	coveredRule bool       // the rule is one for covered usage
	fixed       *fixedEdge // what documents fix for the edge, or nil
}

// findPlan looks up the rates along a chain. Pure.
func findPlan(st *State, chain []*org.Edge, key pricing.Key, on period.Date) *plan {
	p := &plan{}
	for _, e := range chain {
		rate, why, ref := st.rate(e, key, on)
		if why != "" {
			p.reason, p.ref = why, ref
			break
		}
		if rate.Price.Kind == pricing.Excluded {
			p.excluded = e
			break
		}
		p.steps = append(p.steps, planStep{e, rate, key.Covered && rate.Rule != "", st.fixed[e.ID]})
	}
	return p
}

// visibleTo is a plan down to the last step in which an organisation buys or sells; nil is nil.
func (p *plan) visibleTo(o id.Organisation) *plan {
	if p == nil {
		return nil
	}
	last := len(p.steps)
	for last > 0 && p.steps[last-1].edge.Seller != o && p.steps[last-1].edge.Buyer != o {
		last--
	}
	return &plan{steps: slices.Clip(p.steps[:last])}
}

// signature writes down what the steps of a plan do, and which of them are the buying and which the selling of an
// organisation: plans of one signature make the same amounts of the same base.
func (p *plan) signature(o id.Organisation) string {
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
				b.WriteString(string(x.From+x.To) + x.Date + " " + x.Rate.String() + " ")
			}
		}
		for _, is := range [...]bool{s.coveredRule, s.edge.Seller == o, s.edge.Buyer == o} {
			b.WriteString(strconv.FormatBool(is))
		}
		b.WriteByte(';')
	}
	return b.String()
}

// exchanges finds exchange rates, and remembers them.
type exchanges struct {
	st    *State
	known map[conversion][]Exchange
}

func newExchanges(st *State) exchanges { return exchanges{st, map[conversion][]Exchange{}} }

// conversion is from a currency into that of an edge. Edges of one currency share it, except where documents fix the
// rates of an edge.
type conversion struct {
	fixed    *fixedEdge
	from, to money.Currency
	month    period.Month
}

// of is the one exchange from a currency into that of an edge in a month, or none when no rate is known.
func (v exchanges) of(e *org.Edge, from money.Currency, month period.Month) []Exchange {
	k := conversion{cmp.Or(v.st.earlier[month][e.ID], v.st.fixed[e.ID]), from, e.Terms.Currency, month}
	list, ok := v.known[k]
	if !ok {
		if x := v.st.exchange(e, from, month); x != nil {
			list = []Exchange{*x}
		}
		v.known[k] = list
	}
	return list
}
