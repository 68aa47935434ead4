package guides

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	named = regexp.MustCompile("`((?:internal|cmd|docs|scripts)/[^` ]*)`")
	links = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
)

// TestNamedFilesExist wants every file that a page names or links to.
func TestNamedFilesExist(t *testing.T) {
	pages := []string{"ARCHITECTURE.md", "README.md"}
	guides, err := filepath.Glob(filepath.Join(root, "docs/guides/*.md"))
	if err != nil || len(guides) == 0 {
		t.Fatalf("no guides: %v", err)
	}
	for _, file := range guides {
		pages = append(pages, filepath.Join("docs/guides", filepath.Base(file)))
	}
	files := 0
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		there := func(name string) {
			files++
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("%s names %s: %v", page, name, err)
			}
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			there(m[1])
		}
		for _, m := range links.FindAllStringSubmatch(string(text), -1) {
			there(filepath.Join(filepath.Dir(page), m[1]))
		}
	}
	t.Logf("%d pages name %d files", len(pages), files)
}

// requests are the changes of which ARCHITECTURE.md says where they go.
var requests = []string{
	"a tiered price", "another VAT rate", "a usage column", "a role", "a limit for each customer", "a German word on the invoice", "an endpoint",
	"a weekly billing cycle", "a currency", "an order", "a job that watches budgets", "a page to sign in or to consent",
}

// TestChangeRequests wants files named for each of the changes, which the test above wants to exist.
func TestChangeRequests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## Where a change goes")
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []string
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.HasPrefix(cells[1], "-") || cells[1] == " Change " {
			continue
		}
		rows = append(rows, strings.TrimSpace(cells[1]))
		if !named.MatchString(cells[2]) && !links.MatchString(cells[2]) {
			t.Errorf("%s: no file is named", rows[len(rows)-1])
		}
	}
	if !slices.Equal(rows, requests) {
		t.Errorf("the changes are %q", rows)
	}
}
