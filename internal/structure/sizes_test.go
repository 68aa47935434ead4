package structure

import (
	"fmt"
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// The limits. A function is measured without the tables in it. Packages have none: one that holds two subjects is split by
// subject, however long it is.
const (
	fileLines     = 500
	functionLines = 80
	testLines     = 120 // of a function in a test
	methodCount   = 12  // of an interface
)

// outsize are things beyond a limit.
type outsize map[string]struct {
	size   int
	reason string
}

// larger are the things beyond a limit, each with its size and the reason. It is a ratchet: the size may shrink and not
// grow, and what fits again leaves the list.
var larger = outsize{}

// TestSizes measures files, functions and interfaces.
func TestSizes(t *testing.T) { verify(t, sizes) }

func sizes(t *tree) report { return sizesBut(t, larger) }

func sizesBut(t *tree, larger outsize) report {
	m := measured{larger: larger, seen: map[string]bool{}}
	for _, p := range t.sorted() {
		for _, f := range p.files {
			m.is("lines of file", f.path, f.lines, fileLines)
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok {
					limit := functionLines
					if f.test {
						limit = testLines
					}
					m.is("lines of function", p.path+"."+named(fn), t.span(fn)-t.tables(fn), limit)
				}
			}
			for _, i := range interfaces(f) {
				m.is("methods of", p.path+"."+i.name, len(i.methods), methodCount)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(larger)) {
		if !m.seen[name] {
			m.bad(name, "fits again: take it out of the list")
		}
	}
	return m.report
}

// measured holds sizes against limits and remembers which exceptions were needed.
type measured struct {
	report
	larger outsize
	seen   map[string]bool
}

func (m *measured) is(what, where string, size, limit int) {
	m.count("sizes: "+what, 1)
	if size <= limit {
		return
	}
	name := what + " " + where
	m.seen[name] = true
	switch was, ok := m.larger[name]; {
	case !ok:
		m.bad(name, "%d, more than %d: look for the second subject", size, limit)
	case size > was.size:
		m.bad(name, "%d, and it may only shrink from %d (%s)", size, was.size, was.reason)
	case size < was.size:
		m.bad(name, "%d: write that in the list in place of %d", size, was.size)
	}
}

func (t *tree) span(n ast.Node) int {
	return t.fset.Position(n.End()).Line - t.fset.Position(n.Pos()).Line + 1
}

// tables is how many lines of a function are values written out: its outermost composite literals, without the
// functions in them that take more than a line.
func (t *tree) tables(fn *ast.FuncDecl) (lines int) {
	ast.Inspect(fn, func(n ast.Node) bool {
		table, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		lines += t.span(table) - 1
		ast.Inspect(table, func(n ast.Node) bool {
			f, ok := n.(*ast.FuncLit)
			if ok && t.span(f) > 1 {
				lines -= t.span(f)
			}
			return !ok
		})
		return false
	})
	return lines
}

func TestSizesFires(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	one := func(text string) map[string]string {
		return map[string]string{"internal/payment/a.go": "package payment\n" + text + "\n"}
	}
	fires(t, func(t *tree) report { return sizesBut(t, nil) }, []fixture{
		{"as it should be", one("func f() {\n" + many(70, "\tg(%d)\n") + "}\n\ntype Store interface {\n" + many(12, "\tM%d()\n") + "}\n" + many(24, "type T%d int\n")), ""},
		{"a table in a function", one("func f() {\n\tcases := []string{\n" + many(120, "\t\t\"%d\",\n") + "\t}\n}"), ""},
		{"a file", one(many(500, "// %d\n")), "lines of file internal/payment/a.go"},
		{"a function", one("func (v *Service) f() {\n" + many(80, "\tg(%d)\n") + "}"), "lines of function internal/payment.Service.f: 82"},
		{"a function of a test", map[string]string{"internal/payment/a_test.go": "package payment\n\nfunc f() {\n" + many(119, "\tg(%d)\n") + "}\n"}, "lines of function internal/payment.f: 121"},
		{"functions in a table are no table", one("func f() {\n\tcases := []func(){\n" + many(30, "\t\tfunc() {\n\t\t\tg(%d)\n\t\t},\n") + "\t}\n}"), "lines of function internal/payment.f"},
		{"an interface", one("type Store interface {\n" + many(13, "\tM%d()\n") + "}"), "methods of internal/payment.Store: 13"},
	})
	fires(t, func(t *tree) report {
		return sizesBut(t, outsize{"lines of file internal/payment/a.go": {size: 510, reason: "a list"}})
	}, []fixture{
		{"an exception that holds", one(many(508, "// %d\n")), ""},
		{"an exception that grew", one(many(509, "// %d\n")), "511, and it may only shrink from 510"},
		{"an exception that shrank", one(many(507, "// %d\n")), "write that in the list in place of 510"},
		{"an exception outlived", one(""), "fits again"},
	})
}
