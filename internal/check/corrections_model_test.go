package check_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// version is a version of a book whose one rule prices everything.
type version struct {
	from  period.Date
	price pricing.Price
}

// terms is what the first document of an edge fixes for its month, as plain values.
type terms struct {
	versions []version // of the book at that time
	book     string    // owner/key
	currency money.Currency
	rates    map[period.Month]money.Decimal // EUR into the currency, as first used
	percent  money.Decimal                  // of tax
}

// used is what one customer used on one day on one invoice of the provider.
type used struct{ cost, quantity money.Decimal }

type usedOn struct {
	tenant string
	day    period.Date
}

// charged is a statement line.
type charged struct {
	tenant   string
	from     period.Date
	subtotal money.Decimal
}

// books is the expected content of one month: usage by invoice, the lines of its statement, and what documents fixed.
type books struct {
	month     period.Month
	usage     map[string]map[usedOn]used // by the provider's invoice
	withdrawn map[string]bool
	lines     []charged
	linesOut  bool // withdrawn with their invoice
	fixed     map[id.Edge]*terms
	issued    bool // something was issued at least once
}

// edgesFor is the chain of a customer on a day, the partner's own sale first.
func (l *lifetime) edgesFor(tenant string, on period.Date) (chain []org.Edge) {
	for b := org.OrganisationID(strings.TrimPrefix(tenant, "t-")); l.key(b) != "p"; {
		i := slices.IndexFunc(l.world.Edges, func(e org.Edge) bool { return e.Buyer == b && e.Contains(on) })
		if i < 0 {
			return nil
		}
		chain = append([]org.Edge{l.world.Edges[i]}, chain...)
		b = l.world.Edges[i].Seller
	}
	return chain
}

// priced is the price of an edge on a day: by the book versions that documents of the day's month fixed, else those
// that documents of the billed month fixed, else the published ones.
func (l *lifetime) priced(m *books, e *org.Edge, on period.Date) pricing.Price {
	versions := l.versions[l.key(e.Seller)+"/"+e.Terms.Book]
	if f := m.fixed[e.ID]; f != nil {
		versions = f.versions
	}
	if earlier := l.of(on.Month()); earlier != nil && earlier != m && earlier.fixed[e.ID] != nil {
		versions = earlier.fixed[e.ID].versions
	}
	best := version{}
	for _, v := range versions {
		if v.from <= on && v.from >= best.from {
			best = v
		}
	}
	return best.price
}

// rate is EUR into the currency of an edge for a day.
func (l *lifetime) rate(m *books, e *org.Edge, c money.Currency, on period.Date) money.Decimal {
	if f := m.fixed[e.ID]; f != nil {
		if r, known := f.rates[on.Month()]; known {
			return r
		}
	}
	if earlier := l.of(on.Month()); earlier != nil && earlier.fixed[e.ID] != nil {
		if r, known := earlier.fixed[e.ID].rates[on.Month()]; known && earlier.fixed[e.ID].currency == c {
			return r
		}
	}
	return l.rates[c][on.Month()]
}

func (l *lifetime) currencyOf(m *books, e *org.Edge) money.Currency {
	if f := m.fixed[e.ID]; f != nil {
		return f.currency
	}
	return e.Terms.Currency
}

// due is what each edge should have billed for a month, rounded line by line, and the exchange rates it uses.
func (l *lifetime) due(m *books) (due map[id.Edge]money.Decimal, takes map[id.Edge]map[period.Month]bool) {
	exact, takes := map[string]money.Decimal{}, map[id.Edge]map[period.Month]bool{}
	edges := map[string]*org.Edge{}
	sell := func(tenant, line string, on period.Date, paid, quantity money.Decimal) {
		for _, e := range l.edgesFor(tenant, on) {
			price, to := l.priced(m, &e, on), l.currencyOf(m, &e)
			now := money.Currency("EUR")
			if l.key(e.Seller) != "p" {
				now = to // a reseller buys and sells in one currency
			}
			switch price.Kind {
			case pricing.Excluded:
				return
			case pricing.CostFactor:
				paid = paid.Mul(price.Factor)
			case pricing.UnitPrice:
				paid, now = quantity.Mul(price.Unit), price.Currency
			case pricing.Free:
				paid, now = money.Decimal{}, to
			}
			if now != to {
				if takes[e.ID] == nil {
					takes[e.ID] = map[period.Month]bool{}
				}
				takes[e.ID][on.Month()] = true
				paid = paid.Mul(l.rate(m, &e, to, on))
			}
			k := string(e.ID) + "|" + tenant + "|" + line
			edges[k] = &e
			exact[k] = exact[k].Add(paid)
		}
	}
	for invoice, days := range m.usage {
		if m.withdrawn[invoice] {
			continue
		}
		for at, u := range days {
			sell(at.tenant, "usage", at.day, u.cost, u.quantity)
		}
	}
	if !m.linesOut {
		for i, x := range m.lines {
			one := money.FromInt(1)
			if x.subtotal.Sign() < 0 {
				one = one.Neg()
			}
			on := m.month.Start()
			if x.from > on || x.subtotal.Sign() < 0 {
				on = x.from
			}
			sell(x.tenant, fmt.Sprint("line", i), on, x.subtotal, one)
		}
	}
	due = map[id.Edge]money.Decimal{}
	for _, k := range slices.Sorted(maps.Keys(exact)) {
		e := edges[k]
		due[e.ID] = due[e.ID].Add(money.Of(exact[k], l.currencyOf(m, e)).Round().Value)
	}
	return due, takes
}

func mainInvoice(m period.Month) string { return "G" + m.String() }
func lateInvoice(m period.Month) string { return "L" + m.String() }

// fix notes what documents that were just issued fix.
func (l *lifetime) fix(m *books, edges []id.Edge) {
	_, takes := l.due(m)
	for _, edge := range edges {
		i := slices.IndexFunc(l.world.Edges, func(e org.Edge) bool { return e.ID == edge })
		e := &l.world.Edges[i]
		if m.fixed[edge] == nil {
			book := l.key(e.Seller) + "/" + e.Terms.Book
			m.fixed[edge] = &terms{slices.Clone(l.versions[book]), book, e.Terms.Currency, map[period.Month]money.Decimal{}, l.percent(e)}
		}
		f := m.fixed[edge]
		for month := range takes[edge] {
			if _, known := f.rates[month]; !known {
				f.rates[month] = l.rate(m, e, f.currency, month.Start())
			}
		}
	}
}

// percent is the tax of an edge as its parties are: of the customers one may be in France, with a VAT id.
func (l *lifetime) percent(e *org.Edge) money.Decimal {
	for _, o := range l.world.Organisations {
		if o.ID == e.Buyer && o.Legal.Country != "DE" {
			return money.Decimal{}
		}
	}
	return money.FromInt(19)
}
