package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"

	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/failure"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

var _ backup.Ledger = (*DB)(nil)

// copier copies a ledger within an open transaction that reads: what is copied is what the transaction sees.
type copier interface {
	// copyName is the name of the file that copyTo writes.
	copyName() string
	copyTo(ctx context.Context, c opened, file string, progress func(done, total int64) error) (backup.LedgerCopy, error)
	// tables names the tables of a ledger.
	tables() Fragment
}

// opened is a transaction and the connection that it is on.
type opened struct {
	Reader
	conn *sql.Conn
	dsn  string
}

// CopyName is the name of the file that Snapshot writes.
func (d *DB) CopyName() string { return d.dialect.copyName() }

// Snapshot copies the ledger into a new file: as one transaction sees it, in which during is called too. Others go on
// writing.
func (d *DB) Snapshot(ctx context.Context, file string, progress func(done, total int64) error, during func(context.Context, tx.Read) error) (out backup.LedgerCopy, err error) {
	conn, err := d.readers.Conn(ctx)
	if err != nil {
		return out, d.translate(err)
	}
	defer conn.Close()
	t, err := conn.BeginTx(ctx, d.dialect.read())
	if err != nil {
		return out, d.translate(err)
	}
	defer func() { _ = t.Rollback() }()
	r := reading{t, d}
	schema, rows, err := d.contents(ctx, r) // the first statement: from here on the transaction sees one moment
	if err != nil {
		return out, d.translate(err)
	}
	if err := during(ctx, r); err != nil {
		return out, d.translate(err)
	}
	out, err = d.dialect.copyTo(ctx, opened{Reader{d, t}, conn.Conn, d.dsn}, file, progress)
	out.Schema, out.Rows = schema, rows
	return out, errors.Join(ctx.Err(), d.translate(err))
}

// contents is the schema of a ledger, and how many rows each table has.
func (d *DB) contents(ctx context.Context, r tx.Read) (schema int64, rows map[string]int64, err error) {
	q := d.Reader(r)
	if err := q.Query("SELECT coalesce(max(version_id), 0) FROM goose_db_version").Get(ctx, &schema); err != nil {
		return 0, nil, err
	}
	var names []string
	if err := (Query{q, d.dialect.tables()}).All(ctx, &names); err != nil {
		return 0, nil, err
	}
	rows = make(map[string]int64, len(names))
	for _, name := range names {
		var n int64
		if err := q.Query("SELECT count(*) FROM ?", Column(name)).Get(ctx, &n); err != nil {
			return 0, nil, err
		}
		rows[name] = n
	}
	return schema, rows, nil
}

// Contents opens a ledger of any schema to read, and counts the rows of its tables.
func Contents(ctx context.Context, dsn string) (schema int64, rows map[string]int64, err error) {
	d, err := openAny(ctx, dsn)
	if err != nil {
		return 0, nil, err
	}
	err = d.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		schema, rows, err = d.contents(ctx, r)
		return err
	})
	return schema, rows, errors.Join(err, d.closePools())
}

// pagesAtOnce is how many pages are copied before progress is told: 4 MiB.
const pagesAtOnce = 1024

func (sqlite3Dialect) copyName() string { return "ledger.db" }

func (sqlite3Dialect) tables() Fragment {
	return SQL("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")
}

// copyTo copies the pages of the file as the transaction sees them: what is written meanwhile goes into the log and not
// into the copy.
func (sqlite3Dialect) copyTo(ctx context.Context, c opened, file string, progress func(done, total int64) error) (backup.LedgerCopy, error) {
	var size int64
	if err := c.Query("PRAGMA page_size").Get(ctx, &size); err != nil {
		return backup.LedgerCopy{}, err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return backup.LedgerCopy{}, disk.Refused(err, filepath.Dir(file)+" cannot be written", "nothing was kept of it")
	}
	err = c.conn.Raw(func(driver any) error {
		from, ok := driver.(interface {
			NewBackup(to string) (*sqlite.Backup, error)
		})
		if !ok {
			return fault.New(fault.Internal, "no_copy", "the driver of the ledger database does not copy it")
		}
		b, err := from.NewBackup("file:" + (&url.URL{Path: file}).EscapedPath())
		if err != nil {
			return err
		}
		return errors.Join(stepwise(ctx, b, size, progress), b.Finish())
	})
	return backup.LedgerCopy{Engine: backup.Embedded}, err
}

func stepwise(ctx context.Context, b *sqlite.Backup, pageSize int64, progress func(done, total int64) error) error {
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if more, err = b.Step(pagesAtOnce); err != nil {
			return err
		}
		total := int64(b.PageCount()) * pageSize
		if err := progress(total-int64(b.Remaining())*pageSize, total); err != nil {
			return err
		}
	}
	return nil
}

// openAny opens a ledger that is there, of whatever schema.
func openAny(ctx context.Context, dsn string) (*DB, error) {
	open := openSQLiteToRead
	if failure.IsPostgreSQL(dsn) {
		open = openPostgres
	}
	d, err := open(ctx, dsn)
	if err != nil {
		return nil, failure.NotOpened(dsn, err)
	}
	return d, nil
}
