package period

import (
	"testing"

	"pgregory.net/rapid"
)

// A day is in an intersection when it is in both.
func TestIntersect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) Period {
			p := Period{Date(rapid.IntRange(0, 8).Draw(t, name+" start")), Date(rapid.IntRange(0, 8).Draw(t, name+" end"))}
			if p.End != 0 && p.End < p.Start {
				p.Start, p.End = p.End, p.Start
			}
			return p
		}
		p, q := draw("one"), draw("other")
		both, ok := p.Intersect(q)
		some := false
		for d := Date(0); d < 12; d++ {
			want := p.Contains(d) && q.Contains(d)
			if some = some || want; want != (ok && both.Contains(d)) {
				t.Fatalf("%v and %v share day %d: %t, and their intersection is %v, %t", p, q, d, want, both, ok)
			}
		}
		if ok != some {
			t.Fatalf("%v and %v share days: %t, said %t", p, q, some, ok)
		}
	})
}
