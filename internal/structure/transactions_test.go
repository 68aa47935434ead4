package structure

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// outside says which packages are outside: files, the network, processes, mail, clouds, other stores.
func outside(path string) bool {
	return slices.Contains([]string{"os", "os/exec", "net", "net/http", "net/smtp", "syscall", "io/ioutil"}, path) ||
		under(path, []string{"github.com/wneessen/go-mail", "internal/cloud", "internal/filestore", "internal/usagestore"})
}

// outsideFields are the names by which services hold what is outside: the file store and its archived lines, the usage
// store and the rater that reads it, clouds, mail.
var outsideFields = []string{"Files", "Lines", "Rows", "Rater", "Cloud", "Provider", "Mail", "HTTP"}

// TestTransactions looks at every function that is handed an open transaction (a parameter of type tx.Tx or tx.Read:
// the closures of DB.Do and DB.View, and the methods they call with it), in every package but proofs and tests. Its
// body, and functions of the same package and methods of the same receiver that it calls without handing it on, must
// call nothing of the packages that are outside, no method of a field named as in outsideFields, and open no second
// transaction (a Do or View of a field DB). What is called through an interface, a function value or a variable under
// another name is not seen.
func TestTransactions(t *testing.T) { verify(t, transactions) }

func transactions(t *tree) report {
	var r report
	for _, p := range t.of(words, areas, adapters, samples, edges, wiring, programs) {
		out := outsiders(t, p)
		for _, f := range p.sources() {
			for _, d := range f.Decls {
				fn, _ := d.(*ast.FuncDecl)
				ast.Inspect(d, func(n ast.Node) bool {
					typ, body := function(n)
					if body == nil || !takesTransaction(f, typ) {
						return true
					}
					r.count("functions in a transaction", 1)
					for _, call := range outsideCalls(t, f, fn, body, out) {
						r.bad(call.at, "inside a transaction: %s; do it before or after, outside", call.what)
					}
					return false
				})
			}
		}
	}
	return r
}

// function is the type and the body of a declared function or a literal; no body for any other node.
func function(n ast.Node) (*ast.FuncType, *ast.BlockStmt) {
	switch fn := n.(type) {
	case *ast.FuncDecl:
		return fn.Type, fn.Body
	case *ast.FuncLit:
		return fn.Type, fn.Body
	}
	return nil, nil
}

func takesTransaction(f *file, typ *ast.FuncType) bool {
	takes := parameters(f, typ)
	return slices.Contains(takes, "internal/tx.Tx") || slices.Contains(takes, "internal/tx.Read")
}

type outsideCall struct{ at, what string }

// outsiders are the functions of a package ("f", "Type.f") that reach outside and take no transaction, each with what
// it calls.
func outsiders(t *tree, p *pkg) map[string]string {
	out := map[string]string{}
	for before := -1; before != len(out); {
		before = len(out)
		for _, f := range p.sources() {
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Body == nil || takesTransaction(f, fn.Type) || out[named(fn)] != "" {
					continue
				}
				if calls := outsideCalls(t, f, fn, fn.Body, out); len(calls) > 0 {
					out[named(fn)] = calls[0].what
				}
			}
		}
	}
	return out
}

// named is a function's name, after the type of its receiver.
func named(fn *ast.FuncDecl) string {
	if typ, _ := receiver(fn); typ != "" {
		return typ + "." + fn.Name.Name
	}
	return fn.Name.Name
}

// receiver is the type and the name of a method's receiver.
func receiver(fn *ast.FuncDecl) (typ, name string) {
	if fn == nil || fn.Recv == nil {
		return "", ""
	}
	x := fn.Recv.List[0].Type
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	switch generic := x.(type) {
	case *ast.IndexExpr:
		x = generic.X
	case *ast.IndexListExpr:
		x = generic.X
	}
	if id, ok := x.(*ast.Ident); ok {
		typ = id.Name
	}
	if len(fn.Recv.List[0].Names) > 0 {
		name = fn.Recv.List[0].Names[0].Name
	}
	return typ, name
}

// outsideCalls lists the calls in a body, which is of fn or within it, that leave the ledger.
func outsideCalls(t *tree, f *file, fn *ast.FuncDecl, body ast.Node, outsiders map[string]string) (out []outsideCall) {
	typ, self := receiver(fn)
	ast.Inspect(body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		what := ""
		from, name, imported := f.selector(call.Fun)
		s, _ := call.Fun.(*ast.SelectorExpr)
		switch {
		case imported && outside(from):
			what = from + "." + name
		case imported:
		case s != nil:
			what = methodOutside(s)
			if id, ok := s.X.(*ast.Ident); ok && id.Name == self && self != "" {
				what = reaching(typ+"."+s.Sel.Name, outsiders)
			}
		default:
			if id, ok := call.Fun.(*ast.Ident); ok {
				what = reaching(id.Name, outsiders)
			}
		}
		if what != "" {
			out = append(out, outsideCall{t.at(call), what})
		}
		return true
	})
	return out
}

// methodOutside is the method called, when the field it is called on is outside by its name.
func methodOutside(s *ast.SelectorExpr) string {
	field := ""
	switch x := s.X.(type) {
	case *ast.SelectorExpr:
		field = x.Sel.Name
	case *ast.Ident:
		field = x.Name
	}
	name := field + "." + s.Sel.Name
	if slices.Contains(outsideFields, field) || name == "DB.Do" || name == "DB.View" {
		return name
	}
	return ""
}

// reaching is a function by name with the outside call behind it, when there is one.
func reaching(name string, outsiders map[string]string) string {
	if behind := outsiders[name]; behind != "" {
		return name + ", which calls " + behind
	}
	return ""
}

func TestTransactionsFires(t *testing.T) {
	service := func(body string, more ...string) map[string]string {
		return map[string]string{"internal/payment/service.go": "package payment\n\nimport (\n\t\"context\"\n\t\"net/http\"\n\t\"os\"\n\n\t\"" +
			module + "internal/tx\"\n)\n\nfunc (v *Service) Pay(ctx context.Context) error {\n\treturn v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {\n" +
			body + "\n\t\treturn nil\n\t})\n}\n" + strings.Join(more, "\n")}
	}
	fires(t, transactions, []fixture{
		{"as it should be", service("v.Store.Save(ctx, t, x)"), ""},
		{"a file written", service("os.WriteFile(name, text, 0o644)"), "os.WriteFile"},
		{"a call of the network", service("http.Get(url)"), "net/http.Get"},
		{"the file store", service("v.Files.Put(ctx, r)"), "Files.Put"},
		{"the usage store, deeper", service("for range 3 {\n\t\t\tif _, err := v.Rater.Rows.Sums(ctx); err != nil {\n\t\t\t\treturn err\n\t\t\t}\n\t\t}"), "Rows.Sums"},
		{"a second transaction", service("v.DB.View(ctx, nil)"), "DB.View"},
		{"behind a method", service("v.send(ctx)", "func (v *Service) send(ctx context.Context) { v.post(ctx) }",
			"func (v *Service) post(ctx context.Context) { v.Mail.Send(ctx) }"), "which calls Service.post, which calls Mail.Send"},
		{"behind a function", service("note()", "func note() { os.Remove(name) }"), "note, which calls os.Remove"},
		{"in a method that takes the transaction", service("v.save(ctx, t)", "func (v *Service) save(ctx context.Context, t tx.Tx) { v.Cloud.Create(ctx) }"), "Cloud.Create"},
		{"outside is where it belongs", service("", "func (v *Service) Send(ctx context.Context) { v.Mail.Send(ctx); v.Files.Put(ctx, r); http.Get(url) }"), ""},
	})
}
