package sqlstore

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func TestWhichDatabase(t *testing.T) {
	for dsn, want := range map[string]bool{
		"postgres://u@h/d": true, "postgresql:///d?host=/run": true, "host=/run user=u": true, "dbname=x": true,
		"ledger.db": false, "/data/a=b/ledger.db": false, "sqlite:/data/l.db": false, "file:l.db?x=y": false, "./a=b": false, `C:\d\a=b.db`: false,
	} {
		if isPostgres(dsn) != want {
			t.Errorf("%q: PostgreSQL %v, want %v", dsn, !want, want)
		}
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
				_, _, err := Usage{DB: db}.NextNumbers(ctx, w, 1)
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
