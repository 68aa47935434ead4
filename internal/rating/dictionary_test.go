package rating

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// A tag that books look at is never overlooked, however its name is written; and most sets without one are passed by.
func TestNamesAreFound(t *testing.T) {
	found, passed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		looked := rapid.SliceOfN(rapid.SampledFrom([]string{"env", "service", "kelvin", "straße", "a b"}), 1, 3).Draw(t, "names")
		pairs := map[string]string{}
		for range rapid.IntRange(0, 4).Draw(t, "tags") {
			key := rapid.SampledFrom([]string{"Env", "ENV", "SERVICE", "\u212aelvin", "STRASSE", "straße", "A b", "owner", "envy", "x"}).Draw(t, "key")
			pairs[key] = rapid.SampledFrom([]string{"", "prod", "env", `"quoted"`}).Draw(t, "value")
		}
		text, err := json.Marshal(pairs)
		if err != nil {
			t.Fatal(err)
		}
		printed := string(text)
		if rapid.Bool().Draw(t, "without braces") {
			printed = strings.Trim(printed, "{}")
		}
		if rapid.Bool().Draw(t, "escaped") {
			printed = strings.ReplaceAll(printed, "e", `\u0065`)
		}
		picked := pick(looked, usage.ParseTags([]byte(printed)))
		if may := newTagFinder(looked).mayHave(printed); len(picked) > 0 && !may {
			t.Fatalf("%s has %v", printed, picked)
		} else if !may {
			passed++
		}
		found += len(picked)
	})
	if found == 0 || passed == 0 {
		t.Errorf("%d found, %d sets passed by", found, passed)
	}
}

func TestPositions(t *testing.T) {
	var p positions
	for i, n := range []uint32{7, 1, 4_000_000_000, maxDense} {
		p.put(n, 10+i)
	}
	for n, want := range map[uint32]int{7: 10, 1: 11, 4_000_000_000: 12, maxDense: 13, 0: -1, 6: -1, 8: -1, 5_000_000: -1} {
		if got := p.at(n); got != want {
			t.Errorf("%d is at %d, want %d", n, got, want)
		}
	}
}
