package structure

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// absent are fields that a part works without: the wiring's list of what may be absent says the same.
var absent = exceptions{
	"internal/api/native/kernel.Download.Close": "there may be nothing to close",
	"internal/intake.Row.Whole":                 "data: a row that stands alone",
	"internal/rating.Rater.Runs":                "the usage store adds up what is not in memory",
	"internal/access.Roles.Record":              "without it nothing is allowed that leaves a trail",
}

// TestCollaborators looks for parts that ask whether a collaborator was handed in: no source of an area, an adapter or a
// surface compares an exported field of a struct of its package with nil where that is a function or an interface. What
// is missing is refused by the wiring (internal/installation), and never means allowed or unchecked.
func TestCollaborators(t *testing.T) { verify(t, collaborators) }

func collaborators(t *tree) report { return collaboratorsBut(t, absent) }

func collaboratorsBut(t *tree, absent exceptions) report {
	var r report
	used := map[string]bool{}
	for _, p := range t.of(areas, adapters, edges) {
		if under(p.path, []string{"internal/cli"}) { // its options may be left out
			continue
		}
		fields := t.collaboratorsOf(p)
		r.count("collaborators", len(fields))
		for _, f := range p.sources() {
			ast.Inspect(f.File, func(n ast.Node) bool {
				x, ok := n.(*ast.BinaryExpr)
				if !ok || x.Op != token.EQL && x.Op != token.NEQ {
					return true
				}
				s, field := x.X.(*ast.SelectorExpr)
				null, _ := x.Y.(*ast.Ident)
				if !field || null == nil || null.Name != "nil" {
					return true
				}
				r.count("comparisons with nil", 1)
				for _, owner := range fields[s.Sel.Name] {
					key := p.path + "." + owner + "." + s.Sel.Name
					if used[key] = true; absent[key] == "" {
						r.bad(t.at(x), "%s.%s is compared with nil: a collaborator is required, and a test that does not want it hands in an explicit one", owner, s.Sel.Name)
					}
				}
				return true
			})
		}
	}
	r.unneeded(absent, used)
	return r
}

// collaboratorsOf lists, by field name, the structs of a package with an exported field that is a function or an interface.
func (t *tree) collaboratorsOf(p *pkg) map[string][]string {
	out := map[string][]string{}
	for _, f := range p.sources() {
		for _, d := range f.Decls {
			g, _ := d.(*ast.GenDecl)
			if g == nil || g.Tok != token.TYPE {
				continue
			}
			for _, spec := range g.Specs {
				s, is := spec.(*ast.TypeSpec).Type.(*ast.StructType)
				if !is || !spec.(*ast.TypeSpec).Name.IsExported() {
					continue
				}
				for _, field := range s.Fields.List {
					for _, name := range field.Names {
						if name.IsExported() && t.behaves(p, f, field.Type) {
							out[name.Name] = append(out[name.Name], spec.(*ast.TypeSpec).Name.Name)
						}
					}
				}
			}
		}
	}
	return out
}

// behaves says whether a type, as written in a file, is a function or an interface of ours.
func (t *tree) behaves(p *pkg, f *file, x ast.Expr) bool {
	if _, is := x.(*ast.FuncType); is {
		return true
	}
	name := ""
	if id, is := x.(*ast.Ident); is {
		name = id.Name
	} else if from, n, ok := f.selector(x); ok {
		p, name = t.packages[from], n
	}
	if p == nil || name == "" {
		return false
	}
	return slices.ContainsFunc(p.sources(), func(f *file) bool {
		found := false
		ast.Inspect(f.File, func(n ast.Node) bool {
			s, is := n.(*ast.TypeSpec)
			if is && s.Name.Name == name {
				switch s.Type.(type) {
				case *ast.InterfaceType, *ast.FuncType:
					found = true
				}
			}
			return !found
		})
		return found
	})
}

func TestCollaboratorsFires(t *testing.T) {
	area := func(text string) map[string]string {
		return map[string]string{
			"internal/payment/a.go": strings.Join([]string{"package payment", "import \"" + module + "internal/access\"",
				"type Store interface{ Get() }", "type Service struct {\n\tStore Store\n\tGuard access.Guard\n\tAllowed func() bool\n\tother func()\n\tNote *string\n}", text}, "\n\n"),
			"internal/access/a.go": "package access\n\ntype Guard interface{ Require() }\n",
		}
	}
	fires(t, func(t *tree) report { return collaboratorsBut(t, nil) }, []fixture{
		{"as it should be", area("func (v *Service) F() bool { return v.Note == nil || v.Allowed() }"), ""},
		{"a question that may be missing", area("func (v *Service) F() bool { return v.Allowed == nil || v.Allowed() }"), "Service.Allowed is compared with nil"},
		{"a guard that may be missing", area("func (v *Service) F() { if v.Guard != nil { v.Guard.Require() } }"), "Service.Guard is compared with nil"},
		{"a store that may be missing", area("func (v *Service) F() { if v.Store != nil { v.Store.Get() } }"), "Service.Store is compared with nil"},
	})
	fires(t, func(t *tree) report {
		return collaboratorsBut(t, exceptions{"internal/payment.Service.Allowed": "asks nobody"})
	}, []fixture{
		{"an exception that holds", area("func (v *Service) F() bool { return v.Allowed == nil || v.Allowed() }"), ""},
		{"an exception outlived", area("func (v *Service) F() bool { return v.Allowed() }"), "not needed any more"},
	})
}
