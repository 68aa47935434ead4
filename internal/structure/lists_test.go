package structure

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// lists are the kinds of thing that are written down once, in one file.
var lists = []struct{ what, in, typ, file string }{
	{"event types", "internal/event", "Type", "internal/event/types.go"},
	{"actions", "internal/access", "Action", "internal/access/actions.go"},
	{"job kinds", "internal/job", "Kind", "internal/job/kinds.go"},
}

// waiting are entries of lists nothing uses yet.
var waiting = exceptions{}

// TestLists looks at the constants of each kind of thing: they stand in the file that is their list, no two say the
// same, each is used by a source that is not its list (tests and proofs do not count), and no text is written where one
// of them belongs: a conversion, an argument of Require or Append, the Kind of a job.Job.
func TestLists(t *testing.T) { verify(t, oneList) }

func oneList(t *tree) report { return oneListBut(t, waiting) }

// entry is one constant of a list.
type entry struct {
	in, name, file string // package, name, file it stands in
	used           bool
}

func oneListBut(t *tree, waiting exceptions) report {
	var r report
	needed := map[string]bool{}
	packages := t.of(words, areas, adapters, samples, edges, wiring, programs)
	for _, l := range lists {
		entries := map[string]*entry{}
		values := map[string]string{}
		r.count(l.what, 0)
		for _, p := range packages {
			for _, f := range p.sources() {
				constants(f, l.in, l.typ, p.path, func(name *ast.Ident, value string) {
					r.count(l.what, 1)
					key := p.path + "." + name.Name
					entries[key] = &entry{in: p.path, name: name.Name, file: f.path}
					if f.path != l.file {
						r.bad(t.at(name), "%s is declared here and belongs into %s", key, l.file)
					}
					if other := values[value]; other != "" {
						r.bad(t.at(name), "%s says %s, as %s does", key, value, other)
					}
					values[value] = key
				})
			}
		}
		for _, p := range packages {
			for _, f := range p.sources() {
				use(f, p.path, entries)
				r.count("files searched for uses", 1)
				r.texts(t, f, p.path, l.in, l.typ)
			}
		}
		for key, e := range entries {
			if needed[key] = !e.used; !e.used && waiting[key] == "" {
				r.bad(e.file, "%s is used nowhere: use it or take it out of the list", key)
			}
		}
	}
	r.unneeded(waiting, needed)
	return r
}

// typed says whether x, in a file of package here, is the named type of package in.
func typed(f *file, here string, x ast.Expr, in, typ string) bool {
	if id, ok := x.(*ast.Ident); ok {
		return here == in && id.Name == typ
	}
	from, name, ok := f.selector(x)
	return ok && from == in && name == typ
}

// constants yields the constants of a type that a file declares, with their values as written.
func constants(f *file, in, typ, here string, yield func(name *ast.Ident, value string)) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			for i, name := range v.Names {
				if i >= len(v.Values) {
					continue
				}
				x := v.Values[i]
				call, conversion := x.(*ast.CallExpr)
				if conversion && len(call.Args) == 1 && typed(f, here, call.Fun, in, typ) {
					x = call.Args[0]
				} else if v.Type == nil || !typed(f, here, v.Type, in, typ) {
					continue
				}
				if lit, ok := x.(*ast.BasicLit); ok {
					yield(name, lit.Value)
				}
			}
		}
	}
}

// use marks the entries a file uses. Where a constant is declared is no use of it.
func use(f *file, here string, entries map[string]*entry) {
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			continue
		}
		ast.Inspect(d, func(n ast.Node) bool {
			if from, name, ok := f.selector(n); ok {
				if e := entries[from+"."+name]; e != nil {
					e.used = true
				}
				return false
			}
			if id, ok := n.(*ast.Ident); ok {
				if e := entries[here+"."+id.Name]; e != nil {
					e.used = true
				}
			}
			return true
		})
	}
}

// texts complains of text in places where an entry of the list belongs.
func (r *report) texts(t *tree, f *file, here, in, typ string) {
	literal := func(x ast.Expr) bool {
		l, ok := x.(*ast.BasicLit)
		return ok && l.Kind == token.STRING
	}
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			continue
		}
		ast.Inspect(d, func(n ast.Node) bool {
			wrong := false
			switch x := n.(type) {
			case *ast.CallExpr:
				s, _ := x.Fun.(*ast.SelectorExpr)
				switch {
				case len(x.Args) == 1:
					wrong = literal(x.Args[0]) && typed(f, here, x.Fun, in, typ)
				case s != nil && s.Sel.Name == "Require" && len(x.Args) == 2:
					wrong = in == "internal/access" && literal(x.Args[1])
				case s != nil && s.Sel.Name == "Append" && len(x.Args) >= 5:
					wrong = in == "internal/event" && literal(x.Args[2])
				}
			case *ast.CompositeLit:
				if in == "internal/job" && typed(f, here, x.Type, in, "Job") {
					for _, e := range x.Elts {
						kv, ok := e.(*ast.KeyValueExpr)
						wrong = wrong || ok && kv.Key.(*ast.Ident).Name == "Kind" && literal(kv.Value)
					}
				}
			}
			if wrong {
				r.bad(t.at(n), "text stands where an entry of the list %s.%s belongs", in, typ)
			}
			return true
		})
	}
}

func TestListsFires(t *testing.T) {
	with := func(more map[string]string) map[string]string {
		out := map[string]string{
			"internal/access/actions.go": "package access\n\ntype Action string\n\nconst (\n\tRead Action = \"x.read\"\n\tMove Action = \"x.move\"\n)\n",
			"internal/event/types.go":    "package event\n\ntype Type string\n\nconst Happened Type = \"x.happened\"\n",
			"internal/event/log.go":      "package event\n\nfunc f() Type { return Happened }\n",
			"internal/payment/a.go": "package payment\n\nimport \"" + module + "internal/access\"\n\n" +
				"func (v *Service) f() { v.Access.Require(ctx, access.Read); v.Access.Require(ctx, access.Move) }\n",
		}
		for name, text := range more {
			out[name] = text
		}
		return out
	}
	file := func(pkg, imports, text string) string {
		out := "package " + pkg + "\n\n"
		for _, i := range strings.Fields(imports) {
			out += "import \"" + module + "internal/" + i + "\"\n"
		}
		return out + text + "\n"
	}
	fires(t, func(t *tree) report { return oneListBut(t, nil) }, []fixture{
		{"as it should be", with(map[string]string{
			"internal/job/kinds.go":    "package job\n\nconst Remind Kind = \"payment.remind\"\n",
			"internal/payment/jobs.go": file("payment", "job", "func g() job.Job { return job.Job{Kind: job.Remind} }"),
		}), ""},
		{"an action nobody asks for", with(map[string]string{"internal/payment/a.go": file("payment", "access", "func f() access.Action { return access.Read }")}),
			"access.Move is used nowhere"},
		{"an action only a test asks for", with(map[string]string{
			"internal/payment/a.go":      file("payment", "access", "func f() access.Action { return access.Read }"),
			"internal/payment/a_test.go": file("payment", "access", "func g() access.Action { return access.Move }"),
		}), "access.Move is used nowhere"},
		{"a list beside the list", with(map[string]string{
			"internal/payment/b.go": file("payment", "event", "const Paid event.Type = \"payment.paid\"\n\nfunc g() event.Type { return Paid }"),
		}), "belongs into internal/event/types.go"},
		{"two names for one thing", with(map[string]string{
			"internal/job/kinds.go": "package job\n\nconst (\n\tA Kind = \"same\"\n\tB = Kind(\"same\")\n)\n\nfunc g() []Kind { return []Kind{A, B} }\n",
		}), `says "same"`},
		{"a job kind nobody handles", with(map[string]string{"internal/job/kinds.go": "package job\n\nconst Remind Kind = \"payment.remind\"\n"}),
			"job.Remind is used nowhere"},
		{"an action made up", with(map[string]string{"internal/payment/b.go": file("payment", "", "func (v *Service) g() { v.Access.Require(ctx, \"x.made_up\") }")}),
			"text stands where an entry of the list internal/access.Action"},
		{"an event made up", with(map[string]string{"internal/payment/b.go": file("payment", "", "func (v *Service) g() { v.Events.Append(ctx, t, \"x.made_up\", who, what, nil) }")}),
			"text stands where an entry of the list internal/event.Type"},
		{"a job made up", with(map[string]string{"internal/payment/b.go": file("payment", "job", "func g() job.Job { return job.Job{Kind: \"x\"} }")}),
			"text stands where an entry of the list internal/job.Kind"},
		{"a kind converted", with(map[string]string{"internal/payment/b.go": file("payment", "job", "func g() job.Kind { return job.Kind(\"x\") }")}),
			"text stands where an entry of the list internal/job.Kind"},
	})
	fires(t, func(t *tree) report { return oneListBut(t, exceptions{"internal/access.Move": "the clock"}) }, []fixture{
		{"an exception that holds", with(map[string]string{"internal/payment/a.go": file("payment", "access", "func f() access.Action { return access.Read }")}), ""},
		{"an exception outlived", with(nil), "not needed any more"},
	})
}
