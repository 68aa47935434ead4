// Package period owns civil dates, months and half-open periods, all in UTC.
//
// It does not know the clock: dates are passed in. Always true: a period is [start, end); a Date is a day without a
// time; the zero Date means "open" at either end of a dated thing.
package period

import (
	"fmt"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Date is a civil day as the number of days since 1970-01-01, plus one; 0 is no date.
type Date int32

// DateOf is the civil day of an instant in UTC.
func DateOf(t time.Time) Date { return Date(floorDiv(t.Unix(), 86400) + 1) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// NewDate is a civil day; the values must be one (31 April panics).
func NewDate(year int, month time.Month, day int) Date {
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if t.Day() != day || t.Month() != month {
		panic(fmt.Sprintf("period: %d-%d-%d is no day", year, month, day))
	}
	return DateOf(t)
}

// ParseDate reads "2026-09-30"; the fault is Invalid.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fault.New(fault.Invalid, "not_a_date", "%q is not a date like 2026-09-30", s)
	}
	return DateOf(t), nil
}

// IsZero says whether this is no date.
func (d Date) IsZero() bool { return d == 0 }

// Days is the number of days since 1970-01-01.
func (d Date) Days() int { return int(d) - 1 }

// FromDays is the day n days after 1970-01-01.
func FromDays(n int) Date { return Date(n + 1) }

// Time is midnight UTC of the day.
func (d Date) Time() time.Time { return time.Unix(int64(d.Days())*86400, 0).UTC() }

// AddDays is the day n days later.
func (d Date) AddDays(n int) Date { return d + Date(n) }

// Month is the month the day lies in.
func (d Date) Month() Month {
	t := d.Time()
	return Month(t.Year()*12 + int(t.Month()) - 1)
}

// String is "2026-09-30", or "" for no date.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return d.Time().Format(time.DateOnly)
}

// MarshalText is String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDate; empty text is no date.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	v, err := ParseDate(string(b))
	*d = v
	return err
}

// Month is a calendar month as year × 12 + month − 1: the period of usage and of invoices.
type Month int

// ParseMonth reads "2026-09"; the fault is Invalid.
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return 0, fault.New(fault.Invalid, "not_a_period", "%q is not a period like 2026-09", s)
	}
	return Month(t.Year()*12 + int(t.Month()) - 1), nil
}

// String is "2026-09".
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", int(m)/12, int(m)%12+1) }

// MarshalText is String.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText is ParseMonth.
func (m *Month) UnmarshalText(b []byte) error {
	v, err := ParseMonth(string(b))
	*m = v
	return err
}

// Start is the first day of the month.
func (m Month) Start() Date { return NewDate(int(m)/12, time.Month(int(m)%12+1), 1) }

// End is the first day after it: the month is [Start, End).
func (m Month) End() Date { return (m + 1).Start() }

// Period is the month as [Start, End).
func (m Month) Period() Period { return Period{m.Start(), m.End()} }

// Year is the calendar year.
func (m Month) Year() int { return int(m) / 12 }

// Period is the half-open interval [Start, End); a zero End is open, a zero Start is "always".
type Period struct {
	Start Date `json:"start,omitzero" yaml:"from,omitempty"`
	End   Date `json:"end,omitzero" yaml:"to,omitempty"`
}

// Contains says whether the day lies in the period.
func (p Period) Contains(d Date) bool { return d >= p.Start && (p.End == 0 || d < p.End) }

// Intersect is the days in both periods; ok is false when there are none.
func (p Period) Intersect(q Period) (both Period, ok bool) {
	both = Period{max(p.Start, q.Start), p.End}
	if both.End == 0 || q.End != 0 && q.End < both.End {
		both.End = q.End
	}
	return both, both.End == 0 || both.Start < both.End
}

// Overlaps says whether the periods share a day.
func (p Period) Overlaps(q Period) bool {
	return (p.End == 0 || q.Start < p.End) && (q.End == 0 || p.Start < q.End)
}

// Dated is something that is so on some days.
type Dated[T any] struct {
	Of   T
	Days Period
}
