package recon

import (
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// tax checks the tax of every line against the rate of its invoice, and adds the right tax as a part.
func (c *comparison) tax() {
	rates := taxRates(c.lines)
	for _, l := range c.lines {
		rate := rates[taxOf{l.InvoiceNumber, l.Currency}]
		right := l.Subtotal.Mul(rate).Round(2)
		if l.taxedAt(rate) {
			right = l.TaxTotal
		}
		c.part(PartTax, right, l.Currency)
		if off := l.TaxTotal.Sub(right); !off.IsZero() {
			c.differ(WrongTax, l.id, off, "tax of %s on %s, where the invoice is taxed at %s %%", l.TaxTotal, l.Subtotal, rate.Mul(money.FromInt(100)))
		}
		if off := l.Total.Sub(l.Subtotal).Sub(l.TaxTotal); !off.IsZero() {
			c.differ(InvoiceTotal, l.id, off, "line %d prints a total of %s for %s and %s tax", l.Line, l.Total, l.Subtotal, l.TaxTotal)
		}
	}
}

// taxedAt says whether the tax of a line is that of a rate: on its subtotal, or on what that was before it went wrong;
// to cents, or to the minor unit of its currency.
func (l *line) taxedAt(rate money.Decimal) bool {
	for _, on := range [...]money.Decimal{l.Subtotal, l.correct} {
		tax := on.Mul(rate)
		if l.TaxTotal.Equal(tax.Round(2)) || l.TaxTotal.Equal(tax.Round(l.Currency.Digits())) {
			return true
		}
	}
	return false
}

type taxOf struct {
	invoice  string
	currency money.Currency
}

// taxRates is the tax rate of each invoice.
func taxRates(lines []*line) map[taxOf]money.Decimal {
	by := map[taxOf][]*line{}
	for _, l := range lines {
		if k := (taxOf{l.InvoiceNumber, l.Currency}); !l.Subtotal.IsZero() {
			by[k] = append(by[k], l)
		}
	}
	out := map[taxOf]money.Decimal{}
	for k, list := range by {
		out[k] = taxRate(list)
	}
	return out
}

// The largest maxProposers lines of an invoice propose rates, and the largest maxVoters vote.
const maxProposers, maxVoters = 40, 400

// taxRate is the rate that explains the tax of most lines, the roundest of several: large lines tell it to more digits
// than rates have (14.975 % in Quebec), and rounding blurs small ones.
func taxRate(list []*line) (rate money.Decimal) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *line) int { return b.Subtotal.Abs().Cmp(a.Subtotal.Abs()) })
	list = list[:min(len(list), maxVoters)]
	tried, most := map[string]bool{}, 0
	for _, steps := range [...]int64{100, 1000, 2000, 4000, 10_000, 20_000, 40_000, 100_000, 1_000_000, 1_000_000_000_000_000} {
		for _, l := range list[:min(len(list), maxProposers)] {
			r := l.TaxTotal.Mul(money.FromInt(steps)).Quo(l.Subtotal, 0).Quo(money.FromInt(steps), 15)
			if tried[r.String()] {
				continue
			}
			tried[r.String()] = true
			votes := 0
			for _, x := range list {
				if x.taxedAt(r) {
					votes++
				}
			}
			if votes > most {
				rate, most = r, votes
			}
		}
	}
	return rate
}
