package usage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// The codes of what is doubtful about a statement line.
const (
	lineMismatch  = "line_mismatch"  // the subtotal is not price × quantity × exchange rate
	totalMismatch = "total_mismatch" // the total is not subtotal + tax
	datesReversed = "dates_reversed" // it ends before it begins
	daysMismatch  = "days_mismatch"  // what is given back is not for the days it names
)

// Warnings says what is odd about a statement line by itself: the printed amounts count all the same. Line and verdict
// are set, the file is for the caller. Pure.
func (l *StatementLine) Warnings() (out []Problem) {
	doubt := func(column, code, value, why string, args ...any) {
		out = append(out, Problem{Line: l.Line, Column: column, Code: code, Reason: fmt.Sprintf(why, args...), Value: value, Verdict: Warned})
	}
	if price, makes, ok := l.formula(); !ok {
		doubt("Subtotal", lineMismatch, l.Subtotal.String(),
			"the line prints %s, and %s × %s at exchange rate %s makes %s: %s %s apart; the printed amount counts",
			l.Subtotal, price, l.many(), l.ExchangeRate, makes, l.Subtotal.Sub(makes), l.Currency)
	}
	if sum := l.Subtotal.Add(l.TaxTotal); !l.Total.IsZero() && !l.Total.Equal(sum) { // a total that is left out is 0
		doubt("Total", totalMismatch, l.Total.String(), "the line prints a total of %s, and its subtotal %s and tax %s make %s: %s %s apart",
			l.Total, l.Subtotal, l.TaxTotal, sum, l.Total.Sub(sum), l.Currency)
	}
	for _, d := range [...]struct {
		what       string
		start, end period.Date
	}{{"Charge", l.ChargeStart, l.ChargeEnd}, {"Subscription", l.SubscriptionStart, l.SubscriptionEnd}} {
		if d.start != 0 && d.end != 0 && d.end < d.start {
			doubt(d.what+"EndDate", datesReversed, d.end.String(), "it ends on %s and begins on %s", d.end, d.start)
		}
	}
	if days, ok := l.refundedDays(); !ok {
		doubt("ChargeEndDate", daysMismatch, l.ChargeEnd.String(),
			"it gives back %d days, from %s to %s, and %s of a unit price of %s is not the share of any billing cycle for so many; the line prints %s %s, which counts",
			days, l.ChargeStart, l.ChargeEnd, l.EffectiveUnitPrice.Abs(), l.UnitPrice.Abs(), l.Subtotal, l.Currency)
	}
	return out
}

// many is the quantity a line bills.
func (l *StatementLine) many() money.Decimal {
	if l.BillableQuantity.IsZero() {
		return l.Quantity
	}
	return l.BillableQuantity
}

// formula says whether the subtotal is what the provider documents, by which price, and what that makes. Usage is
// trunc2(trunc2(price × quantity) × rate), licences trunc2(price × rate) × quantity, or by their examples trunc2(price ×
// quantity). A line without a price cannot be held against one.
func (l *StatementLine) formula() (price, makes money.Decimal, ok bool) {
	price = l.EffectiveUnitPrice
	if price.IsZero() {
		price = l.UnitPrice
	}
	rate := l.ExchangeRate
	free := l.Subtotal.IsZero() && (l.EffectiveUnitPrice.IsZero() || !hasTerm(l)) // a reservation may have paid for usage
	if price.IsZero() || rate.IsZero() || free {
		return price, makes, true
	}
	makes = price.Mul(l.many()).Truncate(2).Mul(rate).Truncate(2)
	printed := l.Subtotal
	if printed.Sign() < 0 { // what is given back has its sign on the price, the quantity, both or the amount alone
		price, printed, makes = price.Abs(), printed.Abs(), makes.Abs()
	}
	for _, quantity := range [...]money.Decimal{l.BillableQuantity, l.Quantity} {
		if l.Subtotal.Sign() < 0 {
			quantity = quantity.Abs()
		}
		if quantity.IsZero() && !l.many().IsZero() {
			continue
		}
		fits := []money.Decimal{
			price.Mul(quantity).Truncate(2).Mul(rate).Truncate(2), price.Mul(quantity).Mul(rate),
			price.Mul(rate).Truncate(2).Mul(quantity), price.Mul(rate).Round(2).Mul(quantity), price.Truncate(2).Mul(rate).Mul(quantity),
		}
		most := l.roundingOf(price, quantity)
		if slices.ContainsFunc(fits, func(x money.Decimal) bool { return x.Sub(printed).Abs().Cmp(most) <= 0 }) {
			return price, makes, true
		}
	}
	if l.Subtotal.Sign() < 0 {
		makes = makes.Neg()
	}
	return price, makes, false
}

// roundingOf is at most what rounding leaves between a line and its formula: a cent of either currency, or the whole
// minor unit of a currency without cents; where the price was worked out, by days or by credits, also what that lost
// behind its last printed digit.
func (l *StatementLine) roundingOf(price, quantity money.Decimal) money.Decimal {
	cent := money.FromMinor(1, min(2, l.Currency.Digits()))
	most := cent.Add(money.FromMinor(1, 2).Mul(l.ExchangeRate.Abs()))
	if price.Equal(l.UnitPrice.Abs()) {
		return most
	}
	last := money.FromMinor(1, min(max(price.Places(), 2), 12))
	return most.Add(last.Mul(quantity.Abs()).Mul(l.ExchangeRate.Abs()))
}

// refundedDays says whether a refund of a licence is for the days it names: its effective price is its unit price by the
// days given back of those in a billing cycle. Prices with promotions or credits cannot be told from that.
func (l *StatementLine) refundedDays() (days int, ok bool) {
	days = int(l.ChargeEnd-l.ChargeStart) + 1
	back := creditType(l.ChargeType) || strings.Contains(strings.ToLower(l.ChargeType), "remove")
	if !back || l.Subtotal.Sign() >= 0 || Family(l) != pricing.FamilyLicence || l.ChargeStart == 0 || l.ChargeEnd < l.ChargeStart ||
		l.UnitPrice.IsZero() || l.EffectiveUnitPrice.IsZero() || l.PromotionID != "" || l.CreditReasonCode != "" || adjusted(l.PriceAdjustment) {
		return days, true
	}
	unit, each, cent := l.UnitPrice.Abs(), l.EffectiveUnitPrice.Abs(), money.FromMinor(1, 2)
	for _, cycle := range l.cycles() {
		share := unit.Mul(money.FromInt(int64(days))).Quo(money.FromInt(int64(cycle)), 12)
		if share.Sub(each).Abs().Cmp(cent) <= 0 {
			return days, true
		}
	}
	for months := int64(1); months < 12 && l.yearly(); months++ { // some changes of plan count in months
		share := unit.Mul(money.FromInt(months)).Quo(money.FromInt(12), 12)
		if whole := days - int(months)*30; whole >= -2 && whole <= 7 && share.Sub(each).Abs().Cmp(cent) <= 0 {
			return days, true
		}
	}
	return days, false
}

// adjusted says whether a description names a reason why a price is not the list's: a percentage.
func adjusted(text string) bool {
	return strings.Contains(text, "%") || strings.Contains(strings.ToLower(text), "discount")
}

func (l *StatementLine) yearly() bool {
	s := strings.ToLower(l.BillingFrequency)
	return s == "" || strings.Contains(s, "annual") || strings.Contains(s, "year")
}

// cycles are the lengths a billing cycle of the line may have, in days: that of the month or year which ends with it;
// the provider's examples also count the days of the calendar month in which one begins or ends.
func (l *StatementLine) cycles() []int {
	of := func(m period.Month) int { return int(m.End() - m.Start()) }
	month := []int{of(l.ChargeStart.Month()), of(l.ChargeEnd.Month())}
	years := []int{365, 366, 1095, 1096}
	switch {
	case strings.Contains(strings.ToLower(l.BillingFrequency), "month"):
		return month
	case l.BillingFrequency != "" && l.yearly():
		return years
	}
	return append(month, years...)
}
