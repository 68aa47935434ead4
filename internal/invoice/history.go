package invoice

import (
	"cmp"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// edgeHistory is what an edge billed in a period so far, by documents that are not void: per line key Σ nets, Σ costs
// and the newest line.
type edgeHistory struct {
	billed   map[string]money.Decimal
	cost     map[string]money.Totals
	lines    map[string]Line
	standing []*Invoice // in the order they were made
	ordinal  int        // ordinal of the next document
	other    *Invoice   // the newest that is not void and is not in the currency of the edge
}

// history is the edgeHistory of an edge. A voided document and the credit note answering it cancel out.
func history(have []Invoice, e *org.Edge) edgeHistory {
	p := edgeHistory{billed: map[string]money.Decimal{}, cost: map[string]money.Totals{}, lines: map[string]Line{}, ordinal: 1}
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

// ids names the documents that are not void, sorted.
func (p *edgeHistory) ids() (list []id.Invoice) {
	for _, d := range p.standing {
		list = append(list, d.ID)
	}
	slices.Sort(list)
	return list
}

// tax is the treatment of everything on a document: that of the first one that is not void, which it corrects; else
// the treatment of its parties today.
func (p *edgeHistory) tax(seller, buyer org.LegalEntity, on period.Date, rows []org.Tax) (LineTax, error) {
	for _, d := range p.standing {
		if len(d.Lines) > 0 {
			return d.Lines[0].Tax, nil
		}
	}
	return TaxFor(seller, buyer, StandardCategory, on, rows)
}

// follows names the documents whose amounts on the same lines these lines change, newest first.
func (p *edgeHistory) follows(lines []Line) (list []Preceding) {
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

// remainder is the part of a document's amount on a line that no later document credited.
type remainder struct {
	document int // of those that are not void
	amount   money.Decimal
}

// changed says which of the documents that are not void a further amount on a line changes: a credit is deducted from
// the newest that still has an amount on the line, then from older ones; an additional amount belongs to the newest.
func (p *edgeHistory) changed(key string, net money.Decimal) (documents []int) {
	var open []remainder
	last := 0
	for i, d := range p.standing {
		for _, l := range d.Lines {
			if l.Key == key {
				last = i
				open, _ = offset(open, remainder{i, l.Net})
			}
		}
	}
	switch {
	case len(open) == 0:
		return []int{last}
	case open[len(open)-1].amount.Sign() == net.Sign():
		return []int{open[len(open)-1].document}
	}
	_, documents = offset(open, remainder{len(p.standing), net})
	return documents
}

// offset deducts an amount from open remainders, the newest first, or appends it if it has their sign. It returns the
// documents it deducts from.
func offset(open []remainder, x remainder) (rest []remainder, from []int) {
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
