package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/pgtest"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// migrationBackups lists the backups that were made before a migration.
func migrationBackups(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "backup-before-schema-*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A data directory of an earlier build is backed up before it is migrated, once, and the backup can be restored; a setting
// says no.
func TestBackupBeforeMigration(t *testing.T) {
	dir := oldDirectory(t)
	got, code := output(t, "check", "--data", dir)
	list := migrationBackups(t, dir)
	if code != 0 || len(list) != 1 || !strings.Contains(got, list[0]) {
		t.Fatalf("%d %s; backups: %q", code, got, list)
	}
	purveyor(t, "backup", "verify", list[0])
	v, err := installation.VerifyBackup(t.Context(), list[0], "", func(backup.Progress) {})
	if err != nil || !v.Manifest.UsageStore || v.Manifest.Totals != nil || v.Manifest.Ledger.Schema == 0 {
		t.Errorf("%+v %v", v.Manifest.Ledger, err)
	}
	if purveyor(t, "check", "--data", dir); len(migrationBackups(t, dir)) != 1 {
		t.Error("it is backed up again")
	}
	into := filepath.Join(t.TempDir(), "r")
	purveyor(t, "restore", list[0], "--into", into)
	purveyor(t, "check", "--data", into)
	now, _ := askJSON(t, "invoice", "list", "--data", into)
	holds(t, "invoices", now)

	dir = oldDirectory(t)
	t.Setenv("PURVEYOR_NO_MIGRATION_BACKUP", "true")
	if purveyor(t, "check", "--data", dir); len(migrationBackups(t, dir)) != 0 {
		t.Error("a backup was made although the setting says no")
	}
}

// A ledger on PostgreSQL is dumped before it is migrated.
func TestBackupBeforeMigrationOfAServer(t *testing.T) {
	u := newInUse(t, pgtest.Database(t))
	if err := u.n.DB.Do(u.ctx, func(ctx context.Context, t tx.Tx) error {
		_, err := u.n.DB.Writer(t).Exec(ctx, "DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := u.n.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := installation.Open(u.ctx, u.dir, u.options())
	if fault.CodeOf(err) != "ledger_not_migrated" { // its tables are there already
		t.Error(err)
	}
	list := migrationBackups(t, u.dir)
	if len(list) != 1 {
		t.Fatalf("backups: %q", list)
	}
	v, err := installation.VerifyBackup(t.Context(), list[0], "", func(backup.Progress) {})
	if err != nil || v.Manifest.Ledger.Engine != backup.Server || v.Manifest.Ledger.Rows["invoice"] == 0 {
		t.Errorf("%+v %v", v.Manifest.Ledger, err)
	}
	o := u.options()
	if u.n, err = installation.Open(u.ctx, filepath.Join(t.TempDir(), "other"), installation.Options{Settings: config.Settings{Memory: "512MB"}, Log: o.Log, Now: o.Now}); err != nil {
		t.Fatal(err) // what the test closes at its end
	}
}

// A data directory that a newer version migrated is refused, with the name of the version that wrote it, and nothing is
// changed.
func TestDirectoryOfANewerVersion(t *testing.T) {
	dir := billedMonth(t, "300")
	ctx := access.AtDirectory(t.Context())
	n, err := installation.Open(ctx, dir, installation.Options{Settings: config.Settings{Memory: "512MB"}, Version: "9.9.9", Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	err = n.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		_, err := n.DB.Writer(t).Exec(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, ?)", 9999, true)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check"}, {"backup", filepath.Join(t.TempDir(), "b")}, {"usage", "rebuild"}} {
		got, code := output(t, append(args, "--data", dir)...)
		if code != 1 || !strings.Contains(got, "written by purveyor 9.9.9") || !strings.Contains(got, "nothing was changed") {
			t.Errorf("%q: %d %s", args, code, got)
		}
	}
}

// A backup is made for whoever has the data directory's socket, and not over the network, though that is of this machine.
func TestBackupsAreMadeAtTheDirectory(t *testing.T) {
	dir := billedMonth(t, "300")
	port := serving(t, dir, installation.Options{Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	at := filepath.Join(t.TempDir(), "b")
	answer, err := http.Post("http://127.0.0.1:"+port+kernel.Prefix+"/backups", "application/json", strings.NewReader(`{"folder":"`+at+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _ = answer.Body.Close(); answer.StatusCode != http.StatusForbidden {
		t.Errorf("over the network: %s", answer.Status)
	}
	if _, err := os.Lstat(at); err == nil {
		t.Error("a backup was made")
	}
	purveyor(t, "backup", at, "--data", dir)
	purveyor(t, "backup", "verify", at)
}
