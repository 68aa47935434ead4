package structure

import (
	_ "embed"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// replacedNames lists names that were replaced by standard terms, one a line: package, replaced name, term. A package
// stands for the packages below it too.
//
//go:embed replaced_names.txt
var replacedNames string

// replacement is one line of the list.
type replacement struct{ within, name, term string }

func replacements(text string) (out []replacement, wrong []string) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.HasPrefix(fields[0], "#"):
		case len(fields) < 3:
			wrong = append(wrong, strings.TrimSpace(line))
		default:
			out = append(out, replacement{fields[0], fields[1], strings.Join(fields[2:], " ")})
		}
	}
	return out, wrong
}

// TestReplacedNames finds names that were replaced and are declared again in their package, in any case of letters.
func TestReplacedNames(t *testing.T) {
	verify(t, func(t *tree) report { return namesBut(t, replacedNames) })
}

func namesBut(t *tree, list string) report {
	var r report
	all, wrong := replacements(list)
	for _, line := range wrong {
		r.bad("replaced_names.txt", "%q is not package, replaced name and term", line)
	}
	r.count("replaced names", len(all))
	for _, p := range t.sorted() {
		here := slices.DeleteFunc(slices.Clone(all), func(x replacement) bool { return !under(p.path, []string{x.within}) })
		if len(here) == 0 {
			continue
		}
		for _, f := range p.files {
			for _, name := range declared(f) {
				r.count("declarations", 1)
				for _, x := range here {
					if strings.EqualFold(name.Name, x.name) {
						r.bad(t.at(name), "%s is declared again: the term is %q", name.Name, x.term)
					}
				}
			}
		}
	}
	return r
}

// declared lists the names that a file declares: functions, types, values, fields, parameters and local variables.
func declared(f *file) (names []*ast.Ident) {
	ast.Inspect(f.File, func(n ast.Node) bool {
		switch d := n.(type) {
		case *ast.FuncDecl:
			names = append(names, d.Name)
		case *ast.TypeSpec:
			names = append(names, d.Name)
		case *ast.ValueSpec:
			names = append(names, d.Names...)
		case *ast.Field:
			names = append(names, d.Names...)
		case *ast.RangeStmt:
			names = append(names, defined(d.Tok.String(), d.Key, d.Value)...)
		case *ast.AssignStmt:
			names = append(names, defined(d.Tok.String(), d.Lhs...)...)
		}
		return true
	})
	return names
}

// defined lists the names on the left of :=, which is the operator.
func defined(operator string, left ...ast.Expr) (names []*ast.Ident) {
	for _, x := range left {
		if name, ok := x.(*ast.Ident); ok && operator == ":=" {
			names = append(names, name)
		}
	}
	return names
}

func TestReplacedNamesFires(t *testing.T) {
	rate := func(text string) map[string]string {
		return map[string]string{"internal/rating/view/rate.go": "package rating\n\n" + text + "\n"}
	}
	check := func(t *tree) report { return namesBut(t, "# comment\ninternal/rating eye viewer\n") }
	fires(t, check, []fixture{
		{"a standard term", rate("type viewer int\n\nfunc f(v viewer) { eyes := v; _ = eyes }"), ""},
		{"a type", rate("type Eye int"), `the term is "viewer"`},
		{"a function", rate("func eye() {}"), "declared again"},
		{"a parameter", rate("func f(eye int) {}"), "declared again"},
		{"a field", rate("type t struct{ Eye int }"), "declared again"},
		{"a variable", rate("func f() { eye := 1; _ = eye }"), "declared again"},
		{"a loop", rate("func f(l []int) { for _, eye := range l { _ = eye } }"), "declared again"},
		{"another package", map[string]string{"internal/cost/cost.go": "package cost\n\ntype eye int\n"}, ""},
	})
	fires(t, func(t *tree) report { return namesBut(t, "internal/rating eye\n") }, []fixture{
		{"a line without a term", rate(""), "is not package, replaced name and term"},
	})
}
