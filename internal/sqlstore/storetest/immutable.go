package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// immutable goes behind the stores' back: what may never change is refused by the database itself, and what somebody
// changes all the same, having removed that guard, shows in the event log.
func immutable(t *testing.T, dsn string) {
	db := Open(t, dsn)
	saveInvoices(t, db, issued(document("a", 1, "1.00"), "S-1"), document("b", 2, "1.00"))
	appendEvents(t, db, 3)
	do(t, db, func(ctx context.Context, tr tx.Tx) error {
		return firstError(
			billing.Books{DB: db}.Insert(ctx, tr, scope.All(), book("p", "b", 1)),
			organisations.Access{DB: db}.AddPolicy(ctx, tr, access.Policy{Customer: "org_c", Number: 1, Charges: access.ChargesList}),
			billing.Invoices{DB: db}.Post(ctx, tr, scope.All(), []invoice.Posting{{ID: "pst_1", Document: "inv_a", Debit: money.FromInt(1), Currency: "EUR"}}))
	})
	saveDelegation(t, db)
	raw := rawConnection(t, dsn)
	for _, row := range []struct{ table, column, where string }{
		{"invoice", "body", "state = 'issued'"}, {"invoice", "state", "TRUE"}, {"invoice_line", "net", "TRUE"}, {"posting", "debit", "TRUE"},
		{"event", "number", "TRUE"}, {"customer_policy", "body", "TRUE"},
		{"event", "number", "TRUE"}, {"price_book", "version", "TRUE"},
		{"definition", "body", "TRUE"}, {"activation_entry", "body", "TRUE"},
	} {
		for _, statement := range []string{
			fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", row.table, row.column, row.column, row.where),
			fmt.Sprintf("DELETE FROM %s WHERE %s", row.table, row.where),
		} {
			if _, err := raw.Exec(statement); err == nil || !strings.Contains(err.Error(), "immutable: ") {
				t.Errorf("%s: got %v, want it refused", statement, err)
			}
		}
	}
	for _, table := range []string{"registration", "activation"} {
		if _, err := raw.Exec("DELETE FROM " + table); err == nil || !strings.Contains(err.Error(), "immutable: ") {
			t.Errorf("who held what can be deleted from %s: %v", table, err)
		}
	}
	if _, err := raw.Exec("UPDATE invoice SET body = body WHERE state = 'draft'"); err != nil {
		t.Errorf("a draft cannot be changed: %v", err)
	}
	tamper(t, db, raw)
}

func tamper(t *testing.T, db *sqlstore.DB, raw *sql.DB) {
	t.Helper()
	drop := "DROP TRIGGER event_no_update"
	if _, err := raw.Exec("SELECT version()"); err == nil { // PostgreSQL names the table too
		drop += " ON event"
	}
	for _, statement := range []string{drop, "UPDATE event SET actor = 'somebody-else' WHERE number = 2"} {
		if _, err := raw.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	view(t, db, func(ctx context.Context, r tx.Read) error {
		n, _, err := newLog(db).Verify(ctx, r)
		if n != 1 || fault.CodeOf(err) != event.CodeChainBroken || !strings.Contains(err.Error(), "event 2 ") {
			t.Errorf("a changed record was not named: %d events, %v", n, err)
		}
		return nil
	})
}

// rawConnection is a connection that knows nothing of the stores.
func rawConnection(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	driver := "pgx"
	if strings.HasPrefix(dsn, "/") {
		driver = "sqlite"
	}
	raw, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	return raw
}

// Damage goes behind the stores' back to a SQLite ledger: its guards against changes are taken away, and the statements
// run. For tests of what notices it.
func Damage(t *testing.T, path string, statements ...string) {
	t.Helper()
	raw := rawConnection(t, path)
	rows, err := raw.Query("SELECT name FROM sqlite_master WHERE type = 'trigger'")
	if err != nil {
		t.Fatal(err)
	}
	var guards []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		guards = append(guards, "DROP TRIGGER "+name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, s := range append(guards, statements...) {
		r, err := raw.Exec(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if n, err := r.RowsAffected(); err == nil && n == 0 && !strings.HasPrefix(s, "DROP") {
			t.Fatalf("%s: changed nothing", s)
		}
	}
}
