package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// What the operating system refuses says why and what to do, and nothing of the call that failed; other errors and
// faults pass.
func TestRefused(t *testing.T) {
	for number, want := range map[error]string{
		syscall.ENOSPC: "disk_full", syscall.EDQUOT: "disk_full", syscall.EFBIG: "disk_full", syscall.EROFS: "read_only",
		syscall.EACCES: "no_permission", syscall.EIO: "disk_error", syscall.EMFILE: "too_many_files", syscall.ENOENT: "file_gone",
	} {
		err := Refused(fmt.Errorf("deep down: %w", &fs.PathError{Op: "write", Path: "/secret", Err: number}), "DIR cannot be written", "nothing was changed")
		if fault.CodeOf(err) != want || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%v becomes %s", number, fault.CodeOf(err))
		}
		if text := err.Error(); !strings.HasPrefix(text, "DIR cannot be written: ") || !strings.Contains(text, "nothing was changed") || strings.Contains(text, "/secret") {
			t.Error(text)
		}
		if Why(number) == "" || Full(number) != (want == "disk_full") {
			t.Errorf("%v: %q", number, Why(number))
		}
	}
	plain, f := errors.New("something else"), fault.New(fault.Invalid, "x", "y")
	if Refused(plain, "", "") != plain || Refused(f, "", "") != error(f) || Refused(nil, "", "") != nil || Why(plain) != "" {
		t.Error("what is no refusal is changed")
	}
}

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if !Writable(dir) || !Writable(file) || Writable(filepath.Join(dir, "none")) || Writable("/proc/version") && os.Geteuid() != 0 {
		t.Error("what can be written is not told from what cannot")
	}
}
