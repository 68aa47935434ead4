package rating

import (
	"slices"
	"strings"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Memory keeps what views found out of the states they looked at last: whose usage is, and what it pays. It is kept by
// the digest of the state, which names all that this depends on; so it is never out of date. The zero Memory is empty.
type Memory struct {
	mu    sync.Mutex
	known []*findings // the one looked at last in front
}

// How many states are remembered, and how much usage that is rated alike of each.
const (
	manyStates   = 2
	manyFindings = 1 << 17
)

// of is what is known of a state.
func (m *Memory) of(st *State, q usage.Query) *findings {
	if m == nil {
		return &findings{run: newRun(st, q)}
	}
	digest := st.Digest()
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.known, func(f *findings) bool { return f.digest == digest })
	if at < 0 {
		at, m.known = 0, slices.Insert(m.known, 0, &findings{digest: digest, run: newRun(st, q)})
		m.known = m.known[:min(len(m.known), manyStates)]
	}
	f := m.known[at]
	m.known = slices.Insert(slices.Delete(m.known, at, at+1), 0, f)
	return f
}

// findings are what is known of one state.
type findings struct {
	digest string

	mu    sync.Mutex // of what follows
	run   *run
	kins  map[*usage.Entry]*kin
	all   map[alike]finding
	paid  map[likeness]*paying
	plans map[string]*plan
}

// alike is usage that is rated alike. Entry and tags are the same for equal texts, as long as somebody holds them.
type alike struct {
	entry *usage.Entry
	tags  *[]string
	kind  int
	span  int
}

// finding is whose such usage is, and what it pays.
type finding struct {
	customer *org.Organisation
	*paying
}

// paying is what usage pays whose plan and currencies are the same; its amounts are of nothing.
type paying struct {
	likeness
	base       pricing.Base
	steps      []Step
	unresolved Reason
}

// likeness is all that the amounts of usage depend on.
type likeness struct {
	plan             *plan // nil when nothing is sold
	unresolved       Reason
	ownUse           bool
	billing, pricing string
	kind             int
}

// find is the finding of usage.
func (f *findings) find(x alike, v *usage.Variant, books []string, tags [][]string) finding {
	if len(tags) > 0 {
		x.tags = &tags[0]
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	found, ok := f.all[x]
	if ok {
		return found
	}
	if f.all == nil || len(f.all) == manyFindings {
		f.kins, f.all = map[*usage.Entry]*kin{}, map[alike]finding{}
		f.paid, f.plans = map[likeness]*paying{}, map[string]*plan{}
		f.run = newRun(f.run.st, f.run.q)
	}
	u := unitOf(v)
	g := Group{Entry: x.entry, Variant: v, Span: Span(f.run.q, x.span), unit: &u}
	if g.kin = f.kins[x.entry]; g.kin == nil {
		g.kin = &kin{entry: *x.entry}
		f.kins[x.entry] = g.kin
	}
	g.pick(books, tags)
	found = finding{paying: f.pays(&g)}
	found.customer = g.Customer
	f.all[x] = found
	return found
}

// pays finds a group's customer, and what it pays.
func (f *findings) pays(g *Group) *paying {
	f.run.usage(g)
	x := likeness{unresolved: g.Unresolved, ownUse: g.OwnUse, billing: g.Entry[usage.BillingCurrency], pricing: g.Entry[usage.PricingCurrency], kind: g.unit.kind()}
	if g.Unresolved == "" && !g.OwnUse {
		x.plan = f.same(f.run.plan(g))
	}
	p := f.paid[x]
	if p == nil {
		p = &paying{likeness: x, base: baseOf(g, g.unit, money.Decimal{}), steps: slices.Clone(g.Steps), unresolved: g.Unresolved}
		f.paid[x] = p
	}
	return p
}

// same is the plan that was found first of those that do the same on the same edges.
func (f *findings) same(p *plan) *plan {
	var key strings.Builder
	for i := range p.steps {
		key.WriteString(string(p.steps[i].edge.ID) + " ")
	}
	key.WriteString(p.sign(""))
	if first := f.plans[key.String()]; first != nil {
		return first
	}
	f.plans[key.String()] = p
	return p
}

// group is the finding as a group without amounts.
func (x *finding) group(e *usage.Entry, v *usage.Variant) Group {
	return Group{Entry: e, Variant: v, Customer: x.customer, Base: x.base, Steps: x.steps, OwnUse: x.ownUse, Unresolved: x.unresolved}
}
