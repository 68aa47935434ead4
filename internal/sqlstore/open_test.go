package sqlstore

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/failure"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func TestWhichDatabase(t *testing.T) {
	for dsn, want := range map[string]bool{
		"postgres://u@h/d": true, "postgresql:///d?host=/run": true, "host=/run user=u": true, "dbname=x": true,
		"ledger.db": false, "/data/a=b/ledger.db": false, "sqlite:/data/l.db": false, "file:l.db?x=y": false, "./a=b": false, `C:\d\a=b.db`: false,
	} {
		if failure.IsPostgreSQL(dsn) != want {
			t.Errorf("%q: PostgreSQL %v, want %v", dsn, !want, want)
		}
	}
}

// A ledger on another machine is reached encrypted and proven, or as somebody chose; on this one as it comes.
func TestLedgerConnectionsAreEncrypted(t *testing.T) {
	t.Setenv("PGSSLMODE", "")
	for dsn, refused := range map[string]bool{
		"postgres://u@db.example/d": true, "host=10.1.2.3 user=u": true, "postgres://u@db.example,other.example/d": true,
		"postgres://u@db.example/d?sslmode=verify-full": false, "postgres://u@db.example/d?sslmode=disable": false, "host=10.1.2.3 user=u sslmode=require": false,
		"postgres://u@localhost/d": false, "postgres://u@127.0.0.1/d": false, "postgres://u@[::1]/d": false, "postgresql:///d?host=/run": false,
	} {
		c, err := pgx.ParseConfig(dsn)
		if err != nil {
			t.Fatal(err)
		}
		err = failure.RequireVerifiedServer(c, strings.Contains(dsn, "sslmode="))
		if (fault.CodeOf(err) == "ledger_in_the_clear") != refused {
			t.Errorf("%s: %v", dsn, err)
		}
	}
	if _, err := Open(t.Context(), "postgres://u@192.0.2.1/d"); fault.CodeOf(err) != "ledger_in_the_clear" {
		t.Errorf("got %v", err)
	}
	t.Setenv("PGSSLMODE", "verify-full") // chosen for every connection of this machine
	c, err := pgx.ParseConfig("postgres://u@db.example/d")
	if err == nil {
		err = failure.RequireVerifiedServer(c, false)
	}
	if err != nil {
		t.Error(err)
	}
}

func TestOpenTwiceAndOddNames(t *testing.T) {
	for _, name := range []string{"plain.db", "with space & 100% #1?.db", "größe.db"} {
		path := filepath.Join(t.TempDir(), name)
		for _, dsn := range []string{path, "sqlite:" + path} {
			db, err := Open(context.Background(), dsn)
			if err != nil {
				t.Fatalf("%s: %v", dsn, err)
			}
			if err := db.Do(context.Background(), func(ctx context.Context, w tx.Tx) error {
				_, err := db.Writer(w).Exec(ctx, "INSERT INTO counter (name, value) VALUES ('opened', 1) ON CONFLICT (name) DO UPDATE SET value = counter.value + 1")
				return err
			}); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
		if found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(found) != 1 || found[0] != path {
			t.Errorf("files %v (%v), want only %s", found, err, path)
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	db, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.writers.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)"); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	if _, err := Open(context.Background(), path); fault.CodeOf(err) != "ledger_too_new" {
		t.Errorf("got %v", err)
	}
	if _, err := Open(context.Background(), filepath.Join(path, "below-a-file")); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
	}
}
