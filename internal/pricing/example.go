package pricing

import (
	"cmp"
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
)

// Base is what the example applies its price to. Without a cost before credit it is the cost.
func (e Example) Base() Base {
	b := Base{Quantity: e.Quantity, Cost: e.Cost, CostBeforeCredit: e.Cost, List: e.List, Currency: e.Currency, ListCurrency: e.Currency}
	if e.CostBeforeCredit != nil {
		b.CostBeforeCredit = *e.CostBeforeCredit
	}
	return b
}

// examples tries every worked example of the book.
func (v *validation) examples() {
	c := Compile(*v.book)
	for i, e := range v.book.Examples {
		v.at = "examples." + cmp.Or(e.Name, fmt.Sprint(i+1))
		if e.On < v.book.From {
			v.add("example_failed", "it is for %s, before this version begins on %s", cmp.Or(e.On.String(), "no day"), v.book.From)
			continue
		}
		if e.Currency != "" {
			v.currency(e.Currency)
		}
		v.example(c, e)
	}
}

func (v *validation) example(c *Compiled, e Example) {
	want := "expected " + money.Of(e.Sells, cmp.Or(e.SellsIn, e.Currency)).String()
	if e.Excluded {
		want = "expected it not to be sold"
	}
	rate, ok := c.RateFor(e.Key, e.On)
	if !ok {
		v.add("example_failed", "%s, but no rule matches %s on %s", want, e.Key, e.On)
		return
	}
	by := fmt.Sprintf("rule %q (%s)", rate.Rule, rate.Price)
	if rate.Rule == "" {
		by = "no rule: covered usage is free"
	}
	if e.Rule != "" && e.Rule != rate.Rule {
		v.add("example_failed", "expected rule %q, got %s", e.Rule, by)
		return
	}
	got, err := Apply(rate.Price, e.Base())
	switch {
	case e.Excluded && fault.CodeOf(err) == "excluded":
	case err != nil:
		v.add("example_failed", "%s, but by %s: %s", want, by, err)
	case e.Excluded:
		v.add("example_failed", "%s, got %s by %s", want, got, by)
	case got.Currency == "":
		v.add("example_failed", "it needs the currency its cost and list are in")
	case !got.Value.Equal(e.Sells) || e.SellsIn != "" && e.SellsIn != got.Currency:
		v.add("example_failed", "%s, got %s by %s", want, got, by)
	}
}
