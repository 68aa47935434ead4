package pricing

import (
	"cmp"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/period"
)

// Compiled is one version of a book made ready for look-ups. It does not change.
type Compiled struct {
	book    Book
	ordered []*matcher               // by priority, the highest first
	indexed [fields]map[string][]int // folded value → ranks of rules found by it, ascending
	others  []int                    // ranks of rules that no field narrows
	tags    []string
	days    []period.Date // on which a rule begins or ends, sorted
}

// Compile indexes a book by the value that narrows each rule most. The book need not be valid: where two rules could
// both apply the one written first wins.
func Compile(b Book) *Compiled {
	c := &Compiled{book: b}
	c.book.Rules = slices.Clone(b.Rules)
	for i := range c.book.Rules {
		r := &c.book.Rules[i]
		if r.Price.Kind == UnitPrice {
			r.Price.Currency = cmp.Or(r.Price.Currency, b.Currency)
		}
		c.ordered = append(c.ordered, newMatcher(r, i, b.From))
	}
	slices.SortStableFunc(c.ordered, func(a, b *matcher) int { return cmp.Compare(b.rule.Priority, a.rule.Priority) })
	var uses [fields]map[string]int
	for f := range fields {
		uses[f] = map[string]int{}
	}
	for _, m := range c.ordered {
		for f := range fields {
			for v := range m.lists[f] {
				uses[f][v]++
			}
		}
		for _, t := range m.tags {
			c.tags = append(c.tags, t.name)
		}
	}
	slices.Sort(c.tags)
	c.tags = slices.Compact(c.tags)
	c.days = c.Cuts(period.Period{})
	for rank, m := range c.ordered {
		c.index(rank, m, &uses)
	}
	return c
}

// index files a rule under the field whose values the fewest rules share.
func (c *Compiled) index(rank int, m *matcher, uses *[fields]map[string]int) {
	best, least := fields, 0
	for f := range fields {
		if m.lists[f] == nil {
			continue
		}
		shared := 0
		for v := range m.lists[f] {
			shared += uses[f][v]
		}
		if best == fields || shared < least {
			best, least = f, shared
		}
	}
	if best == fields {
		c.others = append(c.others, rank)
		return
	}
	if c.indexed[best] == nil {
		c.indexed[best] = map[string][]int{}
	}
	for v := range m.lists[best] {
		c.indexed[best][v] = append(c.indexed[best][v], rank)
	}
}

// Book is the version that was compiled; it must not be changed.
func (c *Compiled) Book() Book { return c.book }

// TagNames lists the tags the book looks at, in lower case, sorted.
func (c *Compiled) TagNames() []string { return slices.Clone(c.tags) }

// RateFor is the price of a key on a day: that of the matching rule with the highest priority. It is false when no
// rule matches; covered usage that no rule asks for is free.
func (c *Compiled) RateFor(key Key, on period.Date) (Rate, bool) {
	values := key.folded()
	best := c.first(c.others, len(c.ordered), &values, &key, on)
	for f := range fields {
		if c.indexed[f] != nil {
			best = c.first(c.indexed[f][values[f]], best, &values, &key, on)
		}
	}
	rate := Rate{Book: c.book.ID, Version: c.book.Version, BookKey: c.book.Key}
	switch {
	case best < len(c.ordered):
		r := c.ordered[best].rule
		rate.Rule, rate.Price = r.Key, r.Price
	case key.Covered:
		rate.Price = Price{Kind: Free}
	default:
		return Rate{}, false
	}
	return rate, true
}

// first is the lowest rank below the bound whose rule matches, or the bound.
func (c *Compiled) first(ranks []int, bound int, values *[fields]string, k *Key, on period.Date) int {
	for _, rank := range ranks {
		if rank >= bound {
			break
		}
		if c.ordered[rank].matches(values, k, on) {
			return rank
		}
	}
	return bound
}

// Cuts are the days within a period on which a rule begins or ends, sorted: between two of them no price changes.
func (c *Compiled) Cuts(p period.Period) []period.Date {
	var cuts []period.Date
	for _, m := range c.ordered {
		cuts = appendInside(cuts, p, m.days.Start, m.days.End)
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

// Since is the last day up to the one given on which a rule begins or ends, or 0: no price has changed since.
func (c *Compiled) Since(on period.Date) (day period.Date) {
	for _, d := range c.days {
		if d <= on {
			day = d
		}
	}
	return day
}

func appendInside(cuts []period.Date, p period.Period, days ...period.Date) []period.Date {
	for _, d := range days {
		if d > p.Start && (p.End == 0 || d < p.End) {
			cuts = append(cuts, d)
		}
	}
	return cuts
}

// Versions is every version of one book, ready for look-ups. The zero value has none.
type Versions struct{ list []*Compiled } // by From, one for each

// NewVersions is the versions of one book. Of two that start on one day the higher version counts.
func NewVersions(books ...*Compiled) Versions {
	books = slices.Clone(books)
	slices.SortFunc(books, func(a, b *Compiled) int {
		return cmp.Or(cmp.Compare(a.book.From, b.book.From), cmp.Compare(a.book.Version, b.book.Version))
	})
	var v Versions
	for i, c := range books {
		if i+1 < len(books) && books[i+1].book.From == c.book.From {
			continue
		}
		v.list = append(v.list, c)
	}
	return v
}

// On is the version in force on a day: the one with the latest start not after it; nil before the first.
func (v Versions) On(on period.Date) *Compiled {
	i, found := slices.BinarySearchFunc(v.list, on, func(c *Compiled, on period.Date) int { return cmp.Compare(c.book.From, on) })
	if found {
		return v.list[i]
	}
	if i == 0 {
		return nil
	}
	return v.list[i-1]
}

// Cuts are the days within a period on which a version, or a rule of a version in force, begins or ends, sorted.
func (v Versions) Cuts(p period.Period) []period.Date {
	var cuts []period.Date
	for i, c := range v.list {
		cuts = appendInside(cuts, p, c.book.From)
		force := p
		force.Start = max(force.Start, c.book.From)
		if i+1 < len(v.list) {
			if next := v.list[i+1].book.From; force.End == 0 || next < force.End {
				force.End = next
			}
		}
		if force.End == 0 || force.Start < force.End {
			cuts = append(cuts, c.Cuts(force)...)
		}
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

// All lists the versions, by their first day.
func (v Versions) All() []*Compiled { return slices.Clone(v.list) }

// TagNames lists the tags any version looks at, in lower case, sorted.
func (v Versions) TagNames() []string {
	var names []string
	for _, c := range v.list {
		names = append(names, c.tags...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
