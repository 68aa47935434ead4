package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

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
		w.reject(r, usage.ExchangeRate, "rate_not_positive", "an exchange rate is above 0")
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
	_, _, _, slashes := parts(r.Values[usage.UsageDate]) // as all dates of the file are written then
	for _, column := range [...]usage.Column{usage.ChargeEndDate, usage.ChargeStartDate} {
		if dayFirst(r.Values[column]) || column == usage.ChargeEndDate && slashes && muchTooLong(c.from, c.to) {
			w.order.dayFirst = true
			w.reject(r, column, dayMonthDates, "the day stands before the month, as spreadsheets of some countries write it")
			return false
		}
	}
	w.order.monthFirst = w.order.monthFirst || slashes && (late(c.from) || late(c.to))
	if c.to < c.from {
		c.to = 0
	}
	return true
}

// late says that a day is none of the first twelve of its month, so that it cannot be taken for a month.
func late(d period.Date) bool {
	return d != 0 && d.Time().Day() > 12
}

// monthDays and longCharge are how long a charge period of daily usage is at most, and what cannot be one.
const monthDays, longCharge = 31, 45

// muchTooLong says that a charge period which may be read either way is one of a month only with the day first.
func muchTooLong(from, to period.Date) bool {
	if from == 0 || to == 0 || late(from) || late(to) || from <= to && to-from <= longCharge {
		return false
	}
	x, y := swap(from), swap(to)
	return x <= y && y-x <= monthDays
}

// swap is the day whose month is the day of the month of d, and the other way round.
func swap(d period.Date) period.Date {
	t := d.Time()
	return period.DateOf(time.Date(t.Year(), time.Month(t.Day()), int(t.Month()), 0, 0, 0, 0, time.UTC))
}

// outside keeps a row aside whose day lies outside the charge period that it prints. A time with an offset may lie on
// another day in UTC than it is printed with.
func (w *worker) outside(r *Row, c *common, day period.Date) bool {
	text := r.Values[usage.UsageDate]
	if at := bytes.IndexAny(text, "T "); at > 0 && bytes.ContainsAny(text[at:], "+-") && day >= c.from-1 && (c.to == 0 || day <= c.to+1) {
		return false
	}
	reason := fmt.Sprintf("the day lies outside the row's own charge period, %s to %s", c.from, c.to)
	if other, ok := swapped(text); ok && other >= c.from && (c.to == 0 || other <= c.to) {
		reason += "; with the day before the month it would lie in it"
	}
	w.reject(r, usage.UsageDate, "outside_charge_period", reason)
	return true
}

// dayMonthDates is the code of dates whose day stands before the month.
const dayMonthDates = "day_month_dates"

// dayOrder is what the dates of a file with slashes say about their order.
type dayOrder struct {
	dayFirst, monthFirst bool // there is a date that can only be read so
	either               bool // there is one that may be read both ways
}

func (o *dayOrder) note(text []byte) {
	a, b, _, ok := parts(text)
	switch {
	case !ok || a < 1 || b < 1 || a > 31 || b > 31:
	case a > 12 && b <= 12:
		o.dayFirst = true
	case a <= 12 && b > 12:
		o.monthFirst = true
	case a <= 12 && a != b:
		o.either = true
	}
}

func (o *dayOrder) merge(p dayOrder) {
	*o = dayOrder{o.dayFirst || p.dayFirst, o.monthFirst || p.monthFirst, o.either || p.either}
}

// misread says that the dates of a file stand with the day first, and that some were taken for others.
func (o *dayOrder) misread() bool { return o.dayFirst && !o.monthFirst && o.either }

// dayFirst says whether a text is a date that can only be read with the day before the month.
func dayFirst(text []byte) bool {
	a, _, _, ok := parts(text)
	_, real := swapped(text)
	return ok && real && a > 12
}

// swapped is the date a text would be with the day before the month.
func swapped(text []byte) (period.Date, bool) {
	a, b, y, ok := parts(text)
	if !ok {
		return 0, false
	}
	d, err := period.ParseDate(fmt.Sprintf("%04d-%02d-%02d", y, b, a))
	return d, err == nil
}

// parts are the three numbers of a date whose year stands last.
func parts(text []byte) (a, b, year int, ok bool) {
	text = bytes.TrimSpace(text)
	if at := bytes.IndexAny(text, "T "); at > 0 {
		text = text[:at]
	}
	at := bytes.IndexAny(text, "/.")
	last := bytes.LastIndexAny(text, "/.")
	if at < 1 || at > 2 || last-at < 2 || last-at > 3 || len(text)-last != 5 || text[at] != text[last] {
		return 0, 0, 0, false
	}
	for i, c := range text {
		if i == at || i == last {
			continue
		}
		if c < '0' || c > '9' {
			return 0, 0, 0, false
		}
		switch n := int(c - '0'); {
		case i < at:
			a = a*10 + n
		case i < last:
			b = b*10 + n
		default:
			year = year*10 + n
		}
	}
	return a, b, year, year >= 2000 && year < 2200
}

// reserved says whether additional information names a reservation, or the meter that a reservation stood in for: the
// provider prints usage that a reservation pays for with an amount of 0 and names the reservation there alone.
func reserved(info []byte) bool {
	lower := bytes.ToLower(info)
	if !bytes.Contains(lower, []byte("reservation")) && !bytes.Contains(lower, []byte("consumptionmeter")) {
		return false
	}
	var all map[string]any
	if json.Unmarshal(info, &all) != nil {
		return false
	}
	for name, value := range all {
		text, _ := value.(string)
		switch strings.ToLower(name) {
		case "reservationid", "reservationorderid", "consumptionmeter":
			if strings.Trim(text, "0- ") != "" && !strings.EqualFold(text, "null") {
				return true
			}
		}
	}
	return false
}

// rowDoubt is what is doubtful about all rows that share their text.
type rowDoubt struct {
	code, reason string
	column       usage.Column
}

func doubtsOf(r *Row) (out []rowDoubt) {
	if t := bytes.TrimSpace(r.Values[usage.Tags]); len(t) > 0 && usage.ParseTags(t) == nil {
		out = append(out, rowDoubt{"unreadable_tags", "the tags cannot be read, so no rule and no grouping by tags sees them", usage.Tags})
	}
	for _, c := range [...]usage.Column{usage.SkuID, usage.ProductID, usage.AvailabilityID, usage.MPNID, usage.ResellerMPNID, usage.EntitlementID, usage.SubscriptionID, usage.MeterID} {
		if code, reason := usage.SpoiltID(c == usage.SkuID, string(r.Values[c])); code != "" {
			out = append(out, rowDoubt{code, reason, c})
		}
	}
	return out
}
