package sqlstore

import (
	"context"
	"fmt"
	"reflect"
	"strings"
)

// ChunkRows is how many rows are read or written at a time where there may be many: statements stay near a megabyte at a
// kilobyte a row.
const ChunkRows = 500

// maxValues is how many values one statement of either database takes at most.
const maxValues = 32_000

// Insert adds rows, structs whose type names their table, many to a statement. A row whose key exists is an error.
func Insert[T any](ctx context.Context, q Writer, rows ...T) error {
	_, err := insertRows(ctx, q, rows, "")
	return err
}

// InsertNew adds rows and leaves those as they are whose key exists. It returns how many were added.
func InsertNew[T any](ctx context.Context, q Writer, rows ...T) (added int64, err error) {
	return insertRows(ctx, q, rows, " ON CONFLICT DO NOTHING")
}

// Upsert adds a row, or sets the given columns of the one with its key, which may be several columns.
func Upsert[T any](ctx context.Context, q Writer, row T, key text, columns ...text) error {
	set := make([]string, len(columns))
	for i, c := range columns {
		set[i] = `"` + string(c) + `" = excluded."` + string(c) + `"`
	}
	_, err := insertRows(ctx, q, []T{row}, " ON CONFLICT ("+key+") DO UPDATE SET "+text(strings.Join(set, ", ")))
	return err
}

// Update sets all columns of the row with the same value in its key.
func Update[T any](ctx context.Context, q Writer, row T, key text) error {
	table, v := q.db.readers.Table(reflect.TypeFor[T]()), reflect.ValueOf(&row).Elem()
	var set []string
	f, own := Fragment{}, any(nil)
	for _, field := range table.Fields {
		value := field.Value(v).Interface()
		if field.Name == string(key) {
			own = value
			continue
		}
		set, f.values = append(set, `"`+field.Name+`" = ?`), append(f.values, value)
	}
	f.text = text(fmt.Sprintf(`UPDATE %q SET %s WHERE "%s" = ?`, table.Name, strings.Join(set, ", "), key))
	f.values = append(f.values, own)
	_, err := q.exec(ctx, f)
	return err
}

func insertRows[T any](ctx context.Context, q Writer, rows []T, conflict text) (n int64, err error) {
	table := q.db.readers.Table(reflect.TypeFor[T]())
	names := make([]string, len(table.Fields))
	for i, f := range table.Fields {
		names[i] = `"` + f.Name + `"`
	}
	head := fmt.Sprintf("INSERT INTO %q (%s) VALUES ", table.Name, strings.Join(names, ", "))
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ") + ")"
	chunk := min(ChunkRows, maxValues/len(names))
	for len(rows) > 0 {
		part := rows[:min(chunk, len(rows))]
		rows = rows[len(part):]
		f := Fragment{
			text:   text(head+strings.TrimSuffix(strings.Repeat(row+", ", len(part)), ", ")) + conflict,
			values: make([]any, 0, len(part)*len(names)),
		}
		for i := range part {
			v := reflect.ValueOf(&part[i]).Elem()
			for _, field := range table.Fields {
				f.values = append(f.values, field.Value(v).Interface())
			}
		}
		touched, err := q.exec(ctx, f)
		if err != nil {
			return n, err
		}
		n += touched
	}
	return n, nil
}
