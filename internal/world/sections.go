package world

import (
	"bytes"
	"iter"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// A tree of YAML takes some thirty times the memory of its text, so a world file is read in parts: its fields, and lists of
// organisations a few at a time. Files in another form than Print writes are read as a whole, up to maxWhole bytes.
const (
	maxWhole = 4 << 20
	partSize = 128 << 10
)

// section is a field of a world file that stands at the beginning of a line.
type section struct {
	name   string
	line   int  // of the name
	inline bool // its value begins behind the name: the one part holds both
	parts  []part
}

// part is a run of lines that is YAML by itself: some items of a list, or fields.
type part struct {
	text []byte
	line int // the first
}

var (
	sectionLine = regexp.MustCompile(`^([a-z_]+):(?:$|[ \t]+(.*))`)
	anchorSign  = regexp.MustCompile(`(?m)(^|[\s,:\[{-])[&*][^\s]`)
)

// sectionsOf divides a world file; ok is false for a file that can only be read as a whole.
func sectionsOf(data []byte) (list []section, ok bool) {
	if anchorSign.Match(data) { // an alias may stand for what is in another part
		return nil, false
	}
	var text []byte // of the section, where its lines begin at from
	from, indent := 0, -1
	flush := func() {
		if len(text) > 0 {
			s := &list[len(list)-1]
			s.parts = append(s.parts, part{text, from})
		}
		text = nil
	}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		content := bytes.TrimRight(line, " \t\r\n")
		spaces := len(content) - len(bytes.TrimLeft(content, " "))
		blank := spaces == len(content) || content[spaces] == '#'
		item := !blank && (bytes.HasPrefix(content[spaces:], []byte("- ")) || len(content) == spaces+1 && content[spaces] == '-')
		switch {
		case blank && len(list) == 0, number == 1 && string(content) == "---":
			continue
		case !blank && spaces == 0 && !item:
			name := sectionLine.FindSubmatch(content)
			if name == nil {
				return nil, false
			}
			flush()
			inline := len(name[2]) > 0 && name[2][0] != '#'
			if list, indent = append(list, section{name: string(name[1]), line: number, inline: inline}), -1; inline {
				from, text = number, append(text, line...)
			}
			continue
		case len(list) == 0:
			return nil, false
		}
		if s := &list[len(list)-1]; !s.inline && item && indent < 0 && len(bytes.TrimSpace(text)) == 0 {
			indent = spaces
		}
		if item && spaces == indent && len(text) >= partSize {
			flush()
		}
		if text == nil {
			from = number
		}
		text = append(text, line...)
	}
	if len(list) > 0 {
		flush()
	}
	return list, len(list) > 0
}

// yamlLine is how the library names a line.
var yamlLine = regexp.MustCompile(`line (\d+)`)

// values yields what stands in a section: the whole value, or items of its list, some at a time; or the error of a part that is
// no YAML by itself.
func (s section) values(what string) iter.Seq2[*yaml.Node, error] {
	return func(yield func(*yaml.Node, error) bool) {
		for _, p := range s.parts {
			n, err := p.tree(what)
			if err == nil && s.inline && n.Kind == yaml.MappingNode && len(n.Content) == 2 {
				n = n.Content[1]
			}
			if !yield(n, err) {
				return
			}
		}
	}
}

// tree parses a part; its nodes have the lines of the file.
func (p part) tree(what string) (*yaml.Node, error) {
	var n yaml.Node
	if err := yaml.Unmarshal(p.text, &n); err != nil {
		text := yamlLine.ReplaceAllStringFunc(strings.TrimPrefix(err.Error(), "yaml: "), func(s string) string {
			at, _ := strconv.Atoi(s[len("line "):])
			return "line " + strconv.Itoa(at+p.line-1)
		})
		return nil, fault.New(fault.Invalid, "not_yaml", "the %s is not YAML, nothing was changed: %s", what, text).Because(err)
	}
	shift(&n, p.line-1)
	if len(n.Content) == 0 {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: p.line}, nil
	}
	return n.Content[0], nil
}

func shift(n *yaml.Node, lines int) {
	n.Line += lines
	for _, c := range n.Content {
		shift(c, lines)
	}
}
