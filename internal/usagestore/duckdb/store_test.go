package duckdb_test

import (
	"path/filepath"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
	"github.com/purveyor-csp/purveyor/internal/usagestore/usagetest"
)

func open(t *testing.T, path string) *duckdb.Store {
	t.Helper()
	s, err := duckdbOpen(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func duckdbOpen(path string) (*duckdb.Store, error) { return openWith(path, "500MB") }

func openWith(path, memory string) (*duckdb.Store, error) {
	return duckdb.Open(path, duckdb.Options{MemoryLimit: memory, Threads: 2})
}

func fresh(t *testing.T) usage.RowStore {
	s := open(t, filepath.Join(t.TempDir(), "usage's.duckdb"))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestRowStore(t *testing.T) { usagetest.Run(t, fresh) }

func TestTenants(t *testing.T) { usagetest.Tenants(t, fresh) }

func TestResources(t *testing.T) { usagetest.Resources(t, fresh) }
