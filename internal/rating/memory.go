package rating

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Memory keeps the plans that views looked up, so that the next view need not look them up again. A plan is kept by
// everything it was found from: the edges down to the customer with their terms, the versions of their price books,
// what issued documents fix for them, and those texts of the usage that rules of these books look at. So nothing kept
// is ever out of date, and a change of an organisation, edge or book that a plan was not found from leaves it in use.
// Exchange rates are not kept: they are applied again. The zero Memory is empty; it may be used by several
// goroutines.
type Memory struct {
	mu              sync.Mutex
	views           []*viewCache // of the states that were viewed last, the last one in front
	sales           map[string]*sale
	plans           map[planKey]*plan
	computed, reuse int
}

// How many states have a viewCache, and how many results each of them keeps; a Memory keeps as many plans.
const (
	maxViews   = 2
	maxResults = 1 << 17
)

// Counts is how many plans were looked up in price books, and how often one that was kept was used instead.
func (m *Memory) Counts() (computed, reused int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.computed, m.reuse
}

// view is the cache of a state: the one there is if a state of the same inputs was viewed before.
func (m *Memory) view(st *State, q usage.Query) *viewCache {
	if m == nil {
		m = &Memory{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.views, func(c *viewCache) bool { return c.run.st.sameInputs(st) })
	if at < 0 {
		at, m.views = 0, slices.Insert(m.views, 0, &viewCache{memory: m, run: newRun(st, q)})
		m.views = m.views[:min(len(m.views), maxViews)]
	}
	c := m.views[at]
	m.views = slices.Insert(slices.Delete(m.views, at, at+1), 0, c)
	return c
}

// sameInputs says whether the usage of two states of one month has the same customers and prices.
func (st *State) sameInputs(o *State) bool {
	return st.Period == o.Period && slices.Equal(st.Published, o.Published) && slices.Equal(st.Resolver.Resolutions, o.Resolver.Resolutions) &&
		slices.EqualFunc(st.issued, o.issued, sameFixed) && st.whole.SamePrices(o.whole)
}

func sameFixed(a, b Fixed) bool {
	return a.Edge == b.Edge && a.Book == b.Book && a.Grouping == b.Grouping && a.Currency == b.Currency &&
		slices.Equal(a.Books, b.Books) && slices.EqualFunc(a.Earlier, b.Earlier, sameFixedBook) && slices.Equal(a.Cuts, b.Cuts) && slices.EqualFunc(a.Exchange, b.Exchange, sameExchange)
}

func sameFixedBook(a, b FixedBook) bool {
	return a.BookUntil == b.BookUntil && slices.Equal(a.Books, b.Books)
}

func sameExchange(a, b Exchange) bool {
	same := a.Rate.Equal(b.Rate)
	a.Rate, b.Rate = money.Decimal{}, money.Decimal{}
	return same && a == b
}

// sale is what prices of a customer's usage depend on besides the usage: by which terms and book versions each
// organisation on the way sells on a day.
type sale struct {
	chain  []*org.Edge
	on     period.Date
	fields pricing.KeyFields // of keys that rules of the books look at
	tags   []string          // that they look at
}

// saleText is written down to find a sale again: two sales of one text have the same plans.
type saleText struct {
	Customer string
	Steps    []saleStep
}

type saleStep struct {
	Edge   org.Edge
	Book   string `json:",omitempty"` // of the day, where it is not that of the edge's terms
	Seller string
	Fixed  *Fixed `json:",omitempty"`
	Books  []bookDays
}

// bookDays is a version of a book, and the last day up to the one priced on which one of its rules begins or ends.
type bookDays struct {
	Book  id.Book
	Since period.Date
}

// saleOf is the sale to a customer on a day, or nil when an organisation on the chain has no seller.
func (st *State) saleOf(customer *org.Organisation, on period.Date) (s *sale, text string) {
	chain := st.Index.Chain(customer.ID, on)
	if len(chain) == 0 {
		return nil, ""
	}
	s = &sale{chain: chain, on: on}
	words := saleText{Customer: customer.Key}
	for _, e := range chain {
		seller := st.Index.Organisation(e.Seller).Key
		step := saleStep{Edge: *e, Seller: seller}
		name, versions := e.BookOn(on), []*pricing.Compiled{nil, nil}
		if f := st.fixedOn(e.ID, on); f != nil {
			step.Fixed = &f.Fixed
			name, versions[0] = f.on(on)
		}
		if name != e.Terms.Book {
			step.Book = name
		}
		versions[1] = st.Books.On(seller, name, on)
		for _, c := range versions {
			days := bookDays{}
			if c != nil {
				days = bookDays{c.Book().ID, c.Since(on)}
				s.fields.AddVersion(c)
				s.tags = append(s.tags, c.TagNames()...)
			}
			step.Books = append(step.Books, days)
		}
		words.Steps = append(words.Steps, step)
	}
	return s, jsonText(words)
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("rating: " + err.Error()) // only what can be marshalled is passed in
	}
	return string(text)
}

// planKey names a plan in a Memory.
type planKey struct {
	sale *sale
	text string // of the key, as far as the sale's books look at it
}

// sale is the one sale of a text.
func (m *Memory) sale(st *State, customer *org.Organisation, on period.Date) *sale {
	s, text := st.saleOf(customer, on)
	if s == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.sales[text]; known != nil {
		return known
	}
	if m.sales == nil || len(m.sales) >= maxResults {
		m.sales, m.plans = map[string]*sale{}, map[planKey]*plan{}
	}
	m.sales[text] = s
	return s
}

// plan is what a key pays by a sale in a state.
func (m *Memory) plan(st *State, s *sale, key pricing.Key) *plan {
	at := planKey{s, s.fields.Text(&key, s.tags)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.plans[at]; p != nil {
		m.reuse++
		return p
	}
	if len(m.plans) >= maxResults {
		m.plans = map[planKey]*plan{}
	}
	m.computed++
	p := findPlan(st, s.chain, key, s.on)
	m.plans[at] = p
	return p
}

// viewCache keeps what views of one state found out: whose usage is, and what it pays.
type viewCache struct {
	memory *Memory

	mu      sync.Mutex // of what follows
	run     *run
	classes map[*usage.Entry]*priceClass
	sales   map[saleKey]*sale
	results map[usageKey]result
	pricing map[pricingKey]*priced
	plans   map[string]*plan
}

// saleKey names a sale in a viewCache.
type saleKey struct {
	customer id.Organisation
	on       period.Date
}

// usageKey is usage that is rated the same. Entry and tags are the same for equal texts, as long as somebody holds them.
type usageKey struct {
	entry *usage.Entry
	tags  *[]string
	kind  int
	span  int
}

// result is whose such usage is, and what it pays.
type result struct {
	customer *org.Organisation
	*priced
}

// priced is what usage of one pricingKey pays; its amounts are of a quantity of 0.
type priced struct {
	pricingKey
	base       pricing.Base
	steps      []Step
	unresolved Reason
}

// pricingKey is all that the amounts of usage depend on.
type pricingKey struct {
	plan             *plan // nil when nothing is sold
	unresolved       Reason
	ownUse           bool
	billing, pricing string // currencies
	kind             int
}

// find is the result for usage.
func (c *viewCache) find(x usageKey, v *usage.Variant, books []string, tags [][]string) result {
	if len(tags) > 0 {
		x.tags = &tags[0]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.results[x]
	if ok {
		return found
	}
	if c.results == nil || len(c.results) == maxResults {
		c.classes, c.results, c.sales = map[*usage.Entry]*priceClass{}, map[usageKey]result{}, map[saleKey]*sale{}
		c.pricing, c.plans = map[pricingKey]*priced{}, map[string]*plan{}
		c.run = newRun(c.run.st, c.run.q)
	}
	u := unitOf(v)
	g := Group{Entry: x.entry, Variant: v, Span: Span(c.run.q, x.span), unit: &u}
	if g.class = c.classes[x.entry]; g.class == nil {
		g.class = &priceClass{entry: *x.entry}
		c.classes[x.entry] = g.class
	}
	g.pick(books, tags)
	found = result{priced: c.price(&g)}
	found.customer = g.Customer
	c.results[x] = found
	return found
}

// price finds a group's customer, and what the group pays.
func (c *viewCache) price(g *Group) *priced {
	plan := c.run.usage(g, c.plan)
	x := pricingKey{unresolved: g.Unresolved, ownUse: g.OwnUse, billing: g.Entry[usage.BillingCurrency], pricing: g.Entry[usage.PricingCurrency], kind: g.unit.kind()}
	if g.Unresolved == "" && !g.OwnUse {
		x.plan = c.same(plan)
	}
	p := c.pricing[x]
	if p == nil {
		p = &priced{pricingKey: x, base: baseOf(g, g.unit, money.Decimal{}), steps: slices.Clone(g.Steps), unresolved: g.Unresolved}
		c.pricing[x] = p
	}
	return p
}

// plan is that of a group, or nil when nobody sells to the customer on that day.
func (c *viewCache) plan(g *Group) *plan {
	at := saleKey{g.Customer.ID, g.Span.Start}
	s, ok := c.sales[at]
	if !ok {
		s = c.memory.sale(c.run.st, g.Customer, g.Span.Start)
		c.sales[at] = s
	}
	if s == nil {
		return nil
	}
	return c.memory.plan(c.run.st, s, keyOf(g))
}

// same is the plan that was found first of those that do the same on the same edges.
func (c *viewCache) same(p *plan) *plan {
	var key strings.Builder
	for i := range p.steps {
		key.WriteString(string(p.steps[i].edge.ID) + " ")
	}
	key.WriteString(p.signature(""))
	if first := c.plans[key.String()]; first != nil {
		return first
	}
	c.plans[key.String()] = p
	return p
}

// group is the result as a group without amounts.
func (x *result) group(e *usage.Entry, v *usage.Variant) Group {
	return Group{Entry: e, Variant: v, Customer: x.customer, Base: x.base, Steps: x.steps, OwnUse: x.ownUse, Unresolved: x.unresolved}
}
