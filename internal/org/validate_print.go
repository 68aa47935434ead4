package org

import (
	"regexp"
	"slices"
)

// maxLogo is how long the text of a logo may be: every document holds a copy of it.
const maxLogo = 64 << 10 / 3 * 4

var languageTag = regexp.MustCompile(`^[a-z]{2}$`)

// print checks what only concerns how documents are printed. Which languages there are the renderer knows.
func (v *validation) print(at string, t Terms) {
	if t.Language != "" && !languageTag.MatchString(t.Language) {
		v.add(at, "language %q is not a two-letter code in small letters, such as de", t.Language)
	}
	if !slices.Contains([]ZeroLines{"", "count", "print"}, t.ZeroLines) {
		v.add(at, "zero_lines is %q; it must be count or print", t.ZeroLines)
	}
	if !slices.Contains([]Subtotals{"", "subscription", "resource_group", "customer"}, t.Subtotals) {
		v.add(at, "subtotals is %q; it must be subscription, resource_group or customer", t.Subtotals)
	}
	if t.Subtotals == "resource_group" && t.Grouping != "resource_group" {
		v.add(at, "subtotals are by resource_group, and the lines are not: set grouping: resource_group too")
	}
}
