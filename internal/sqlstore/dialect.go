package sqlstore

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3/database"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
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
	// scrub is the statement of DB.Scrub; on SQLite it answers.
	scrub() (statement string, answers bool)
	// The kinds of error that mean something to callers.
	duplicate(error) bool   // a unique key exists already
	immutable(error) string // the sentence of the trigger that refused, or ""
	again(error) bool       // the same transaction may succeed when run again
	away(error) bool        // the database cannot be reached or is busy
	// kept says of an error of a commit whether the transaction may have been kept all the same.
	kept(error) bool
}

// words fill the templates of migrations.
type words struct {
	Text, Int, Blob string
	Prelude         string
	Field           string // of JSON in a column: column, name
	refuse          func(table, verb, when, sentence string) string
	unless          func(table, verb, found, sentence string) string
	allow           func(table, verb string) string
}

// RefuseUnless is a trigger that refuses INSERT, UPDATE or DELETE of a row (NEW or OLD) for which a SELECT finds nothing.
func (w words) RefuseUnless(table, verb, found, sentence string) string {
	return w.unless(table, verb, found, immutableMark+sentence)
}

// Allow takes the trigger of Refuse away again, for a migration that puts it back when it is done.
func (w words) Allow(table, verb string) string { return w.allow(table, strings.ToLower(verb)) }

// Refuse is a trigger on a table that refuses UPDATE or DELETE of rows for which when holds ("" is all rows).
func (w words) Refuse(table, verb, when, sentence string) string {
	return w.refuse(table, verb, when, immutableMark+sentence)
}

// JSON is a text in the JSON of a column.
func (w words) JSON(column, name string) string { return fmt.Sprintf(w.Field, column, name) }

// immutableMark starts the message of every refusing trigger.
const immutableMark = "immutable: "

func refusal(message string) string {
	if _, after, ok := strings.Cut(message, immutableMark); ok {
		sentence, _, _ := strings.Cut(after, " (")
		return sentence
	}
	return ""
}

type (
	sqlite3Dialect  struct{}
	postgresDialect struct{}
)

func (sqlite3Dialect) goose() database.Dialect { return database.DialectSQLite3 }
func (sqlite3Dialect) write() *sql.TxOptions   { return nil } // _txlock=immediate is in the address
func (sqlite3Dialect) read() *sql.TxOptions    { return nil }
func (sqlite3Dialect) lock() string            { return "" }
func (sqlite3Dialect) scrub() (string, bool)   { return "PRAGMA wal_checkpoint(TRUNCATE)", true }

func (sqlite3Dialect) words() words {
	return words{Text: "TEXT", Int: "INTEGER", Blob: "BLOB", Field: "json_extract(%s, '$.%s')", refuse: func(table, verb, when, sentence string) string {
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

func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

func (sqlite3Dialect) duplicate(err error) bool {
	c := sqliteCode(err)
	return c == sqlite3.SQLITE_CONSTRAINT_UNIQUE || c == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

func (sqlite3Dialect) immutable(err error) string {
	if sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_TRIGGER {
		return refusal(err.Error())
	}
	return ""
}

func (sqlite3Dialect) again(error) bool { return false } // one writer: nothing to collide with

func (sqlite3Dialect) away(err error) bool {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return true
	}
	return false
}

// kept: what was busy or had no room wrote no mark that ends the transaction. What failed to reach the disk may be there
// when the file is opened next.
func (sqlite3Dialect) kept(err error) bool {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_CANTOPEN:
		return false
	}
	return true
}

// full says whether the database had no room.
func full(err error) bool {
	return sqliteCode(err)&0xff == sqlite3.SQLITE_FULL || postgresCode(err) == "53100"
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

func (postgresDialect) scrub() (string, bool) { return "VACUUM (FULL) person_key", false }

// words orders text by bytes, as SQLite does: the order of lists must not depend on the server's locale.
func (postgresDialect) words() words {
	return words{
		Text: `TEXT COLLATE "C"`, Int: "BIGINT", Blob: "BYTEA", Field: "%s::json->>'%s'",
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

func postgresCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

func (postgresDialect) duplicate(err error) bool { return postgresCode(err) == "23505" }

func (postgresDialect) immutable(err error) string {
	if postgresCode(err) == "PV001" {
		return refusal(err.Error())
	}
	return ""
}

// again: serialization failure and deadlock.
func (postgresDialect) again(err error) bool {
	c := postgresCode(err)
	return c == "40001" || c == "40P01"
}

func (postgresDialect) away(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || cut(err) {
		return true
	}
	c := postgresCode(err)
	return strings.HasPrefix(c, "08") || strings.HasPrefix(c, "53") || strings.HasPrefix(c, "57P")
}

// cut says whether the connection ended under a statement: whatever the server said is not known.
func cut(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, gone := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return err != nil && strings.Contains(err.Error(), "conn closed") // the driver has no value for it
}

// kept: a server that answers the commit with an error has undone it, unless it was ended meanwhile (57P01 to 57P03 are
// also said to sessions whose commit is on the disk). Without an answer nobody knows.
func (postgresDialect) kept(err error) bool {
	c := postgresCode(err)
	return c == "" || strings.HasPrefix(c, "08") || strings.HasPrefix(c, "57P")
}
