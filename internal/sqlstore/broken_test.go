//go:build linux

package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/failure"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/pgtest"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// reserve takes numbers, and lets then happen before the transaction ends.
func reserve(db *sqlstore.DB, then func() error) error {
	return db.Do(context.Background(), func(ctx context.Context, t tx.Tx) error {
		_, _, err := billing.Usage{DB: db}.NextNumbers(ctx, t, 1)
		return errors.Join(err, then())
	})
}

func nothing() error { return nil }

func reserved(t *testing.T, db *sqlstore.DB) (load uint32) {
	t.Helper()
	err := db.View(t.Context(), func(ctx context.Context, r tx.Read) (err error) {
		load, _, err = billing.Usage{DB: db}.LastNumbers(ctx, r)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return load
}

// A connection that is lost under a commit: nobody knows whether the transaction was kept, and that is what is said.
// One that is lost before it changes nothing, and the next transaction finds a new one.
func TestCommitOfUnknownOutcome(t *testing.T) {
	address := pgtest.Database(t)
	db := storetest.Open(t, address)
	other, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(context.Background()) }()
	end := func() error { // of every other session, and waits until they are gone
		_, err := other.Exec(t.Context(), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		return err
	}
	err = reserve(db, end)
	if fault.CodeOf(err) != failure.CodeUnknown || strings.Contains(err.Error(), "nothing was changed") || !strings.Contains(err.Error(), "events list") {
		t.Errorf("the connection is lost at the commit: %v", err)
	}
	before := reserved(t, db)
	err = db.Do(t.Context(), func(ctx context.Context, r tx.Tx) error {
		if err := end(); err != nil {
			return err
		}
		_, _, err := billing.Usage{DB: db}.NextNumbers(ctx, r, 1)
		return err
	})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("the connection is lost before: %v", err)
	}
	if err := reserve(db, nothing); err != nil {
		t.Fatal(err)
	}
	if after := reserved(t, db); after != before+1 {
		t.Errorf("number %d after %d", after, before)
	}
}

// A server that is not there is said to be that, at the start and in the middle.
func TestServerGone(t *testing.T) {
	_, err := sqlstore.Open(t.Context(), "host=127.0.0.1 port=1 user=u dbname=d password=canary")
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "PostgreSQL") || strings.Contains(err.Error(), "canary") {
		t.Errorf("at the start: %v", err)
	}
	bin := pgtest.Find()
	if bin == "" {
		t.Skip("SKIPPED, no PostgreSQL was ended in the middle: none is installed")
	}
	c, err := pgtest.Start(bin)
	if err != nil {
		t.Fatal(err)
	}
	gone := false
	defer func() {
		if !gone {
			c.Remove()
		}
	}()
	db := storetest.Open(t, c.Address("postgres"))
	if err := reserve(db, nothing); err != nil {
		t.Fatal(err)
	}
	c.Remove()
	gone = true
	for range 3 {
		if err := reserve(db, nothing); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("in the middle: %v", err)
		}
		if err := db.Ping(t.Context()); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("it answers: %v", err)
		}
	}
}

// smallDisk is a folder on a disk of its own that holds so many bytes. Only root can make one.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", size)); err != nil {
		t.Skipf("SKIPPED, no disk was filled: a small one cannot be mounted: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// A disk that is full changes nothing, says so, and once there is room all goes on.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t, 4<<20)
	db := storetest.Open(t, filepath.Join(dir, "ledger.db"))
	if err := reserve(db, nothing); err != nil {
		t.Fatal(err)
	}
	fill := filepath.Join(dir, "fill")
	f, err := os.Create(fill)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	_ = f.Close()
	kept := reserved(t, db)
	refused := 0
	for range 400 { // pages of the log that are there already are used first
		if err = reserve(db, nothing); err != nil {
			refused++
			break
		}
		kept++
	}
	if refused == 0 {
		t.Fatal("the disk was never full")
	}
	if fault.CodeOf(err) != "disk_full" || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("%s: %v", fault.CodeOf(err), err)
	}
	if n := reserved(t, db); n != kept {
		t.Errorf("number %d, and %d were said to be kept", n, kept)
	}
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	if err := reserve(db, nothing); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if n := reserved(t, db); n != kept+1 {
		t.Errorf("number %d after %d", n, kept)
	}
}

// A ledger that is only read says what it holds, also when it was not closed in order, and refuses to be written.
func TestOpenToRead(t *testing.T) {
	path := storetest.SQLiteFile(t)
	db := storetest.Open(t, path)
	if err := reserve(db, nothing); err != nil {
		t.Fatal(err)
	}
	copied := func(names ...string) string {
		dir := t.TempDir()
		for _, name := range names {
			b, err := os.ReadFile(path + name)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, "ledger.db"+name), b, 0o400)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		return filepath.Join(dir, "ledger.db")
	}
	left := copied("", "-wal")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"with its log": left, "closed in order": copied("")} {
		ro, err := sqlstore.OpenToRead(t.Context(), path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n := reserved(t, ro); n != 1 {
			t.Errorf("%s: number %d", name, n)
		}
		if err := reserve(ro, nothing); fault.CodeOf(err) != "read_only" {
			t.Errorf("%s: %v", name, err)
		}
		if err := ro.Close(); err != nil {
			t.Error(err)
		}
		if list, err := os.ReadDir(filepath.Dir(path)); err != nil || len(list) > 2 {
			t.Errorf("%s: %v was made", name, list)
		}
	}
	if _, err := sqlstore.OpenToRead(t.Context(), filepath.Join(t.TempDir(), "none.db")); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("none: %v", err)
	}
}
