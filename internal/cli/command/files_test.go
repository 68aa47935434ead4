package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// What cannot be opened is listed beside the rest; only when nothing can be opened is there nothing to do.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, d := range []string{"full/deeper", "empty", "hidden"} {
		if err := os.MkdirAll(at(d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"full/b.csv", "hidden/.x", "one.csv"} {
		if err := os.WriteFile(at(f), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"full/a.csv": at("one.csv"), "full/c.csv": at("gone.csv")} {
		if err := os.Symlink(to, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	e := &Env{}
	list, err := e.Files([]string{at("one.csv"), at("full"), at("empty"), at("hidden"), at("gone.csv")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range list {
		name, _ := filepath.Rel(dir, f.Name)
		if f.Refused != nil {
			name += "!"
		}
		got = append(got, name)
	}
	if want := "one.csv full/a.csv full/b.csv full/c.csv! empty! hidden! gone.csv!"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
	for name, code := range map[string]string{"gone.csv": "no_such_file", "empty": "no_files"} {
		if _, err := e.Files([]string{at(name)}); fault.CodeOf(err) != code || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
