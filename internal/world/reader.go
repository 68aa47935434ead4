package world

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// read takes the value of one field, found at a path.
type read func(n *yaml.Node, at string)

// reader walks a YAML tree and gathers everything that is wrong with it, so that one reading tells all.
type reader struct {
	lines  []string
	fields map[string]string
	more   int // problems that are not kept
	passed int // items of the list being read that stood in earlier parts
	under  int // aliases that are followed
	copies int // fields and items that were read through aliases
}

// maxProblems is how many problems are told at once, and maxKept how many are kept to be told by field.
const (
	maxProblems = 20
	maxKept     = 1000
)

// maxCopies is how many fields and items may be read through aliases: an alias is read at each place it stands for.
const maxCopies = 100_000

// enough says whether so much was read through aliases, or is wrong, that the rest is not read.
func (r *reader) enough(n *yaml.Node, at string) bool {
	if r.under > 0 {
		r.copies++
	}
	if r.copies == maxCopies {
		r.wrong(n, at, "aliases stand for more than %d fields: write out what they stand for", maxCopies)
		r.copies++
	}
	return r.copies > maxCopies || r.more > 0
}

// follow reads a value; through its alias, if it is one.
func (r *reader) follow(n *yaml.Node, at string, take read) {
	if n.Kind != yaml.AliasNode {
		take(n, at)
		return
	}
	r.under++
	take(n.Alias, at)
	r.under--
}

func (r *reader) wrong(n *yaml.Node, at, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if r.fields == nil {
		r.fields = map[string]string{}
	}
	where := fmt.Sprintf("line %d", n.Line)
	if at != "" {
		where += ", " + at
	}
	line := "  " + where + ": " + text
	if len(r.lines) == maxKept {
		r.more++
		return
	}
	if slices.Contains(r.lines, line) {
		return // an alias is read at each place it stands for
	}
	r.lines = append(r.lines, line)
	if before := r.fields[where]; before != "" {
		text = before + "; " + text
	}
	r.fields[where] = text
}

// err is one fault of kind Invalid for all that was wrong, or nil.
func (r *reader) err(what string) error {
	if len(r.lines) == 0 {
		return nil
	}
	lines := r.lines
	if more := len(lines) - maxProblems + r.more; more > 0 {
		lines = append(slices.Clone(lines[:min(len(lines), maxProblems)]), fmt.Sprintf("  … and %d more", more))
	}
	f := fault.New(fault.Invalid, "yaml_refused", "the %s could not be read and nothing was changed:\n%s", what, strings.Join(lines, "\n"))
	f.Fields = r.fields
	return f
}

// documents parses the YAML documents of a file; what is no YAML at all is a fault of kind Invalid.
func documents(data []byte, what string) ([]*yaml.Node, error) {
	var all []*yaml.Node
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var n yaml.Node
		err := decoder.Decode(&n)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			text := strings.TrimPrefix(err.Error(), "yaml: ")
			return nil, fault.New(fault.Invalid, "not_yaml", "the %s is not YAML, nothing was changed: %s", what, text).Because(err)
		}
		if len(n.Content) == 1 && !empty(n.Content[0]) {
			all = append(all, n.Content[0])
		}
	}
}

func empty(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// fieldsOf hands each field of a mapping to its reader; unknown and doubled fields are wrong, as are missing ones
// whose name is listed as needed.
func (r *reader) fieldsOf(n *yaml.Node, at string, known map[string]read, needed ...string) {
	if r.enough(n, at) {
		return
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		r.wrong(n, at, "expected fields such as %s", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		path := strings.TrimPrefix(at+"."+name.Value, ".")
		take := known[name.Value]
		switch {
		case take == nil:
			r.wrong(name, path, "there is no field %q here%s", name.Value, suggestion(name.Value, slices.Sorted(maps.Keys(known))))
		case seen[name.Value]:
			r.wrong(name, path, "the field is there twice")
		default:
			r.follow(value, path, take)
		}
		seen[name.Value] = true
	}
	for _, name := range needed {
		if !seen[name] {
			r.wrong(n, at, "%s is missing", name)
		}
	}
}

// suggestion names the field that was probably meant, or all there are.
func suggestion(word string, known []string) string {
	for _, k := range known {
		if distance(word, k) <= 2 {
			return fmt.Sprintf("; did you mean %s?", k)
		}
	}
	return "; there are " + strings.Join(known, ", ")
}

// distance is the number of letters to change, add or take away to get from one word to another.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// text reads a scalar as it is written: 0042 stays 0042.
func (r *reader) text(to *string) read {
	return func(n *yaml.Node, at string) {
		if n.Kind != yaml.ScalarNode {
			r.wrong(n, at, "expected one value, not a list or fields")
			return
		}
		if strings.IndexByte(n.Value, 0) >= 0 {
			r.wrong(n, at, "a text cannot hold the character U+0000")
			return
		}
		if !empty(n) {
			*to = n.Value
		}
	}
}

// parsed reads a scalar by the type's own reading of text: dates, months, decimals.
func (r *reader) parsed(to encoding.TextUnmarshaler) read {
	return func(n *yaml.Node, at string) {
		var s string
		r.text(&s)(n, at)
		if s == "" {
			return
		}
		if err := to.UnmarshalText([]byte(s)); err != nil {
			r.wrong(n, at, "%s", err)
		}
	}
}

func (r *reader) whole(to *int) read {
	return func(n *yaml.Node, at string) {
		var s string
		r.text(&s)(n, at)
		v, err := strconv.Atoi(s)
		if err != nil {
			r.wrong(n, at, "%q is not a whole number", s)
			return
		}
		*to = v
	}
}

func (r *reader) yesNo(to *bool) read {
	return func(n *yaml.Node, at string) {
		var s string
		r.text(&s)(n, at)
		if s != "true" && s != "false" {
			r.wrong(n, at, "%q is neither true nor false", s)
			return
		}
		*to = s == "true"
	}
}

// each reads a list, item by item; nothing at all is an empty list.
func (r *reader) each(item read) read {
	return func(n *yaml.Node, at string) {
		if empty(n) {
			return
		}
		if n.Kind != yaml.SequenceNode {
			r.wrong(n, at, "expected a list: a line with a dash for each item, or [ … ]")
			return
		}
		before := r.passed
		defer func() { r.passed = before }()
		r.passed = 0
		for i, c := range n.Content {
			if r.enough(c, at) {
				return
			}
			r.follow(c, fmt.Sprintf("%s[%d]", at, before+i+1), item)
		}
	}
}

// texts reads one value or a list of them.
func (r *reader) texts(to *[]string) read {
	return func(n *yaml.Node, at string) {
		one := func(n *yaml.Node, at string) {
			var s string
			r.text(&s)(n, at)
			*to = append(*to, s)
		}
		if n.Kind == yaml.ScalarNode && !empty(n) {
			one(n, at)
			return
		}
		r.each(one)(n, at)
	}
}

// as lends a text reader to a type whose values are text.
func as[T ~string](r *reader, to *T) read {
	return func(n *yaml.Node, at string) {
		var s string
		r.text(&s)(n, at)
		*to = T(s)
	}
}
