package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/failure"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func (postgresDialect) copyName() string { return "ledger.dump" }

func (postgresDialect) tables() Fragment {
	return SQL("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename")
}

// copyTo runs pg_dump of the server's version on the snapshot of the transaction.
func (postgresDialect) copyTo(ctx context.Context, c opened, file string, progress func(done, total int64) error) (out backup.LedgerCopy, err error) {
	major, err := serverVersion(ctx, c.Reader)
	if err != nil {
		return out, err
	}
	dump, err := findTool(ctx, "pg_dump", major)
	if err != nil {
		return out, err
	}
	var size int64
	if err := c.Query("SELECT pg_database_size(current_database())").Get(ctx, &size); err != nil {
		return out, err
	}
	if err := progress(0, size); err != nil {
		return out, err
	}
	var snapshot string
	if err := c.Query("SELECT pg_export_snapshot()").Get(ctx, &snapshot); err != nil {
		return out, err
	}
	err = runTool(ctx, c.dsn, dump, "--format=custom", "--no-owner", "--no-privileges", "--no-password", "--snapshot="+snapshot, "--file="+file)
	if err != nil {
		return out, err
	}
	return backup.LedgerCopy{Engine: backup.Server, Server: major}, progress(size, size)
}

// serverVersion is the major version of a server.
func serverVersion(ctx context.Context, q Reader) (int, error) {
	var text string
	if err := q.Query("SHOW server_version_num").Get(ctx, &text); err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	return n / 10_000, err
}

var toolVersion = regexp.MustCompile(`\(PostgreSQL\) ([0-9]+)`)

// findTool is a program of PostgreSQL of a major version: where Debian keeps it, or in PATH.
func findTool(ctx context.Context, name string, major int) (string, error) {
	var found []string
	places := []string{filepath.Join("/usr/lib/postgresql", strconv.Itoa(major), "bin", name)}
	if path, err := exec.LookPath(name); err == nil {
		places = append(places, path)
	}
	for _, path := range places {
		said, err := exec.CommandContext(ctx, path, "--version").Output()
		m := toolVersion.FindSubmatch(said)
		if err != nil || m == nil {
			continue
		}
		if string(m[1]) == strconv.Itoa(major) {
			return path, nil
		}
		found = append(found, string(m[1]))
	}
	have := "there is none"
	if len(found) > 0 {
		have = "the one there is is of version " + found[0]
	}
	return "", fault.New(fault.Unavailable, "tool_missing",
		"the ledger is on PostgreSQL %d and needs its %s, and %s: nothing was done. Install the client programs of PostgreSQL %d (Debian: postgresql-client-%d), or put them into PATH", major, name, have, major, major)
}

// runTool runs a program of PostgreSQL on a database. The password is handed over in its environment, which other accounts
// cannot read, and never in an argument.
func runTool(ctx context.Context, dsn, path string, args ...string) error {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return failure.NotOpened(dsn, err)
	}
	run := exec.CommandContext(ctx, path, append(args, "--dbname="+withoutPassword(dsn))...)
	run.Env = append(os.Environ(), "PGPASSWORD="+c.Password, "LC_ALL=C")
	var said bytes.Buffer
	run.Stderr = &said
	if err := run.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		text := strings.TrimSpace(said.String())
		if c.Password != "" {
			text = strings.ReplaceAll(text, c.Password, "…")
		}
		return fault.New(fault.Unavailable, "tool_failed", "%s of PostgreSQL ended with an error, and nothing was kept: %s", filepath.Base(path), text).Because(err)
	}
	return nil
}

var passwordWord = regexp.MustCompile(`\b(ssl)?password\s*=\s*('(?:[^'\\]|\\.)*'|[^\s]*)`)

// withoutPassword is an address without the password in it.
func withoutPassword(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return passwordWord.ReplaceAllString(dsn, "")
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	q.Del("password")
	u.RawQuery = q.Encode()
	return u.String()
}

// RestoreDump restores a dump into an empty database. Conflict when it is not empty or its server is older than the one the
// dump is of; whatever fails leaves the database empty.
func RestoreDump(ctx context.Context, file, dsn string, version int) error {
	d, err := openAny(ctx, dsn)
	if err != nil {
		return err
	}
	var major int
	err = d.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		if major, err = serverVersion(ctx, d.Reader(r)); err == nil {
			err = d.requireEmpty(ctx, r)
		}
		return err
	})
	if err = errors.Join(err, d.closePools()); err != nil {
		return err
	}
	if major < version {
		return fault.New(fault.Conflict, "server_too_old", "the backup is of PostgreSQL %d, and the database is on PostgreSQL %d: nothing was done; name a database on version %d or later", version, major, version)
	}
	restore, err := findTool(ctx, "pg_restore", major)
	if err != nil {
		return err
	}
	return runTool(ctx, dsn, restore, "--no-owner", "--no-privileges", "--no-password", "--exit-on-error", "--single-transaction", file)
}

func (d *DB) requireEmpty(ctx context.Context, r tx.Read) error {
	var names []string
	if err := (Query{d.Reader(r), d.dialect.tables()}).All(ctx, &names); err != nil {
		return err
	}
	if len(names) > 0 {
		return fault.New(fault.Conflict, "database_not_empty", "the database to restore into has %d tables already: nothing was done to it; name an empty database", len(names))
	}
	return nil
}

// Clear removes what RestoreDump put into a database that was empty before.
func Clear(ctx context.Context, dsn string) error {
	d, err := openAny(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = d.writers.DB.ExecContext(ctx, clearSchema)
	return errors.Join(err, d.closePools())
}

// clearSchema removes every table and every function of triggers from the schema.
const clearSchema = `DO $$ DECLARE one record; BEGIN
	FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
		EXECUTE format('DROP TABLE %I CASCADE', one.tablename);
	END LOOP;
	FOR one IN SELECT oid::regprocedure AS f FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND prorettype = 'trigger'::regtype LOOP
		EXECUTE 'DROP FUNCTION ' || one.f || ' CASCADE';
	END LOOP;
END $$`
