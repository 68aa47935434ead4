//go:build linux

package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/installation"
)

// refused runs a command that must fail, and checks its output and that it created nothing.
func refused(t *testing.T, dir string, words []string, args ...string) {
	t.Helper()
	before := listing(t, dir)
	got, code := output(t, append(args, "--data", dir)...)
	if code != 1 {
		t.Errorf("%q: exit code %d, %s", args, code, got)
	}
	for _, word := range words {
		if !strings.Contains(got, word) {
			t.Errorf("%q says nothing of %q: %s", args, word, got)
		}
	}
	if after := listing(t, dir); after != before {
		t.Errorf("%q: there was %s, and now %s", args, before, after)
	}
}

// listing returns the names of the files in a folder, and "none" if there is no such folder.
func listing(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		return "none"
	}
	var names []string
	for _, e := range list {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, e.Name(), info.ModTime().String())
	}
	return strings.Join(names, " ")
}

// TestNotADataDirectory: no command creates anything in a folder that is not a data directory; the error says what is
// there instead. In a data directory the same commands work.
func TestNotADataDirectory(t *testing.T) {
	sequential(t)
	at := t.TempDir()
	in := func(name string) string { return filepath.Join(at, name) }
	if err := os.Mkdir(in("empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(in("other/photos"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in("file"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, words := range map[string][]string{
		"typo": {"no folder", "purveyor init"}, "empty": {"empty", "purveyor init"}, "other": {"something else", "--data"}, "file": {"file", "--data"},
	} {
		for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"status"}, {"check"}, {"invoice", "list"}, {"usage", "rebuild"}, {"usage", "import", in("file")}} {
			refused(t, in(name), words, args...)
		}
	}
	purveyor(t, "init", in("right"), "--customers", "1")
	purveyor(t, "status", "--data", in("right"))
	if got, code := output(t, "apply", "-f", in("right/world.yaml"), "--data", in("new")); code != 0 || !strings.Contains(got, in("new")+" is not a data directory yet") {
		t.Errorf("apply begins: %d, %s", code, got)
	}
	if got, code := output(t, "apply", "-f", in("right/world.yaml"), "--data", in("new")); code != 0 || strings.Contains(got, "is not a data directory yet") {
		t.Errorf("apply again: %d, %s", code, got)
	}
	serving(t, in("right"), installation.Options{Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
}

// TestLostPartsOfADataDirectory: if a part of a data directory is lost, or belongs to another one, the error names it
// and what to do. It is not replaced by an empty one.
func TestLostPartsOfADataDirectory(t *testing.T) {
	sequential(t)
	dir := billedMonth(t, "600")
	whole := t.TempDir()
	if err := os.CopyFS(whole, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	ledger, rows := filepath.Join(dir, installation.LedgerName), filepath.Join(dir, installation.RowsName)
	put := func(name string, text []byte) {
		t.Helper()
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	restore := func(name string) {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(whole, filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		put(name, b)
	}
	if err := os.Remove(ledger); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, []string{"ledger is gone", "backup"}, "status")
	refused(t, dir, []string{"ledger is gone"}, "apply", "-f", filepath.Join(dir, "world.yaml"))
	put(ledger, nil)
	refused(t, dir, []string{"empty", "backup"}, "status")
	put(ledger, []byte("this is something else"))
	refused(t, dir, []string{"no ledger", "backup"}, "status")
	other := filepath.Join(t.TempDir(), "other")
	purveyor(t, "init", other, "--customers", "1")
	b, err := os.ReadFile(filepath.Join(other, installation.LedgerName))
	if err != nil {
		t.Fatal(err)
	}
	put(ledger, b)
	if got, code := output(t, "status", "--data", dir); code == 0 || !strings.Contains(got, "not the ledger that belongs") {
		t.Errorf("an empty ledger beside usage: %d, %s", code, got)
	}
	restore(ledger)
	if err := os.Remove(rows); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, []string{"missing", "usage rebuild"}, "usage", "import", filepath.Join(dir, "..", "usage.csv"))
	refused(t, dir, []string{"missing", "usage rebuild"}, "invoice", "draft", "--period", "2026-09")
	purveyor(t, "usage", "rebuild", "--data", dir)
	if got, code := output(t, "usage", "import", filepath.Join(dir, "..", "usage.csv"), "--data", dir); code != 0 || !strings.Contains(got, "sealed already") {
		t.Errorf("the same file: %d, %s", code, got)
	}
	for _, step := range []string{"draft", "approve", "issue"} {
		purveyor(t, "invoice", step, "--period", "2026-09", "--data", dir)
	}
	purveyor(t, "check", "--data", dir)
}

// TestReadOnlyDataDirectory: reading works in a data directory on a read-only file system, nothing is written, and
// commands that must write are refused.
func TestReadOnlyDataDirectory(t *testing.T) {
	sequential(t)
	dir := billedMonth(t, "600")
	statement := filepath.Join(dir, "..", "statement.csv")
	purveyor(t, "usage", "generate", "--rows", "600", "--customers", "3", "-o", filepath.Join(dir, "..", "again.csv"), "--statement", statement)
	view := t.TempDir()
	err := syscall.Mount(dir, view, "", syscall.MS_BIND, "")
	if err == nil {
		t.Cleanup(func() { _ = syscall.Unmount(view, syscall.MNT_DETACH) })
		err = syscall.Mount("", view, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	}
	if err != nil {
		t.Skipf("SKIPPED: the directory cannot be mounted read-only: %v", err)
	}
	for _, args := range [][]string{
		{"status"}, {"invoice", "list"}, {"invoice", "show", "WS-2026-00001"}, {"explain", "WS-2026-00001", "1"}, {"check"}, {"margins", "--period", "2026-09"},
		{"cost", "list", "--period", "2026-09"}, {"unresolved", "list"}, {"usage", "list"}, {"world"}, {"events", "list"}, {"audit", "verify"}, {"recon", "--period", "2026-09", "--statement", statement},
	} {
		want, code := output(t, append(args, "--data", dir)...)
		got, again := output(t, append(args, "--data", view)...)
		grows := args[0] == "events" || args[0] == "check" || args[0] == "audit" // in a writable directory, these commands are recorded
		if again != code || code != 0 && args[0] != "recon" || !grows && got != want {
			t.Errorf("%q: exit code %d, %s\nwritable: exit code %d, %s", args, again, got, code, want)
		}
	}
	for _, args := range [][]string{
		{"usage", "import", statement}, {"apply", "-f", filepath.Join(dir, "world.yaml")}, {"invoice", "draft", "--period", "2026-09"},
		{"usage", "rebuild"}, {"serve", "--listen", "127.0.0.1:0"}, {"keys", "rotate"},
	} {
		got, code := output(t, append(args, "--data", view)...)
		if code != 1 || !strings.Contains(got, "can only be read") {
			t.Errorf("%q: exit code %d, %s", args, code, got)
		}
	}
	purveyor(t, "check", "--data", dir)
}
