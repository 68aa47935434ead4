package sqlstore_test

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, storetest.SQLiteFile)
}
