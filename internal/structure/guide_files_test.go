package structure

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGuideFiles holds that the files which guides for changing the code name are there.
func TestGuideFiles(t *testing.T) {
	root := filepath.Join("..", "..")
	guides, err := filepath.Glob(filepath.Join(root, "docs", "guides", "add-a-usage-column.md"))
	if err != nil || len(guides) == 0 {
		t.Fatal("there is no guide", err)
	}
	file := regexp.MustCompile("`((?:cmd|internal|docs|scripts)/[^` ]+)`")
	for _, guide := range guides {
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		named := file.FindAllStringSubmatch(string(text), -1)
		for _, name := range named {
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(strings.TrimSuffix(name[1], "/")))); err != nil {
				t.Errorf("%s names %s, which is not there", filepath.Base(guide), name[1])
			}
		}
		if len(named) < 20 {
			t.Errorf("%s names %d files", filepath.Base(guide), len(named))
		}
		t.Logf("%s: %d files", filepath.Base(guide), len(named))
	}
}
