package recon

import (
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// tax checks the tax of every line against the rate its invoice is taxed at, and books what is right as a part.
func (c *comparison) tax() {
	rates := taxRates(c.lines)
	for _, l := range c.lines {
		rate := rates[taxOf{l.InvoiceNumber, l.Currency}]
		right := l.Subtotal.Mul(rate).Round(2)
		if also := l.correct.Mul(rate).Round(2); l.TaxTotal.Equal(also) {
			right = also // taxed before the subtotal went wrong
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

type taxOf struct {
	invoice  string
	currency money.Currency
}

// taxRates is the tax rate of each invoice: the one most of its lines agree on, to a tenth of a percent. Small lines
// do not vote, for rounding blurs them.
func taxRates(lines []*line) map[taxOf]money.Decimal {
	votes, last := map[taxOf]map[string]int{}, map[taxOf]*line{}
	enough := money.FromInt(20)
	for _, l := range lines {
		k := taxOf{l.InvoiceNumber, l.Currency}
		if votes[k] == nil {
			votes[k] = map[string]int{}
		}
		if l.Subtotal.Abs().Cmp(enough) >= 0 {
			votes[k][l.TaxTotal.Quo(l.Subtotal, 3).String()]++
			last[k] = l
		}
	}
	out := map[taxOf]money.Decimal{}
	for k, v := range votes {
		best := ""
		for _, rate := range slices.Sorted(maps.Keys(v)) {
			if best == "" || v[rate] > v[best] {
				best = rate
			}
		}
		switch {
		case len(v) == 1 && v[best] == 1: // one line alone agrees with itself
			out[k] = last[k].TaxTotal.Quo(last[k].Subtotal, 15)
		case best != "":
			out[k] = money.MustParse(best)
		}
	}
	return out
}
