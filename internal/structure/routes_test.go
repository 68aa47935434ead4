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

// kernelOf is what the routes of the native API are declared by, and areasOf the file that lists the packages of routes.
const (
	kernelOf = "internal/api/native/kernel"
	areasOf  = "internal/api/native/routes.go"
)

// TestRoutes looks at what answers HTTP. Routes are declared by the kernel from files named routes.go alone, whose packages
// are all in the one list of areas (that it and the OpenAPI document are the same is a test beside it); whatever else a
// server answers is in the list above; and every action stands on a route, so that the list of actions is the list of what can
// be asked for.
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
	r.listed(t)
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

// listed wants every package that declares routes in the list of areas.
func (r *report) listed(t *tree) {
	var areas []string
	if p := t.packages[path.Dir(areasOf)]; p != nil {
		for _, f := range p.sources() {
			if f.path == areasOf {
				areas = f.imports
			}
		}
	}
	for _, p := range t.sorted() {
		for _, f := range p.sources() {
			if path.Base(f.path) != "routes.go" || !slices.Contains(f.imports, kernelOf) || f.path == areasOf {
				continue
			}
			r.count("packages of routes", 1)
			if !slices.Contains(areas, p.path) {
				r.bad(f.path, "declares routes and is not listed in %s", areasOf)
			}
		}
	}
}

// registers judges a call that makes a server answer something.
func (r *report) registers(t *tree, f *file, call *ast.CallExpr, answered map[string]bool) {
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	if from, name, ok := f.selector(s); ok && from == kernelOf && slices.Contains([]string{"Get", "Post", "Put", "Delete"}, name) {
		r.count("routes", 1)
		if path.Base(f.path) != "routes.go" {
			r.bad(t.at(call), "declares a route outside of routes.go")
		}
		return
	}
	if from, name, ok := f.selector(s); ok && strings.HasPrefix(from, "github.com/danielgtaylor/huma/") && name != "New" {
		r.count("registrations", 1)
		if path.Dir(f.path) != kernelOf {
			r.bad(t.at(call), "registers a call outside of the kernel")
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
	imports := func(list ...string) string {
		text := "import (\n"
		for _, one := range list {
			text += "\t\"" + module + one + "\"\n"
		}
		return text + ")\n\n"
	}
	small := map[string]string{
		"internal/access/actions.go":         "package access\n\ntype Action string\n\nconst Read Action = \"x.read\"\n",
		"internal/api/native/kernel/call.go": "package kernel\n\nimport \"github.com/danielgtaylor/huma/v2\"\n\nfunc f() { huma.Register(a, op, g) }\n",
		"internal/api/native/org/routes.go":  "package org\n\n" + imports("internal/access", kernelOf) + "func Routes() { kernel.Get(\"org-list\", access.Read) }\n",
		"internal/api/native/routes.go":      "package native\n\n" + imports("internal/api/native/org") + "var x = org.Routes()\n",
		"internal/api/native/server.go":      "package native\n\nfunc h() {\n\tmux.Handle(\"GET /metrics\", m)\n\tmux.HandleFunc(\"GET /healthz\", m)\n\tmux.HandleFunc(\"GET /readyz\", m)\n\tmux.Handle(\"GET /{$}\", m)\n}\n",
	}
	with := func(name, text string) map[string]string {
		out := maps.Clone(small)
		out[name] = text
		return out
	}
	fires(t, routes, []fixture{
		{"as it should be", small, ""},
		{"a call beside the kernel", with("internal/api/native/more.go", "package native\n\nimport \"github.com/danielgtaylor/huma/v2\"\n\nfunc k() { huma.Get(a, path, g) }\n"), "outside of the kernel"},
		{"a route beside the list", with("internal/api/native/org/more.go", "package org\n\n"+imports(kernelOf)+"func k() { kernel.Post(\"org-add\") }\n"), "outside of routes.go"},
		{"an area that nobody serves", with("internal/api/native/routes.go", "package native\n"), "is not listed in internal/api/native/routes.go"},
		{"an address nobody listed", with("internal/api/native/more.go", "package native\n\nfunc k() { mux.HandleFunc(\"GET /debug/pprof\", g) }\n"), "GET /debug/pprof, which is in no list"},
		{"an address that is gone", with("internal/api/native/server.go", strings.Replace(small["internal/api/native/server.go"], "readyz", "healthz", 1)), "GET /readyz any more"},
		{"an action no route asks for", with("internal/access/actions.go", small["internal/access/actions.go"]+"\nconst Move Action = \"x.move\"\n"), "no route asks for access.Move"},
	})
}
