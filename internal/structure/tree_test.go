package structure

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

const module = "github.com/purveyor-csp/purveyor/"

// tree is every Go file of a module.
type tree struct {
	fset     *token.FileSet
	packages map[string]*pkg // by folder: "internal/money"
}

// pkg is the files of one folder.
type pkg struct {
	path  string
	files []*file
}

type file struct {
	*ast.File
	path    string // "internal/money/amount.go"
	test    bool
	lines   int
	imports []string          // paths, own packages without the module's name
	names   map[string]string // name in this file → path
}

// repository is the tree these tests are part of.
var repository = sync.OnceValues(func() (*tree, error) { return load(os.DirFS("../..")) })

func load(root fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet(), packages: map[string]*pkg{}}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch base := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (base == "testdata" || base == "node_modules" || base != "." && strings.HasPrefix(base, ".")):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		return t.add(name, text)
	})
	return t, err
}

func (t *tree) add(name string, text []byte) error {
	parsed, err := parser.ParseFile(t.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	f := &file{File: parsed, path: name, test: strings.HasSuffix(name, "_test.go"), names: map[string]string{}}
	f.lines = t.fset.File(parsed.Pos()).LineCount()
	for _, i := range parsed.Imports {
		full, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return err
		}
		full = strings.TrimPrefix(full, module)
		f.imports = append(f.imports, full)
		f.names[importName(i, full)] = full
	}
	dir := path.Dir(name)
	if t.packages[dir] == nil {
		t.packages[dir] = &pkg{path: dir}
	}
	t.packages[dir].files = append(t.packages[dir].files, f)
	return nil
}

// version is the end of an import path that is not part of the package's name.
var version = regexp.MustCompile(`[./]v[0-9]+$`)

func importName(i *ast.ImportSpec, full string) string {
	if i.Name != nil {
		return i.Name.Name
	}
	return path.Base(version.ReplaceAllString(full, ""))
}

// sorted lists the packages by path.
func (t *tree) sorted() []*pkg {
	out := slices.Collect(maps.Values(t.packages))
	slices.SortFunc(out, func(a, b *pkg) int { return strings.Compare(a.path, b.path) })
	return out
}

// sources lists the files of a package that are not tests.
func (p *pkg) sources() []*file {
	return slices.DeleteFunc(slices.Clone(p.files), func(f *file) bool { return f.test })
}

func (t *tree) at(n ast.Node) string {
	p := t.fset.Position(n.Pos())
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// selector is the import path and the name of pkg.Name, ok when x is that.
func (f *file) selector(x ast.Node) (from, name string, ok bool) {
	s, is := x.(*ast.SelectorExpr)
	if !is {
		return "", "", false
	}
	id, is := s.X.(*ast.Ident)
	if !is {
		return "", "", false
	}
	from, ok = f.names[id.Name]
	return from, s.Sel.Name, ok
}

// report is what a check looked at and what it found wrong.
type report struct {
	counts   map[string]int
	problems []string
}

func (r *report) count(what string, n int) {
	if r.counts == nil {
		r.counts = map[string]int{}
	}
	r.counts[what] += n
}

func (r *report) bad(where, format string, args ...any) {
	r.problems = append(r.problems, where+": "+fmt.Sprintf(format, args...))
}

// exceptions are things a check leaves alone, each with the reason why.
type exceptions map[string]string

// unneeded complains of exceptions nothing asked for.
func (r *report) unneeded(list exceptions, used map[string]bool) {
	r.count("exceptions", len(list))
	for _, name := range slices.Sorted(maps.Keys(list)) {
		if !used[name] {
			r.bad(name, "the exception is not needed any more: take it out")
		}
		if strings.TrimSpace(list[name]) == "" {
			r.bad(name, "the exception has no reason")
		}
	}
}

// verify runs a check over the repository. What counts nothing checked nothing, but for what may be absent.
func verify(t *testing.T, check func(*tree) report, mayBeNone ...string) {
	t.Helper()
	repo, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	r := check(repo)
	if len(r.counts) == 0 {
		t.Error("nothing was checked")
	}
	for _, what := range slices.Sorted(maps.Keys(r.counts)) {
		t.Logf("checked %d %s", r.counts[what], what)
		if r.counts[what] == 0 && what != "exceptions" && !slices.Contains(mayBeNone, what) {
			t.Errorf("no %s: the check looked at nothing", what)
		}
	}
	for _, p := range r.problems {
		t.Error(p)
	}
}

// fixture is a small tree with one thing wrong, and the words the check must find for it; none when all is well.
type fixture struct {
	name  string
	files map[string]string
	want  string
}

// fires runs a check over fixtures: each has exactly the one problem it was made for.
func fires(t *testing.T, check func(*tree) report, fixtures []fixture) {
	t.Helper()
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range f.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			small, err := load(root)
			if err != nil {
				t.Fatal(err)
			}
			found := check(small).problems
			switch {
			case f.want == "" && len(found) == 0:
			case len(found) == 1 && f.want != "" && strings.Contains(found[0], f.want):
			default:
				t.Errorf("found %q, want one that says %q", found, f.want)
			}
		})
	}
}
