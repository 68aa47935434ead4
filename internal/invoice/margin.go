package invoice

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Margin is what a seller sold in a currency in a period, over issued documents and credit notes, and what it paid
// for it. Cost is in the currency of the sale; amounts paid in a currency for which the documents have no exchange
// rate are in Unconverted, and then there is no margin.
type Margin struct {
	Seller      string         `json:"seller"` // key
	Currency    money.Currency `json:"currency"`
	Documents   int            `json:"documents"`
	Sold        money.Decimal  `json:"sold"` // Σ nets
	Cost        money.Decimal  `json:"cost"` // exact
	Margin      money.Decimal  `json:"margin"`
	Unconverted money.Totals   `json:"unconverted,omitempty"`
}

// Margins is what each seller earned in a period, by seller and currency: Σ nets of the documents that are not void,
// less what the rows that count now cost on the lines they bill, whether or not a document followed. Denied without
// the right to see cost.
func (v *Service) Margins(ctx context.Context, p period.Month) ([]Margin, error) {
	grant, err := v.Access.Require(ctx, access.MarginRead)
	if err != nil {
		return nil, err
	}
	if !grant.View.Has(scope.Sell) || !seesCost(grant.View) {
		return []Margin{}, nil
	}
	run, have, err := v.rated(ctx, scope.All(), p, adding{light: true, issued: true}) // prices come from sellers above the caller
	if err != nil {
		return nil, err
	}
	have = slices.DeleteFunc(have, func(d Invoice) bool { return !grant.Scope.Owns(d.Seller) }) // documents that the caller buys by are not its sales
	return run.margins(have), nil
}

// SoldCost is what the rows that count now cost on the lines that a seller's documents of a period bill, in the
// currencies it was paid in. Nothing is rated without a document that is not void.
func (v *Service) SoldCost(ctx context.Context, p period.Month, seller id.Organisation) (money.Totals, error) {
	grant, err := v.Access.Require(ctx, access.Reconcile)
	if err != nil {
		return nil, err
	}
	var list []Summary
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		list, err = v.Store.List(ctx, r, grant.Scope, Filter{Period: p, Seller: seller, State: Issued})
		return err
	})
	sum := money.Totals{}
	if err != nil || !slices.ContainsFunc(list, func(d Summary) bool { return d.Answers == "" }) {
		return sum, err
	}
	run, have, err := v.rated(ctx, grant.Scope, p, adding{light: true, issued: true})
	if err != nil {
		return nil, err
	}
	for edge := range run.edges {
		if run.state.Index.Edge(edge).Seller == seller {
			cost, _ := run.carriedCost(have, edge)
			for c, paid := range cost {
				sum.Add(money.Of(paid, c))
			}
		}
	}
	return sum, nil
}

// seesCost reports whether a view shows what a seller pays: the partner's cost, or a reseller's buy prices.
func seesCost(view scope.View) bool { return view.Has(scope.Cost) || view.Has(scope.Buy) }

// margins is the rule. A voided document and the credit note answering it cancel out, so both are left out.
func (r *run) margins(list []Invoice) []Margin {
	type key struct {
		seller string
		money.Currency
	}
	sums, seen := map[key]*Margin{}, map[id.Edge]bool{}
	for i := range list {
		d := &list[i]
		if d.State != Issued || d.Preceding != nil {
			continue
		}
		k := key{d.SellerKey, d.Currency}
		if sums[k] == nil {
			sums[k] = &Margin{Seller: d.SellerKey, Currency: d.Currency, Unconverted: money.Totals{}}
		}
		m := sums[k]
		m.Documents++
		m.Sold = m.Sold.Add(d.Net)
		if !seen[d.Edge] {
			seen[d.Edge] = true
			m.cost(r.carriedCost(list, d.Edge))
		}
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

// carriedCost is what the seller of an edge pays for the lines that documents bill, and the exchange rates on these documents.
func (r *run) carriedCost(list []Invoice, edge id.Edge) (money.Totals, []Exchange) {
	sum, rates := money.Totals{}, []Exchange{}
	billed := map[string]bool{}
	for i := range list {
		if d := &list[i]; d.Edge == edge && d.State == Issued && d.Preceding == nil {
			rates = append(rates, d.Exchange...)
			for _, l := range d.Lines {
				billed[l.Key] = true
			}
		}
	}
	if made := r.edges[edge]; made != nil {
		for key, l := range made.lines {
			if billed[key] {
				for c, paid := range l.Cost {
					sum.Add(money.Of(paid, c))
				}
			}
		}
	}
	return sum, rates
}

func (m *Margin) cost(sum money.Totals, rates []Exchange) {
	for c, paid := range sum {
		if c != m.Currency {
			at := slices.IndexFunc(rates, func(x Exchange) bool { return x.From == c && x.To == m.Currency })
			if at < 0 {
				m.Unconverted.Add(money.Of(paid, c))
				continue
			}
			paid = paid.Mul(rates[at].Rate)
		}
		m.Cost = m.Cost.Add(paid)
	}
}
