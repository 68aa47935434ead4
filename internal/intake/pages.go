package intake

import (
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Pager is what the decoder of pages of the provider's interface also is.
type Pager interface {
	// Pages is, once the file was read, what its pages say of themselves; nil when there are none.
	Pages() *PageCount
}

// PageCount is what pages say of themselves: how many items there are in all, and whether another page follows.
type PageCount struct {
	items    map[int64]int64 // read, by how many there are in all; 0 where a page does not say
	followed int             // pages that name one which follows
	last     int             // pages that do not
}

// manyTotals bounds how many numbers are distinguished: pages of one answer say the same one.
const manyTotals = 1000

// Add counts a page that says there are so many items in all, holds so many, and says whether another follows.
func (c *PageCount) Add(total, items int64, more bool) {
	if c.items == nil {
		c.items = map[int64]int64{}
	}
	if _, known := c.items[total]; known || len(c.items) < manyTotals {
		c.items[total] += items
	}
	if more {
		c.followed++
	} else {
		c.last++
	}
}

// merge adds the pages of another file.
func (c *PageCount) merge(o *PageCount) {
	for total, items := range o.items {
		c.Add(total, items, true)
		c.followed--
	}
	c.followed, c.last = c.followed+o.followed, c.last+o.last
}

// Missing says what is missing of what pages belong to, or "". Pages that say the same number in all belong together.
func (c *PageCount) Missing() string {
	for total, items := range c.items {
		if total > 0 && (items == 0 || items%total != 0) {
			return fmt.Sprintf("the pages say that there are %d items in all, and hold %d", total, items)
		}
	}
	if c.followed > 0 && c.last == 0 {
		return "every page names one that follows, so the last is missing"
	}
	return ""
}

// partial warns of files that are pages of an answer of which others are missing. What they hold counts, and does not make
// a month complete.
func (l *loading) partial() {
	var all PageCount
	for _, f := range l.files {
		if f.pages != nil && f.counts() {
			all.merge(f.pages)
		}
	}
	missing := all.Missing()
	for _, f := range l.files {
		if f.pages == nil || missing == "" || !f.counts() {
			continue
		}
		f.partial = true
		f.problems = append(f.problems, usage.Problem{
			File: f.name, Code: usage.PagesMissing, Verdict: usage.Warned,
			Reason: missing + "; the items read count, and do not make their month complete. Save the pages that follow (nextLink) too, and import all of them in one command",
		})
	}
}
