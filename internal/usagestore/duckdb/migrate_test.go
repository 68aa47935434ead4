package duckdb

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// versioned is a store in a file, which the test opens again and again.
type versioned struct {
	*testing.T
	path string
}

func (v versioned) open(readOnly bool) *Store {
	v.Helper()
	s, err := Open(v.path, Options{MemoryLimit: "500MB", ReadOnly: readOnly})
	if err != nil {
		v.Fatal(err)
	}
	return s
}

func (v versioned) close(s *Store) {
	v.Helper()
	if err := s.Close(); err != nil {
		v.Fatal(err)
	}
}

// change runs statements on the file.
func (v versioned) change(statements ...string) {
	v.Helper()
	s := v.open(false)
	if err := s.with(v.Context(), func(c *conn) error { return c.exec(v.Context(), statements...) }); err != nil {
		v.Fatal(err)
	}
	v.close(s)
}

// add adds a load of one row.
func (v versioned) add(s *Store, load uint32, e usage.Entry, x usage.Variant) {
	v.Helper()
	w, err := s.Begin(v.Context(), load)
	if err == nil {
		f := usage.Fact{Batch: load, Entry: 1, Variant: 1, Day: 1, File: 1, Line: 2}
		err = w.Append(v.Context(), &usage.Block{
			Entries: []usage.EntryRecord{{Number: 1, Value: e}}, Variants: []usage.VariantRecord{{Number: 1, Value: x}}, Facts: []usage.Fact{f},
		})
	}
	if err == nil {
		err = w.Close(v.Context())
	}
	if err != nil {
		v.Fatal(err)
	}
}

// has checks the one entry and variant of each load, in each way of reading them.
func (v versioned) has(s *Store, entries map[uint32]usage.Entry, variants map[uint32]usage.Variant) {
	v.Helper()
	for load, want := range variants {
		list, err := s.Variants(v.Context(), scope.All(), load)
		if err != nil || len(list) != 1 || list[0].Value != want {
			v.Errorf("load %d: %+v, %v; want %+v", load, list, err, want)
		}
	}
	for load, want := range entries {
		n := 0
		err := s.Entries(v.Context(), scope.All(), load, nil, func(e usage.EntryRecord) error {
			if n++; e.Value != want {
				v.Errorf("load %d: %q; want %q", load, e.Value, want)
			}
			return nil
		})
		if err == nil {
			err = s.Texts(v.Context(), scope.All(), load, []usage.Column{usage.ReservationID}, func(_ []uint32, texts [][]string) error {
				if n++; texts[0][0] != want[usage.ReservationID] {
					v.Errorf("load %d: the column is %q; want %q", load, texts[0][0], want[usage.ReservationID])
				}
				return nil
			})
		}
		if err != nil || n != 2 {
			v.Errorf("load %d: %d answers, %v", load, n, err)
		}
	}
	if counted, err := s.Counted(v.Context()); err != nil || len(counted) != len(entries) {
		v.Errorf("counted %v, %v", counted, err)
	}
}

// A store of an earlier version is brought up when it is opened for writing, and read as if it were when it is not
// written: what a later version derives is there.
func TestStoresOfEarlierVersions(t *testing.T) {
	for name, older := range map[string][]string{
		"version 1":                       nil,
		"version 1, variants unmarked":    {`ALTER TABLE variants DROP COLUMN unlisted`, `ALTER TABLE variants DROP COLUMN reversed`},
		"a migration that was broken off": {`ALTER TABLE entries ADD COLUMN reservation_id VARCHAR DEFAULT ''`, `CREATE TABLE schema_version (version UINTEGER)`},
	} {
		t.Run(name, func(t *testing.T) {
			v := versioned{t, filepath.Join(t.TempDir(), "usage.duckdb")}
			old := usage.Entry{usage.CustomerID: "c-1", usage.AdditionalInfo: `{"benefit":"{\"ReservationId\":\"d-1 with more than twelve bytes\"}"}`}
			unreserved := usage.Entry{usage.CustomerID: "c-2", usage.AdditionalInfo: `{"UsageType":"Reservation"}`}
			x := usage.Variant{UnitPrice: "1.5", Covered: true}
			s := v.open(false)
			v.add(s, 1, old, x)
			v.add(s, 2, unreserved, x)
			v.close(s)
			v.change(append([]string{`DROP TABLE schema_version`, `ALTER TABLE entries DROP COLUMN reservation_id`}, older...)...)

			old.Derive()
			entries, variants := map[uint32]usage.Entry{1: old, 2: unreserved}, map[uint32]usage.Variant{1: x, 2: x}
			before, err := os.ReadFile(v.path)
			if err != nil {
				t.Fatal(err)
			}
			s = v.open(true)
			v.has(s, entries, variants)
			v.close(s)
			if after, err := os.ReadFile(v.path); err != nil || !bytes.Equal(before, after) {
				t.Errorf("reading changed the store, %v", err)
			}
			s = v.open(false)
			v.has(s, entries, variants)
			entries[3], variants[3] = old, usage.Variant{UnitPrice: "0", Reversed: true, Unlisted: true}
			v.add(s, 3, old, variants[3])
			v.close(s)
			for _, readOnly := range []bool{false, true} {
				s = v.open(readOnly)
				v.has(s, entries, variants)
				if len(s.views) > 0 {
					t.Error("the store is still read as one of an earlier version")
				}
				v.close(s)
			}
		})
	}
}

// A store that only a newer build knows is refused, and says so.
func TestStoreOfALaterVersion(t *testing.T) {
	v := versioned{t, filepath.Join(t.TempDir(), "usage.duckdb")}
	v.change(`UPDATE schema_version SET version = 99`)
	for _, readOnly := range []bool{false, true} {
		_, err := Open(v.path, Options{MemoryLimit: "500MB", ReadOnly: readOnly})
		if fault.KindOf(err) != fault.Conflict || fault.CodeOf(err) != "usage_store_too_new" {
			t.Errorf("read only %t: %v", readOnly, err)
		}
	}
}
