package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/failure"
)

// DB is an open ledger database, migrated to this program's schema. It is a tx.DB.
type DB struct {
	dialect    dialect
	readers    *bun.DB
	writers    *bun.DB
	writer     *writer  // nil when the ledger can only be read
	dsn        string   // the address of a server, for its own programs
	copyFolder string   // the folder of the copy that is read; "" for none
	kept       sync.Map // what packages above keep in memory beside the ledger, by a key of their own
}

// Open opens and migrates a ledger database. A dsn that starts with postgres:// or postgresql://, or that is a list
// of key=value words, names a PostgreSQL database; anything else is the path of an SQLite file, with or without
// "sqlite:" or "file:" before it. Unavailable when it cannot be opened, Conflict when a newer program migrated it.
func Open(ctx context.Context, dsn string) (*DB, error) {
	return OpenAfter(ctx, dsn, func(context.Context, *DB, int64) error { return nil })
}

// OpenAfter is Open; a ledger that another program made and this one would migrate is handed to a function first, with the
// number of the newest migration. Its error leaves the ledger as it is.
func OpenAfter(ctx context.Context, dsn string, before func(ctx context.Context, d *DB, newest int64) error) (*DB, error) {
	open := openSQLite
	if failure.IsPostgreSQL(dsn) {
		open = openPostgres
	}
	d, err := open(ctx, dsn)
	if err != nil {
		return nil, failure.NotOpened(dsn, err)
	}
	if err := d.migrate(ctx, before); err != nil {
		d.closePools()
		return nil, err
	}
	d.writer = startWriter(d)
	return d, nil
}

// OpenToRead opens a ledger database that is not written: every Do is refused. It must be of this program's schema.
func OpenToRead(ctx context.Context, dsn string) (*DB, error) {
	open := openSQLiteToRead
	if failure.IsPostgreSQL(dsn) {
		open = openPostgres
	}
	d, err := open(ctx, dsn)
	if err != nil {
		return nil, failure.NotOpened(dsn, err)
	}
	if err := d.migrated(ctx); err != nil {
		d.closePools()
		return nil, err
	}
	return d, nil
}

// The same file is opened twice: by one connection that writes, and by a few that can do nothing but read.
const (
	sqlitePragmas = "_pragma=busy_timeout(5000)&_pragma=foreign_keys(on)&_pragma=synchronous(full)&_pragma=cache_size(-16000)"
	sqliteWriter  = sqlitePragmas + "&_pragma=journal_mode(wal)&_pragma=secure_delete(on)&_txlock=immediate"
	sqliteReader  = sqlitePragmas + "&mode=ro&_pragma=query_only(on)"
	readerCount   = 4
)

func openSQLite(ctx context.Context, dsn string) (*DB, error) {
	path, err := filepath.Abs(failure.File(dsn))
	if err != nil {
		return nil, err
	}
	base := "file:" + (&url.URL{Path: path}).EscapedPath() + "?"
	w, err := sql.Open("sqlite", base+sqliteWriter)
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	if err := w.PingContext(ctx); err != nil { // makes the file and its log before a reader looks for them
		_ = w.Close()
		return nil, err
	}
	r, err := sql.Open("sqlite", base+sqliteReader)
	if err != nil {
		_ = w.Close()
		return nil, err
	}
	r.SetMaxOpenConns(readerCount)
	r.SetMaxIdleConns(readerCount)
	return &DB{
		dialect: sqlite3Dialect{}, writers: bun.NewDB(w, sqlitedialect.New()), readers: bun.NewDB(r, sqlitedialect.New()),
	}, nil
}

// openSQLiteToRead opens a file that is not changed. One that was closed in order holds all. One that was not has a log
// beside it, which is read only where its index can be written: then both are copied, and the copy is removed at the end.
func openSQLiteToRead(ctx context.Context, dsn string) (*DB, error) {
	path, err := filepath.Abs(failure.File(dsn))
	if err != nil {
		return nil, err
	}
	d, options := &DB{dialect: sqlite3Dialect{}}, "mode=ro&immutable=1&_pragma=query_only(on)&_pragma=cache_size(-16000)"
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		options = sqlitePragmas + "&_pragma=query_only(on)"
		if d.copyFolder, err = disk.CopyToTemp(path, path+"-wal"); err != nil {
			return nil, err
		}
		path = filepath.Join(d.copyFolder, filepath.Base(path))
	}
	r, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+options)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(d.copyFolder)) // nothing where nothing was copied
	}
	r.SetMaxOpenConns(readerCount)
	r.SetMaxIdleConns(readerCount)
	d.readers = bun.NewDB(r, sqlitedialect.New())
	d.writers = d.readers
	if err := r.PingContext(ctx); err != nil {
		return nil, errors.Join(err, d.closePools())
	}
	return d, nil
}

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	if err := failure.RequireVerifiedServer(c, strings.Contains(dsn, "sslmode=")); err != nil {
		return nil, err
	}
	// Values are bound, their types taken from Go's: nothing is prepared, as lists in conditions make many texts.
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	c.RuntimeParams["timezone"] = "UTC"
	c.RuntimeParams["client_encoding"] = "UTF8"
	c.RuntimeParams["standard_conforming_strings"] = "on"
	pool := stdlib.OpenDB(*c)
	pool.SetMaxOpenConns(2 * readerCount)
	pool.SetMaxIdleConns(2 * readerCount)
	if err := pool.PingContext(ctx); err != nil {
		_ = pool.Close()
		return nil, err
	}
	db := bun.NewDB(pool, pgdialect.New())
	return &DB{dialect: postgresDialect{}, writers: db, readers: db, dsn: dsn}, nil
}

// Kept is what a package keeps in memory beside the ledger under a key of its own; the first who asks makes it.
func (d *DB) Kept(key any, first func() any) any {
	if have, ok := d.kept.Load(key); ok {
		return have
	}
	have, _ := d.kept.LoadOrStore(key, first())
	return have
}

// Close lets the running transaction finish, refuses further ones and closes all connections.
func (d *DB) Close() error {
	if d.writer != nil {
		d.writer.stop()
	}
	return d.closePools()
}

func (d *DB) closePools() error {
	err := d.readers.DB.Close()
	if d.writers != d.readers {
		if e := d.writers.DB.Close(); err == nil {
			err = e
		}
	}
	if d.copyFolder != "" {
		err = errors.Join(err, os.RemoveAll(d.copyFolder))
	}
	return err
}

// Scrub overwrites what rows that were deleted left in the database's own files: on SQLite deleting overwrites, and
// the log that still holds the page as it was is folded in and cut off; PostgreSQL rewrites the table of keys.
// Backups, the write-ahead log of a PostgreSQL and the blocks of a disk are not in its reach. Unavailable while
// somebody reads.
func (d *DB) Scrub(ctx context.Context) error {
	statement, answers := d.dialect.scrub()
	if !answers {
		_, err := d.writers.DB.ExecContext(ctx, statement)
		return d.translate(err)
	}
	var busy, pages, folded int
	if err := d.writers.DB.QueryRowContext(ctx, statement).Scan(&busy, &pages, &folded); err != nil {
		return d.translate(err)
	}
	if busy != 0 {
		return fault.New(fault.Unavailable, "ledger_busy", "the ledger is being read, so its log could not be cut off; it is tried again")
	}
	return nil
}

// Ping says whether the database answers; Unavailable otherwise.
func (d *DB) Ping(ctx context.Context) error {
	if err := d.readers.PingContext(ctx); err != nil {
		return fault.New(fault.Unavailable, "ledger_unreachable",
			"the ledger database does not answer: check that it is running and try again").Because(err)
	}
	return nil
}
