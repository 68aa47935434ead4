package star

import (
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// LineSet counts reconciliation lines by what makes them the same lines, whichever version of the rules each was read
// by. The zero value is empty.
type LineSet struct {
	lines    int
	contents map[int]map[string]int // by reading
}

// Add counts a line.
func (s *LineSet) Add(l usage.StatementLine) {
	if s.contents == nil {
		s.contents = map[int]map[string]int{}
	}
	r := l.ReadBy()
	if s.contents[r] == nil {
		s.contents[r] = map[string]int{}
	}
	s.contents[r][usage.Content(l)]++
	s.lines++
}

// Len is how many lines are left.
func (s *LineSet) Len() int { return s.lines }

// Take takes a line out that is the same as l, and says by which version of the rules that one was read.
func (s *LineSet) Take(l usage.StatementLine) (reading int, ok bool) {
	for _, r := range slices.Backward(slices.Sorted(maps.Keys(s.contents))) { // the same reading is the rule
		key := usage.Content(l.As(min(r, l.ReadBy())))
		if s.contents[r][key] > 0 {
			s.contents[r][key]--
			s.lines--
			return r, true
		}
	}
	return 0, false
}
