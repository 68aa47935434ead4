package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/failure"
)

// translate turns what the database says into faults; faults pass unchanged.
func (d *DB) translate(err error) error { return failure.Translate(d.dialect, err) }

// within is the condition that the path in a column lies in a scope: at one of its places or below, and not at or below
// one that is taken out.
func within(s scope.Scope, column string) schema.QueryWithArgs {
	if s.IsAll() {
		return bun.SafeQuery("TRUE")
	}
	if len(s.Places()) == 0 {
		return bun.SafeQuery("FALSE")
	}
	if len(s.Excluded()) == 0 {
		return below(s.Places(), column)
	}
	return bun.SafeQuery("(? AND NOT ?)", below(s.Places(), column), below(s.Excluded(), column))
}

// below is the condition that a path is one of some places, or starts with one and "/". '0' is the byte after '/', so
// this is a range of an index and needs no escaping.
func below(places []string, column string) schema.QueryWithArgs {
	text, args := "FALSE", []any{}
	for _, p := range places {
		text += " OR ? = ? OR (? >= ? AND ? < ?)"
		c := bun.Ident(column)
		args = append(args, c, p, c, p+"/", c, p+"0")
	}
	return bun.SafeQuery("("+text+")", args...)
}

// instantForm has a fixed width, so that instants sort as text; instants are kept to the nanosecond.
const instantForm = "2006-01-02T15:04:05.000000000Z"

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(instantForm)
}

func parseInstant(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(instantForm, s)
}

// minor is rounded money in minor units; several at a time, in the order given.
func minor(c money.Currency, amounts ...money.Decimal) ([]int64, error) {
	units := make([]int64, len(amounts))
	for i, a := range amounts {
		n, err := money.Of(a, c).Minor()
		if err != nil {
			return nil, err
		}
		units[i] = n
	}
	return units, nil
}

func major(c money.Currency, n int64) money.Decimal { return money.FromMinor(n, c.Digits()) }

// body is the JSON a row keeps of a thing.
func body(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// bodies decodes a column of bodies.
func bodies[T any](texts []string) ([]T, error) {
	return each(texts, func(text string) (v T, err error) {
		err = json.Unmarshal([]byte(text), &v)
		return v, err
	})
}

// each makes one thing of every row, or of every thing its row.
func each[A, B any](list []A, f func(A) (B, error)) ([]B, error) {
	out := make([]B, len(list))
	for i, a := range list {
		var err error
		if out[i], err = f(a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// insertChunk bounds the rows of one INSERT: statements stay near a megabyte at a kilobyte a row.
const insertChunk = 500

// insert adds rows, many to a statement. A row whose key exists is an error, or is left as it is.
func insert[T any](ctx context.Context, t bun.Tx, rows []T, keep bool) error {
	for len(rows) > 0 {
		part := rows[:min(insertChunk, len(rows))]
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

// changed is the number of rows a statement touched.
func changed(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// one scans a single row; ok is false when there is none.
func one(ctx context.Context, q *bun.RawQuery, dest ...any) (ok bool, err error) {
	switch err := q.Scan(ctx, dest...); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, nil
}

// compareText compares pairs of text, first pair first, by bytes as both databases do.
func compareText(pairs ...string) int {
	for i := 0; i+1 < len(pairs); i += 2 {
		if c := strings.Compare(pairs[i], pairs[i+1]); c != 0 {
			return c
		}
	}
	return 0
}
