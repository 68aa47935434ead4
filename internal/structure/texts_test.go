package structure

import (
	"bytes"
	"go/ast"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// TestComments wants one comment on every package, and one on each exported name of words and areas.
func TestComments(t *testing.T) { verify(t, comments) }

// everybodyKnows are methods whose meaning is the interface's they belong to.
const everybodyKnows = " Error String Unwrap Read Write Close Len Less Swap MarshalText UnmarshalText MarshalJSON UnmarshalJSON AppendText "

func comments(t *tree) report {
	var r report
	for _, p := range t.sorted() {
		docs := 0
		for _, f := range p.files {
			if f.Doc != nil {
				docs++
			}
		}
		r.count("packages", 1)
		if docs != 1 {
			r.bad(p.path, "has %d package comments, not 1", docs)
		}
	}
	for _, p := range t.of(words, areas) {
		for _, f := range p.sources() {
			for _, d := range f.Decls {
				r.documented(t, d)
			}
		}
	}
	return r
}

// documented wants a comment on what a declaration exports; one on a group is one on each of its members.
func (r *report) documented(t *tree, d ast.Decl) {
	want := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		if !name.IsExported() {
			return
		}
		r.count("exported names", 1)
		for _, d := range docs {
			if d != nil && strings.TrimSpace(d.Text()) != "" {
				return
			}
		}
		r.bad(t.at(name), "%s has no comment", name.Name)
	}
	switch x := d.(type) {
	case *ast.FuncDecl:
		typ, _ := receiver(x)
		if typ == "" || ast.IsExported(typ) && !strings.Contains(everybodyKnows, " "+x.Name.Name+" ") {
			want(x.Name, x.Doc)
		}
	case *ast.GenDecl:
		for _, s := range x.Specs {
			switch v := s.(type) {
			case *ast.TypeSpec:
				want(v.Name, v.Doc, v.Comment, x.Doc)
			case *ast.ValueSpec:
				for _, name := range v.Names {
					want(name, v.Doc, v.Comment, x.Doc)
				}
			}
		}
	}
}

// strangers are words no text of the project holds: of the machine it was written on, of where its modules came from,
// of notes that are not part of it, and of work put off. They are pieced together so that this file does not hold them.
var strangers = regexp.MustCompile(strings.Join([]string{
	`/wor` + `k/`, `/roo` + `t/`, `/hom` + `e/`, `proxy\.` + `golang`, `sum\.` + `golang`, `registry\.` + `npmjs`, `csp-` + `rules`, `\bsty` + `le\.md`, `\bdes` + `ign\.md`,
	`\bTO` + `DO\b`, `\bFIX` + `ME\b`, `\bX` + `XX\b`,
}, "|"))

// TestStrangers looks for them in every text file, those of tests, data and documents too.
func TestStrangers(t *testing.T) {
	verify(t, func(*tree) report { return foreign(os.DirFS("../..")) })
}

func foreign(root fs.FS) report {
	var r report
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (base == ".git" || base == ".tools" || base == "bin" || base == "demo-data" || base == "node_modules"):
			return fs.SkipDir
		case !d.Type().IsRegular() || base == ".git": // a linked work tree has a file of that name
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if bytes.IndexByte(text, 0) >= 0 {
			r.count("binary files left out", 1)
			return nil
		}
		r.count("texts", 1)
		for i, line := range strings.Split(string(text), "\n") {
			if word := strangers.FindString(line); word != "" {
				r.bad(name, "line %d holds %q", i+1, word)
			}
		}
		return nil
	})
	if err != nil {
		r.bad("the tree", "cannot be read: %v", err)
	}
	return r
}

// TestArchitecture wants every package on the page that says how the code is laid out, beside its layer.
func TestArchitecture(t *testing.T) {
	page, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "## Packages")
	list, _, _ = strings.Cut(list, "## ")
	verify(t, func(t *tree) report { return onThePage(t, list) })
}

// onThePage reads the first column of the page: what stands before two spaces.
func onThePage(t *tree, page string) report {
	var r report
	named := map[string]bool{}
	for line := range strings.Lines(page) {
		column, _, _ := strings.Cut(strings.TrimSpace(line), "  ")
		for _, name := range strings.Fields(strings.ReplaceAll(column, ",", " ")) {
			named[name] = true
		}
	}
	for _, p := range t.sorted() {
		r.count("packages", 1)
		if !named[strings.TrimPrefix(p.path, "internal/")] {
			r.bad(p.path, "is not among the packages of ARCHITECTURE.md")
		}
	}
	return r
}

func TestCommentsFires(t *testing.T) {
	area := func(text string) map[string]string {
		return map[string]string{"internal/payment/a.go": "// Package payment owns payments.\npackage payment\n\n" + text + "\n"}
	}
	fires(t, comments, []fixture{
		{"as it should be", area("// Service pays.\ntype Service struct{}\n\n// Pay pays.\nfunc (Service) Pay() {}\n\nfunc (Service) String() string { return \"\" }\n\n" +
			"// The states.\nconst (\n\tOpen = \"open\"\n\tPaid = \"paid\"\n)\n\nfunc own() {}"), ""},
		{"a package without", map[string]string{"internal/sqlstore/a.go": "package sqlstore\n"}, "0 package comments"},
		{"a package with two", map[string]string{"internal/sqlstore/a.go": "// Package a.\npackage sqlstore\n", "internal/sqlstore/b.go": "// Package b.\npackage sqlstore\n"}, "2 package comments"},
		{"a type", area("type Service struct{}"), "Service has no comment"},
		{"a function", area("func Pay() {}"), "Pay has no comment"},
		{"a method", area("// Service pays.\ntype Service struct{}\n\nfunc (v *Service) Pay() {}"), "Pay has no comment"},
		{"a constant", area("const Open = \"open\""), "Open has no comment"},
	})
}

func TestArchitectureFires(t *testing.T) {
	page := "    money period id\n    usage         rows, for rating\n    intake/microsoft, intake/aws   files\n"
	fires(t, func(t *tree) report { return onThePage(t, page) }, []fixture{
		{"as it should be", map[string]string{"internal/money/a.go": "package money\n", "internal/id/a.go": "package id\n", "internal/intake/microsoft/a.go": "package microsoft\n"}, ""},
		{"a package that is not there", map[string]string{"internal/rating/a.go": "package rating\n"}, "internal/rating: is not among"},
		{"only its child is there", map[string]string{"internal/micro/a.go": "package micro\n"}, "internal/micro: is not among"},
	})
}

func TestStrangersFires(t *testing.T) {
	for _, word := range []string{"/wor" + "k/main", "https://proxy." + "golang.org", "// TO" + "DO: later", "/roo" + "t/x"} {
		r := foreign(fstest.MapFS{"docs/a.md": {Data: []byte("a line\nanother with " + word + "\n")}, "docs/b.md": {Data: []byte("fine\n")}})
		if len(r.problems) != 1 || !strings.Contains(r.problems[0], "line 2 holds") {
			t.Errorf("%s: found %q", word, r.problems)
		}
	}
	if r := foreign(fstest.MapFS{"docs/a.md": {Data: []byte("a framework, a todo list, homework/\n")}}); len(r.problems) != 0 {
		t.Errorf("found %q in what is fine", r.problems)
	}
}
