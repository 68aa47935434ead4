package filestore

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A file of several early syncs is whole under its name; one given up leaves nothing, wherever it stopped.
func TestLargeFiles(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	piece := bytes.Repeat([]byte("0123456789abcde\n"), 64<<10) // 1 MiB
	write := func(pieces int) *Writer {
		w, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		for range pieces {
			if _, err := w.Write(piece); err != nil {
				t.Fatal(err)
			}
		}
		return w
	}
	const pieces = 2*earlySync>>20 + 3
	digest, err := write(pieces).Commit()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := write(pieces).Commit(); err != nil || again != digest {
		t.Errorf("the same bytes are %s, %v", again, err)
	}
	f, err := s.Get(digest)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, err := io.Copy(io.Discard, f); err != nil || n != int64(pieces*len(piece)) || s.Verify(digest) != nil {
		t.Errorf("%d bytes, %v, %v", n, err, s.Verify(digest))
	}
	for _, n := range []int{0, 3, earlySync >> 20, pieces} {
		write(n).Abort()
	}
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}
