package sqlstore_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// TestOldBooks migrates a ledger that keeps no digest of price books: the digest that old events tell still holds, and the
// new one is kept.
func TestOldBooks(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "ledger.db")
	told, err := sqlstore.OldLedger(ctx, path, 14, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, `INSERT INTO price_book (id, owner, key, version, body) VALUES ('bok_2', 'p', 'retail', 2, '{"name":"Größe"}'), ('bok_1', 'p', 'retail', 1, '{}'), ('bok_3', 'r', 'broken', 1, '{')`)
		return err
	}, map[string]string{"books": "SELECT id, owner, key, version, body FROM price_book"})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlstore.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	b := billing.Books{DB: db}
	err = db.View(ctx, func(ctx context.Context, r tx.Read) error {
		now, earlier, err := b.DigestsOfRows(ctx, r, scope.All())
		if err != nil {
			return err
		}
		if d := cmp.Diff(told, earlier); d != "" {
			t.Errorf("what old events tell: %s", d)
		}
		kept, err := b.Digests(ctx, r, scope.All())
		if d := cmp.Diff(now, kept); d != "" || now["books"] == told["books"] {
			t.Errorf("what is kept: %s", d)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
