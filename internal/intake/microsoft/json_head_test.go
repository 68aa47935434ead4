package microsoft

import (
	"slices"
	"testing"
)

// The head of a file is read as far as it goes: cut off, over several lines, and nested.
func TestJSONHead(t *testing.T) {
	for text, want := range map[string]struct {
		names []string
		lines bool
	}{
		`{"a":1,"b":{"c":{"d":1}},"e":[{"f":1},{"g":[2]}],"h":"}{"}` + "\n{\"i\":1}": {[]string{"a", "b", "c", "b.c", "d", "c.d", "e", "f", "e.f", "g", "e.g", "h"}, true},
		`{"a":1,"b":"cut`:                    {[]string{"a", "b"}, true},
		`{"a":1,"b":{"c`:                     {[]string{"a", "b"}, true},
		"{\n\"a\":1}":                        {[]string{"a"}, false},
		"{\"a\":[1,\n2],":                    {[]string{"a"}, false},
		`{"totalCount":1,"items":[{"a":1}]}`: {[]string{"totalCount", "items", "a", "items.a"}, false},
		`{"x":{"items":[1]},"value":2}`:      {[]string{"x", "items", "x.items", "value"}, true},
		`{"a":1,}`:                           {[]string{"a"}, true},
		`[{"a":1}]`:                          {nil, false},
	} {
		if lines := isJSONLines([]byte(text)); lines != want.lines {
			t.Errorf("%s is JSON lines: %t", text, lines)
		}
		if text[0] != '[' {
			if names := members([]byte(text)); !slices.Equal(names, want.names) {
				t.Errorf("%s has %q, want %q", text, names, want.names)
			}
		}
	}
}
