package cli

import (
	"encoding/json"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// What only the API has: bodies that are no area's own type.

// page is one page of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// problem is an error as the API sends it (RFC 9457).
type problem struct {
	Status int          `json:"status"`
	Title  string       `json:"title"`
	Detail string       `json:"detail"` // what happened, what was kept, what to do
	Code   string       `json:"code"`
	Errors []fieldError `json:"errors"`
}

// fieldError is one field that is wrong.
type fieldError struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// applied is what applying a world did, or would do.
type applied struct {
	Differences []org.Difference `json:"differences"`
	Kept        []string         `json:"kept"`
	Applied     bool             `json:"applied"`
}

// published is the versions a file of books was published as.
type published struct {
	Books []pricing.Book `json:"books"`
}

type changes struct {
	Changes []pricing.Change `json:"changes"`
}

// manifest announces the files of an import.
type manifest struct {
	Files []manifestFile `json:"files"`
}

type manifestFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes, 0 when unknown
}

// importLine is one line of the answer to an import: exactly one field is set.
type importLine struct {
	Progress *progress       `json:"progress"`
	Load     json.RawMessage `json:"load"` // usage.Load
	Problem  *problem        `json:"problem"`
}

type progress struct {
	File       string `json:"file"`
	Bytes      int64  `json:"bytes"`
	TotalBytes int64  `json:"total_bytes"`
	Rows       int64  `json:"rows"`
}

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

// margin is what a seller sold in a currency in a month, and what it paid for it.
type margin struct {
	Seller      string         `json:"seller"`
	Currency    money.Currency `json:"currency"`
	Documents   int            `json:"documents"`
	Sold        money.Decimal  `json:"sold"`
	Cost        money.Decimal  `json:"cost"`
	Margin      money.Decimal  `json:"margin"`
	Unconverted money.Totals   `json:"unconverted"` // paid in a currency that no rate leads from: then there is no margin
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

// status is what there is in a data directory.
type status struct {
	Version       string           `json:"version"`
	Now           time.Time        `json:"now"`
	Demo          bool             `json:"demo"`
	Organisations map[org.Kind]int `json:"organisations"`
	Edges         int              `json:"edges"`
	Loads         int              `json:"loads"`
	Rows          int64            `json:"rows"`
}
