package check

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// month is what is known of one period while it is checked. Groups are kept by a hash of their identity, for there may be
// millions.
type month struct {
	period    period.Month
	documents []*invoice.Invoice // issued and void, of the period
	batches   []usage.Batch
	charges   map[id.Charge]charge.Charge // charges of the statement lines that count
	drafts    int
	drafted   map[string]int64 // as the event log records it
	voided    map[string]int64

	sold       map[name][]money.Amount             // by buyer and group, on any document: prices and rows may have changed since
	groups     map[name][]figures                  // by group; several if documents were made from different numbers of its rows
	spans      map[period.Period]map[uint32]uint32 // batches (and their loads) that worksheets have groups of, by span
	invoiced   map[name]bool                       // by edge and group, on documents that are not void
	mismatches map[name][]priceMismatch            // by buyer and group, whatever its span: groups bought for another amount
	exact      map[id.Invoice]map[string]money.Decimal
}

// name is the hash of a group's identity.
type name [16]byte

// figures are the sums of a group of usage in worksheets, before prices; stored is how many of its rows the usage store has.
type figures struct {
	document       string
	rows           int64
	quantity, cost money.Decimal
	stored         int64
}

func newMonth(st *stored, p period.Month) *month {
	m := &month{
		period: p, charges: map[id.Charge]charge.Charge{}, drafts: st.drafts[p], drafted: st.drafted, voided: st.voided,
		sold: map[name][]money.Amount{}, groups: map[name][]figures{},
		spans: map[period.Period]map[uint32]uint32{}, invoiced: map[name]bool{}, mismatches: map[name][]priceMismatch{}, exact: map[id.Invoice]map[string]money.Decimal{},
	}
	for i := range st.documents {
		if st.documents[i].Period == p {
			m.documents = append(m.documents, &st.documents[i])
		}
	}
	for _, b := range st.batches {
		if b.Slot.Period == p && b.Slot.Dataset == usage.DailyUsage {
			m.batches = append(m.batches, b)
		}
	}
	var lines []usage.SealedLine
	for _, l := range st.lines {
		if l.Period == p {
			lines = append(lines, l)
		}
	}
	list, _, _ := (*usage.Behind)(nil).Charges(lines)
	for _, c := range list {
		m.charges[c.ID] = c
	}
	return m
}

// counts says whether a document counts: one that was voided, and the credit note that answers it, cancel out.
func counts(d *invoice.Invoice) bool { return d.State == invoice.Issued && d.Preceding == nil }

// nameOf hashes a group's identity, and who it concerns.
func nameOf(who string, batch, entry, tagSet, variant uint32, span period.Period, charge string) (n name) {
	b := append([]byte(who), 0)
	for _, x := range [...]uint32{batch, entry, tagSet, variant, uint32(span.Start), uint32(span.End)} {
		b = binary.BigEndian.AppendUint32(b, x)
	}
	sum := sha256.Sum256(append(b, charge...))
	copy(n[:], sum[:])
	return n
}

// groupName is the name of a group of a worksheet.
func groupName(who string, g *invoice.Group) name {
	return nameOf(who, g.Batch, g.Entry, g.TagSet, g.Variant, g.Span, g.Charge)
}

// worksheets reads the worksheet of every document of the month twice: first for what each group sold for, then for
// what it was bought for.
func (v *Service) worksheets(m *month, r *Report) error {
	for _, d := range m.documents {
		if d.Preceding != nil {
			continue // it shares the worksheet of the document that it answers
		}
		lines := map[string]money.Decimal{}
		seen := map[name]bool{}
		err := invoice.Groups(v.Files, d.Worksheet, func(g invoice.Group) error {
			lines[g.Line] = lines[g.Line].Add(g.Sold)
			own := groupName("", &g)
			if seen[own] {
				r.bad(States, d.Number, "%s is on its worksheet twice", what(&g))
			}
			seen[own] = true
			arithmetic(d, &g, r)
			m.note(d, &g, own, r)
			return nil
		})
		if err != nil {
			r.bad(Worksheets, d.Number, "the worksheet cannot be read: %v", err)
			continue
		}
		m.exact[d.ID] = lines
		document(d, lines, r)
	}
	for _, d := range m.documents {
		if m.exact[d.ID] == nil || !counts(d) {
			continue
		}
		err := invoice.Groups(v.Files, d.Worksheet, func(g invoice.Group) error {
			m.bought(d, &g, r)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return v.chains(m, r)
}

// note remembers a group of a document.
func (m *month) note(d *invoice.Invoice, g *invoice.Group, own name, r *Report) {
	at := groupName(string(d.Buyer), g)
	if list := m.sold[at]; len(list) == 0 || !list[len(list)-1].Value.Equal(g.Sold) || list[len(list)-1].Currency != d.Currency {
		m.sold[at] = append(list, money.Of(g.Sold, d.Currency))
	}
	if counts(d) {
		m.invoiced[groupName(string(d.Edge), g)] = true
	}
	if g.Charge != "" {
		r.Checked[Sources]++
		if c, ok := m.charges[id.Charge(g.Charge)]; ok && (!c.Amount.Value.Equal(g.Provider.Cost.Value) || c.Amount.Currency != g.Provider.Cost.Currency) {
			r.bad(Sources, d.Number, "charge %s costs %s by its line and %s on the worksheet", g.Charge, c.Amount, g.Provider.Cost)
		}
		return
	}
	for _, f := range m.groups[own] {
		if f.rows == g.Rows && f.quantity.Equal(g.Quantity) && f.cost.Equal(g.Provider.Cost.Value) {
			return
		}
	}
	m.groups[own] = append(m.groups[own], figures{document: d.Number, rows: g.Rows, quantity: g.Quantity, cost: g.Provider.Cost.Value})
	if m.spans[g.Span] == nil {
		m.spans[g.Span] = map[uint32]uint32{}
	}
	m.spans[g.Span][g.Batch] = g.Load
}

func what(g *invoice.Group) string {
	if g.Charge != "" {
		return g.Charge
	}
	return fmt.Sprintf("%s of %s, %s", g.Meter, g.Entitlement, g.Span.Start)
}

// arithmetic recomputes the amount of a group from its other fields, and follows its currency.
func arithmetic(d *invoice.Invoice, g *invoice.Group, r *Report) {
	r.Checked[Arithmetic]++
	r.Checked[Currencies]++
	p := g.Rate.Price
	amount := money.Of(g.Base.Value.Mul(p.Factor), g.Base.Currency)
	switch p.Kind {
	case pricing.UnitPrice:
		amount = money.Of(g.Quantity.Mul(p.Unit), g.Base.Currency)
	case pricing.Free:
		amount.Value = money.Decimal{}
	case pricing.CostFactor:
		if !g.Base.Value.Equal(g.Bought.Value) || g.Base.Currency != g.Bought.Currency {
			r.bad(Arithmetic, d.Number, "%s is priced on a cost of %s, and costs %s", what(g), g.Base, g.Bought)
		}
	}
	for _, x := range g.Exchange {
		if x.From != amount.Currency {
			r.bad(Currencies, d.Number, "%s in %s is converted from %s", what(g), amount.Currency, x.From)
		}
		amount = money.Of(amount.Value.Mul(x.Rate), x.To)
	}
	if !amount.Value.Equal(g.Sold) {
		r.bad(Arithmetic, d.Number, "%s is sold for %s, and its price makes %s", what(g), g.Sold, amount)
	}
	if !g.Sold.IsZero() && amount.Currency != d.Currency {
		r.bad(Currencies, d.Number, "%s comes to %s on a document in %s", what(g), amount, d.Currency)
	}
}
