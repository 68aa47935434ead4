package invoice

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Margin is what a seller sold in a currency in a period, over issued documents and credit notes, and what it paid
// for it. Cost is in the currency of the sale; what was paid in a currency for which no rate is on the documents
// stands in Unconverted, and then there is no margin.
type Margin struct {
	Seller      string         `json:"seller"` // key
	Currency    money.Currency `json:"currency"`
	Documents   int            `json:"documents"`
	Sold        money.Decimal  `json:"sold"` // Σ nets
	Cost        money.Decimal  `json:"cost"` // exact
	Margin      money.Decimal  `json:"margin"`
	Unconverted money.Totals   `json:"unconverted,omitempty"`
}

// Margins is what each seller earned in a period, by seller and currency. Denied to those who may not see cost.
func (v *Service) Margins(ctx context.Context, p period.Month) ([]Margin, error) {
	grant, err := v.Access.Require(ctx, access.MarginRead)
	if err != nil {
		return nil, err
	}
	if !grant.View.Has(scope.Sell) || !paid(grant.View) {
		return []Margin{}, nil
	}
	var list []Invoice
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		list, err = v.documents(ctx, r, grant.Scope, Filter{Period: p})
		return err
	})
	list = slices.DeleteFunc(list, func(d Invoice) bool { return !grant.Scope.Owns(d.Seller) }) // what is bought is no sale of one's own
	return margins(list), err
}

// paid says whether a view shows what a seller pays: the partner's cost, or what a reseller buys at.
func paid(view scope.View) bool { return view.Has(scope.Cost) || view.Has(scope.Buy) }

// margins is the rule. A voided document and the credit note answering it cancel out, so both are left out.
func margins(list []Invoice) []Margin {
	type key struct {
		seller string
		money.Currency
	}
	sums := map[key]*Margin{}
	for i := range list {
		d := &list[i]
		if d.State != Issued || d.Preceding != nil {
			continue
		}
		k := key{d.SellerKey, d.Currency}
		if sums[k] == nil {
			sums[k] = &Margin{Seller: d.SellerKey, Currency: d.Currency, Unconverted: money.Totals{}}
		}
		sums[k].add(d)
	}
	out := make([]Margin, 0, len(sums))
	for _, m := range sums {
		if m.Unconverted.IsZero() {
			m.Unconverted, m.Margin = nil, m.Sold.Sub(m.Cost)
		}
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b Margin) int {
		return cmp.Or(strings.Compare(a.Seller, b.Seller), strings.Compare(string(a.Currency), string(b.Currency)))
	})
	return out
}

func (m *Margin) add(d *Invoice) {
	m.Documents++
	m.Sold = m.Sold.Add(d.Net)
	for i := range d.Lines {
		for c, paid := range d.Lines[i].Cost {
			if c != d.Currency {
				at := slices.IndexFunc(d.Exchange, func(x Exchange) bool { return x.From == c && x.To == d.Currency })
				if at < 0 {
					m.Unconverted.Add(money.Of(paid, c))
					continue
				}
				paid = paid.Mul(d.Exchange[at].Rate)
			}
			m.Cost = m.Cost.Add(paid)
		}
	}
}
