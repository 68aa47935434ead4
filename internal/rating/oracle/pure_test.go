package oracle_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/purveyor-csp/purveyor/"

// listed is what go list says of a package.
type listed struct {
	ImportPath, Export string
	GoFiles, Imports   []string
}

func list(t *testing.T) (self listed, exports map[string]string) {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,GoFiles,Imports", ".")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	must(t, err)
	exports = map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return self, exports
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath], self = p.Export, p // the package itself comes last
	}
}

// The oracle does its own arithmetic, its own matching and its own looking up: of the product it uses types, their
// fields and constants, and the text of a decimal or a month; of other modules nothing; rating does not come near it.
func TestOracleUsesTypesOnly(t *testing.T) {
	self, exports := list(t)
	for path := range exports {
		if path == module+"internal/rating" {
			t.Errorf("rating is among what the oracle needs")
		}
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range self.GoFiles {
		f, err := parser.ParseFile(fset, name, nil, 0)
		must(t, err)
		files = append(files, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	_, err := config.Check(self.ImportPath, fset, files, info)
	must(t, err)
	for _, path := range self.Imports {
		if outside := strings.Contains(path, ".") && !strings.HasPrefix(path, module); outside {
			t.Errorf("the oracle imports %s", path)
		}
	}
	seen := map[string]int{}
	for at, o := range info.Uses {
		if o.Pkg() == nil || !strings.HasPrefix(o.Pkg().Path(), module) || o.Pkg().Path() == self.ImportPath {
			continue
		}
		switch o := o.(type) {
		case *types.TypeName, *types.Const:
		case *types.Var:
			if !o.IsField() {
				t.Errorf("%s: %s is a variable of %s", fset.Position(at.Pos()), o.Name(), o.Pkg().Path())
			}
		case *types.Func:
			if !slices.Contains(texts(), o.FullName()) {
				t.Errorf("%s: the oracle calls %s", fset.Position(at.Pos()), o.FullName())
			}
		}
		seen[o.Pkg().Name()]++
	}
	t.Logf("%d files; uses of types, fields and constants: %v", len(files), seen)
	if seen["pricing"] < 20 || seen["usage"] < 20 || seen["org"] < 10 {
		t.Errorf("hardly anything was looked at: %v", seen)
	}
}

// texts are the only methods of the product the oracle may call: they print what a type hides.
func texts() []string {
	return []string{"(" + module + "internal/money.Decimal).String", "(" + module + "internal/period.Month).String"}
}
