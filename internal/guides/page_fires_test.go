package guides

import (
	"strings"
	"testing"
)

// TestParse reads blocks with what comments say about them, and refuses what nobody would follow.
func TestParse(t *testing.T) {
	blocks, err := parse("# A page\n\n<!-- exit code 1 -->\n```sh\na \\\n  b\n```\n\n```text\nsaid\n```\n\n- In a list:\n\n  <!-- run before:\ntouch x\n-->\n  ```sh\n  c\n  ```\n")
	if err != nil || len(blocks) != 3 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	if b := blocks[0]; b.language != commands || b.text != "a \\\n  b\n" || b.notes.exitCode != "1" || commandsIn(b.text) != 1 || b.line != 4 {
		t.Errorf("the first block is %+v", b)
	}
	if b := blocks[1]; b.language != output || b.text != "said\n" || b.notes != (notes{}) {
		t.Errorf("the second block is %+v", b)
	}
	if b := blocks[2]; b.text != "c\n" || b.notes.before != "touch x\n" {
		t.Errorf("the third block is %+v", b)
	}
	for _, c := range []struct{ name, page, want string }{
		{"an indented block", "Text\n\n    purveyor init\n", "line 3: an indented block"},
		{"a comment nobody understands", "<!-- not tested -->\n```sh\na\n```\n", `do not understand the comment "<!-- not tested -->"`},
		{"a comment about nothing", "<!-- exit code 1 -->\nText\n", "no block follows the comment"},
		{"a block without an end", "```sh\na\n", "the block has no end"},
	} {
		if _, err := parse(c.page); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, and not %q", c.name, err, c.want)
		}
	}
}

// TestCompare says of two texts whether one is what the other says.
func TestCompare(t *testing.T) {
	const id, other = "inv_kd2pkt9brnsbu5vmu9c04tn75e", "inv_0num9nnkn22mt1jsme95nkmkeq"
	for _, c := range []struct {
		name, page, printed string
		same                bool
	}{
		{"the same", "a\nb\n", "a\nb\n", true},
		{"another word", "a\nb\n", "a\nc\n", false},
		{"a line more is printed", "a\n", "a\nb\n", false},
		{"a line less is printed", "a\nb\n", "a\n", false},
		{"lines left out", "a\n…\nd\n", "a\nb\nc\nd\n", true},
		{"no lines left out", "a\n…\nd\n", "a\nd\n", true},
		{"the line after those left out is another", "a\n…\nd\n", "a\nb\nc\n", false},
		{"the rest of a line left out", "total …\n", "total 12.00 EUR\n", true},
		{"wider columns", "ID   NAME\nx    y\n", "ID  NAME\nx  y\n", true},
		{"one column less", "ID   NAME\n", "ID NAME\n", false},
		{"a long line in two", "refused: 1 row\n  of 2\nb\n", "refused: 1 row of 2\nb\n", true},
		{"an id", id + "  draft\n", other + "  draft\n", true},
		{"something else than an id", id + "  draft\n", "none  draft\n", false},
		{"a duration", "in 1.5s\n", "in 230ms\n", true},
		{"an amount", "12.50 EUR\n", "12.51 EUR\n", false},
		{"a day", "2026-10-05\n", "2026-10-06\n", false},
		{"nothing", "", "", true},
		{"something and not nothing", "", "a\n", false},
	} {
		ids := map[string]string{}
		if _, same := compare(linesOf(c.page), linesOf(c.printed), ids); same != c.same {
			t.Errorf("%s: same is %v", c.name, same)
		}
		if c.name == "an id" && ids[id] != other {
			t.Errorf("the id of the page stands for %q", ids[id])
		}
	}
}
