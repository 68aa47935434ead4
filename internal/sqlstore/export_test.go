package sqlstore

import (
	"context"
	"database/sql"

	"github.com/pressly/goose/v3"
)

// OldLedger makes an SQLite ledger of an earlier schema, fills it, and says the digests of the rows that queries answer with.
func OldLedger(ctx context.Context, path string, version int64, fill func(*sql.DB) error, queries map[string]string) (map[string]string, error) {
	old, err := openSQLite(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = old.closePools() }()
	steps, err := migrations(old.dialect)
	if err != nil {
		return nil, err
	}
	p, err := goose.NewProvider(old.dialect.goose(), old.writers.DB, nil, goose.WithGoMigrations(steps...), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, err
	}
	if _, err := p.UpTo(ctx, version); err != nil {
		return nil, err
	}
	if err := fill(old.writers.DB); err != nil {
		return nil, err
	}
	t, err := old.writers.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Rollback() }()
	told := map[string]string{}
	for name, query := range queries {
		if told[name], err = DigestOf(ctx, Query{Reader{old, t}, Fragment{text: text(query)}}); err != nil {
			return nil, err
		}
	}
	return told, nil
}
