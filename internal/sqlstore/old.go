package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/purveyor-csp/purveyor/internal/scope"
)

// What organisations and access are kept by until they stand in a package of their own.

func within(s scope.Scope, column string) schema.QueryWithArgs {
	if s.IsAll() {
		return bun.SafeQuery("TRUE")
	}
	if len(s.Places()) == 0 {
		return bun.SafeQuery("FALSE")
	}
	if len(s.Excluded()) == 0 {
		return oldBelow(s.Places(), column)
	}
	return bun.SafeQuery("(? AND NOT ?)", oldBelow(s.Places(), column), oldBelow(s.Excluded(), column))
}

func oldBelow(places []string, column string) schema.QueryWithArgs {
	text, args := "FALSE", []any{}
	for _, p := range places {
		text += " OR ? = ? OR (? >= ? AND ? < ?)"
		c := bun.Ident(column)
		args = append(args, c, p, c, p+"/", c, p+"0")
	}
	return bun.SafeQuery("("+text+")", args...)
}

func body(v any) (string, error) { return Body(v) }

func bodies[T any](texts []string) ([]T, error) { return Bodies[T](texts) }

func insert[T any](ctx context.Context, t bun.Tx, rows []T, keep bool) error {
	for len(rows) > 0 {
		part := rows[:min(ChunkRows, len(rows))]
		rows = rows[len(part):]
		q := t.NewInsert().Model(&part)
		if keep {
			q = q.On("CONFLICT DO NOTHING")
		}
		if _, err := q.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func changed(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func one(ctx context.Context, q *bun.RawQuery, dest ...any) (ok bool, err error) {
	switch err := q.Scan(ctx, dest...); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, nil
}
