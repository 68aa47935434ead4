package usage

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
)

// ParseTags reads a printed tag set: a JSON object, or its members without the braces, as some exports print them. The
// pairs are sorted by key. Values that are no text are kept as JSON. What is neither has no pairs.
func ParseTags(text []byte) []TagPair {
	t := braced(text)
	var all map[string]json.RawMessage
	if json.Unmarshal(t, &all) != nil {
		return nil
	}
	pairs := make([]TagPair, 0, len(all))
	for k, raw := range all {
		var value string
		if raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
			value = string(raw)
		}
		pairs = append(pairs, TagPair{k, value})
	}
	slices.SortFunc(pairs, func(a, b TagPair) int { return cmp.Compare(a.Key, b.Key) })
	return pairs
}

// ReadableTags says whether a printed tag set is one: blank, a JSON object, or its members without the braces.
func ReadableTags(text []byte) bool {
	t := braced(text)
	return len(t) == 0 || json.Valid(t)
}

// braced is a printed tag set without blanks around it, as an object.
func braced(text []byte) []byte {
	t := bytes.TrimSpace(text)
	if len(t) > 0 && t[0] != '{' {
		return slices.Concat([]byte{'{'}, t, []byte{'}'})
	}
	return t
}
