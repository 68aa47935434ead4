package duckdb

import (
	"path/filepath"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// A store of an earlier build, whose variants had no marks for refunds and missing list prices, opens: what it holds has
// none of them, and what comes later does.
func TestStoreOfAnEarlierBuild(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usage.duckdb")
	add := func(s *Store, load uint32, v usage.Variant) {
		t.Helper()
		w, err := s.Begin(t.Context(), load)
		if err == nil {
			f := usage.Fact{Batch: load, Entry: 1, Variant: 1, Day: 1, File: 1, Line: 2}
			err = w.Append(t.Context(), &usage.Block{
				Entries: []usage.EntryRecord{{Number: 1}}, Variants: []usage.VariantRecord{{Number: 1, Value: v}}, Facts: []usage.Fact{f},
			})
		}
		if err == nil {
			err = w.Close(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	opened := func() *Store {
		t.Helper()
		s, err := Open(path, Options{MemoryLimit: "500MB"})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := opened()
	old := usage.Variant{UnitPrice: "1.5", Covered: true}
	add(s, 1, old)
	err := s.with(t.Context(), func(c *conn) error {
		return c.exec(t.Context(), `ALTER TABLE variants DROP COLUMN unlisted`, `ALTER TABLE variants DROP COLUMN reversed`)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened()
	defer s.Close()
	marked := usage.Variant{UnitPrice: "0", Reversed: true, Unlisted: true}
	add(s, 2, marked)
	for load, want := range map[uint32]usage.Variant{1: old, 2: marked} {
		list, err := s.Variants(t.Context(), scope.All(), load)
		if err != nil || len(list) != 1 || list[0].Value != want {
			t.Errorf("load %d: %+v, %v; want %+v", load, list, err, want)
		}
	}
}
