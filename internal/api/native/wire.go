package native

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// List is one page of a list. Next continues behind it, as ?cursor=; it is empty on the last page.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// body wraps an answer for the framework.
type body[T any] struct{ Body T }

// tagged is the answer for one resource, with the tag by which a client may ask for it again or guard a change.
type tagged[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

func tag[T any](v T) *tagged[T] { return &tagged[T]{etag(v), v} }

// etag is the tag of a value: equal values have equal tags, whoever asks.
func etag(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("native: " + err.Error()) // every answer can be marshalled
	}
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// Paging is which part of a list is asked for.
type Paging struct {
	Cursor string `query:"cursor" doc:"What next said on the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"200" doc:"How many items at most."`
}

// page cuts a page out of a list that is read whole anyway; its cursor is a position.
func page[T any](all []T, p Paging) (*body[List[T]], error) {
	start := 0
	if p.Cursor != "" {
		n, err := strconv.Atoi(p.Cursor)
		if err != nil || n < 0 || n > len(all) {
			return nil, badCursor(p.Cursor)
		}
		start = n
	}
	out := &body[List[T]]{List[T]{Items: []T{}}}
	end := min(start+p.Limit, len(all))
	out.Body.Items = append(out.Body.Items, all[start:end]...)
	if end < len(all) {
		out.Body.Next = strconv.Itoa(end)
	}
	return out, nil
}

func badCursor(c string) error {
	return fault.New(fault.Invalid, "bad_cursor", "%q is no cursor of this list; begin again without one", c).With("cursor", "unknown")
}

// idempotencyKey describes the header that commands understand.
func idempotencyKey() *huma.Param {
	return &huma.Param{
		Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "A command sent again under the same key gets the answer it got, and is not done again.",
	}
}

// month is a period in a path or a query: the framework reads text only into what is no number.
type month struct{ period.Month }
