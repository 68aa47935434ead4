package period

import (
	"strconv"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Step is a length of time as calendars count it: months of different lengths, days, and hours within them.
type Step struct {
	Years, Months, Days int
	Clock               time.Duration
}

// ParseStep reads an ISO 8601 duration of whole parts: P1M, P1Y, P3D, P2W, PT6H, P1DT12H30M. The fault is Invalid.
func ParseStep(s string) (Step, error) {
	bad := fault.New(fault.Invalid, "not_a_duration", "%q is not a duration like P1M, P3D or PT6H", s)
	rest, ok := strings.CutPrefix(s, "P")
	date, clock, timed := strings.Cut(rest, "T")
	if !ok || rest == "" || timed && clock == "" {
		return Step{}, bad
	}
	var out Step
	var week int
	if !parts(date, map[byte]*int{'Y': &out.Years, 'M': &out.Months, 'W': &week, 'D': &out.Days}) {
		return Step{}, bad
	}
	var h, m, sec int
	if !parts(clock, map[byte]*int{'H': &h, 'M': &m, 'S': &sec}) {
		return Step{}, bad
	}
	out.Days += 7 * week
	out.Clock = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second
	return out, nil
}

// maxPart bounds each number of a duration.
const maxPart = 100_000

func parts(s string, into map[byte]*int) bool {
	n, digits := 0, 0
	for i := range len(s) {
		if c := s[i]; '0' <= c && c <= '9' {
			n, digits = n*10+int(c-'0'), digits+1
			if n > maxPart {
				return false
			}
			continue
		}
		to := into[s[i]]
		if to == nil || digits == 0 {
			return false
		}
		*to = n
		delete(into, s[i]) // each at most once
		n, digits = 0, 0
	}
	return digits == 0
}

// Words is the step as people say it: "2 years", "1 month and 3 days", "6 hours".
func (s Step) Words() string {
	var list []string
	for _, part := range []struct {
		n    int
		name string
	}{
		{s.Years, "year"}, {s.Months, "month"}, {s.Days, "day"},
		{int(s.Clock / time.Hour), "hour"}, {int(s.Clock % time.Hour / time.Minute), "minute"}, {int(s.Clock % time.Minute / time.Second), "second"},
	} {
		switch part.n {
		case 0:
		case 1:
			list = append(list, "1 "+part.name)
		default:
			list = append(list, strconv.Itoa(part.n)+" "+part.name+"s")
		}
	}
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

// After is the instant one step after t. A day the month does not have becomes its last: 31 January + P1M is
// 28 February.
func (s Step) After(t time.Time) time.Time {
	t = t.UTC()
	first := time.Date(t.Year()+s.Years, t.Month()+time.Month(s.Months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	day := min(t.Day(), first.AddDate(0, 1, -1).Day())
	return first.AddDate(0, 0, day-1+s.Days).Add(s.Clock)
}
