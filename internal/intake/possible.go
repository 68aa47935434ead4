package intake

import (
	"bytes"
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/intake/plausible"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// sign is how the printed amount of a row stands to its printed quantity.
type sign int

const (
	sameSigns sign = iota
	noAmount       // it is 0, so a benefit may have covered the usage
	noQuantity
	oppositeSigns
	signs = iota
)

// signsOf compares amount and quantity of a row; the first reading only knew whether there is an amount.
func signsOf(reading int, f *usage.Fact, wide []usage.WideValue) sign {
	amount := signOf(f.Cost, wide, usage.BillingPreTaxTotal)
	if amount == 0 {
		return noAmount
	}
	if reading < 2 {
		return sameSigns
	}
	switch signOf(f.Quantity, wide, usage.Quantity) * amount {
	case 0:
		return noQuantity
	case -1:
		return oppositeSigns
	}
	return sameSigns
}

// signOf is −1, 0 or 1. What is too long for a fact stands among wide.
func signOf(f money.Fixed, wide []usage.WideValue, c usage.Column) int {
	for _, x := range wide {
		if x.Column == c {
			return x.Value.Sign()
		}
	}
	switch {
	case f.Hi < 0:
		return -1
	case f.IsZero():
		return 0
	}
	return 1
}

// signOfText is the sign of a number that was checked already; blank counts as 1.
func signOfText(text []byte) int {
	if f, fit := money.ParseFixed(text); fit == money.Fits {
		return signOf(f, nil, 0)
	}
	d, err := money.Parse(string(text))
	if err != nil {
		return 1
	}
	return d.Sign()
}

// possible keeps aside rows whose columns, each by itself a number, cannot be true together.
func (w *worker) possible(r *Row, s sign) {
	if w.bad != nil {
		return
	}
	if len(r.Values[usage.ExchangeRate]) > 0 && signOfText(r.Values[usage.ExchangeRate]) <= 0 {
		w.reject(r, usage.ExchangeRate, "rate_not_positive", "an exchange rate of 0 or below cannot be right")
	}
	if s == sameSigns && signOfText(r.Values[usage.UnitPrice]) < 0 {
		w.reject(r, usage.UnitPrice, "amount_sign", "with a negative unit price the amount has the opposite sign of the quantity, and here it has not: the row is no charge and no refund")
	}
}

// charged takes the charge period over that a row prints; it is false, and the row is kept aside, when that can only be
// read with the day before the month. What cannot be read at all says nothing.
func (w *worker) charged(r *Row, c *common) bool {
	c.from, _ = w.load.service.ParseDay(w.reading, r.Values[usage.ChargeStartDate])
	c.to, _ = w.load.service.ParseDay(w.reading, r.Values[usage.ChargeEndDate])
	slashes := plausible.Slashes(r.Values[usage.UsageDate]) // as all dates of the file are written then
	for _, column := range [...]usage.Column{usage.ChargeEndDate, usage.ChargeStartDate} {
		if plausible.DayFirst(r.Values[column]) || column == usage.ChargeEndDate && slashes && plausible.TooLong(c.from, c.to) {
			w.reject(r, column, dayMonthDates, "the day stands before the month, as spreadsheets of some countries write it")
			if w.bad == nil {
				continue // it counts as printed
			}
			w.order.DayFirst = true
			return false
		}
	}
	w.order.MonthFirst = w.order.MonthFirst || slashes && (plausible.Late(c.from) || plausible.Late(c.to))
	if c.to < c.from {
		c.to = 0
	}
	return true
}

// outside keeps a row aside whose day lies outside the charge period that it prints. A time with an offset may lie on
// another day in UTC than it is printed with.
func (w *worker) outside(r *Row, c *common, day period.Date) bool {
	text := r.Values[usage.UsageDate]
	if at := bytes.IndexAny(text, "T "); at > 0 && bytes.ContainsAny(text[at:], "+-") && day >= c.from-1 && (c.to == 0 || day <= c.to+1) {
		return false
	}
	reason := fmt.Sprintf("the day lies outside the row's own charge period, %s to %s", c.from, c.to)
	if c.to == 0 {
		reason = fmt.Sprintf("the day lies before the row's own charge period, which begins on %s and has no end that can be", c.from)
	}
	if other, ok := plausible.Swapped(text); ok && other >= c.from && (c.to == 0 || other <= c.to) {
		reason += "; with the day before the month it would lie in it"
	}
	w.reject(r, usage.UsageDate, "outside_charge_period", reason)
	return w.bad != nil
}

// dayMonthDates is the code of dates whose day stands before the month.
const dayMonthDates = "day_month_dates"

// rowWarning is what is doubtful about all rows that share their text.
type rowWarning struct {
	code, reason string
	column       usage.Column
}

func rowWarningsOf(r *Row) (out []rowWarning) {
	if !usage.ReadableTags(r.Values[usage.Tags]) {
		out = append(out, rowWarning{"unreadable_tags", "the tags cannot be read, so no rule and no grouping by tags sees them", usage.Tags})
	}
	for _, c := range [...]usage.Column{usage.SkuID, usage.ProductID, usage.AvailabilityID, usage.MPNID, usage.ResellerMPNID, usage.EntitlementID, usage.SubscriptionID, usage.MeterID} {
		if code, reason := plausible.DamagedID(c == usage.SkuID, r.Values[c]); code != "" {
			out = append(out, rowWarning{code, reason, c})
		}
	}
	return out
}
