package access

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// buys names what buys: a call of a cloud that purchases, and what writes an order.
var buys = regexp.MustCompile(`^((Buy|Purchase|Renew|Exchange)(Reservation|SavingsPlan|Subscription|Plan|Licence)s?|Checkout|(Insert|Save|Add|Place|Create)Orders?)$`)

// asking is the one function every purchase path calls.
const asking = "MayPurchase"

// exempt are functions that buy what somebody else has asked about before, each with the reason.
var exempt = map[string]string{}

// TestPurchasePaths finds every function of the program that buys, itself or through functions of its package, and
// that can be called from outside without having asked MayPurchase first.
func TestPurchasePaths(t *testing.T) {
	files, found := purchases(t, "../..")
	for _, f := range found {
		if exempt[f] == "" {
			t.Errorf("%s buys, and does not ask %s first", f, asking)
		}
	}
	for name := range exempt {
		if !slices.Contains(found, name) {
			t.Errorf("%s is exempt and need not be", name)
		}
	}
	if files < 100 {
		t.Errorf("only %d files were searched", files)
	}
	t.Logf("%d files searched, %d purchase paths that do not ask", files, len(found))
}

func TestPurchasePathsFires(t *testing.T) {
	files, found := purchases(t, "testdata/purchase")
	if files != 1 || fmt.Sprint(found) != "[testdata/purchase.Service.Exchange]" {
		t.Errorf("in %d files: %v", files, found)
	}
}

// function is what a function of a package calls.
type function struct {
	name     string
	exported bool
	buys     bool
	unasked  []string // what it calls before it asks
	calls    []string // everything it calls
}

// purchases are the functions under a folder that are ways into a purchase and do not ask, in order.
func purchases(t *testing.T, root string) (files int, found []string) {
	packages := map[string]map[string]*function{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".."):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if packages[dir] == nil {
			packages[dir] = map[string]*function{}
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				packages[dir][fn.Name.Name+" "+receiver(fn)] = read(dir, fn)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, functions := range packages {
		found = append(found, entries(functions)...)
	}
	slices.Sort(found)
	return files, found
}

func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	x := fn.Recv.List[0].Type
	if p, ok := x.(*ast.StarExpr); ok {
		x = p.X
	}
	if name, ok := x.(*ast.Ident); ok {
		return name.Name
	}
	return "?"
}

// read is what a function calls before it has asked: whatever stands after the question is covered by it.
func read(dir string, fn *ast.FuncDecl) *function {
	f := &function{name: strings.TrimSuffix(dir+"."+receiver(fn), ".") + "." + fn.Name.Name, exported: fn.Name.IsExported()}
	asked := false
	ast.Inspect(fn.Body, func(n ast.Node) bool { // in the order of the text
		name := called(n)
		if name == "" {
			return true
		}
		if f.calls = append(f.calls, name); name == asking {
			asked = true
		}
		if !asked {
			f.buys = f.buys || buys.MatchString(name)
			f.unasked = append(f.unasked, name)
		}
		return true
	})
	return f
}

func called(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return ""
	}
	switch x := call.Fun.(type) {
	case *ast.SelectorExpr:
		return x.Sel.Name
	case *ast.Ident:
		return x.Name
	}
	return ""
}

// entries are the functions of a package that lead to a purchase unasked and that nothing in it stands before: exported
// ones, and those that nothing in the package calls. Clouds and stores, which do the buying itself and have its name,
// are not ways in.
func entries(functions map[string]*function) (found []string) {
	name := func(key string) string { return key[:strings.IndexByte(key, ' ')] }
	for changed := true; changed; { // what calls what buys, buys
		changed = false
		for key, g := range functions {
			for _, f := range functions {
				if g.buys && !f.buys && slices.Contains(f.unasked, name(key)) {
					f.buys, changed = true, true
				}
			}
		}
	}
	called := map[string]bool{}
	for _, f := range functions {
		for _, c := range f.calls {
			called[c] = true
		}
	}
	for key, f := range functions {
		if f.buys && !buys.MatchString(name(key)) && (f.exported || !called[name(key)]) {
			found = append(found, f.name)
		}
	}
	return found
}
