package structure

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// clocks are the functions that read the machine's clock or wait for it.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// chance are the packages that roll dice.
var chance = []string{"math/rand", "crypto/rand"}

// stillVariables are package variables that nothing changes but that are neither errors, patterns nor arrays.
var stillVariables = exceptions{
	"internal/delegation.tables": "embedded files",
	"internal/invoice.percent":   "a decimal written as text: 1 ÷ 100",
	"internal/recon.oneCent":     "a decimal: a constant but for the language",
}

// TestClockAndChance looks at words, areas, adapters and samples, tests excepted. None reads the machine's clock or
// waits for it; samples alone roll dice, from a seed. In words, areas and decoders there are no floating-point types,
// literals or parsing, and no package variable that can change: one that is assigned, counted up, or whose address is
// taken, and one that is anything but an error, a pattern, an array literal or in the list above.
func TestClockAndChance(t *testing.T) { verify(t, clockAndChance) }

func clockAndChance(t *tree) report { return clockBut(t, stillVariables) }

func clockBut(t *tree, still exceptions) report {
	var r report
	used := map[string]bool{}
	for _, p := range t.of(words, areas, adapters, samples) {
		l, _, _ := place(p.path)
		exact := l.name == words || l.name == areas || p.path == "internal/intake/microsoft"
		vars := map[string]bool{}
		for _, f := range p.sources() {
			r.count("files", 1)
			r.moment(t, f, l.name != samples)
			if exact {
				r.count("files without floats and variables", 1)
				r.floats(t, f)
				r.variables(t, p, f, vars, still, used)
			}
		}
		r.count("package variables", len(vars))
		for _, f := range p.sources() {
			r.changes(t, f, vars)
		}
	}
	r.unneeded(still, used)
	return r
}

// moment complains of clocks and dice in a file.
func (r *report) moment(t *tree, f *file, noDice bool) {
	for _, i := range f.imports {
		if noDice && under(i, chance) {
			r.bad(f.path, "imports %s: random numbers are handed in", i)
		}
	}
	ast.Inspect(f.File, func(n ast.Node) bool {
		if from, name, _ := f.selector(n); from == "time" && slices.Contains(clocks, name) {
			r.bad(t.at(n), "time.%s: the time is handed in", name)
		}
		return true
	})
}

// floats complains of inexact numbers in a file.
func (r *report) floats(t *tree, f *file) {
	ast.Inspect(f.File, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.SelectorExpr:
			if from, name, _ := f.selector(n); from == "strconv" && name == "ParseFloat" {
				r.bad(t.at(n), "strconv.ParseFloat: numbers are read by money")
			}
		case *ast.Ident:
			if slices.Contains([]string{"float32", "float64", "complex64", "complex128"}, x.Name) {
				r.bad(t.at(n), "%s: numbers are exact", x.Name)
			}
		case *ast.BasicLit:
			if x.Kind == token.FLOAT {
				r.bad(t.at(n), "%s: numbers are exact", x.Value)
			}
		}
		return true
	})
}

// variables collects the package variables of a file and complains of those that look as if they could change.
func (r *report) variables(t *tree, p *pkg, f *file, vars map[string]bool, still exceptions, used map[string]bool) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			for i, name := range v.Names {
				if name.Name == "_" {
					continue
				}
				vars[name.Name] = true
				if len(v.Values) == len(v.Names) && fixed(f, v.Values[i]) {
					continue
				}
				key := p.path + "." + name.Name
				if used[key] = still[key] != ""; !used[key] {
					r.bad(t.at(v), "the package variable %s may change: make it a constant, a function or a field", key)
				}
			}
		}
	}
}

// fixed says whether a value cannot be changed through the variable that holds it: an error, a pattern, an array.
func fixed(f *file, x ast.Expr) bool {
	switch v := x.(type) {
	case *ast.CallExpr:
		from, name, _ := f.selector(v.Fun)
		return from == "errors" && name == "New" || from == "regexp" && name == "MustCompile"
	case *ast.CompositeLit:
		a, ok := v.Type.(*ast.ArrayType)
		return ok && a.Len != nil
	}
	return false
}

// changes complains where a function of a file changes a package variable. A name the function declares itself is
// another variable.
func (r *report) changes(t *tree, f *file, vars map[string]bool) {
	for _, d := range f.Decls {
		own := declares(d)
		ast.Inspect(d, func(n ast.Node) bool {
			for _, x := range changed(n) {
				if id := root(x); id != nil && vars[id.Name] && !own[id.Name] {
					r.bad(t.at(n), "changes the package variable %s", id.Name)
				}
			}
			return true
		})
	}
}

// changed lists what a statement assigns to or takes the address of.
func changed(n ast.Node) []ast.Expr {
	switch x := n.(type) {
	case *ast.AssignStmt:
		if x.Tok != token.DEFINE {
			return x.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{x.X}
	case *ast.UnaryExpr:
		if x.Op == token.AND {
			return []ast.Expr{x.X}
		}
	case *ast.RangeStmt:
		if x.Tok == token.ASSIGN {
			return []ast.Expr{x.Key, x.Value}
		}
	case *ast.CallExpr:
		if id, ok := x.Fun.(*ast.Ident); ok && len(x.Args) > 0 && (id.Name == "delete" || id.Name == "clear") {
			return x.Args[:1]
		}
	}
	return nil
}

// root is the variable an expression reaches into: v of v.f[3].
func root(x ast.Expr) *ast.Ident {
	switch v := x.(type) {
	case *ast.Ident:
		return v
	case *ast.SelectorExpr:
		return root(v.X)
	case *ast.IndexExpr:
		return root(v.X)
	case *ast.SliceExpr:
		return root(v.X)
	case *ast.StarExpr:
		return root(v.X)
	case *ast.ParenExpr:
		return root(v.X)
	}
	return nil
}

// declares lists the names a function declares: receiver, parameters, results and whatever its body defines.
func declares(d ast.Decl) map[string]bool {
	out := map[string]bool{}
	if _, ok := d.(*ast.FuncDecl); !ok {
		return out
	}
	ast.Inspect(d, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.Field:
			for _, name := range x.Names {
				out[name.Name] = true
			}
		case *ast.ValueSpec:
			for _, name := range x.Names {
				out[name.Name] = true
			}
		case *ast.AssignStmt:
			for _, l := range x.Lhs {
				if id, ok := l.(*ast.Ident); ok && x.Tok == token.DEFINE {
					out[id.Name] = true
				}
			}
		case *ast.RangeStmt:
			for _, l := range []ast.Expr{x.Key, x.Value} {
				if id, ok := l.(*ast.Ident); ok && x.Tok == token.DEFINE {
					out[id.Name] = true
				}
			}
		}
		return true
	})
	return out
}

func TestClockAndChanceFires(t *testing.T) {
	area := func(imports, rest string) map[string]string {
		text := "package payment\n\n"
		for _, i := range strings.Fields(imports) {
			text += "import \"" + i + "\"\n"
		}
		return map[string]string{"internal/payment/a.go": text + rest + "\n"}
	}
	fires(t, func(t *tree) report { return clockBut(t, nil) }, []fixture{
		{"as it should be", area("time errors regexp", `
var errGone = errors.New("gone")
var pattern = regexp.MustCompile("x")
var names = [...]string{"a", "b"}
var _ Store = (*Service)(nil)
func (v *Service) due() time.Time { names := v.Now(); names = names.Add(time.Hour); return names }`), ""},
		{"the machine's clock", area("time", "func f() time.Time { return time.Now() }"), "time.Now"},
		{"the clock as a value", area("time", "func f() *Service { return &Service{Now: time.Now} }"), "time.Now"},
		{"a pause", area("time", "func f() { time.Sleep(1) }"), "time.Sleep"},
		{"dice", area("math/rand/v2", "func f() int { return rand.IntN(6) }"), "imports math/rand/v2"},
		{"a float", area("", "type Amount struct { Value float64 }"), "float64"},
		{"a float written out", area("", "const factor = 1.12"), "1.12"},
		{"a float read", area("strconv", `func f(s string) bool { _, err := strconv.ParseFloat(s, 64); return err == nil }`), "ParseFloat"},
		{"a float in a decoder", map[string]string{"internal/intake/microsoft/a.go": "package microsoft\n\ntype a float32\n"}, "float32"},
		{"a document that says when it was printed", map[string]string{"internal/document/a.go": "package document\n\nimport \"time\"\n\nvar x = time.Now()\n"}, "time.Now"},
		{"points on a page, and a sample from a seed", map[string]string{
			"internal/document/a.go": "package document\n\nconst margin = 18.5\n\nvar colours = map[string]int{}\n",
			"internal/sample/a.go":   "package sample\n\nimport \"math/rand/v2\"\n\nvar _ = rand.New\n",
		}, ""},
		{"a table that can change", area("", `var names = map[string]int{"a": 1}`), "payment.names may change"},
		{"a pointer", area("", "var theService *Service"), "payment.theService may change"},
		{"a counter", area("", "var counts = [3]int{}\n\nfunc f() { counts[1]++ }"), "changes the package variable counts"},
		{"an address", area("", "var counts = [3]int{}\n\nfunc f() *[3]int { return &counts }"), "changes the package variable counts"},
		{"an error replaced", area("errors", "var errGone = errors.New(\"gone\")\n\nfunc f() { errGone = nil }"), "changes the package variable errGone"},
	})
	fires(t, func(t *tree) report { return clockBut(t, exceptions{"internal/payment.percent": "a decimal"}) }, []fixture{
		{"an exception that holds", area("", "var percent = money.MustParse(text)"), ""},
		{"an exception outlived", area("", "const percent = 1"), "not needed any more"},
	})
}
