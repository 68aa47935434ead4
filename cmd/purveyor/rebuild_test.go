package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/installation"
)

// output runs a command line and returns what it prints, with its exit code.
func output(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out, stderr bytes.Buffer
	p := program()
	p.Out, p.Err = &out, &stderr
	code := p.Main(t.Context(), args)
	return out.String() + stderr.String(), code
}

// billedMonth is a data directory with two loads, one of which superseded the other, and issued documents.
func billedMonth(t *testing.T, rows string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "co")
	file := func(name string) string { return filepath.Join(filepath.Dir(dir), name) }
	purveyor(t, "init", dir, "--customers", "3", "--demo", "2026-10-01")
	purveyor(t, "apply", "-f", filepath.Join(dir, "world.yaml"), "--data", dir)
	purveyor(t, "pricebook", "publish", "-f", filepath.Join(dir, "book.yaml"), "--data", dir)
	purveyor(t, "usage", "generate", "--rows", rows, "--customers", "3", "--unbilled", "-o", file("early.csv"))
	purveyor(t, "usage", "generate", "--rows", rows, "--customers", "3", "-o", file("usage.csv"))
	purveyor(t, "usage", "import", file("early.csv"), "--data", dir)
	purveyor(t, "usage", "import", file("usage.csv"), "--complete", "--data", dir)
	for _, step := range []string{"draft", "approve", "issue"} {
		purveyor(t, "invoice", step, "--period", "2026-09", "--data", dir)
	}
	return dir
}

// TestRebuildKilled kills a rebuild at different moments: either the old usage store or the new one is left, complete.
// Running it again gives the same store.
func TestRebuildKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("rebuilds that are killed a dozen times are left out of short runs")
	}
	dir := billedMonth(t, "20000")
	explain := []string{"explain", "WS-2026-00001", "3", "--data", dir}
	want, code := output(t, explain...)
	if code != 0 {
		t.Fatal(want)
	}
	start := time.Now()
	purveyor(t, "usage", "rebuild", "--data", dir)
	lasts := time.Since(start)
	killed, making := 0, 0
	for round := range 24 {
		if round >= 8 && making > 0 {
			break
		}
		c := exec.Command(os.Args[0])
		c.Args = []string{"purveyor", "usage", "rebuild", "--data", dir}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(lasts*time.Duration(round%8+1)/8, func() { _ = c.Process.Kill() })
		if err := c.Wait(); err != nil {
			killed++
		}
		timer.Stop()
		if _, err := os.Stat(filepath.Join(dir, installation.UnfinishedName)); err == nil {
			making++
		}
		if got, code := output(t, explain...); code != 0 || got != want {
			t.Fatalf("round %d: exit code %d, %s", round, code, got)
		}
		wantNoLeftovers(t, dir)
	}
	t.Logf("killed %d times, %d of them in the middle", killed, making)
	if making == 0 {
		t.Error("no kill hit a rebuild in the middle")
	}
	purveyor(t, "usage", "rebuild", "--data", dir)
	if got, _ := output(t, explain...); got != want {
		t.Error(got)
	}
	purveyor(t, "check", "--data", dir)
}

// TestRebuiltStoreIsInstalled: if a rebuild was stopped before the new store replaced the old one, the next command
// does that, whatever is left of the old one.
func TestRebuiltStoreIsInstalled(t *testing.T) {
	sequential(t)
	dir := billedMonth(t, "600")
	for name, old := range map[string]func(path string) error{
		"the old store and its log": func(path string) error {
			return errors.Join(os.WriteFile(path, []byte("old"), 0o600), os.WriteFile(path+".wal", []byte("log"), 0o600))
		},
		"the old store without its log": func(path string) error { return os.WriteFile(path, []byte("old"), 0o600) },
		"nothing":                       func(string) error { return nil },
	} {
		path := filepath.Join(dir, installation.RowsName)
		if err := errors.Join(os.Rename(path, filepath.Join(dir, installation.RebuiltName)), old(path)); err != nil {
			t.Fatal(err)
		}
		if got, code := output(t, "check", "--data", dir); code != 0 {
			t.Errorf("%s: %s", name, got)
		}
		wantNoLeftovers(t, dir)
	}
}

// wantNoLeftovers checks that no files of a rebuild are left beside the usage store.
func wantNoLeftovers(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, installation.RowsName+".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}
