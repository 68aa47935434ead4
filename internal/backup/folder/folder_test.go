package folder

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

func plenty(string) (int64, bool) { return 1 << 40, true }

// A folder has its name only at the end, files and folders are their owner's alone, and nothing that is there is replaced.
func TestFolder(t *testing.T) {
	at := filepath.Join(t.TempDir(), "b")
	w, err := Disk{Free: plenty}.Create(at)
	if err != nil {
		t.Fatal(err)
	}
	f, err := w.Write(t.Context(), "files/aa/one", strings.NewReader("text"))
	if err != nil || f.Bytes != 4 || f.SHA256 != "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1" || f.Name != "files/aa/one" {
		t.Fatalf("%+v %v", f, err)
	}
	path, err := w.Path("other")
	if err == nil {
		err = os.WriteFile(path, []byte("text"), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if g, err := w.Add(t.Context(), "other"); err != nil || g.SHA256 != f.SHA256 || g.Bytes != 4 {
		t.Fatalf("%+v %v", g, err)
	}
	if _, err := os.Lstat(at); err == nil {
		t.Error("it has its name before it is finished")
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	_ = filepath.WalkDir(at, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		info, _ := d.Info()
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; info.Mode().Perm() != want {
			t.Errorf("%s is %v", path, info.Mode())
		}
		return nil
	})
	if names, err := Read(at).List(); err != nil || strings.Join(names, " ") != "files/aa/one other" {
		t.Errorf("%q %v", names, err)
	}
	if err := w.Discard(); err != nil {
		t.Error(err)
	}
	if in, err := Read(at).Open("other"); err != nil {
		t.Error(err)
	} else if text, _ := io.ReadAll(in); string(text) != "text" {
		t.Errorf("%q", text)
	}
	if _, err := (Disk{Free: plenty}).Create(at); fault.CodeOf(err) != "folder_exists" {
		t.Errorf("a second of the name: %v", err)
	}
	for _, name := range []string{"../b/other", "/etc/passwd"} {
		if _, err := Read(at).Open(name); fault.CodeOf(err) != "bad_file" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What was begun and given up, had no room or came too late leaves nothing.
func TestNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	at := filepath.Join(dir, "b")
	low := func(string) (int64, bool) { return reserve - 1, true }
	w, err := Disk{Free: low}.Create(at)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(t.Context(), "big", io.LimitReader(zeros{}, checkEvery+1)); fault.CodeOf(err) != "disk_low" {
		t.Errorf("a disk that becomes full: %v", err)
	}
	if err := w.Discard(); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if w, err = (Disk{Free: plenty}).Create(at); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(ctx, "big", io.LimitReader(zeros{}, checkEvery+1)); err == nil {
		t.Error("it was written after the end")
	}
	if err := w.Discard(); err != nil {
		t.Error(err)
	}
	if w, err = (Disk{Free: plenty}).Create(at); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(); fault.CodeOf(err) != "folder_exists" {
		t.Errorf("something took the name meanwhile: %v", err)
	}
	if err := w.Discard(); err != nil {
		t.Error(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("left: %v %v", list, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
