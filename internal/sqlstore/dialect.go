package sqlstore

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3/database"

	"github.com/purveyor-csp/purveyor/internal/sqlstore/failure"
)

// dialect is everything in which the two databases differ. Statements themselves are written once.
type dialect interface {
	goose() database.Dialect
	// words are the column types and trigger forms that migrations are written with.
	words() words
	// write and read are the options of a transaction; lock is its first statement when it writes, if any.
	write() *sql.TxOptions
	read() *sql.TxOptions
	lock() string
	placeholder(n int) string // of the nth value of a statement
	// scrub is the statement of DB.Scrub; on SQLite it answers.
	scrub() (statement string, answers bool)
	copier             // into a file, for backups
	failure.Classifier // what its errors mean
}

// words fill the templates of migrations.
type words struct {
	Text, Int, Blob string
	Prelude         string
	Field           string // of JSON in a column: column, name
	List            string // of JSON in a column, as a table with the column value: column, name
	refuse          func(table, verb, when, sentence string) string
	unless          func(table, verb, found, sentence string) string
	allow           func(table, verb string) string
}

// RefuseUnless is a trigger that refuses INSERT, UPDATE or DELETE of a row (NEW or OLD) for which a SELECT finds nothing.
func (w words) RefuseUnless(table, verb, found, sentence string) string {
	return w.unless(table, verb, found, failure.ImmutableMark+sentence)
}

// Allow takes the trigger of Refuse away again, for a migration that puts it back when it is done.
func (w words) Allow(table, verb string) string { return w.allow(table, strings.ToLower(verb)) }

// Refuse is a trigger on a table that refuses UPDATE or DELETE of rows for which when holds ("" is all rows).
func (w words) Refuse(table, verb, when, sentence string) string {
	return w.refuse(table, verb, when, failure.ImmutableMark+sentence)
}

// JSON is a text in the JSON of a column.
func (w words) JSON(column, name string) string { return fmt.Sprintf(w.Field, column, name) }

// Elements is a table of the elements of a list in the JSON of a column, each in its column value.
func (w words) Elements(column, name string) string { return fmt.Sprintf(w.List, column, name) }

type (
	sqlite3Dialect  struct{ failure.SQLite }
	postgresDialect struct{ failure.PostgreSQL }
)

func (sqlite3Dialect) goose() database.Dialect { return database.DialectSQLite3 }
func (sqlite3Dialect) write() *sql.TxOptions   { return nil } // _txlock=immediate is in the address
func (sqlite3Dialect) read() *sql.TxOptions    { return nil }
func (sqlite3Dialect) lock() string            { return "" }
func (sqlite3Dialect) placeholder(int) string  { return "?" }
func (sqlite3Dialect) scrub() (string, bool)   { return "PRAGMA wal_checkpoint(TRUNCATE)", true }

func (sqlite3Dialect) words() words {
	return words{Text: "TEXT", Int: "INTEGER", Blob: "BLOB", Field: "json_extract(%s, '$.%s')", List: "json_each(%s, '$.%s')", refuse: func(table, verb, when, sentence string) string {
		if when != "" {
			when = " WHEN " + when
		}
		return fmt.Sprintf("CREATE TRIGGER %s_no_%s BEFORE %s ON %s%s BEGIN SELECT RAISE(ABORT, '%s'); END;",
			table, strings.ToLower(verb), verb, table, when, sentence)
	}, unless: func(table, verb, found, sentence string) string {
		return fmt.Sprintf("CREATE TRIGGER %s_no_%s BEFORE %s ON %s WHEN NOT EXISTS (%s) BEGIN SELECT RAISE(ABORT, '%s'); END;",
			table, strings.ToLower(verb), verb, table, found, sentence)
	}, allow: func(table, verb string) string { return fmt.Sprintf("DROP TRIGGER %s_no_%s;", table, verb) }}
}

func (postgresDialect) goose() database.Dialect { return database.DialectPostgres }
func (postgresDialect) write() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead}
}
func (postgresDialect) read() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
}

// lock makes writers wait for each other before they see anything: LOCK TABLE does not freeze the snapshot, so what
// follows sees what the writer before it committed, and nobody has to be sent back.
func (postgresDialect) lock() string { return "LOCK TABLE counter IN SHARE ROW EXCLUSIVE MODE" }

func (postgresDialect) placeholder(n int) string { return "$" + strconv.Itoa(n) }

func (postgresDialect) scrub() (string, bool) { return "VACUUM (FULL) person_key", false }

// words orders text by bytes, as SQLite does: the order of lists must not depend on the server's locale.
func (postgresDialect) words() words {
	return words{
		Text: `TEXT COLLATE "C"`, Int: "BIGINT", Blob: "BYTEA", Field: "%s::json->>'%s'",
		List: "json_array_elements_text(CASE json_typeof(%[1]s::json->'%[2]s') WHEN 'array' THEN %[1]s::json->'%[2]s' ELSE '[]' END)",
		Prelude: `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
			$body$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'PV001'; END $body$;`,
		refuse: func(table, verb, when, sentence string) string {
			if when != "" {
				when = " WHEN (" + when + ")"
			}
			s := fmt.Sprintf("CREATE TRIGGER %s_no_%s BEFORE %s ON %s FOR EACH ROW%s EXECUTE FUNCTION refuse_change('%s');",
				table, strings.ToLower(verb), verb, table, when, sentence)
			if verb == "DELETE" {
				s += fmt.Sprintf("\nCREATE TRIGGER %s_no_truncate BEFORE TRUNCATE ON %s EXECUTE FUNCTION refuse_change('%s');",
					table, table, sentence)
			}
			return s
		},
		unless: func(table, verb, found, sentence string) string {
			row := "NEW"
			if verb == "DELETE" {
				row = "OLD"
			}
			name := table + "_no_" + strings.ToLower(verb)
			return fmt.Sprintf(`CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN
				IF NOT EXISTS (%s) THEN RAISE EXCEPTION '%s' USING ERRCODE = 'PV001'; END IF;
				RETURN %s; END $body$;
				CREATE TRIGGER %s BEFORE %s ON %s FOR EACH ROW EXECUTE FUNCTION %s();`,
				name, found, sentence, row, name, verb, table, name)
		},
		allow: func(table, verb string) string {
			return fmt.Sprintf("DROP TRIGGER %s_no_%s ON %s;", table, verb, table)
		},
	}
}
