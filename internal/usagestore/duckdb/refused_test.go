//go:build linux

package duckdb_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
)

// put closes a load of so many rows.
func put(s *duckdb.Store, load uint32, rows int) error {
	ctx := context.Background()
	w, err := s.Begin(ctx, load)
	if err != nil {
		return err
	}
	b := &usage.Block{Entries: []usage.EntryRecord{{Number: 1}}, Variants: []usage.VariantRecord{{Number: 1}}}
	for i := range rows { // amounts that compress badly
		f := usage.Fact{Batch: load + uint32(i%2), Entry: 1, Variant: 1, Day: 1, Line: uint32(i)}
		f.Quantity.Lo, f.Cost.Lo, f.Pricing.Lo = uint64(i)*0x9e3779b97f4a7c15, uint64(i)*0xbf58476d1ce4e5b9, uint64(i)*0x94d049bb133111eb
		b.Facts = append(b.Facts, f)
	}
	if err := w.Append(ctx, b); err != nil {
		_ = w.Abort(ctx)
		return err
	}
	if err := w.Close(ctx); err != nil {
		_ = w.Abort(ctx)
		return err
	}
	return nil
}

// Rows are counted by load and batch, of closed loads alone.
func TestCounted(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "usage.duckdb"))
	defer s.Close()
	if err := put(s, 10, 5); err != nil {
		t.Fatal(err)
	}
	w, err := s.Begin(t.Context(), 20)
	if err == nil {
		err = w.Append(t.Context(), &usage.Block{Facts: []usage.Fact{{Batch: 9, Entry: 1, Variant: 1}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Counted(t.Context())
	if want := fmt.Sprint(map[usage.BatchRef]int64{{Load: 10, Batch: 10}: 3, {Load: 10, Batch: 11}: 2}); err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v; want %s", got, err, want)
	}
}

// A store that is only read is not changed, refuses to be written, and is not made where there is none.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "usage.duckdb")
	s := open(t, path)
	if err := put(s, 1, 100); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ro, err := duckdb.Open(path, duckdb.Options{MemoryLimit: "500MB", ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := ro.Loads(t.Context()); err != nil || !slices.Equal(n, []uint32{1}) {
		t.Errorf("loads %v, %v", n, err)
	}
	if err := put(ro, 2, 1); fault.CodeOf(err) != "read_only" {
		t.Errorf("written: %v", err)
	}
	if err := ro.Close(); err != nil {
		t.Error(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !slices.Equal(before, after) {
		t.Errorf("the file was changed, %v", err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("beside it are %v", list)
	}
	none := filepath.Join(dir, "none.duckdb")
	if _, err := duckdb.Open(none, duckdb.Options{ReadOnly: true}); err == nil {
		t.Error("opened what is not there")
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("made what was to be read")
	}
}

// A full disk is said to be that; what was closed before is whole, and once there is room the same load is taken.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("SKIPPED, no disk was filled: a small one cannot be mounted: %v", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	path := filepath.Join(dir, "usage.duckdb")
	s := open(t, path)
	if err := put(s, 1, 1000); err != nil {
		t.Fatal(err)
	}
	err := put(s, 2, 400000)
	if fault.CodeOf(err) != "disk_full" || !strings.Contains(err.Error(), "free space") {
		t.Errorf("%s: %v", fault.CodeOf(err), err)
	}
	_ = s.Close() // there may be no room for its last words
	if err := syscall.Mount("", dir, "tmpfs", syscall.MS_REMOUNT, "size=100m"); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	if err := s.Drop(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := put(s, 2, 400000); err != nil {
		t.Errorf("with room again: %v", err)
	}
	counted, err := s.Counted(t.Context())
	if err != nil || counted[usage.BatchRef{Load: 1, Batch: 1}] != 500 || counted[usage.BatchRef{Load: 2, Batch: 2}] != 200000 {
		t.Errorf("%v, %v", counted, err)
	}
}
