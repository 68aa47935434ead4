package runs_test

import (
	"path/filepath"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
	"github.com/purveyor-csp/purveyor/internal/usagestore/runs"
	"github.com/purveyor-csp/purveyor/internal/usagestore/usagetest"
)

func fresh(t *testing.T) usage.RowStore {
	s, err := duckdb.Open(filepath.Join(t.TempDir(), "usage.duckdb"), duckdb.Options{MemoryLimit: "500MB"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// keep is how many bytes are kept: enough for a few random loads, so that others are evicted.
func keep(bytes int64) usagetest.OpenRuns {
	return func(_ *testing.T, store usage.RowStore) rating.RunStore { return runs.New(store.(runs.Source), bytes) }
}

func TestRuns(t *testing.T) { usagetest.Runs(t, fresh, keep(1<<16)) }

func TestWhatIsNotHeld(t *testing.T) {
	usagetest.RunsOfWhatIsNotHeld(t, fresh, keep(1<<20), keep(2500), keep(100))
}
