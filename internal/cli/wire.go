package cli

import (
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Bodies that are neither an area's own type nor one that the API exports.

// approval names the documents to approve; none: every draft of the period.
type approval struct {
	Invoices []id.Invoice `json:"invoices,omitempty"`
}

// issuing says how to issue the approved documents of a period.
type issuing struct {
	Invoices   []id.Invoice `json:"invoices,omitempty"`
	On         period.Date  `json:"on,omitzero"`
	Incomplete bool         `json:"incomplete,omitempty"`
}

type voiding struct {
	Reason string      `json:"reason"`
	On     period.Date `json:"on,omitzero"`
}

// clock is where the business clock stands, and whether it may be moved.
type clock struct {
	Now     time.Time `json:"now"`
	Movable bool      `json:"movable"`
}

// clockMove moves the business clock: to a day, or by a term such as P1M. With Demo, To begins demo data.
type clockMove struct {
	To   period.Date `json:"to,omitzero"`
	By   string      `json:"by,omitempty"`
	Demo bool        `json:"demo,omitempty"`
}
