// Package storetest owns the one suite every ledger database must pass, and the way tests get one: SQLite copied from
// a migrated template, PostgreSQL from a throw-away cluster.
//
// It does not test what areas decide. Always true: each case runs the same on both databases.
package storetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Run runs the whole suite; fresh gives the address of an empty database nobody else uses.
func Run(t *testing.T, fresh func(testing.TB) string) {
	for _, area := range []struct {
		name  string
		cases map[string]func(*testing.T, *sqlstore.DB)
	}{
		{"Transactions", transactionCases},
		{"Usage", usageCases},
		{"Orgs", orgCases},
		{"Organisations one at a time", organisationCases},
		{"Books", bookCases},
		{"Events", eventCases},
		{"Jobs", jobCases},
		{"Invoices", invoiceCases},
		{"Clock", clockCases},
		{"Access", accessCases},
		{"Delegation", delegationCases},
		{"Identity", identityCases},
	} {
		t.Run(area.name, func(t *testing.T) {
			for name, run := range area.cases {
				t.Run(name, func(t *testing.T) { run(t, Open(t, fresh(t))) })
			}
		})
	}
	t.Run("Immutable", func(t *testing.T) { immutable(t, fresh(t)) })
}

// template is the bytes of a migrated, empty SQLite ledger.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "ledger.db")
	db, err := sqlstore.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil { // folds the log into the file
		return nil, err
	}
	return os.ReadFile(path)
})

// SQLite is a fresh, empty, migrated ledger in a file of the test's own. It is closed with the test.
func SQLite(t testing.TB) *sqlstore.DB {
	t.Helper()
	return Open(t, SQLiteFile(t))
}

// SQLiteFile is the path of a fresh, empty, migrated ledger of the test's own.
func SQLiteFile(t testing.TB) string {
	t.Helper()
	b, err := template()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Open opens a ledger for the time of a test.
func Open(t testing.TB, dsn string) *sqlstore.DB {
	t.Helper()
	db, err := sqlstore.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// do and view run one transaction that must succeed.
func do(t testing.TB, db *sqlstore.DB, f func(context.Context, tx.Tx) error) {
	t.Helper()
	if err := db.Do(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func view(t testing.TB, db *sqlstore.DB, f func(context.Context, tx.Read) error) {
	t.Helper()
	if err := db.View(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

// refused runs one transaction that must fail with a fault of this kind.
func refused(t testing.TB, db *sqlstore.DB, kind fault.Kind, f func(context.Context, tx.Tx) error) {
	t.Helper()
	if err := db.Do(context.Background(), f); fault.KindOf(err) != kind {
		t.Fatalf("got %v (%s), want a fault of kind %s", err, fault.KindOf(err), kind)
	}
}

// notFound runs one reading transaction that must fail with NotFound.
func notFound(t testing.TB, db *sqlstore.DB, f func(context.Context, tx.Read) error) {
	t.Helper()
	if err := db.View(context.Background(), f); fault.KindOf(err) != fault.NotFound {
		t.Fatalf("got %v, want NotFound", err)
	}
}

// noon is an instant in a zone that is not UTC, to the nanosecond.
func noon() time.Time {
	return time.Date(2026, 9, 30, 23, 59, 59, 123456789, time.FixedZone("UTC-8", -8*3600))
}

func mustBeUTC(t testing.TB, got, want time.Time) {
	t.Helper()
	if !got.Equal(want) || got.Location() != time.UTC {
		t.Fatalf("got %v, want %v in UTC", got, want.UTC())
	}
}
