package recon

import (
	"fmt"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// line is a statement line with what it was found to be.
type line struct {
	*usage.StatementLine
	id      usage.Identity
	correct money.Decimal // the subtotal it should have; its own when nothing is wrong with it
}

// comparison is a statement being held against what its rows should have made.
type comparison struct {
	rows        map[usage.Identity][]*usage.ControlTotal
	open        map[usage.Identity][]*line // statement lines not accounted for yet
	missing     []*usage.ControlTotal
	surplus     []*line
	doubled     map[*line]bool
	lines       []*line
	differences []Difference
	parts       map[string]money.Totals
}

func (c *comparison) part(code string, amount money.Decimal, cur money.Currency) {
	if c.parts[code] == nil {
		c.parts[code] = money.Totals{}
	}
	c.parts[code].Add(money.Of(amount, cur))
}

func (c *comparison) differ(code Code, id usage.Identity, amount money.Decimal, why string, args ...any) {
	c.differences = append(c.differences, difference(id, code, amount, fmt.Sprintf(why, args...)))
	c.part(string(code), amount, id.Currency)
}

// usage compares the usage lines identity by identity, then pairs what is missing here with what is too much there.
func (c *comparison) usage() {
	for _, id := range slices.SortedFunc(maps.Keys(c.rows), usage.Identity.Compare) {
		c.identity(id, c.rows[id], c.open[id])
		delete(c.open, id)
	}
	for _, id := range slices.SortedFunc(maps.Keys(c.open), usage.Identity.Compare) {
		c.surplus = append(c.surplus, c.open[id]...)
	}
	for _, e := range c.missing {
		c.truncation(e, e.Subtotal())
		if l := c.moved(e); l != nil {
			c.differ(WrongCustomer, l.id, l.Subtotal, "the line belongs to customer %s, whose rows it sums", e.Customer)
			c.part(string(WrongCustomer), e.Subtotal().Neg(), e.Currency)
			continue
		}
		c.differ(MissingLine, e.Identity, e.Subtotal().Neg(), "no line for %s rows' cost of %s at unit price %s", e.Quantity, e.Exact, e.Price)
	}
	for _, l := range c.surplus {
		switch {
		case l == nil:
		case c.doubled[l]:
			c.differ(DoubledLine, l.id, l.Subtotal, "the same line stands in the statement twice; line %d is one too many", l.Line)
		default:
			c.differ(NoRows, l.id, l.Subtotal, "no daily rows stand behind line %d", l.Line)
		}
	}
}

// moved finds the surplus line that is the missing one at another customer, and takes it.
func (c *comparison) moved(e *usage.ControlTotal) *line {
	for i, l := range c.surplus {
		if l == nil || c.doubled[l] {
			continue
		}
		id := l.id
		id.Customer = e.Customer
		if id == e.Identity && l.Subtotal.Equal(e.Subtotal()) && l.id.Customer != e.Customer {
			c.surplus[i] = nil
			return l
		}
	}
	return nil
}

// identity accounts for the lines of one identity: exact matches first, then lines at the right price and rate, then
// whatever is left in order.
func (c *comparison) identity(id usage.Identity, want []*usage.ControlTotal, have []*line) {
	want, have = slices.Clone(want), slices.Clone(have)
	same := func(e *usage.ControlTotal, l *line) bool {
		return l.Subtotal.Equal(e.Subtotal()) && l.UnitPrice.Equal(e.Price) && l.ExchangeRate.Equal(e.Rate)
	}
	var matched []*line
	for _, fits := range []func(*usage.ControlTotal, *line) bool{
		func(e *usage.ControlTotal, l *line) bool { return same(e, l) && l.BillableQuantity.Equal(e.Quantity) },
		same,
		func(e *usage.ControlTotal, l *line) bool {
			return l.UnitPrice.Equal(e.Price) && l.ExchangeRate.Equal(e.Rate) && l.BillableQuantity.Equal(e.Quantity)
		},
		func(e *usage.ControlTotal, l *line) bool { return l.BillableQuantity.Equal(e.Quantity) },
		func(e *usage.ControlTotal, l *line) bool { return l.UnitPrice.Equal(e.Price) },
		func(*usage.ControlTotal, *line) bool { return true },
	} {
		want = slices.DeleteFunc(want, func(e *usage.ControlTotal) bool {
			i := slices.IndexFunc(have, func(l *line) bool { return fits(e, l) && !c.repeats(l, matched) })
			if i < 0 {
				return false
			}
			matched = append(matched, have[i])
			c.pair(e, have[i])
			have = slices.Delete(have, i, i+1)
			return true
		})
	}
	for _, l := range have {
		if c.repeats(l, matched) {
			c.doubled[l] = true
		}
		c.surplus = append(c.surplus, l)
	}
	for _, e := range want {
		if e.Subtotal().IsZero() { // a line of nothing may as well not be there
			c.truncation(e, money.Decimal{})
			continue
		}
		c.missing = append(c.missing, e)
	}
}

// repeats says whether a line that was accounted for already says the same.
func (c *comparison) repeats(l *line, matched []*line) bool {
	return slices.ContainsFunc(matched, func(m *line) bool {
		return m != l && m.Subtotal.Equal(l.Subtotal) && m.UnitPrice.Equal(l.UnitPrice) &&
			m.BillableQuantity.Equal(l.BillableQuantity) && m.ExchangeRate.Equal(l.ExchangeRate)
	})
}

// pair holds a line against the rows it stands for and names what is wrong with it, if anything.
func (c *comparison) pair(e *usage.ControlTotal, l *line) {
	l.correct = e.Subtotal()
	c.truncation(e, l.correct)
	off := l.Subtotal.Sub(l.correct)
	switch {
	case off.IsZero():
	case !l.ExchangeRate.Equal(e.Rate):
		c.differ(WrongRate, l.id, off, "exchange rate %s, where the rows say %s", l.ExchangeRate, e.Rate)
	case !l.UnitPrice.Equal(e.Price):
		c.differ(WrongPrice, l.id, off, "unit price %s, where the rows say %s", l.UnitPrice, e.Price)
	case off.Abs().Equal(oneCent):
		c.differ(Cent, l.id, off, "one cent off what truncation makes of %s × %s", e.Pricing.Truncate(2), e.Rate)
	default:
		c.differ(OffFormula, l.id, off, "%s, where the rows come to %s", l.Subtotal, l.correct)
	}
}

var oneCent = money.FromMinor(1, 2)

// truncation books what the provider's truncation took off the rows of a line.
func (c *comparison) truncation(e *usage.ControlTotal, subtotal money.Decimal) {
	c.part(PartTruncation, subtotal.Sub(e.Exact), e.Currency)
}
