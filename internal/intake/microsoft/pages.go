package microsoft

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/intake"
)

// pages reads what the provider's interface answers, {"totalCount":…,"items":[…],…}, page after page, and arrays and
// objects over several lines, as JSON lines: one item a line. An item stands on the line on which it begins in the file;
// where several begin on one line, each that follows stands one line further on. What is kept of the file is these
// lines, so reading them again gives the same rows on the same lines.
type pages struct {
	in     *bufio.Reader
	refuse func(line int64, column, code, format string, args ...any) error
	line   int64 // of the next byte read
	out    int64 // of the next byte passed on
	blank  int64 // line ends to pass on before what is ready
	ready  []byte
	text   []byte // of the object being read
	err    error

	inside bool // an array of items
	page   bool // which belongs to a page
	first  bool // and no item of it was read
	now    page
	count  intake.PageCount
}

// page is what a page says of itself, and how many items it holds.
type page struct {
	total, items int64
	more         bool
}

// Pages is how many items there are and how many there should be; nil when the file is none of pages.
func (d *decoder) Pages() *intake.PageCount {
	if d.pages == nil {
		return nil
	}
	return &d.pages.count
}

// holdsItems says whether a member of this name holds the items of a page.
func holdsItems(name string) bool {
	switch strings.ToLower(name) {
	case "items", "value", "lineitems":
		return true
	}
	return false
}

// Read passes on lines.
func (g *pages) Read(p []byte) (int, error) {
	for g.blank == 0 && len(g.ready) == 0 {
		if g.err != nil {
			return 0, g.err
		}
		g.err = g.next()
	}
	n := 0
	for ; g.blank > 0 && n < len(p); n++ {
		p[n] = '\n'
		g.blank--
	}
	m := copy(p[n:], g.ready)
	g.ready = g.ready[m:]
	return n + m, nil
}

// next reads on to the end of the next item, page or array.
func (g *pages) next() error {
	c, err := g.byte()
	switch {
	case err == io.EOF && g.inside:
		return g.bad("the file ends in the middle of its items. Download it again")
	case err != nil:
		return err
	case g.inside && c == ']':
		g.inside = false
		if g.page {
			return g.tail()
		}
		return nil
	case g.inside && c == ',' && !g.first:
		if c, err = g.byte(); err != nil {
			return g.bad("the file ends in the middle of its items. Download it again")
		}
	case g.inside && !g.first:
		return g.bad("two items are not divided by a comma")
	case !g.inside && c == '[':
		g.inside, g.page, g.first = true, false, true
		return nil
	}
	if c != '{' {
		return g.bad("where an item should begin there is none")
	}
	return g.object()
}

// object reads an object, of which the first byte was read: an item, or a page up to where its items begin.
func (g *pages) object() error {
	begins := g.line
	at, err := g.scan(!g.inside)
	if err != nil {
		return err
	}
	if at >= 0 { // where the name of its items begins
		g.inside, g.page, g.first, g.now = true, true, true, page{}
		return g.envelope(append(g.text[:at:at], `"":0}`...))
	}
	if g.first = false; g.inside {
		g.now.items++
	}
	g.blank, g.ready = max(0, begins-g.out), append(g.text, '\n')
	g.out += g.blank + 1
	return nil
}

// tail reads what follows the items of a page.
func (g *pages) tail() error {
	c, err := g.byte()
	if err != nil {
		return g.bad("the page has no end. Download it again")
	}
	g.text = append(g.text[:0], `{"":0`...)
	if c == ',' {
		g.text = append(g.text, c)
		if err := g.rest(1, false, nil); err != nil {
			return err
		}
	} else if g.text = append(g.text, c); c != '}' {
		return g.bad("the page has no end. Download it again")
	}
	if err := g.envelope(g.text); err != nil {
		return err
	}
	g.count.Add(g.now.total, g.now.items, g.now.more)
	return nil
}

// envelope takes from a page's own members how many items there are in all, and whether another page follows.
func (g *pages) envelope(text []byte) error {
	var all map[string]json.RawMessage
	if json.Unmarshal(text, &all) != nil {
		return g.bad("the page is no JSON object. Download it again")
	}
	for name, raw := range all {
		switch strings.ToLower(name) {
		case "totalcount", "@odata.count":
			var n int64
			if json.Unmarshal(raw, &n) == nil {
				g.now.total = n
			}
		case "nextlink", "@odata.nextlink", "nextpagelink", "continuationtoken":
			g.now.more = g.now.more || link(raw)
		case "links":
			var links map[string]json.RawMessage
			_ = json.Unmarshal(raw, &links) // what is no object names no next page
			for rel, to := range links {
				g.now.more = g.now.more || strings.EqualFold(rel, "next") && link(to)
			}
		}
	}
	return nil
}

// link says whether there is a link: text, or an object with one.
func link(raw json.RawMessage) bool {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text != ""
	}
	var to map[string]json.RawMessage
	return json.Unmarshal(raw, &to) == nil && len(to) > 0
}

// scan reads an object to its end into text, without the space between its parts. Where it may be a page it stops at the
// array of its items, and says where in text their name begins; else that is −1.
func (g *pages) scan(mayBePage bool) (at int, err error) {
	g.text, at = append(g.text[:0], '{'), -1
	return at, g.rest(1, mayBePage, &at)
}

// rest reads on until brackets that are open so deep are closed.
func (g *pages) rest(depth int, mayBePage bool, at *int) error {
	begins, name, named := g.line, 0, ""
	for {
		c, err := g.byte()
		if err != nil {
			if err == io.EOF {
				err = g.refuse(begins, "", "json", "the file ends in the middle of the object that begins here. Download it again")
			}
			return err
		}
		if c == '[' && depth == 1 && mayBePage && holdsItems(named) {
			*at = name
			return nil
		}
		g.text = append(g.text, c)
		switch c {
		case '"':
			name = len(g.text) - 1
			if err := g.string(begins); err != nil {
				return err
			}
			named = string(g.text[name+1 : min(len(g.text)-1, name+32)])
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth == 0 {
			return nil
		}
		if len(g.text) > maxRecord {
			return g.long(begins)
		}
	}
}

// string reads on to the end of a string.
func (g *pages) string(begins int64) error {
	for {
		part, err := g.in.ReadSlice('"')
		if err != nil && err != bufio.ErrBufferFull && err != io.EOF {
			return err
		}
		for _, c := range part {
			if c < ' ' {
				return g.refuse(g.line, "", "json", "a text holds a line end or another sign that JSON does not allow there")
			}
		}
		g.text = append(g.text, part...)
		switch {
		case len(g.text) > maxRecord:
			return g.long(begins)
		case err == io.EOF:
			return g.refuse(begins, "", "json", "the file ends in the middle of the object that begins here. Download it again")
		case err == nil && !escaped(g.text):
			return nil
		}
	}
}

// escaped says whether the last sign of a text has a backslash before it that counts.
func escaped(text []byte) bool {
	before := text[:len(text)-1]
	return (len(before)-len(bytes.TrimRight(before, `\`)))%2 == 1
}

func (g *pages) long(begins int64) error {
	return g.refuse(begins, "", "record_too_long", "the object that begins here is longer than %d bytes, or a text in it is never closed. Nothing of the file was kept; download it again", maxRecord)
}

func (g *pages) bad(what string) error {
	return g.refuse(g.line, "", "json", "%s", what)
}

// byte is the next byte that is no space; a byte order mark, as stands at the beginning of each of several files put
// together, is space.
func (g *pages) byte() (byte, error) {
	for {
		c, err := g.in.ReadByte()
		switch {
		case err != nil:
			return 0, err
		case c == '\n':
			g.line++
		case c == 0xef && !g.inside:
			if _, err := g.in.Discard(2); err != nil {
				return 0, err
			}
		case c != ' ' && c != '\t' && c != '\r':
			return c, nil
		}
	}
}
