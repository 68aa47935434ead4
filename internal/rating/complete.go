package rating

import (
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/consistency"
)

// rowCounts counts the rows of each batch while they are summed. Sealed rows that are missing would be credited as if the
// provider had withdrawn them: so when the usage store has lost rows, nothing is rated.
type rowCounts map[uint32]int64

// check is Unavailable when a batch without masks has another number of rows than were sealed, or one with masks more.
func (c rowCounts) check(st *State, masks []usage.Mask) error {
	masked := map[uint32]bool{}
	for _, m := range masks {
		masked[m.Batch] = true
	}
	for i := range st.Batches {
		b := &st.Batches[i]
		if have := c[b.Number]; !masked[b.Number] && have != b.Rows || masked[b.Number] && have > b.Rows {
			return fault.New(fault.Unavailable, consistency.CodeRowsLost,
				"batch %s was sealed with %d rows and the usage store has %d: nothing was rated; stop the server and give \"purveyor usage rebuild\", which makes the usage store again from the archived files",
				b.ID, b.Rows, have)
		}
	}
	return nil
}
