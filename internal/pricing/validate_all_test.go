package pricing

import (
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Books that are published together are refused together, each with what is wrong with it; those without a fault are
// not named.
func TestValidateTogether(t *testing.T) {
	bad, worse, good := Book{Owner: "p", Key: "a"}, Book{Owner: "p", Key: "b c"}, Book{Owner: "p", Key: "good"}
	good.From, good.Currency = 1, "EUR"
	good.Rules = []Rule{{Key: "all", Price: Price{Kind: Free}}}
	if err := Validate(good); err != nil {
		t.Fatal(err)
	}
	err := Validate(bad, good, worse)
	if fault.CodeOf(err) != "book_refused" || !strings.Contains(err.Error(), `"a"`) || !strings.Contains(err.Error(), `"b c"`) || strings.Contains(err.Error(), "good") {
		t.Errorf("%v", err)
	}
	seen := map[string]bool{}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if seen[line] {
			t.Errorf("told twice: %s", line)
		}
		seen[line] = true
	}
}
