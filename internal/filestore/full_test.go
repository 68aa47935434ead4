//go:build linux

package filestore

import (
	"bytes"
	"strings"
	"syscall"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// A full disk is said to be that; nothing half-written is left, and once there is room the same file is kept.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("SKIPPED, no disk was filled: a small one cannot be mounted: %v", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	small, _, err := s.Put(t.Context(), strings.NewReader("small"))
	if err != nil {
		t.Fatal(err)
	}
	large := make([]byte, 2<<20)
	_, _, err = s.Put(t.Context(), bytes.NewReader(large))
	if fault.CodeOf(err) != "disk_full" || strings.Contains(err.Error(), "no space left") {
		t.Errorf("%s: %v", fault.CodeOf(err), err)
	}
	if list, err := s.List(); err != nil || len(list) != 1 || s.Verify(small) != nil {
		t.Errorf("kept %v, %v", list, err)
	}
	if err := syscall.Mount("", dir, "tmpfs", syscall.MS_REMOUNT, "size=8m"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Put(t.Context(), bytes.NewReader(large)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	ro, err := OpenToRead(dir)
	if err != nil || ro.Verify(small) != nil {
		t.Fatal(err)
	}
	if _, _, err := ro.Put(t.Context(), strings.NewReader("more")); fault.CodeOf(err) != "read_only" {
		t.Errorf("written: %v", err)
	}
	if err := ro.Verify(strings.Repeat("0", 64)); fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "backup") {
		t.Errorf("what is missing: %v", err)
	}
}
