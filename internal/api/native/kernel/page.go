package kernel

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// List is one page of a list. Next is the cursor of the next page, for ?cursor=; it is empty on the last page.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// Paging selects a page of a list.
type Paging struct {
	Cursor string `query:"cursor" doc:"What next said on the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"200" doc:"How many items at most."`
}

// Cut is a page of a list that was read completely; its cursor is a position. The error of reading the list is returned.
func Cut[T any](all []T, err error, p Paging) (List[T], error) {
	if err != nil {
		return List[T]{}, err
	}
	start := 0
	if p.Cursor != "" {
		n, err := strconv.Atoi(p.Cursor)
		if err != nil || n < 0 || n > len(all) {
			return List[T]{}, BadCursor(p.Cursor)
		}
		start = n
	}
	page := List[T]{Items: []T{}}
	end := min(start+p.Limit, len(all))
	page.Items = append(page.Items, all[start:end]...)
	if end < len(all) {
		page.Next = strconv.Itoa(end)
	}
	return page, nil
}

// More is a page of a list that was read with a limit of one item more than the page holds; cursor is the cursor behind an item.
func More[T any](read []T, p Paging, cursor func(last T) string) List[T] {
	page := List[T]{Items: []T{}}
	if len(read) > p.Limit {
		read = read[:p.Limit]
		page.Next = cursor(read[p.Limit-1])
	}
	page.Items = append(page.Items, read...)
	return page
}

// BadCursor is the fault of a cursor that is not from this list.
func BadCursor(c string) error {
	return fault.New(fault.Invalid, "bad_cursor", "%q is not a cursor of this list; begin again without one", c).With("cursor", "unknown")
}

// TagOf is the tag of a value: equal values have equal tags for every caller.
func TagOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("native: " + err.Error()) // every answer can be marshalled
	}
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}
