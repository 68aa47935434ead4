package guides

import (
	"fmt"
	"regexp"
	"strings"
)

// block is one fenced block of a page.
type block struct {
	line     int    // of the page, on which the fence begins
	language string // sh, text, go …
	text     string
	notes    notes
}

// notes is what comments in front of a block say about it.
type notes struct {
	notRun   string // the reason
	exitCode string
	serves   bool   // its last command keeps running
	mail     string // who is at the browser
	approves bool   // and approves what the printed link asks for
	before   string // a script that prepares the block
}

const (
	commands = "sh"
	output   = "text"
)

var (
	fence   = regexp.MustCompile("^( *)```([a-z]*)$")
	indent  = regexp.MustCompile(`^( {4}|\t)\S`)
	listed  = regexp.MustCompile(`^ *(-|[0-9]+\.) `)
	comment = regexp.MustCompile(`(?s)^<!-- *(not run: |exit code |keeps running|at the browser: |run before:)(.*?) *-->\n?$`)
)

// parse reads the fenced blocks of a page, with the comments in front of them.
func parse(text string) ([]block, error) {
	var out []block
	var about notes
	lines := strings.SplitAfter(text, "\n")
	list := false
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch m := fence.FindStringSubmatch(strings.TrimRight(line, "\n")); {
		case m != nil:
			b := block{line: i + 1, language: m[2], notes: about}
			for i++; strings.TrimSpace(lines[i]) != "```"; i++ {
				b.text += strings.TrimPrefix(lines[i], m[1])
				if i+2 >= len(lines) {
					return nil, fmt.Errorf("line %d: the block has no end", b.line)
				}
			}
			out, about = append(out, b), notes{}
		case strings.HasPrefix(strings.TrimSpace(line), "<!--"):
			begun, said := i+1, strings.TrimLeft(line, " ")
			for !strings.Contains(lines[i], "-->") && i+1 < len(lines) {
				i++
				said += lines[i]
			}
			if err := about.read(said); err != nil {
				return nil, fmt.Errorf("line %d: %w", begun, err)
			}
		case indent.MatchString(line) && !list:
			return nil, fmt.Errorf("line %d: an indented block: write a fenced one, which says whether it is commands or output", i+1)
		case strings.TrimSpace(line) != "":
			list = listed.MatchString(line) || list && strings.HasPrefix(line, " ")
			if about != (notes{}) {
				return nil, fmt.Errorf("line %d: no block follows the comment before this line", i+1)
			}
		}
	}
	return out, nil
}

// read adds what a comment says.
func (n *notes) read(said string) error {
	m := comment.FindStringSubmatch(said)
	if m == nil {
		return fmt.Errorf("the tests of guides do not understand the comment %q", strings.TrimSpace(said))
	}
	switch m[1] {
	case "not run: ":
		n.notRun = m[2]
	case "exit code ":
		n.exitCode = m[2]
	case "keeps running":
		n.serves = true
	case "run before:":
		n.before = strings.TrimSpace(m[2]) + "\n"
	default:
		n.mail, n.approves = strings.CutSuffix(m[2], " approves")
	}
	return nil
}
