package guides

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// applied are the pages whose changes of the sources are made, one page after the other, in a copy.
var applied = []string{"add-an-endpoint.md", "add-an-area.md"}

// tests are what the changed sources must pass, by package and names of tests: those that the pages add, those that hold
// the list of routes against the OpenAPI document and against the table of the access matrix, and those of the project's shape.
var tests = map[string]string{
	"internal/resource": "Grouped", "internal/calendar": "", "internal/sqlstore": "TestSQLite/Calendar", "internal/api/native": "Routes|Reads",
	"internal/matrix": "Table", "internal/structure": "",
}

// TestChanges makes the changes that pages describe, builds the server from them, and follows the pages with it.
func TestChanges(t *testing.T) {
	c := changes{files: map[string]string{}, module: absolute(t, root)}
	for _, page := range applied {
		for _, b := range blocksOf(t, guide(page)) {
			if err := c.apply(b); err != nil {
				t.Fatalf("%s:%d: %v", page, b.line, err)
			}
		}
	}
	overlay, bin := c.overlay(t), t.TempDir()
	goes(t, c.module, "build", "-overlay", overlay, "-o", filepath.Join(bin, "purveyor"), "./cmd/purveyor")
	var all counted
	for _, page := range applied {
		t.Run(page, func(t *testing.T) {
			if _, err := exec.LookPath("curl"); err != nil {
				t.Skip("no curl here: what the built server answers is not compared")
			}
			follow(t, guide(page), bin, &all)
		})
	}
	tree := c.copy(t)
	for pkg, names := range tests {
		t.Run(pkg, func(t *testing.T) {
			t.Parallel()
			test := filepath.Join(t.TempDir(), "test")
			goes(t, c.module, "test", "-overlay", overlay, "-vet=off", "-c", "-o", test, "./"+pkg)
			run := exec.Command(test, "-test.v", "-test.run", names, "-test.skip", "Fires") // these try the tests themselves
			run.Dir = filepath.Join(tree, pkg)
			if said, err := run.CombinedOutput(); err != nil || !strings.Contains(string(said), "--- PASS") {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
	t.Logf("%d files are added or changed by %d pages; %d command blocks ran, %d lines of output were compared",
		len(c.files), len(applied), all.ran.Load(), all.compared.Load())
}

func guide(page string) string { return filepath.Join(root, "docs/guides", page) }

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

func blocksOf(t *testing.T, file string) []block {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := parse(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return blocks
}

// goes runs the go command.
func goes(t *testing.T, dir string, args ...string) {
	t.Helper()
	c := exec.Command("go", args...)
	c.Dir = dir
	if said, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, said)
	}
}

// changes are files of the module as they are once pages are applied, by their path within it.
type changes struct {
	module string
	files  map[string]string
}

var (
	newFile = regexp.MustCompile(`^(?://|--) (\S+/\S+\.(?:go|sql))\n`)
	changed = regexp.MustCompile(`^--- (\S+)\n`)
)

// apply makes the change that a block describes: a new file, or hunks of one there is. Other blocks change nothing.
func (c *changes) apply(b block) error {
	switch b.language {
	case "go", "sql":
		m := newFile.FindStringSubmatch(b.text)
		if m == nil {
			return fmt.Errorf("the block does not begin with a comment that names its file")
		}
		name := c.numbered(m[1])
		if _, err := c.text(name); err == nil {
			return fmt.Errorf("%s is there already", name)
		}
		c.files[name] = strings.TrimPrefix(b.text, m[0])
	case "diff":
		m := changed.FindStringSubmatch(b.text)
		if m == nil {
			return fmt.Errorf("the block does not begin with --- and the file it changes")
		}
		text, err := c.text(m[1])
		for _, hunk := range strings.Split(strings.TrimPrefix(b.text, m[0]), "@@\n") {
			if err == nil {
				text, err = change(text, hunk)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m[1], err)
		}
		c.files[m[1]] = text
	}
	return nil
}

// text is a file as it is by now.
func (c *changes) text(name string) (string, error) {
	if text, ok := c.files[name]; ok {
		return text, nil
	}
	text, err := os.ReadFile(filepath.Join(c.module, name))
	return string(text), err
}

// numbered is a path with the next number of a migration in place of NEXT.
func (c *changes) numbered(name string) string {
	dir, base := filepath.Split(name)
	rest, ok := strings.CutPrefix(base, "NEXT_")
	if !ok {
		return name
	}
	last := 0
	list, _ := filepath.Glob(filepath.Join(c.module, dir, "*.sql"))
	for _, path := range list {
		n := 0
		if _, err := fmt.Sscanf(filepath.Base(path), "%d_", &n); err == nil {
			last = max(last, n)
		}
	}
	return fmt.Sprintf("%s%04d_%s", dir, last+1, rest)
}

// change replaces the one place in a text that has the lines of a hunk which begin with a space or "-" by those which
// begin with a space or "+".
func change(text, hunk string) (string, error) {
	var was, is strings.Builder
	for line := range strings.Lines(hunk) {
		switch line[0] {
		case ' ':
			was.WriteString(line[1:])
			is.WriteString(line[1:])
		case '-':
			was.WriteString(line[1:])
		case '+':
			is.WriteString(line[1:])
		default:
			return "", fmt.Errorf("the line %q begins with none of space, + and -", line)
		}
	}
	if n := strings.Count("\n"+text, "\n"+was.String()); n != 1 || was.Len() == 0 {
		return "", fmt.Errorf("these lines are there %d times, and not once:\n%s", n, was.String())
	}
	return strings.Replace("\n"+text, "\n"+was.String(), "\n"+is.String(), 1)[1:], nil
}

// overlay writes the files, and the list by which the go command takes them in place of those of the module.
func (c *changes) overlay(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	list := map[string]map[string]string{"Replace": {}}
	for name, text := range c.files {
		to := filepath.Join(dir, name)
		if err := write(to, text); err != nil {
			t.Fatal(err)
		}
		list["Replace"][filepath.Join(c.module, name)] = to
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := write(file, string(text)); err != nil {
		t.Fatal(err)
	}
	return file
}

func write(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

// copy is a folder with the sources as they are with the changes, for tests that read files.
func (c *changes) copy(t *testing.T) string {
	to := t.TempDir()
	err := filepath.WalkDir(c.module, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(c.module, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || name != "." && strings.HasPrefix(d.Name(), ".") || name == "bin"):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		return os.Symlink(path, filepath.Join(to, name))
	})
	for name, text := range c.files {
		if err == nil {
			_ = os.Remove(filepath.Join(to, name))
			err = write(filepath.Join(to, name), text)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return to
}
