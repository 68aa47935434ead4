package invoice

import (
	"cmp"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// unitCode is the UN/ECE Recommendation 20 code for "one", for lines without a unit of their own.
const unitCode = "C62"

// roundLine rounds a line: the only place where an invoice drops digits. Its net is the exact amount of its key, rounded half
// away from zero to the minor unit, less the amount that earlier documents billed for the key; the residue is what rounding
// added.
func roundLine(l *Line, c money.Currency, u unitPrice) {
	whole := money.Of(l.Exact, c).Round().Value
	l.Net = whole.Sub(l.Billed)
	l.Residue = whole.Sub(l.Exact)
	l.UnitCode, l.BaseQuantity = unitCode, money.FromInt(1)
	if !u.mixed && u.groups > 0 && l.Billed.IsZero() {
		l.Quantity, l.UnitPrice, l.Unit = u.quantity, u.price.Value, u.unit
		return
	}
	if l.Kind == ChargeLine && l.Billed.IsZero() && !l.Quantity.IsZero() {
		if price := l.Exact.Quo(l.Quantity, 6); money.Of(price.Mul(l.Quantity), c).Round().Value.Equal(l.Net) {
			l.UnitPrice = price
			return
		}
	}
	l.Quantity, l.UnitPrice, l.Mixed = money.FromInt(1), l.Net, true
}

// total adds up a document: the nets of the printed lines, tax per category and rate on the sum of printed nets (EN
// 16931 BR-CO-10 to BR-CO-17). Lines must be rounded; Prepaid and Rounding are as given.
func (v *Invoice) total() {
	type category struct{ category, percent, reason, place string }
	sums := map[category]*TaxTotal{}
	v.Net, v.Tax = money.Decimal{}, money.Decimal{}
	for i := range v.Lines {
		l := &v.Lines[i]
		v.Net = v.Net.Add(l.Net)
		k := category{l.Tax.Category, l.Tax.Percent.String(), l.Tax.Reason, l.Tax.Place}
		if sums[k] == nil {
			sums[k] = &TaxTotal{LineTax: l.Tax}
		}
		sums[k].Taxable = sums[k].Taxable.Add(l.Net)
	}
	v.Taxes = v.Taxes[:0]
	for _, t := range sums {
		t.Amount = money.Of(t.Taxable.Mul(t.Percent).Mul(percent), v.Currency).Round().Value
		v.Tax = v.Tax.Add(t.Amount)
		v.Taxes = append(v.Taxes, *t)
	}
	slices.SortFunc(v.Taxes, func(a, b TaxTotal) int {
		return cmp.Or(strings.Compare(a.Category, b.Category), b.Percent.Cmp(a.Percent), strings.Compare(a.Place, b.Place))
	})
	v.Total = v.Net.Add(v.Tax)
	v.Payable = v.Total.Sub(v.Prepaid).Add(v.Rounding)
	v.Kind = KindInvoice
	if v.Total.Sign() < 0 {
		v.Kind = KindCreditNote
	}
}

var percent = money.MustParse("0.01")

// sortLines sorts lines in print order and numbers them: by customer, subscription, usage before
// charges, service.
func (v *Invoice) sortLines() {
	slices.SortFunc(v.Lines, func(a, b Line) int {
		return cmp.Or(strings.Compare(a.Customer, b.Customer), -strings.Compare(string(a.Kind), string(b.Kind)),
			strings.Compare(a.SubscriptionOf, b.SubscriptionOf), strings.Compare(a.Subscription, b.Subscription),
			strings.Compare(a.Service, b.Service), strings.Compare(a.Key, b.Key))
	})
	for i := range v.Lines {
		v.Lines[i].Number = i + 1
	}
}
