package rating

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/consistency"
)

// Rows the usage store lost stop the rating; hidden rows do not.
func TestLostRowsStopTheRating(t *testing.T) {
	st := &State{Batches: []usage.Batch{{ID: "bat_a", Number: 1, Rows: 10}, {ID: "bat_b", Number: 2, Rows: 5}}}
	masks := []usage.Mask{{Batch: 2, Entitlement: "e", Day: 1}}
	for name, c := range map[string]struct {
		rows rowCounts
		ok   bool
	}{
		"all there":             {rowCounts{1: 10, 2: 3}, true},
		"a batch is gone":       {rowCounts{2: 3}, false},
		"one row is gone":       {rowCounts{1: 9, 2: 3}, false},
		"more than were sealed": {rowCounts{1: 10, 2: 6}, false},
		"hidden altogether":     {rowCounts{1: 10}, true},
	} {
		if err := c.rows.check(st, masks); (err == nil) != c.ok || !c.ok && fault.CodeOf(err) != consistency.CodeRowsLost {
			t.Errorf("%s: %v", name, err)
		}
	}
}
