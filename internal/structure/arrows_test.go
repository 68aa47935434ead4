package structure

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// TestArrows holds every import of every file against the layers and the fences.
func TestArrows(t *testing.T) { verify(t, arrows, "packages apart", "packages used as data") }

func arrows(t *tree) report {
	var r report
	for _, p := range t.sorted() {
		l, here, ok := place(p.path)
		if !ok {
			r.bad(p.path, "is in no layer: put it into layers_test.go where it belongs, or its code where there is a place")
			continue
		}
		r.count("packages", 1)
		for _, f := range p.files {
			for _, to := range f.imports {
				r.count("imports", 1)
				r.arrow(f, l, here, to)
			}
		}
	}
	for _, pair := range apart {
		if from := t.packages[pair[0]]; from != nil {
			r.count("packages apart", 1)
			if way := t.reach(from, pair[1], map[string]bool{}); way != nil {
				r.bad(pair[0], "reaches %s by way of %s", pair[1], strings.Join(way, " → "))
			}
		}
	}
	for _, pair := range dataOnly {
		from, data := t.packages[pair[0]], t.packages[pair[1]]
		if from != nil && data != nil {
			r.count("packages used as data", 1)
			t.onlyData(&r, from, data)
		}
	}
	return r
}

// place is the layer and the part a folder is.
func place(path string) (*layer, *part, bool) {
	for i := range layers {
		for j := range layers[i].parts {
			if layers[i].parts[j].path == path {
				return &layers[i], &layers[i].parts[j], true
			}
		}
	}
	return nil, nil, false
}

// arrow judges one import.
func (r *report) arrow(f *file, l *layer, here *part, to string) {
	if fence := fenceOf(to); fence != nil && !slices.Contains(fence, here.path) {
		r.bad(f.path, "imports %s, which is for %s alone", to, strings.Join(fence, ", "))
		return
	}
	if under(to, here.uses) || to == here.path {
		return
	}
	if !strings.HasPrefix(to, "internal/") && !strings.HasPrefix(to, "cmd/") {
		library := strings.Contains(strings.Split(to, "/")[0], ".")
		if l.bare && !f.test && (library || under(to, machine)) {
			r.bad(f.path, "imports %s: %s import the standard library without files and network, and what layers_test.go lists for them", to, l.name)
		}
		return
	}
	target, _, ok := place(to)
	if !ok {
		return // reported where it stands
	}
	sees := l.sees
	if f.test {
		sees = append(slices.Clone(sees), testsSee[l.name]...)
	}
	if slices.Contains(sees, target.name) || l == target && l.ordered && l.before(to, here.path) {
		return
	}
	r.bad(f.path, "imports %s: %s do not import that (of %s)", to, l.name, target.name)
}

// before says whether one part of an ordered layer stands before another.
func (l *layer) before(one, other string) bool {
	at := func(path string) int { return slices.IndexFunc(l.parts, func(p part) bool { return p.path == path }) }
	return at(one) < at(other)
}

// under says whether path is one of the prefixes or a package below one.
func under(path string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
}

// fenceOf is who may import a package, nil when anybody may: the longest fence around it counts.
func fenceOf(to string) (who []string) {
	longest := 0
	for path, list := range fences {
		if len(path) > longest && under(to, []string{path}) {
			who, longest = list, len(path)
		}
	}
	return who
}

// reach is a way from a package to another over imports of its sources, nil when there is none.
func (t *tree) reach(from *pkg, to string, seen map[string]bool) []string {
	if from == nil || seen[from.path] {
		return nil
	}
	seen[from.path] = true
	for _, f := range from.sources() {
		for _, next := range f.imports {
			if next == to {
				return []string{from.path, to}
			}
			if way := t.reach(t.packages[next], to, seen); way != nil {
				return append([]string{from.path}, way...)
			}
		}
	}
	return nil
}

// onlyData complains where the sources of a package name a function of another, or call something by the name of one
// of its exported methods. String, which everything has, is not counted.
func (t *tree) onlyData(r *report, from, data *pkg) {
	functions, methods := map[string]bool{}, map[string]bool{}
	for _, f := range data.sources() {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() && fn.Name.Name != "String" {
				if fn.Recv == nil {
					functions[fn.Name.Name] = true
				} else {
					methods[fn.Name.Name] = true
				}
			}
		}
	}
	for _, f := range from.sources() {
		ast.Inspect(f.File, func(n ast.Node) bool {
			if pkg, name, ok := f.selector(n); ok && pkg == data.path && functions[name] {
				r.bad(t.at(n), "uses %s.%s: only data of that package may be used here", data.path, name)
			}
			if c, ok := n.(*ast.CallExpr); ok {
				if s, ok := c.Fun.(*ast.SelectorExpr); ok && methods[s.Sel.Name] {
					if _, _, function := f.selector(s); !function {
						r.bad(t.at(n), "calls %s, a method of %s: only data of that package may be used here", s.Sel.Name, data.path)
					}
				}
			}
			return true
		})
	}
}

func TestArrowsFires(t *testing.T) {
	imports := func(list ...string) string {
		return "package x\n\nimport (\n\t_ \"" + strings.Join(list, "\"\n\t_ \"") + "\"\n)\n"
	}
	const own = module + "internal/"
	fires(t, arrows, []fixture{
		{"as it should be", map[string]string{
			"internal/money/a.go":              imports("strings", "github.com/cockroachdb/apd/v3", own+"fault"),
			"internal/usage/a.go":              imports(own+"money", own+"pricing"),
			"internal/usage/a_test.go":         imports("os", own+"sqlstore", own+"sqlstore/storetest"),
			"internal/sqlstore/a.go":           imports(own+"usage", "github.com/uptrace/bun/schema"),
			"internal/api/native/a.go":         imports(own+"world", own+"usage", "net/http"),
			"cmd/purveyor/a.go":                imports(own+"sqlstore", own+"config", own+"sample"),
			"internal/sqlstore/storetest/a.go": imports(own + "sqlstore"),
		}, ""},
		{"a package nobody planned", map[string]string{"internal/utils/a.go": imports("strings")}, "in no layer"},
		{"a word that imports an area", map[string]string{"internal/money/a.go": imports(own + "pricing")}, "words do not import"},
		{"an area that imports one below it", map[string]string{"internal/usage/a.go": imports(own + "rating")}, "areas do not import"},
		{"an area that imports a store", map[string]string{"internal/invoice/a.go": imports(own + "sqlstore")}, "(of adapters)"},
		{"an area whose test imports an edge", map[string]string{"internal/invoice/a_test.go": imports(own + "check")}, "(of edges)"},
		{"an area that opens files", map[string]string{"internal/invoice/a.go": imports("os")}, "without files and network"},
		{"an area that speaks HTTP", map[string]string{"internal/invoice/a.go": imports("net/http")}, "without files and network"},
		{"an area with a library of its own", map[string]string{"internal/org/a.go": imports("github.com/google/uuid")}, "imports github.com/google/uuid"},
		{"an adapter that imports another", map[string]string{"internal/document/a.go": imports(own + "filestore")}, "adapters do not import"},
		{"an edge that imports a store", map[string]string{"internal/check/a.go": imports(own + "filestore")}, "edges do not import"},
		{"a sample that knows usage", map[string]string{"internal/sample/a.go": imports(own + "usage")}, "samples do not import"},
		{"a program that needs a proof", map[string]string{"cmd/purveyor/a.go": imports(own + "sqlstore/pgtest")}, "(of proofs)"},
		{"decimals outside money", map[string]string{"internal/rating/a_test.go": imports("github.com/cockroachdb/apd/v3")}, "for internal/money alone"},
		{"SQL in an edge", map[string]string{"internal/api/arm/a.go": imports("database/sql")}, "imports database/sql"},
		{"what all commands share, knowing one", map[string]string{"internal/cli/command/a.go": imports(own+"cli/call", own+"cli/billing")}, "imports internal/cli/billing"},
		{"a setting read in an edge", map[string]string{"internal/cli/a.go": imports(own + "config")}, "for cmd/purveyor, cmd/bench, internal/installation, internal/installtest alone"},
		{"an oracle that asks rating, over a corner", map[string]string{
			"internal/rating/oracle/a.go": imports(own + "invoice"), "internal/invoice/a.go": imports(own + "rating"),
		}, "internal/rating/oracle → internal/invoice → internal/rating"},
		{"an oracle that looks rates up", map[string]string{
			"internal/rating/oracle/a.go": "package oracle\n\nimport \"" + own + "pricing\"\n\nfunc f(b pricing.Book) { pricing.Compile(b) }\n",
			"internal/pricing/a.go":       "package pricing\n\ntype Book struct{}\n\nfunc Compile(Book) {}\n",
		}, "uses internal/pricing.Compile"},
		{"an oracle that calls a method", map[string]string{
			"internal/rating/oracle/a.go": "package oracle\n\nimport \"" + own + "pricing\"\n\nfunc f(b pricing.Book) { b.RateFor() }\n",
			"internal/pricing/a.go":       "package pricing\n\ntype Book struct{}\n\nfunc (Book) RateFor() {}\n",
		}, "calls RateFor"},
	})
}
