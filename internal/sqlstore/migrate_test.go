package sqlstore

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"
)

// TestBuyersOfOldDocuments migrates a ledger of before access: its issued documents get their buyer, and change no more
// afterwards.
func TestBuyersOfOldDocuments(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "ledger.db")
	old, err := openSQLite(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := migrations(old.dialect)
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(old.dialect.goose(), old.writers.DB, nil, goose.WithGoMigrations(steps...), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := old.writers.ExecContext(ctx, `INSERT INTO organisation (id, key, path, body) VALUES ('org_1', 'c1', 'p/c1', '{}');
		INSERT INTO invoice VALUES ('inv_1', 'invoice', 'issued', 'e', 'org_p', 'p', 'c1', 'p', 'p/c1', '2026-09', 1, 'S', 'S-1', '', '', 'EUR', 1, 0, 1, '', '', '{}');
		INSERT INTO invoice VALUES ('inv_2', 'invoice', 'issued', 'e', 'org_p', 'p', 'gone', 'p', 'p/gone', '2026-10', 1, 'S', 'S-2', '', '', 'EUR', 1, 0, 1, '', '', '{}')`); err != nil {
		t.Fatal(err)
	}
	if err := old.closePools(); err != nil {
		t.Fatal(err)
	}
	db, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var buyers []string
	if err := db.readers.NewRaw("SELECT buyer FROM invoice ORDER BY id").Scan(ctx, &buyers); err != nil || len(buyers) != 2 || buyers[0] != "org_1" || buyers[1] != "" {
		t.Fatalf("buyers %q, %v", buyers, err)
	}
	if _, err := db.writers.ExecContext(ctx, "UPDATE invoice SET buyer = 'org_2'"); db.dialect.Immutable(err) == "" {
		t.Fatalf("an issued document was changed: %v", err)
	}
}
