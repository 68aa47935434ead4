package invoice

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// TestTagValue: of two tags whose names differ in case only, the first counts, as it does in price books.
func TestTagValue(t *testing.T) {
	for want, pairs := range map[string][]usage.TagPair{
		"prod":   {{Key: "Team", Value: "a"}, {Key: "ENV", Value: "prod"}},
		"first":  {{Key: "Env", Value: "first"}, {Key: "env", Value: "second"}},
		untagged: {{Key: "team", Value: "a"}},
	} {
		if got := tagValue(pairs, "env"); got != want {
			t.Errorf("%v: %q, want %q", pairs, got, want)
		}
	}
}
