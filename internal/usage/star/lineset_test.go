package star

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Lines are the same whichever reading they are of; each is taken once.
func TestLineSet(t *testing.T) {
	a, b := usage.StatementLine{CustomerID: "t-1"}, usage.StatementLine{CustomerID: "t-2", Reading: usage.Reading}
	var s LineSet
	s.Add(a)
	s.Add(b)
	if r, ok := s.Take(a.As(usage.Reading)); !ok || r != usage.FirstReading {
		t.Errorf("a line sealed by the first reading, read anew: %d, %t", r, ok)
	}
	if r, ok := s.Take(b.As(usage.FirstReading)); !ok || r != usage.Reading {
		t.Errorf("a line sealed by today's reading, read by the first: %d, %t", r, ok)
	}
	if _, ok := s.Take(a); ok || s.Len() != 0 {
		t.Errorf("taken twice; %d are left", s.Len())
	}
}
