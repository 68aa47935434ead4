package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"path"
	"strconv"
	"strings"
	"text/template"

	"github.com/pressly/goose/v3"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/failure"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// The codes of the Conflicts by which a ledger of another schema is refused: a newer program migrated it.
const (
	CodeTooNew      = "ledger_too_new"
	CodeOtherSchema = "ledger_other_schema" // it can only be read, and not be migrated
)

// Newest is the number of the newest migration that this program knows.
func Newest() (int64, error) {
	steps, err := migrations(sqlite3Dialect{})
	if err != nil {
		return 0, err
	}
	return steps[len(steps)-1].Version, nil
}

// migrate brings the schema up to this program's; each step is one transaction.
func (d *DB) migrate(ctx context.Context, before func(ctx context.Context, d *DB, newest int64) error) error {
	steps, err := migrations(d.dialect)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(d.dialect.goose(), d.writers.DB, nil,
		goose.WithGoMigrations(steps...), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return failure.NotMigrated(err)
	}
	newest := steps[len(steps)-1].Version
	if have > newest {
		return fault.New(fault.Conflict, CodeTooNew,
			"the ledger database is at schema %d and this program knows %d: nothing was changed; use the newer program", have, newest)
	}
	if have > 0 && have < newest {
		if err := before(ctx, d, newest); err != nil {
			return err
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return failure.NotMigrated(err)
	}
	return nil
}

// migrated is a Conflict unless a ledger that is not written is of this program's schema already.
func (d *DB) migrated(ctx context.Context) error {
	steps, err := migrations(d.dialect)
	if err != nil {
		return err
	}
	var have int64
	if err := d.readers.DB.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&have); err != nil {
		return failure.NotOpened("", err)
	}
	if want := steps[len(steps)-1].Version; have != want {
		return fault.New(fault.Conflict, CodeOtherSchema,
			"the ledger database is at schema %d and this program reads %d, and the data directory can only be read: nothing was changed; use the program that wrote it, or make the directory writable", have, want)
	}
	return nil
}

// fills are what SQL cannot make of the rows there are, after the step with that number and in its transaction.
var fills = map[int64]func(ctx context.Context, t *sql.Tx) error{14: splitEntitlements, 15: keepBookDigest}

// migrations are the numbered files, each filled with the words of the dialect.
func migrations(d dialect) ([]*goose.Migration, error) {
	files, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	steps := make([]*goose.Migration, 0, len(files))
	for _, f := range files { // sorted by name, so by number
		number, _, _ := strings.Cut(f.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, err
		}
		t, err := template.ParseFS(migrationFiles, path.Join("migrations", f.Name()))
		if err != nil {
			return nil, err
		}
		var text strings.Builder
		if err := t.Execute(&text, d.words()); err != nil {
			return nil, err
		}
		steps = append(steps, goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, text.String()); err != nil {
				return err
			}
			if fill := fills[version]; fill != nil {
				return fill(ctx, tx)
			}
			return nil
		}}, nil))
	}
	return steps, nil
}
