package sqlstore_test

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/sqlstore/pgtest"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestPostgreSQL runs the suite on a cluster of its own, with an empty database for each case.
func TestPostgreSQL(t *testing.T) {
	pgtest.Need(t)
	storetest.Run(t, pgtest.Database)
}
