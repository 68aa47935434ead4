package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/tx"
)

// text is SQL. Other packages cannot name the type, so nothing but a constant of theirs becomes one: values never get
// into the text of a statement. Each ? in it stands for the next of the values that are passed with it.
type text string

// Fragment is a part of a statement with its values. As a value of another it takes the place of its ?.
type Fragment struct {
	text   text
	values []any
}

// SQL is a fragment.
func SQL(t text, values ...any) Fragment { return Fragment{t, values} }

// List is values with commas between them, for IN (?) and for rows; of none it is NULL, which nothing is in.
func List[T any](list []T) Fragment {
	if len(list) == 0 {
		return Fragment{text: "NULL"}
	}
	f := Fragment{values: make([]any, len(list))}
	for i, v := range list {
		f.values[i] = v
	}
	f.text = text(strings.TrimSuffix(strings.Repeat("?, ", len(list)), ", "))
	return f
}

// Column is a column or a table by its name, which may be table.column.
func Column(name string) Fragment {
	return Fragment{text: text(`"` + strings.ReplaceAll(strings.ReplaceAll(name, `"`, `""`), ".", `"."`) + `"`)}
}

// And is that all conditions hold; TRUE for none.
func And(conditions ...Fragment) Fragment { return join("TRUE", " AND ", conditions) }

// Or is that one of the conditions holds; FALSE for none.
func Or(conditions ...Fragment) Fragment { return join("FALSE", " OR ", conditions) }

func join(none, between text, conditions []Fragment) Fragment {
	if len(conditions) == 0 {
		return Fragment{text: none}
	}
	f := Fragment{text: "("}
	for i, c := range conditions {
		if i > 0 {
			f.text += between
		}
		f.text += "(?)"
		f.values = append(f.values, c)
	}
	f.text += ")"
	return f
}

// Equals is that each named column has its value; an empty value narrows nothing.
func Equals(columns ...string) Fragment {
	var all []Fragment
	for i := 0; i+1 < len(columns); i += 2 {
		if columns[i+1] != "" {
			all = append(all, SQL("? = ?", Column(columns[i]), columns[i+1]))
		}
	}
	return And(all...)
}

// Limit is how many rows a list has at most; 0 is all.
func Limit(n int) Fragment {
	if n <= 0 {
		return SQL("9223372036854775807") // the largest there is: SQLite and PostgreSQL share no word for none
	}
	return SQL("?", n)
}

// statement is what a database is given: text with its own placeholders, and the values to bind to them.
type statement struct {
	strings.Builder
	dialect dialect
	values  []any
}

func (s *statement) add(f Fragment) error {
	next := 0
	for i, part := range strings.Split(string(f.text), "?") {
		if i > 0 {
			if next >= len(f.values) {
				return fmt.Errorf("sqlstore: more ? than values in %q", f.text)
			}
			if err := s.bind(f.values[next]); err != nil {
				return err
			}
			next++
		}
		s.WriteString(part)
	}
	if next < len(f.values) {
		return fmt.Errorf("sqlstore: more values than ? in %q", f.text)
	}
	return nil
}

// bind adds a placeholder with its value, or a fragment.
func (s *statement) bind(v any) error {
	if f, ok := v.(Fragment); ok {
		return s.add(f)
	}
	plain, err := bindable(v)
	if err != nil {
		return err
	}
	s.values = append(s.values, plain)
	s.WriteString(s.dialect.placeholder(len(s.values)))
	return nil
}

// bindable is a value as both drivers take it: text, whole number, truth value or bytes.
func bindable(v any) (any, error) {
	switch x := v.(type) {
	case string, int64, bool, []byte:
		return x, nil
	}
	switch x := reflect.ValueOf(v); x.Kind() {
	case reflect.String:
		return x.String(), nil
	case reflect.Bool:
		return x.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return x.Int(), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(x.Uint()), nil //nolint:gosec // at most 32 bits
	}
	return nil, fmt.Errorf("sqlstore: a %T is no value of a column", v)
}

// Reader asks one open transaction; Writer also changes what is there.
type (
	Reader struct {
		db *DB
		tx bun.Tx
	}
	Writer struct{ Reader }
)

// Reader asks the transaction behind r, which must be one of this database.
func (d *DB) Reader(r tx.Read) Reader { return Reader{d, d.transaction(r)} }

// Writer writes in the transaction behind t, which must be one of this database.
func (d *DB) Writer(t tx.Tx) Writer { return Writer{d.Reader(t)} }

// Query is a statement that answers with rows.
type Query struct {
	Reader
	fragment Fragment
}

// Query is a statement that answers with rows, with its values.
func (q Reader) Query(t text, values ...any) Query { return Query{q, Fragment{t, values}} }

// Rows are the rows as the driver gives them, to be closed.
func (q Query) Rows(ctx context.Context) (*sql.Rows, error) {
	s := statement{dialect: q.db.dialect}
	if err := s.add(q.fragment); err != nil {
		return nil, err
	}
	return q.tx.Tx.QueryContext(ctx, s.String(), s.values...)
}

// All reads every row into a slice: of structs, by the names of columns, or of the values of a single column.
func (q Query) All(ctx context.Context, slice any) error {
	rows, err := q.Rows(ctx)
	if err != nil {
		return err
	}
	return q.db.readers.ScanRows(ctx, rows, slice) // closes them
}

// One reads the first row into a struct, or its columns one by one; found is false when there is none.
func (q Query) One(ctx context.Context, into ...any) (found bool, err error) {
	rows, err := q.Rows(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return false, rows.Err()
	}
	if err := q.db.readers.ScanRow(ctx, rows, into...); err != nil {
		return false, err
	}
	return true, rows.Close() // what a statement that writes says at its end
}

// Get is One for a row that is always there.
func (q Query) Get(ctx context.Context, into ...any) error {
	found, err := q.One(ctx, into...)
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return err
}

// Exec runs a statement with its values and returns how many rows it touched.
func (q Writer) Exec(ctx context.Context, t text, values ...any) (int64, error) {
	return q.exec(ctx, Fragment{t, values})
}

func (q Writer) exec(ctx context.Context, f Fragment) (int64, error) {
	s := statement{dialect: q.db.dialect}
	if err := s.add(f); err != nil {
		return 0, err
	}
	r, err := q.tx.Tx.ExecContext(ctx, s.String(), s.values...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
