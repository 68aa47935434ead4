package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// batches holds the rows of every sealed batch against what was sealed.
func (v *Service) batches(ctx context.Context, s scope.Scope, st *stored, r *Report) error {
	type sum struct {
		rows int64
		cost money.Decimal
	}
	sums := map[uint32]*sum{}
	q := usage.Query{Period: period.Period{Start: period.NewDate(1990, 1, 1), End: period.NewDate(2300, 1, 1)}}
	for _, b := range st.batches {
		if b.Slot.Dataset == usage.DailyUsage {
			q.Batches = append(q.Batches, usage.BatchRef{Load: b.LoadNumber, Batch: b.Number})
			sums[b.Number] = &sum{}
		}
	}
	if len(q.Batches) == 0 {
		return nil
	}
	err := v.Rows.Sums(ctx, s, q, func(x usage.Sum) error {
		t := sums[x.Batch]
		t.rows += x.Rows
		t.cost = t.cost.Add(x.Cost)
		return nil
	})
	if err != nil {
		return err
	}
	for _, b := range st.batches {
		t := sums[b.Number]
		if t == nil {
			continue
		}
		r.Checked[Batches]++
		if t.rows != b.Rows || !t.cost.Equal(b.Cost) {
			r.bad(Batches, string(b.ID), "sealed with %d rows and %s, and the usage store has %d rows and %s", b.Rows, b.Cost, t.rows, t.cost)
		}
	}
	return nil
}

// documents checks each document in itself, its worksheet against its lines, and what an edge buys against what was
// sold to its seller.
func (v *Service) documents(st *stored, r *Report) error {
	sold := map[string]money.Amount{} // buyer + group → what it was sold for
	for pass := range 2 {
		for i := range st.documents {
			d := &st.documents[i]
			if d.State == invoice.Void || d.Preceding != nil {
				continue
			}
			lines := map[string]money.Decimal{}
			err := invoice.Groups(v.Files, d.Worksheet, func(g invoice.Group) error {
				name := fmt.Sprint(g.Batch, "/", g.Hash, "/", g.Entry, "/", g.TagSet, "/", g.Variant, "/", g.Span.Start, "/", g.Charge)
				if pass == 0 {
					lines[g.Line] = lines[g.Line].Add(g.Sold)
					sold[string(d.Buyer)+name] = money.Of(g.Sold, d.Currency)
					return nil
				}
				if was, ok := sold[string(d.Seller)+name]; ok {
					r.Checked[Chains]++
					if !was.Value.Equal(g.Bought.Value) || was.Currency != g.Bought.Currency && !was.Value.IsZero() {
						r.bad(Chains, d.Number, "%s buys %s for %s, and it was sold to it for %s", d.SellerKey, orCharge(g), g.Bought, was)
					}
				}
				return nil
			})
			if err != nil {
				r.bad(Worksheets, d.Number, "the worksheet cannot be read: %v", err)
				continue
			}
			if pass == 0 {
				document(d, lines, r)
			}
		}
	}
	return nil
}

func orCharge(g invoice.Group) string {
	if g.Charge != "" {
		return g.Charge
	}
	return g.Meter + " of " + g.Entitlement
}

// document checks that a document adds up: lines to worksheet, totals to lines.
func document(d *invoice.Invoice, exact map[string]money.Decimal, r *Report) {
	net, tax := money.Decimal{}, money.Decimal{}
	for i := range d.Lines {
		l := &d.Lines[i]
		net = net.Add(l.Net)
		r.Checked[Worksheets]++
		if !exact[l.Key].Equal(l.Exact) {
			r.bad(Worksheets, d.Number, "line %d is %s exactly, and its worksheet comes to %s", l.Number, l.Exact, exact[l.Key])
		}
		if !l.Exact.Add(l.Residue).Sub(l.Billed).Equal(l.Net) || l.Net.Places() > d.Currency.Digits() {
			r.bad(Documents, d.Number, "line %d: %s + %s − %s is not %s", l.Number, l.Exact, l.Residue, l.Billed, l.Net)
		}
	}
	for _, t := range d.Taxes {
		tax = tax.Add(t.Amount)
	}
	r.Checked[Documents]++
	if !net.Equal(d.Net) || !tax.Equal(d.Tax) || !net.Add(tax).Equal(d.Total) {
		r.bad(Documents, d.Number, "prints %s + %s = %s, and its lines and taxes come to %s and %s", d.Net, d.Tax, d.Total, net, tax)
	}
}

// numbers checks that every series counts 1, 2, 3 … without gaps.
func numbers(st *stored, r *Report) {
	series := map[string][]int{}
	for _, d := range st.documents {
		i := strings.LastIndexByte(d.Number, '-')
		n, err := strconv.Atoi(d.Number[i+1:])
		if err != nil {
			r.bad(Numbers, d.Number, "is not a number of its series")
			continue
		}
		k := d.SellerKey + " " + d.Number[:i+1]
		series[k] = append(series[k], n)
	}
	for _, k := range slices.Sorted(maps.Keys(series)) {
		list := series[k]
		slices.Sort(list)
		for i, n := range list {
			r.Checked[Numbers]++
			if n != i+1 {
				r.bad(Numbers, k, "number %d is missing or given twice", i+1)
				break
			}
		}
	}
}

// journal checks that what every document posted balances for each organisation.
func journal(st *stored, r *Report) {
	for _, d := range st.documents {
		balance := map[string]money.Decimal{}
		for _, p := range st.postings[string(d.ID)] {
			r.Checked[Journal]++
			balance[string(p.Organisation)] = balance[string(p.Organisation)].Add(p.Debit).Sub(p.Credit)
		}
		if len(balance) == 0 && !d.Total.IsZero() {
			r.bad(Journal, d.Number, "posted nothing")
		}
		for _, who := range slices.Sorted(maps.Keys(balance)) {
			if !balance[who].IsZero() {
				r.bad(Journal, d.Number, "debits and credits of %s differ by %s", who, balance[who])
			}
		}
	}
}
