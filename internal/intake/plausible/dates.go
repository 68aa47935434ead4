package plausible

import (
	"bytes"
	"fmt"
	"time"

	"github.com/purveyor-csp/purveyor/internal/period"
)

// Late says that a day is none of the first twelve of its month, so that it cannot be taken for a month.
func Late(d period.Date) bool {
	return d != 0 && d.Time().Day() > 12
}

// monthDays and longCharge are how long a charge period of daily usage is at most, and what cannot be one.
const monthDays, longCharge = 31, 45

// TooLong says that a charge period which may be read either way is one of a month only with the day first.
func TooLong(from, to period.Date) bool {
	if from == 0 || to == 0 || Late(from) || Late(to) || from <= to && to-from <= longCharge {
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

// DayOrder is what the dates of a file with slashes say about their order.
type DayOrder struct {
	DayFirst, MonthFirst bool // there is a date that can only be read so
	either               bool // there is one that may be read both ways
}

// Note takes the order over that a date shows.
func (o *DayOrder) Note(text []byte) {
	a, b, _, ok := parts(text)
	switch {
	case !ok || a < 1 || b < 1 || a > 31 || b > 31:
	case a > 12 && b <= 12:
		o.DayFirst = true
	case a <= 12 && b > 12:
		o.MonthFirst = true
	case a <= 12 && a != b:
		o.either = true
	}
}

// Merge adds what other dates of the file show.
func (o *DayOrder) Merge(p DayOrder) {
	*o = DayOrder{o.DayFirst || p.DayFirst, o.MonthFirst || p.MonthFirst, o.either || p.either}
}

// Misread says that the dates of a file stand with the day first, and that some were taken for others.
func (o *DayOrder) Misread() bool { return o.DayFirst && !o.MonthFirst && o.either }

// DayFirst says whether a text is a date that can only be read with the day before the month.
func DayFirst(text []byte) bool {
	a, _, _, ok := parts(text)
	_, real := Swapped(text)
	return ok && real && a > 12
}

// Swapped is the date a text would be with the day before the month.
func Swapped(text []byte) (period.Date, bool) {
	a, b, y, ok := parts(text)
	if !ok {
		return 0, false
	}
	d, err := period.ParseDate(fmt.Sprintf("%04d-%02d-%02d", y, b, a))
	return d, err == nil
}

// Slashes says whether a text is a date whose year stands last.
func Slashes(text []byte) bool {
	_, _, _, ok := parts(text)
	return ok
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
