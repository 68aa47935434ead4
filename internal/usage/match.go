package usage

import (
	"cmp"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// Pairing is lines of a statement with the total of the rows they are for: one line, as a rule; several, or a total
// of several meters, where the texts do not distinguish them.
type Pairing struct {
	Total   *ControlTotal
	Lines   []*StatementLine
	Repeats []*StatementLine // lines that say the same once more
}

// Subtotal is what the lines print.
func (p *Pairing) Subtotal() (sum money.Decimal) {
	for _, l := range p.Lines {
		sum = sum.Add(l.Subtotal)
	}
	return sum
}

// Right says whether the lines print what they should: what truncation makes of their rows, each line truncated by
// itself.
func (p *Pairing) Right() bool {
	off := p.Subtotal().Sub(p.Total.Subtotal())
	if len(p.Lines) == 1 || off.IsZero() {
		return off.IsZero()
	}
	more := money.FromMinor(int64(len(p.Lines)-1), 2)
	return off.Abs().Cmp(more.Add(more.Mul(p.Total.Rate.Abs()))) <= 0
}

// group is whose lines and rows may be for each other.
type group struct {
	key
	customer string
	currency money.Currency
}

func (g group) compare(o group) int {
	return cmp.Or(cmp.Compare(g.Invoice, o.Invoice), cmp.Compare(g.customer, o.customer), cmp.Compare(g.Subscription, o.Subscription),
		cmp.Compare(g.Product, o.Product), cmp.Compare(g.SKU, o.SKU), cmp.Compare(g.currency, o.currency))
}

// Pair finds for controls the rows that they are for; missing are rows without a line, surplus lines without rows. Pure,
// and the same in whatever order rows came.
func (t *ControlTotals) Pair(controls []*StatementLine) (pairs []Pairing, missing []*ControlTotal, surplus []*StatementLine) {
	totals, lines := map[group][]*ControlTotal{}, map[group][]*StatementLine{}
	all := map[group]bool{}
	for _, l := range t.lines {
		g := group{l.Key, l.Customer, l.Currency}
		g.Availability = ""
		totals[g], all[g] = append(totals[g], l), true
	}
	for _, l := range controls {
		k, _, _ := t.Behind.Match(l)
		k.Availability = ""
		g := group{k, idText(l.CustomerID), l.Currency}
		lines[g], all[g] = append(lines[g], l), true
	}
	for _, g := range slices.SortedFunc(maps.Keys(all), group.compare) {
		slices.SortFunc(totals[g], (*ControlTotal).compare)
		p := pairing{want: distinct(totals[g], lines[g]), have: lines[g]}
		p.run()
		for _, l := range p.have {
			if i := p.repeated(l); i >= 0 {
				p.pairs[i].Repeats = append(p.pairs[i].Repeats, l)
			} else {
				surplus = append(surplus, l)
			}
		}
		pairs, missing = append(pairs, p.pairs...), append(missing, p.want...)
	}
	return pairs, missing, surplus
}

func (c *ControlTotal) compare(o *ControlTotal) int {
	a, b := c.meters[0], o.meters[0]
	return cmp.Or(cmp.Compare(a.name, b.name), c.Price.Cmp(o.Price), c.Credit.Cmp(o.Credit), c.Rate.Cmp(o.Rate),
		cmp.Compare(c.chargeType, o.chargeType), cmp.Compare(c.Key.Availability, o.Key.Availability), cmp.Compare(a.category, b.category),
		cmp.Compare(a.subCategory, b.subCategory), cmp.Compare(a.region, b.region), cmp.Compare(a.unit, b.unit), cmp.Compare(a.unitType, b.unitType),
		c.Quantity.Cmp(o.Quantity), c.Exact.Cmp(o.Exact))
}

// distinct adds totals up that no line of the statement distinguishes: by a charge type that lines do not differ in,
// or by a meter that the same text names.
func distinct(totals []*ControlTotal, lines []*StatementLine) (out []*ControlTotal) {
	kinds := map[string]bool{}
	for _, l := range lines {
		kinds[idText(l.ChargeType)] = true
	}
	alike := func(a, b *ControlTotal) bool {
		if !a.priced(b) || len(kinds) > 1 && a.chargeType != b.chargeType || !blankOr(a.Key.Availability, b.Key.Availability) {
			return false
		}
		return a.meters[0].name == b.meters[0].name && !slices.ContainsFunc(lines, func(l *StatementLine) bool {
			return l.MeterDescription != "" && a.Named(l) != b.Named(l)
		})
	}
	for _, t := range totals {
		i := slices.IndexFunc(out, func(o *ControlTotal) bool { return alike(o, t) })
		if i < 0 {
			one := *t
			one.meters = slices.Clone(t.meters)
			out = append(out, &one)
			continue
		}
		out[i].add(t)
	}
	return out
}

// All lists the totals, in a stable order.
func (t *ControlTotals) All() []*ControlTotal {
	return slices.SortedFunc(maps.Values(t.lines), func(a, b *ControlTotal) int {
		return cmp.Or(group{a.Key, a.Customer, a.Currency}.compare(group{b.Key, b.Customer, b.Currency}), a.compare(b))
	})
}

// Of says whether the rows are of a key.
func (c *ControlTotal) Of(k key) bool {
	same := blankOr(c.Key.Availability, k.Availability)
	k.Availability = c.Key.Availability
	return same && c.Key == k
}

// priced says whether rows of both cost the same.
func (c *ControlTotal) priced(o *ControlTotal) bool {
	return c.Price.Equal(o.Price) && c.Credit.Equal(o.Credit) && c.Rate.Equal(o.Rate)
}

// Named says whether the text of a line is one of the total's meters.
func (c *ControlTotal) Named(l *StatementLine) bool {
	return slices.ContainsFunc(c.meters, func(m meterText) bool { return m.spells(l.MeterDescription) })
}

// pairing is the pairing of one group.
type pairing struct {
	want  []*ControlTotal
	have  []*StatementLine
	pairs []Pairing
	told  map[*StatementLine]bool // whose text names one of the totals
}

type fit func(*ControlTotal, *StatementLine) bool

// run pairs what is exactly the same first, then what adds up, then lines at the right price or quantity, then whatever
// is left; of these first what the meter's text says.
func (p *pairing) run() {
	p.told = map[*StatementLine]bool{}
	for _, l := range p.have {
		p.told[l] = slices.ContainsFunc(p.want, func(e *ControlTotal) bool { return e.Named(l) })
	}
	rated := func(e *ControlTotal, l *StatementLine) bool {
		return l.UnitPrice.Equal(e.Price) && l.ExchangeRate.Equal(e.Rate)
	}
	many := func(e *ControlTotal, l *StatementLine) bool { return l.BillableQuantity.Equal(e.Quantity) }
	costs := func(e *ControlTotal, l *StatementLine) bool { return l.Subtotal.Equal(e.Subtotal()) }
	exact := []fit{
		func(e *ControlTotal, l *StatementLine) bool { return rated(e, l) && costs(e, l) && many(e, l) },
		func(e *ControlTotal, l *StatementLine) bool { return rated(e, l) && costs(e, l) },
		func(e *ControlTotal, l *StatementLine) bool { return rated(e, l) && many(e, l) },
	}
	p.take(exact[:1], p.tells, true)
	p.take(exact[1:], p.tells, false)
	p.take(exact[:1], p.allows, true)
	p.take(exact[1:], p.allows, false)
	p.together()
	rough := []fit{many, func(e *ControlTotal, l *StatementLine) bool { return l.UnitPrice.Equal(e.Price) }, func(*ControlTotal, *StatementLine) bool { return true }}
	for _, f := range rough {
		p.take([]fit{f}, p.tells, false)
		p.take([]fit{f}, p.allows, false)
	}
}

// tells says whether a line names the meter of a total, allows whether it does not name another's.
func (p *pairing) tells(e *ControlTotal, l *StatementLine) bool {
	return l.MeterDescription != "" && e.Named(l) && p.allows(e, l)
}

func (p *pairing) allows(e *ControlTotal, l *StatementLine) bool {
	return blankOr(withoutZeros(e.Key.Availability), withoutZeros(idText(l.AvailabilityID))) && (l.MeterDescription == "" || !p.told[l] || e.Named(l))
}

// take pairs totals with the first line that fits. A line that repeats one which has its rows already is only taken for
// rows that are the same too.
func (p *pairing) take(fits []fit, may fit, repeated bool) {
	for _, fits := range fits {
		p.want = slices.DeleteFunc(p.want, func(e *ControlTotal) bool {
			i := slices.IndexFunc(p.have, func(l *StatementLine) bool { return may(e, l) && fits(e, l) && (repeated || p.repeated(l) < 0) })
			if i < 0 {
				return false
			}
			p.pairs = append(p.pairs, Pairing{Total: e, Lines: []*StatementLine{p.have[i]}})
			p.have = slices.Delete(p.have, i, i+1)
			return true
		})
	}
}

// together pairs several lines with one total, or one line with several, of one price and rate, when they add up and
// their texts do not distinguish them.
func (p *pairing) together() {
	for i := 0; i < len(p.want); i++ {
		first := p.want[i]
		var lines []*StatementLine
		quantity := money.Decimal{}
		for _, l := range p.have {
			if l.UnitPrice.Equal(first.Price) && l.ExchangeRate.Equal(first.Rate) && p.allows(first, l) && p.repeated(l) < 0 {
				lines, quantity = append(lines, l), quantity.Add(l.BillableQuantity)
			}
		}
		sum := *first
		sum.meters = slices.Clone(first.meters)
		totals := []*ControlTotal{first}
		for _, e := range p.want[i+1:] {
			told := slices.ContainsFunc(lines, func(l *StatementLine) bool { return !p.allows(e, l) })
			if e.priced(first) && e.chargeType == first.chargeType && !told {
				sum.add(e)
				totals = append(totals, e)
			}
		}
		pair := Pairing{Total: &sum, Lines: lines}
		if len(lines) == 0 || len(totals) == 1 && len(lines) == 1 || !quantity.Equal(sum.Quantity) && !pair.Right() {
			continue
		}
		p.pairs = append(p.pairs, pair)
		p.want = slices.DeleteFunc(p.want, func(e *ControlTotal) bool { return slices.Contains(totals, e) })
		p.have = slices.DeleteFunc(p.have, func(l *StatementLine) bool { return slices.Contains(lines, l) })
		i--
	}
}

// repeated is the pair whose line says the same, or −1.
func (p *pairing) repeated(l *StatementLine) int {
	return slices.IndexFunc(p.pairs, func(o Pairing) bool {
		return slices.ContainsFunc(o.Lines, func(m *StatementLine) bool {
			return m != l && m.Subtotal.Equal(l.Subtotal) && m.UnitPrice.Equal(l.UnitPrice) && m.BillableQuantity.Equal(l.BillableQuantity) &&
				m.ExchangeRate.Equal(l.ExchangeRate) && m.MeterDescription == l.MeterDescription
		})
	})
}

// Settled says whether lines and rows account for each other: every line that sums usage equals its rows after the
// documented truncation, rows print what they come to, and all rows stand behind a line. Lines and totals of 0 may as
// well not be there.
func (t *ControlTotals) Settled(lines []StatementLine) bool {
	all := make([]*StatementLine, len(lines))
	for i := range lines {
		all[i] = &lines[i]
	}
	_, at, orphans := t.Behind.Divide(all)
	something := func(l *StatementLine) bool { return !l.Subtotal.IsZero() }
	if len(at) == 0 || len(t.lines) == 0 || slices.ContainsFunc(orphans, func(i int) bool { return something(all[i]) }) {
		return false
	}
	var controls []*StatementLine
	for _, i := range at {
		controls = append(controls, all[i])
	}
	pairs, missing, surplus := t.Pair(controls)
	for i := range pairs {
		if p := &pairs[i]; !p.Right() || !p.Total.Agrees() || slices.ContainsFunc(p.Repeats, something) {
			return false
		}
	}
	return !slices.ContainsFunc(missing, func(e *ControlTotal) bool { return !e.Subtotal().IsZero() || !e.Agrees() }) && !slices.ContainsFunc(surplus, something)
}
