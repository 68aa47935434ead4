package sqlstore_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// TestOldOrganisations migrates a ledger whose organisations hold their entitlements: they come back as they were, the
// digests that old events tell still hold, and the new ones are kept.
func TestOldOrganisations(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "ledger.db")
	c := org.Organisation{ID: org.OrganisationID("c"), Key: "c", Kind: org.Customer, Tenant: "T", Legal: org.LegalEntity{Name: "Größe & Söhne <x>", Country: "DE"},
		Entitlements: []org.Entitlement{{Provider: "E-2", Name: "two"}, {Provider: "e-1"}}}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	unlike := `{"id":"org_x", "key":"x","kind":"customer","legal":{"name":"X","country":"DE"},"entitlements":[{"provider_id":"E-9","start":"","end":""}],"tenants":null}`
	told, err := sqlstore.OldLedger(ctx, path, 12, func(db *sql.DB) error {
		for _, s := range [][]any{
			{"INSERT INTO organisation (id, key, path, tenant, body) VALUES (?, 'c', 'p/c', 't', ?)", string(c.ID), string(text)},
			{"INSERT INTO organisation (id, key, path, tenant, body) VALUES ('org_x', 'x', 'p/x', '', ?)", unlike},
			{"INSERT INTO organisation (id, key, path, tenant, body) VALUES ('org_b', 'b', 'p/b', '', ?)", "broken {"},
			{"INSERT INTO edge VALUES ('edg_1', 'p', 'c', '{}')"},
			{"INSERT INTO exchange_rate VALUES ('USD', 'EUR', '2026-09', '{}')"},
			{"INSERT INTO tax VALUES ('DE', 'standard', '', 3, '{}')"},
		} {
			if _, err := db.ExecContext(ctx, s[0].(string), s[1:]...); err != nil {
				return err
			}
		}
		return nil
	}, map[string]string{
		"organisations": "SELECT id, key, tenant, body FROM organisation", "edges": "SELECT id, seller, buyer, body FROM edge",
		"rates": "SELECT base, quote, month, body FROM exchange_rate", "taxes": "SELECT territory, category, start, ordinal, body FROM tax",
	})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlstore.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	o := organisations.Orgs{DB: db}
	err = db.View(ctx, func(ctx context.Context, r tx.Read) error {
		now, earlier, err := o.DigestsOfRows(ctx, r, scope.All())
		if err != nil {
			return err
		}
		if d := cmp.Diff(told, earlier); d != "" {
			t.Errorf("what old events tell: %s", d)
		}
		kept, err := o.Digests(ctx, r, scope.All())
		if d := cmp.Diff(now, kept); d != "" {
			t.Errorf("what is kept: %s", d)
		}
		if err != nil {
			return err
		}
		var n int
		if err := db.Reader(r).Query("SELECT count(*) FROM entitlement").Get(ctx, &n); err != nil || n != 2 {
			t.Errorf("%d entitlements have rows, %v", n, err)
		}
		got, place, err := o.Organisation(ctx, r, scope.All(), c.ID)
		if d := cmp.Diff(c, got); d != "" || place != "p/c" {
			t.Errorf("at %s: %s", place, d)
		}
		if err != nil {
			return err
		}
		x, _, err := o.Organisation(ctx, r, scope.All(), "org_x")
		if len(x.Entitlements) != 1 || x.Entitlements[0].Provider != "E-9" {
			t.Errorf("written otherwise: %+v", x)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
