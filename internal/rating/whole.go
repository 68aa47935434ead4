package rating

import (
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// CodeRowsLost is the code of the Unavailable by which rating refuses a usage store that lost sealed rows.
const CodeRowsLost = "usage_store_incomplete"

// counted counts the rows of each batch while they are summed. Rows that were sealed and are not there would be billed
// back as if they had been withdrawn: so what the usage store lost stops the rating.
type counted map[uint32]int64

// whole is Unavailable when a batch of which nothing is hidden has other rows than were sealed.
func (c counted) whole(st *State, masks []usage.Mask) error {
	partly := map[uint32]bool{}
	for _, m := range masks {
		partly[m.Batch] = true
	}
	for i := range st.Batches {
		b := &st.Batches[i]
		if have := c[b.Number]; !partly[b.Number] && have != b.Rows || partly[b.Number] && have > b.Rows {
			return fault.New(fault.Unavailable, CodeRowsLost,
				"batch %s was sealed with %d rows and the usage store has %d: nothing was rated; stop the server and give \"purveyor usage rebuild\", which makes the usage store again from the archived files",
				b.ID, b.Rows, have)
		}
	}
	return nil
}
