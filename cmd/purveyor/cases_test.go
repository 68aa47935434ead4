package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAcceptanceCases runs every acceptance case beside this clone: situations from the field, each a folder of files
// with the expected outcome. The program runs as a process of its own, as for a user.
func TestAcceptanceCases(t *testing.T) {
	if testing.Short() {
		t.Skip("the acceptance cases, which start the program several hundred times, are left out of short runs")
	}
	open, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "cases", "open"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(open); err != nil {
		t.Skip("the acceptance cases are not beside this clone (../shared/cases/open): skipped")
	}
	for _, tool := range []string{"bash", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the acceptance cases need %s, which is not installed: skipped", tool)
		}
	}
	folders, err := os.ReadDir(open)
	if err != nil || len(folders) == 0 {
		t.Fatalf("no acceptance case can be read: %d folders, %v", len(folders), err)
	}
	binary, two := linked(t), make(chan struct{}, 2)
	for _, f := range folders {
		name, check := f.Name(), filepath.Join(open, f.Name(), "check")
		if _, err := os.Stat(check); err != nil {
			continue // decided by tests of the packages; the outcome is described in expected.md
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			two <- struct{}{}
			defer func() { <-two }()
			output, err := runCase(t, binary, check)
			if err != nil {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
}

// linked returns a path at which this test binary is the program: TestMain runs the program when the binary's name is
// "purveyor".
func linked(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "purveyor")
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// runCase runs the check of a case and returns the last line that it printed, and the error it ended with.
func runCase(t *testing.T, binary, check string) (string, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	c := exec.CommandContext(ctx, check)
	c.Env = append(os.Environ(), "PURVEYOR="+binary, "TMPDIR="+t.TempDir())
	c.WaitDelay = 10 * time.Second // stops what the check started itself
	out, err := c.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], err
}
