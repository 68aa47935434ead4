package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
)

// TestPostgreSQL runs the suite on the server that PURVEYOR_TEST_POSTGRES names as key=value words without a dbname,
// by a user who may create databases: one for each case.
func TestPostgreSQL(t *testing.T) {
	server := os.Getenv("PURVEYOR_TEST_POSTGRES")
	if server == "" {
		t.Skip("the suite was not run on PostgreSQL: PURVEYOR_TEST_POSTGRES names no server")
	}
	admin, err := sql.Open("pgx", server+" dbname=postgres")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	var count atomic.Int64
	storetest.Run(t, func(t testing.TB) string {
		name := fmt.Sprintf("ledger_%d_%d", os.Getpid(), count.Add(1))
		if _, err := admin.ExecContext(context.Background(), "CREATE DATABASE "+name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)") })
		return server + " dbname=" + name
	})
}
