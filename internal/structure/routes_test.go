package structure

import (
	"go/ast"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// beside are the addresses a server answers that are no calls of its API, by the file that lists them.
var beside = map[string][]string{
	"internal/api/native/server.go": {"GET /metrics", "GET /healthz", "GET /readyz", "GET /{$}"},
	"internal/api/login/server.go":  {"what it computes"}, // the list in its routes.go
}

// later are actions that roles hold already and no route asks for yet.
var later = exceptions{
	"ReservationBuy": "purchases come with the lifecycle", "SavingsPlanBuy": "purchases come with the lifecycle",
	"ResourceWrite": "resources come with the wire surfaces",
	"ResourceOwn":   "resources come with the wire surfaces", "CostWrite": "budgets come with cost management",
}

// TestRoutes looks at what answers HTTP. Calls of an API are registered from its routes.go alone (that it and the
// OpenAPI document are the same is a test beside it); whatever else a server answers is in the list above; and every
// action stands on a route, so that the list of actions is the list of what can be asked for.
func TestRoutes(t *testing.T) { verify(t, routes) }

func routes(t *tree) report {
	var r report
	answered, actions := map[string]bool{}, map[string]bool{}
	for _, p := range t.sorted() {
		for _, f := range p.sources() {
			ast.Inspect(f.File, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					r.registers(t, f, call, answered)
				}
				if from, name, ok := f.selector(n); ok && from == "internal/access" && path.Base(f.path) == "routes.go" {
					actions[name] = true
				}
				return true
			})
		}
	}
	for file, list := range beside {
		for _, pattern := range list {
			if t.packages[path.Dir(file)] != nil && !answered[file+" "+pattern] {
				r.bad(file, "does not answer %s any more: take it out of the list", pattern)
			}
		}
	}
	if p := t.packages["internal/access"]; p != nil {
		for _, f := range p.sources() {
			constants(f, "internal/access", "Action", p.path, func(name *ast.Ident, _ string) {
				r.count("actions", 1)
				if actions[name.Name] && later[name.Name] != "" {
					r.bad(t.at(name), "a route asks for access.%s: take it out of the list of those that come later", name.Name)
				}
				if !actions[name.Name] && later[name.Name] == "" {
					r.bad(t.at(name), "no route asks for access.%s", name.Name)
				}
			})
		}
	}
	return r
}

// registers judges a call that makes a server answer something.
func (r *report) registers(t *tree, f *file, call *ast.CallExpr, answered map[string]bool) {
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	if from, name, ok := f.selector(s); ok && strings.HasPrefix(from, "github.com/danielgtaylor/huma/") {
		if name == "Register" || slices.Contains([]string{"Get", "Put", "Post", "Patch", "Delete", "AutoRegister"}, name) {
			r.count("registrations", 1)
			if path.Base(f.path) != "routes.go" {
				r.bad(t.at(call), "registers a call outside of routes.go")
			}
		}
		return
	}
	if s.Sel.Name != "Handle" && s.Sel.Name != "HandleFunc" || len(call.Args) != 2 {
		return
	}
	pattern := "what it computes"
	if lit, ok := call.Args[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
		pattern, _ = strconv.Unquote(lit.Value)
	}
	r.count("other addresses", 1)
	if answered[f.path+" "+pattern] = true; !slices.Contains(beside[f.path], pattern) {
		r.bad(t.at(call), "answers %s, which is in no list", pattern)
	}
}

func TestRoutesFires(t *testing.T) {
	small := map[string]string{
		"internal/access/actions.go":    "package access\n\ntype Action string\n\nconst Read Action = \"x.read\"\n",
		"internal/api/native/routes.go": "package native\n\nimport (\n\t\"github.com/danielgtaylor/huma/v2\"\n\n\t\"" + module + "internal/access\"\n)\n\nvar x = access.Read\n\nfunc f() { huma.Register(a, op, g) }\n",
		"internal/api/native/server.go": "package native\n\nfunc h() {\n\tmux.Handle(\"GET /metrics\", m)\n\tmux.HandleFunc(\"GET /healthz\", m)\n\tmux.HandleFunc(\"GET /readyz\", m)\n\tmux.Handle(\"GET /{$}\", m)\n}\n",
	}
	with := func(name, text string) map[string]string {
		out := maps.Clone(small)
		out[name] = text
		return out
	}
	fires(t, routes, []fixture{
		{"as it should be", small, ""},
		{"a call beside the routes", with("internal/api/native/more.go", "package native\n\nimport \"github.com/danielgtaylor/huma/v2\"\n\nfunc k() { huma.Get(a, path, g) }\n"), "outside of routes.go"},
		{"an address nobody listed", with("internal/api/native/more.go", "package native\n\nfunc k() { mux.HandleFunc(\"GET /debug/pprof\", g) }\n"), "GET /debug/pprof, which is in no list"},
		{"an address that is gone", with("internal/api/native/server.go", strings.Replace(small["internal/api/native/server.go"], "readyz", "healthz", 1)), "GET /readyz any more"},
		{"an action no route asks for", with("internal/access/actions.go", small["internal/access/actions.go"]+"\nconst Move Action = \"x.move\"\n"), "no route asks for access.Move"},
	})
}
