package check

import (
	"slices"

	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// priceMismatch is a group for which an edge pays another amount than it was sold for on the edge above.
type priceMismatch struct {
	document *invoice.Invoice
	group    invoice.Group
	sold     money.Amount
	split    bool // the edge above sold other days of it: one of its prices changes within them
}

// bought compares what an edge pays for a group with what it was sold for on the edge above, on any of the documents there:
// a correction above does not always change an amount below.
func (m *month) bought(d *invoice.Invoice, g *invoice.Group, r *Report) {
	list := m.sold[groupName(string(d.Seller), g)]
	if len(list) == 0 {
		return
	}
	r.Checked[Chains]++
	is := func(was money.Amount) bool {
		return was.Value.Equal(g.Bought.Value) && (was.Currency == g.Bought.Currency || was.Value.IsZero())
	}
	if !slices.ContainsFunc(list, is) {
		at := monthName(string(d.Seller), g)
		m.mismatches[at] = append(m.mismatches[at], priceMismatch{document: d, group: *g, sold: list[len(list)-1]})
	}
}

// monthName identifies a group in its month, whatever its days.
func monthName(who string, g *invoice.Group) name {
	return nameOf(who, g.Batch, g.Entry, g.TagSet, g.Variant, period.Period{}, g.Charge)
}

// chains reports groups that were bought for another amount than they were sold for. A group that was sold above by
// longer spans, too, before a change of price cut them, may have been bought by those: no document above shows the
// amount of a part of them.
func (v *Service) chains(m *month, r *Report) error {
	for _, d := range m.documents {
		if len(m.mismatches) == 0 || d.Preceding != nil || m.exact[d.ID] == nil {
			continue
		}
		err := invoice.Groups(v.Files, d.Worksheet, func(g invoice.Group) error {
			list := m.mismatches[monthName(string(d.Buyer), &g)]
			for i := range list {
				u := &list[i]
				u.split = u.split || g.Span != u.group.Span && g.Span.Overlaps(u.group.Span)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, list := range m.mismatches {
		for _, u := range list {
			if !u.split {
				r.bad(Chains, u.document.Number, "%s buys %s for %s, and it was sold to it for %s", u.document.SellerKey, what(&u.group), u.group.Bought, u.sold)
			}
		}
	}
	return nil
}
