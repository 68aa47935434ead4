package matrix

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Every spelling of every canary is found wherever it stands in a body, alone and beside others, and nothing else is.
func TestFinderFindsEverySpelling(t *testing.T) {
	list := canaries()
	f := newFinder(list)
	names := func(in []canary) (out []string) {
		for _, c := range in {
			out = append(out, c.what)
		}
		return out
	}
	tried := 0
	for _, c := range list {
		for _, d := range c.digits {
			if d[0] < '0' || d[0] > '9' {
				t.Errorf("%s is written %q, which begins with no digit", c.what, d)
			}
			for _, body := range []string{d, "x" + d, d + "9", "1" + d + `"`, "Größe " + d[:2] + d, strings.Repeat("7.1 ", 50) + d} {
				var want []string
				for _, o := range list {
					if slices.ContainsFunc(o.digits, func(d string) bool { return strings.Contains(body, d) }) {
						want = append(want, o.what)
					}
				}
				if got := names(f.found(body)); !slices.Equal(got, want) || !slices.Contains(got, c.what) {
					t.Errorf("in %q: %q, want %q", body, got, want)
				}
				tried++
			}
			if got := f.found(d[:len(d)-1] + "x"); slices.ContainsFunc(got, func(g canary) bool { return g.what == c.what }) {
				t.Errorf("%q is found where its last digit is not", d)
			}
		}
	}
	both := fmt.Sprintf(`{"a":%q,"b":%q}`, list[3].digits[0], list[1].digits[2])
	if got := names(f.found(both)); !slices.Equal(got, []string{list[1].what, list[3].what}) {
		t.Errorf("of two: %q", got)
	}
	if tried < 500 || len(f.found("")) != 0 || len(f.found("7")) != 0 {
		t.Errorf("%d bodies were tried", tried)
	}
}
