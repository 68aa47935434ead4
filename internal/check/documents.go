package check

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
)

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

// issued compares every issued document with the event that made it final, and with its row in lists.
func issued(st *stored, r *Report) {
	for i := range st.documents {
		d := &st.documents[i]
		r.Checked[Issued]++
		was, ok := st.issues[string(d.ID)]
		switch {
		case !ok && !st.since.IsZero() && !d.IssuedAt.After(st.since): // the event was exported and pruned
		case !ok:
			r.bad(Issued, d.Number, "no event says that it was issued")
		case was.Snapshot != invoice.Digest(*d):
			r.bad(Issued, d.Number, "it is not what was issued: its snapshot has another digest than the event says")
		case was.Number != d.Number || was.Worksheet != d.Worksheet:
			r.bad(Issued, d.Number, "the event says number %s and worksheet %s", was.Number, was.Worksheet)
		}
		listed, full := st.summaries[d.ID], invoice.Summarise(*d)
		listed.Cursor = ""
		if !same(listed, full) {
			r.bad(Issued, d.Number, "lists say %s, %s + %s = %s %s, and the document %s, %s + %s = %s %s",
				listed.Number, listed.Net, listed.Tax, listed.Total, listed.Currency, full.Number, full.Net, full.Tax, full.Total, full.Currency)
		}
	}
	known := map[string]bool{}
	for i := range st.documents {
		known[string(st.documents[i].ID)] = true
	}
	for _, subject := range slices.Sorted(maps.Keys(st.issues)) {
		if !known[subject] {
			r.bad(Issued, st.issues[subject].Number, "it was issued, and is gone")
		}
	}
}

// same compares summaries field by field.
func same(a, b invoice.Summary) bool {
	equal := a.Net.Equal(b.Net) && a.Tax.Equal(b.Tax) && a.Total.Equal(b.Total)
	for _, x := range [...]*invoice.Summary{&a, &b} {
		x.Net, x.Tax, x.Total = money.Decimal{}, money.Decimal{}, money.Decimal{}
	}
	return equal && a == b
}

// numbers checks that every series counts 1, 2, 3 … without gaps, or on from the number that it was started with. Where
// the event that recorded the start was pruned, the first number there is counts as it.
func numbers(st *stored, r *Report) {
	series, names := map[string][]int{}, map[string]string{}
	for _, d := range st.documents {
		i := strings.LastIndexByte(d.Number, '-')
		n, err := strconv.Atoi(d.Number[i+1:])
		if err != nil {
			r.bad(Numbers, d.Number, "is not a number of its series")
			continue
		}
		k := string(d.Seller) + " " + d.Number[:i+1]
		series[k], names[k] = append(series[k], n), d.SellerKey+" "+d.Number[:i+1]
	}
	for _, k := range slices.Sorted(maps.Keys(series)) {
		list := series[k]
		slices.Sort(list)
		first := max(st.started[k], 1)
		if st.started[k] == 0 && !st.since.IsZero() {
			first = list[0]
		}
		for i, n := range list {
			r.Checked[Numbers]++
			if n != first+i {
				r.bad(Numbers, names[k], "number %d is missing or given twice", first+i)
				break
			}
		}
	}
}

// journal checks that the postings of every document are those of its amounts, in its currency, and balance for each
// organisation.
func journal(st *stored, r *Report) {
	for i := range st.documents {
		d := &st.documents[i]
		balance := map[string]money.Decimal{}
		due := map[string]invoice.Posting{}
		for _, p := range invoice.Postings(*d) {
			due[string(p.ID)] = p
		}
		for _, p := range st.postings[d.ID] {
			r.Checked[Journal]++
			balance[string(p.Organisation)] = balance[string(p.Organisation)].Add(p.Debit).Sub(p.Credit)
			want, ok := due[string(p.ID)]
			if !ok || p.Account != want.Account || !p.Debit.Equal(want.Debit) || !p.Credit.Equal(want.Credit) {
				r.bad(Journal, d.Number, "%s of %s is posted as %s debit and %s credit, which is not what the document says", p.Account, p.Organisation, p.Debit, p.Credit)
			}
			delete(due, string(p.ID))
			r.Checked[Currencies]++
			if p.Currency != d.Currency {
				r.bad(Currencies, d.Number, "a document in %s is posted in %s", d.Currency, p.Currency)
			}
		}
		for _, id := range slices.Sorted(maps.Keys(due)) {
			r.bad(Journal, d.Number, "%s of %s is not posted", due[id].Account, due[id].Organisation)
		}
		for _, who := range slices.Sorted(maps.Keys(balance)) {
			if !balance[who].IsZero() {
				r.bad(Journal, d.Number, "debits and credits of %s differ by %s", who, balance[who])
			}
		}
	}
}
