package period

import (
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

func TestSteps(t *testing.T) {
	for _, c := range []struct{ from, step, want string }{
		{"2026-01-31T10:00:00Z", "P1M", "2026-02-28T10:00:00Z"},
		{"2024-01-31T00:00:00Z", "P1M", "2024-02-29T00:00:00Z"},
		{"2024-02-29T00:00:00Z", "P1Y", "2025-02-28T00:00:00Z"},
		{"2026-11-30T00:00:00Z", "P3M", "2027-02-28T00:00:00Z"},
		{"2026-12-31T23:00:00Z", "PT2H", "2027-01-01T01:00:00Z"},
		{"2026-01-01T00:00:00Z", "P1Y2M3DT4H5M6S", "2027-03-04T04:05:06Z"},
		{"2026-01-01T00:00:00Z", "P2W", "2026-01-15T00:00:00Z"},
	} {
		from, err := time.Parse(time.RFC3339, c.from)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ParseStep(c.step)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.After(from).Format(time.RFC3339); got != c.want {
			t.Errorf("%s after %s is %s, want %s", c.step, c.from, got, c.want)
		}
	}
	for step, want := range map[string]string{
		"P1Y": "1 year", "P730D": "730 days", "P1M3D": "1 month and 3 days", "P2W": "14 days", "PT8H": "8 hours", "P1DT1H30M": "1 day, 1 hour and 30 minutes", "PT1S": "1 second",
	} {
		if s, err := ParseStep(step); err != nil || s.Words() != want {
			t.Errorf("%s is %q, want %q (%v)", step, s.Words(), want, err)
		}
	}
	for _, bad := range []string{"", "P", "PT", "1M", "P1", "PM", "P1H", "PT1D", "P1M1M", "P-1M", "P1.5M", "P1000000D"} {
		if _, err := ParseStep(bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q was read as a duration", bad)
		}
	}
}
