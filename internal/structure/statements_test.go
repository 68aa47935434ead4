package structure

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// ledger is the package through whose calls every statement goes; the packages below it keep what areas have.
const ledger = "internal/sqlstore"

// statementText says which argument of a call is the text of a statement, or of a part of one.
var statementText = map[string]int{"SQL": 0, "Query": 0, "Exec": 1, "Upsert": 3, "Update": 3}

// madeText are functions of the ledger's own package that make text out of something else than constants.
var madeText = exceptions{
	"internal/sqlstore.List":        "as many ? as there are values",
	"internal/sqlstore.Column":      "a name in quotes, with those in it doubled",
	"internal/sqlstore.Upsert":      "columns, which are constants of its callers",
	"internal/sqlstore.Update":      "columns of a type",
	"internal/sqlstore.insertRows":  "columns of a type, and as many ? as there are values",
	"internal/sqlstore.Query.Rows":  "what the calls above made, with the placeholders of the database",
	"internal/sqlstore.Writer.exec": "what the calls above made, with the placeholders of the database",
	"internal/sqlstore.migrations":  "numbered files of this package",
	"internal/sqlstore.DB.Scrub":    "a constant of the database",
	"internal/sqlstore.load":        "a constant of its caller",
	"internal/sqlstore.oldBelow":    "as many conditions as there are places",
}

// TestStatements finds SQL that is not a constant: in the packages below sqlstore every text handed to its calls, and in
// sqlstore itself every text that is made, but for the list above. What is bound to the text is not looked at: it never
// gets into it.
func TestStatements(t *testing.T) { verify(t, statements) }

func statements(t *tree) report { return statementsBut(t, madeText) }

func statementsBut(t *tree, made exceptions) report {
	var r report
	needed := map[string]bool{}
	for _, p := range t.of(adapters) {
		if !under(p.path, []string{ledger}) {
			continue
		}
		names := constantNames(p)
		for _, f := range p.sources() {
			for _, d := range f.Decls {
				fn, _ := d.(*ast.FuncDecl)
				within := ""
				if fn != nil {
					within = p.path + "." + named(fn)
				}
				ast.Inspect(d, func(n ast.Node) bool {
					call, ok := n.(*ast.CallExpr)
					if !ok {
						return true
					}
					text := statementOf(call, p.path == ledger)
					if text == nil {
						return true
					}
					r.count("texts of statements", 1)
					switch {
					case isConstant(text, names):
					case made[within] != "":
						needed[within] = true
					default:
						r.bad(t.at(call), "the text of a statement is no constant: hand values over beside it, for a ? each")
					}
					return true
				})
				ast.Inspect(d, func(n ast.Node) bool {
					if from, name, ok := f.selector(n); ok && p.path != ledger && from == "github.com/uptrace/bun" && name != "BaseModel" {
						r.bad(t.at(n), "bun.%s: rows are read and written by the calls of sqlstore", name)
					}
					return true
				})
			}
		}
	}
	r.unneeded(made, needed)
	return r
}

// statementOf is the text of a statement in a call, nil when it has none. In the ledger's own package that is what becomes
// text, and what goes to the database past its calls.
func statementOf(call *ast.CallExpr, own bool) ast.Expr {
	name, at := "", 0
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	case *ast.IndexExpr: // of a generic function
		return statementOf(&ast.CallExpr{Fun: f.X, Args: call.Args}, own)
	}
	at, known := statementText[name]
	if own {
		past := map[string]int{"text": 0, "NewRaw": 0, "SafeQuery": 0, "ExecContext": 1, "QueryContext": 1, "QueryRowContext": 1}
		if x, ok := past[name]; ok {
			at, known = x, true
		}
	}
	if !known || at >= len(call.Args) {
		return nil
	}
	return call.Args[at]
}

// constantNames are the names of a package's constants, those within functions too.
func constantNames(p *pkg) map[string]bool {
	names := map[string]bool{}
	for _, f := range p.sources() {
		ast.Inspect(f.File, func(n ast.Node) bool {
			if g, ok := n.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, s := range g.Specs {
					for _, name := range s.(*ast.ValueSpec).Names {
						names[name.Name] = true
					}
				}
			}
			return true
		})
	}
	return names
}

func isConstant(x ast.Expr, names map[string]bool) bool {
	switch x := x.(type) {
	case *ast.BasicLit:
		return x.Kind == token.STRING
	case *ast.Ident:
		return names[x.Name]
	case *ast.BinaryExpr:
		return x.Op == token.ADD && isConstant(x.X, names) && isConstant(x.Y, names)
	case *ast.ParenExpr:
		return isConstant(x.X, names)
	}
	return false
}

func TestStatementsFires(t *testing.T) {
	in := func(folder, body string) map[string]string {
		return map[string]string{folder + "/a.go": "package " + folder[strings.LastIndexByte(folder, '/')+1:] + "\n\nimport \"github.com/uptrace/bun\"\n\n" +
			"const columns = \"SELECT id FROM x \"\n\ntype row struct{ bun.BaseModel }\n\nfunc f(q Reader, name string) {\n" + body + "\n}\n"}
	}
	billing := func(body string) map[string]string { return in(ledger+"/billing", body) }
	kernel := func(body string) map[string]string { return in(ledger, body) }
	fires(t, func(t *tree) report { return statementsBut(t, nil) }, []fixture{
		{"as it should be", billing("q.Query(columns+\"WHERE id = ?\", name).All(ctx, &rows)\n\tq.Exec(ctx, \"DELETE FROM x WHERE ?\", sqlstore.SQL(\"id = ?\", name))"), ""},
		{"a value in the text", billing("q.Query(\"SELECT id FROM x WHERE id = '\"+name+\"'\")"), "is no constant"},
		{"a text handed on", billing("q.Exec(ctx, name)"), "is no constant"},
		{"a part with a value in it", billing("sqlstore.SQL(fmt.Sprintf(\"id = %s\", name))"), "is no constant"},
		{"columns that are no constants", billing("sqlstore.Upsert(ctx, q, row{}, name)"), "is no constant"},
		{"past the calls", billing("q.tx.(bun.Tx).NewRaw(name)"), "bun.Tx: rows are read"},
		{"text that is made", kernel("g(text(name))"), "is no constant"},
		{"past its own calls", kernel("q.tx.ExecContext(ctx, name)"), "is no constant"},
	})
	fires(t, func(t *tree) report { return statementsBut(t, exceptions{ledger + ".f": "a list"}) }, []fixture{
		{"an exception that holds", kernel("g(text(name))"), ""},
		{"an exception outlived", kernel("g(text(\"TRUE\"))"), "not needed any more"},
	})
}
