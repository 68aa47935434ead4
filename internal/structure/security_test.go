package structure

import (
	"go/ast"
	"os"
	"regexp"
	"testing"
)

// shows is the name of a test, or of what a test is made of, on the page.
var shows = regexp.MustCompile("`(Test[A-Za-z0-9]+)`")

// TestSecurityPage wants every test that docs/security.md names to be there.
func TestSecurityPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	verify(t, func(t *tree) report { return testsOnPage(t, string(page)) })
}

func testsOnPage(t *tree, page string) report {
	var r report
	have := map[string]bool{}
	for _, p := range t.sorted() {
		for _, f := range p.files {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && f.test && fn.Recv == nil {
					have[fn.Name.Name] = true
				}
			}
		}
	}
	for _, m := range shows.FindAllStringSubmatch(page, -1) {
		r.count("tests named", 1)
		if !have[m[1]] {
			r.bad("docs/security.md", "names %s, and there is no such test", m[1])
		}
	}
	return r
}

func TestSecurityPageFires(t *testing.T) {
	files := map[string]string{"internal/money/a_test.go": "package money\n\nfunc TestSealing() {}\n", "internal/money/a.go": "package money\n\nfunc TestNot() {}\n"}
	fires(t, func(t *tree) report { return testsOnPage(t, "| 6.2.1 | `TestSealing` | and TestOther, unnamed |\n") }, []fixture{{"as it should be", files, ""}})
	fires(t, func(t *tree) report { return testsOnPage(t, "`TestGone`") }, []fixture{{"a test that is gone", files, "names TestGone"}})
	fires(t, func(t *tree) report { return testsOnPage(t, "`TestNot`") }, []fixture{{"a function that is no test", files, "names TestNot"}})
}
