package recon

import (
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// otherPartners makes one difference of each invoice of which lines name a partner that is not the installation's.
func (c *comparison) otherPartners(statement []usage.StatementLine) {
	type partnerOf struct {
		invoice, partner string
		currency         money.Currency
	}
	lines := map[partnerOf]int{}
	var order []partnerOf
	for i := range statement {
		l := &statement[i]
		at := partnerOf{l.InvoiceNumber, strings.ToLower(strings.TrimSpace(l.PartnerID)), l.Currency}
		if len(c.partners) == 0 || at.partner == "" || c.partners[at.partner] {
			continue
		}
		if lines[at] == 0 {
			order = append(order, at)
		}
		lines[at]++
	}
	for _, at := range order {
		c.differWithoutAmount(OtherPartner, usage.Identity{Invoice: at.invoice, Currency: at.currency}, "%d lines of invoice %s name partner %s, which is not ours: that is %s",
			lines[at], at.invoice, at.partner, strings.Join(slices.Sorted(maps.Keys(c.partners)), ", "))
	}
}

// partnersOf is how the provider names the partner: its tenants and its number, and the account that daily usage was
// billed to.
func partnersOf(partner *org.Organisation, all []usage.Batch) map[string]bool {
	out := map[string]bool{}
	if partner != nil {
		for _, name := range append([]string{partner.Tenant, partner.MPN}, partner.Tenants...) {
			out[strings.ToLower(name)] = true
		}
	}
	for i := range all {
		if all[i].Slot.Dataset == usage.DailyUsage {
			out[strings.ToLower(all[i].Slot.Account)] = true
		}
	}
	delete(out, "")
	return out
}

// otherMonths finds the statement's invoices that are of another month, and makes one difference of each: what it comes
// to says nothing about this month.
func (c *comparison) otherMonths(statement []usage.StatementLine) map[string]period.Month {
	by := map[string][]*usage.StatementLine{}
	for i := range statement {
		by[statement[i].InvoiceNumber] = append(by[statement[i].InvoiceNumber], &statement[i])
	}
	ours := map[string]bool{}
	for i := range c.charged {
		ours[c.charged[i].InvoiceNumber] = true
	}
	out := map[string]period.Month{}
	for _, number := range slices.Sorted(maps.Keys(by)) {
		of, known := c.invoices[number]
		if !known || number == "" {
			of = monthOf(by[number], c.period)
		}
		if c.period == 0 || ours[number] || of == 0 || of == c.period {
			continue
		}
		out[number] = of
		sums := money.Totals{}
		for _, l := range by[number] {
			sums.Add(money.Of(l.Total, l.Currency))
		}
		for _, cur := range sums.Currencies() {
			c.differ(OtherMonth, usage.Identity{Invoice: number, Currency: cur}, sums[cur],
				"invoice %s is of %s, not of %s: its %d lines were left out; compare it with --period %s", number, of, c.period, len(by[number]), of)
		}
	}
	return out
}

// monthOf is the month that the lines of an invoice which was never imported are of, or 0: it may be the one asked for.
// Most of its usage decides; without usage, whether any line reaches into the month.
func monthOf(lines []*usage.StatementLine, asked period.Month) period.Month {
	used, started := map[period.Month]int{}, map[period.Month]int{}
	for _, l := range lines {
		if l.ChargeStart == 0 {
			return 0
		}
		m := l.ChargeStart.Month()
		started[m]++
		if family := usage.Family(l); family == pricing.FamilyAzure || family == "" {
			used[m]++
		}
		if in := asked.Period(); len(used) == 0 && l.ChargeStart < in.End && max(l.ChargeEnd, l.ChargeStart) >= in.Start {
			started[asked] += len(lines)
		}
	}
	if len(used) > 0 {
		started = used
	}
	found := period.Month(0)
	for _, m := range slices.Sorted(maps.Keys(started)) {
		if found == 0 || started[m] > started[found] || started[m] == started[found] && m == asked {
			found = m
		}
	}
	return found
}

// missingInvoices makes one difference of each invoice of the month of which the statement has no line.
func (c *comparison) missingInvoices() {
	rows, lines := map[string]int64{}, map[string]int{}
	sums := map[string]money.Totals{}
	add := func(number string, amount money.Decimal, cur money.Currency) {
		if sums[number] == nil {
			sums[number] = money.Totals{}
		}
		sums[number].Add(money.Of(amount, cur))
	}
	for _, e := range c.rows.All() {
		if !c.printed[e.Invoice] {
			c.truncation(e)
			rows[e.Invoice] += e.Rows
			add(e.Invoice, e.Subtotal(), e.Currency)
		}
	}
	for i := range c.charged {
		if l := &c.charged[i]; !c.printed[l.InvoiceNumber] {
			lines[l.InvoiceNumber]++
			add(l.InvoiceNumber, l.Subtotal, l.Currency)
		}
	}
	for _, number := range slices.Sorted(maps.Keys(sums)) {
		for _, cur := range sums[number].Currencies() {
			c.differ(MissingInvoice, usage.Identity{Invoice: number, Currency: cur}, sums[number][cur].Neg(),
				"the statement has no line of invoice %s, of which %d daily rows and %d charges of this month were imported; take the statement that has it", number, rows[number], lines[number])
		}
	}
}
