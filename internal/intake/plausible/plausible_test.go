package plausible

import (
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

func fixed(s string) money.Fixed {
	f, _ := money.ParseFixed([]byte(s))
	return f
}

// Rough numbers tell what is further apart than a bound from what is not, whatever the sizes.
func TestBeyond(t *testing.T) {
	for _, c := range []struct {
		a, b, bound string
		want        bool
	}{
		{"100", "100", "0.02", false}, {"100", "100.01", "0.02", false}, {"100", "100.03", "0.02", true}, {"100", "99.97", "0.02", true},
		{"10000000", "10000000.1", "0.02", false}, {"10000000", "10001000", "0.02", true}, {"0", "0.01", "0.02", false}, {"0", "0.03", "0.02", true},
		{"0.03", "0", "0.02", true}, {"0", "0", "0.02", false}, {"0.000000000000000001", "50000000000", "0.02", true}, {"1000.015", "1000", "0.0185", false},
	} {
		if got := RoughOf(fixed(c.a)).Beyond(RoughOf(fixed(c.b)), RoughOf(fixed(c.bound))); got != c.want {
			t.Errorf("%s and %s, more than %s apart: %t", c.a, c.b, c.bound, got)
		}
	}
}

// A file's dates show their order where one of them can only be read one way.
func TestDayOrder(t *testing.T) {
	for name, c := range map[string]struct {
		dates   []string
		misread bool
	}{
		"month first":         {[]string{"9/1/2026", "9/13/2026"}, false},
		"day first":           {[]string{"1/9/2026", "13/9/2026"}, true},
		"either":              {[]string{"1/9/2026", "2/9/2026"}, false},
		"both":                {[]string{"1/9/2026", "13/9/2026", "9/13/2026"}, false},
		"day first, none was": {[]string{"13/9/2026", "14/9/2026", "2026-09-01"}, false},
		"points":              {[]string{"01.09.2026", "13.09.2026"}, true},
		"same numbers":        {[]string{"9/9/2026", "13/9/2026"}, false},
	} {
		var o DayOrder
		for _, d := range c.dates {
			o.Note([]byte(d))
		}
		if o.Misread() != c.misread {
			t.Errorf("%s: %+v", name, o)
		}
	}
	for text, want := range map[string]string{"13/9/2026": "2026-09-13", "01.09.2026 00:00": "2026-09-01", "9/13/2026": "", "2026-09-13": "", "31/2/2026": "", "": ""} {
		if d, ok := Swapped([]byte(text)); ok != (want != "") || ok && d.String() != want {
			t.Errorf("%q with the day first: %s", text, d)
		}
	}
	day := func(m time.Month, d int) period.Date { return period.NewDate(2026, m, d) }
	if !TooLong(day(1, 9), day(12, 9)) || TooLong(day(9, 1), day(9, 12)) || TooLong(day(9, 1), day(9, 30)) || TooLong(0, day(9, 30)) {
		t.Error("a charge period from 1 to 12 September reads as one from January to December with the month first")
	}
}
