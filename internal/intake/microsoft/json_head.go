package microsoft

import (
	"bytes"
	"encoding/json"
)

// headMember is a member of an object at the beginning of a file.
type headMember struct {
	name  string
	outer string // the member that the object is, or lies in; "" for the first object itself
	depth int    // of the object: 1 for the first itself
	list  bool   // its value is a list
}

// walkHead goes through the members of the first object of a text, and of the objects in it, in their order, until visit
// says that it is enough. The text may be cut off anywhere, or be no JSON from some place on: what was gone through until
// then counts. It says how many bytes those are.
func walkHead(text []byte, visit func(headMember) bool) int64 {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var open []headMember // the members whose objects and lists are open; the first is none
	objects := 0
	for {
		token, err := dec.Token()
		if err != nil {
			return dec.InputOffset()
		}
		m := headMember{depth: objects}
		if n := len(open); n > 0 && !open[n-1].list && token != json.Delim('}') { // a member of an object
			m.name, _ = token.(string)
			m.outer = open[n-1].name
			if token, err = dec.Token(); err != nil {
				visit(m)
				return dec.InputOffset()
			}
			m.list = token == json.Delim('[')
			if !visit(m) {
				return dec.InputOffset()
			}
		} else if n > 0 { // an element of a list is called like the list
			m.name = open[n-1].name
		}
		switch token {
		case json.Delim('{'):
			m.list = false
			open = append(open, m)
			objects++
		case json.Delim('['):
			m.list = true
			open = append(open, m)
		case json.Delim('}'):
			objects--
			open = open[:len(open)-1]
		case json.Delim(']'):
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			return dec.InputOffset()
		}
	}
}

// members lists the names of the members of the first object of a text, and of the objects in it: "service.id" as Google
// Cloud has it in CSV is {"service":{"id":…}} in JSON.
func members(text []byte) (names []string) {
	walkHead(text, func(m headMember) bool {
		names = append(names, m.name)
		if m.outer != "" {
			names = append(names, m.outer+"."+m.name)
		}
		return true
	})
	return names
}

// isJSONLines says whether a text that begins with an object is JSON lines: its first object ends on its first line, and
// is no page of items.
func isJSONLines(text []byte) bool {
	if text[0] == '[' {
		return false
	}
	page := false
	end := walkHead(text, func(m headMember) bool {
		page = m.depth == 1 && m.list && holdsItems(m.name)
		return !page
	})
	return !page && !bytes.Contains(text[:end], []byte{'\n'})
}
