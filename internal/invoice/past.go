package invoice

import (
	"cmp"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// past is what an edge billed in a period so far, by documents that stand: per line key Σ nets, Σ costs and the newest
// line.
type past struct {
	billed   map[string]money.Decimal
	cost     map[string]money.Totals
	lines    map[string]Line
	standing []*Invoice // in the order they were made
	ordinal  int        // of the next document
	other    *Invoice   // the newest that stands and is not in the currency of the edge
}

// history is the past of an edge. A voided document and the credit note answering it cancel out.
func history(have []Invoice, e *org.Edge) past {
	p := past{billed: map[string]money.Decimal{}, cost: map[string]money.Totals{}, lines: map[string]Line{}, ordinal: 1}
	have = slices.Clone(have)
	slices.SortStableFunc(have, func(a, b Invoice) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	for i := range have {
		d := &have[i]
		if d.Edge != e.ID || d.State != Issued && d.State != Void {
			continue
		}
		p.ordinal = max(p.ordinal, d.Ordinal+1)
		if d.State == Void || d.Preceding != nil {
			continue
		}
		p.standing = append(p.standing, d)
		if d.Currency != e.Terms.Currency {
			p.other = d
		}
		for _, l := range d.Lines {
			p.billed[l.Key] = p.billed[l.Key].Add(l.Net)
			p.lines[l.Key] = l
			if p.cost[l.Key] == nil {
				p.cost[l.Key] = money.Totals{}
			}
			for c, paid := range l.Cost {
				p.cost[l.Key].Add(money.Of(paid, c))
			}
		}
	}
	return p
}

// ids names the documents that stand, sorted.
func (p *past) ids() (list []id.Invoice) {
	for _, d := range p.standing {
		list = append(list, d.ID)
	}
	slices.Sort(list)
	return list
}

// tax is the treatment of everything on a document: that of the first one that stands, which it corrects; else what the
// parties come to today.
func (p *past) tax(seller, buyer org.LegalEntity, on period.Date, rows []org.Tax) (LineTax, error) {
	for _, d := range p.standing {
		if len(d.Lines) > 0 {
			return d.Lines[0].Tax, nil
		}
	}
	return TaxFor(seller, buyer, StandardCategory, on, rows)
}

// follows names the documents whose amounts on the same lines these lines change, newest first.
func (p *past) follows(lines []Line) (list []Preceding) {
	named := map[int]bool{}
	for i := range lines {
		if l := &lines[i]; p.lines[l.Key].Key != "" {
			for _, n := range p.changed(l.Key, l.Net) {
				named[n] = true
			}
		}
	}
	for i, d := range slices.Backward(p.standing) {
		if named[i] {
			list = append(list, Preceding{d.ID, d.Number, d.IssueDate})
		}
	}
	return list
}

// left is what of a document's amount on a line no later document took back.
type left struct {
	document int // of those that stand
	amount   money.Decimal
}

// changed says which of the documents that stand a further amount on a line is about: what takes back takes from the
// newest that still has an amount on it, and on to older ones; what comes on top belongs to the newest.
func (p *past) changed(key string, net money.Decimal) (documents []int) {
	var open []left
	last := 0
	for i, d := range p.standing {
		for _, l := range d.Lines {
			if l.Key == key {
				last = i
				open, _ = settleAgainst(open, left{i, l.Net})
			}
		}
	}
	switch {
	case len(open) == 0:
		return []int{last}
	case open[len(open)-1].amount.Sign() == net.Sign():
		return []int{open[len(open)-1].document}
	}
	_, documents = settleAgainst(open, left{len(p.standing), net})
	return documents
}

// settleAgainst takes an amount from those that are open, the newest first, or puts it on top of them when it has their
// sign. It names the documents it takes from.
func settleAgainst(open []left, x left) (rest []left, from []int) {
	rest = slices.Clone(open)
	for len(rest) > 0 && x.amount.Sign() != 0 && rest[len(rest)-1].amount.Sign() != x.amount.Sign() {
		top := &rest[len(rest)-1]
		from = append(from, top.document)
		sum := top.amount.Add(x.amount)
		if sum.Sign() == top.amount.Sign() {
			top.amount, x.amount = sum, money.Decimal{}
			break
		}
		rest, x.amount = rest[:len(rest)-1], sum
	}
	if x.amount.Sign() != 0 {
		rest = append(rest, x)
	}
	return rest, from
}
