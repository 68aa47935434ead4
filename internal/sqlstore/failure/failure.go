// Package failure owns what the errors of the two databases mean, and what people are told of them: what happened, what was
// kept, what to do.
//
// It asks no database. Always true: an address, which may hold a password, is in no text.
package failure

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Classifier knows the kinds of error of a database that mean something to callers.
type Classifier interface {
	Duplicate(error) bool   // a unique key exists already
	Immutable(error) string // the sentence of the trigger that refused, or ""
	Retry(error) bool       // the same transaction may succeed when run again
	Unreachable(error) bool // the database cannot be reached or is busy
	// MayBeKept says of an error of a commit whether the transaction may have been kept all the same.
	MayBeCommitted(error) bool
}

// ImmutableMark starts the message of every refusing trigger.
const ImmutableMark = "immutable: "

func refusal(message string) string {
	if _, after, ok := strings.Cut(message, ImmutableMark); ok {
		sentence, _, _ := strings.Cut(after, " (")
		return sentence
	}
	return ""
}

type (
	// SQLite reads the errors of SQLite.
	SQLite struct{}
	// PostgreSQL reads the errors of PostgreSQL and of the way there.
	PostgreSQL struct{}
)

func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// Duplicate says whether a unique key exists already.
func (SQLite) Duplicate(err error) bool {
	c := sqliteCode(err)
	return c == sqlite3.SQLITE_CONSTRAINT_UNIQUE || c == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

// Immutable is the sentence of the trigger that refused.
func (SQLite) Immutable(err error) string {
	if sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_TRIGGER {
		return refusal(err.Error())
	}
	return ""
}

// Retry is never: one writer, and nothing to collide with.
func (SQLite) Retry(error) bool { return false }

// Unreachable says whether the file is busy, or the disk does not let it be written.
func (SQLite) Unreachable(err error) bool {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return true
	}
	return false
}

// MayBeCommitted is false for what was busy or had no room: it wrote no mark that ends the transaction. What failed to reach
// the disk may be there when the file is opened next.
func (SQLite) MayBeCommitted(err error) bool {
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_CANTOPEN:
		return false
	}
	return true
}

func postgresCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// Duplicate says whether a unique key exists already.
func (PostgreSQL) Duplicate(err error) bool { return postgresCode(err) == "23505" }

// Immutable is the sentence of the trigger that refused.
func (PostgreSQL) Immutable(err error) string {
	if postgresCode(err) == "PV001" {
		return refusal(err.Error())
	}
	return ""
}

// Retry is a serialization failure or a deadlock.
func (PostgreSQL) Retry(err error) bool {
	c := postgresCode(err)
	return c == "40001" || c == "40P01"
}

// Unreachable says whether the server cannot be reached, ends, or has no room.
func (PostgreSQL) Unreachable(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || connectionLost(err) {
		return true
	}
	c := postgresCode(err)
	return strings.HasPrefix(c, "08") || strings.HasPrefix(c, "53") || strings.HasPrefix(c, "57P")
}

// MayBeCommitted is false when the server answered the commit with an error: then it has undone it. Not so when it was ended
// meanwhile (57P01 to 57P03 are also said to sessions whose commit is on the disk); without an answer nobody knows.
func (PostgreSQL) MayBeCommitted(err error) bool {
	c := postgresCode(err)
	return c == "" || strings.HasPrefix(c, "08") || strings.HasPrefix(c, "57P")
}

// connectionLost says whether the connection ended under a statement: whatever the server said is not known.
func connectionLost(err error) bool {
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

// diskFull says whether a database had no room.
func diskFull(err error) bool {
	return sqliteCode(err)&0xff == sqlite3.SQLITE_FULL || postgresCode(err) == "53100"
}

func damaged(err error) bool {
	c := sqliteCode(err) & 0xff
	return c == sqlite3.SQLITE_NOTADB || c == sqlite3.SQLITE_CORRUPT
}

// Translate turns what a database says inside a transaction into faults; faults and what means nothing pass unchanged.
func Translate(r Classifier, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	if sentence := r.Immutable(err); sentence != "" {
		return fault.New(fault.Conflict, "immutable", "%s: nothing was changed", sentence).Because(err)
	}
	switch {
	case r.Duplicate(err):
		return fault.New(fault.Conflict, "already_exists", "another record with the same key exists already: nothing was changed").Because(err)
	case diskFull(err):
		return fault.New(fault.Unavailable, "disk_full",
			"the disk of the ledger database is full: nothing was changed; free space and give the command again").Because(err)
	case damaged(err):
		return fault.New(fault.Unavailable, "ledger_damaged",
			"the ledger database is damaged: nothing was changed; stop the server and restore it from a backup").Because(err)
	case r.Retry(err), r.Unreachable(err):
		return fault.New(fault.Unavailable, "ledger_busy",
			"the ledger database is busy or cannot be reached: nothing was changed; check that it runs and that its disk can be written, and try again").Because(err)
	}
	return err
}

// CodeUnknown is the code of the Unavailable that says that nobody knows whether a change was kept.
const CodeUnknown = "outcome_unknown"

// OutcomeUnknown says that the database broke off while a transaction was being committed, and how to find out what came of it:
// giving a command again is not always harmless, and giving it up is neither.
func OutcomeUnknown(err error) error {
	return fault.New(fault.Unavailable, CodeUnknown,
		"the ledger database broke off while this was being stored, so it is not known whether it was stored: all of it was, or nothing. "+
			"When the database answers again, \"purveyor events list\" says what was done, the newest last: look whether it is there before you give the command again").Because(err)
}

// NotOpened says why a ledger could not be opened.
func NotOpened(dsn string, err error) error {
	if fault.CodeOf(err) == "ledger_in_the_clear" {
		return err
	}
	text := "the ledger database could not be opened: check that it exists and that the account that runs this may write it; nothing was changed"
	switch {
	case IsPostgreSQL(dsn):
		text = "the PostgreSQL that keeps the ledger does not answer, or refuses us: nothing was changed. Check that it runs, and that the address in ledger.dsn (or PURVEYOR_LEDGER) names the right machine, database, user and password; then try again"
	case damaged(err):
		text = "the ledger database is damaged, or no ledger: nothing was changed; restore it from a backup"
	default: // the driver hides why
		if why := disk.Try(filepath.Dir(File(dsn))); disk.Why(why) != "" {
			return disk.Refused(errors.Join(why, err), "the ledger database could not be opened", "nothing was changed")
		}
	}
	return fault.New(fault.Unavailable, "ledger_not_opened", "%s", text).Because(err)
}

// NotMigrated says why the schema of a ledger could not be brought up to date.
func NotMigrated(err error) error {
	why := "look at the log and try again"
	switch {
	case diskFull(err):
		why = "the disk is full: free space and try again"
	case sqliteCode(err)&0xff == sqlite3.SQLITE_READONLY:
		why = "the account that runs this may not write it"
	case damaged(err):
		why = "it is damaged: restore it from a backup"
	}
	return fault.New(fault.Unavailable, "ledger_not_migrated",
		"the ledger database could not be brought to this program's schema: the step that failed was undone; %s", why).Because(err)
}

// IsPostgreSQL says whether an address names a PostgreSQL.
func IsPostgreSQL(dsn string) bool {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return true
	}
	first, _, _ := strings.Cut(strings.TrimSpace(dsn), " ")
	key, _, found := strings.Cut(first, "=")
	return found && !strings.ContainsAny(key, `/\.:?`)
}

// File is the path of an SQLite ledger.
func File(dsn string) string { return strings.TrimPrefix(strings.TrimPrefix(dsn, "sqlite:"), "file:") }

// RequireVerifiedServer refuses a connection to another machine that is not encrypted, or whose other end proves nothing, unless that
// was chosen: left alone, the driver falls back to plain text without a word.
func RequireVerifiedServer(c *pgx.ConnConfig, chosen bool) error {
	ip := net.ParseIP(c.Host)
	if chosen || strings.HasPrefix(c.Host, "/") || c.Host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	if c.TLSConfig != nil && !c.TLSConfig.InsecureSkipVerify && len(c.Fallbacks) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "ledger_in_the_clear", "the ledger is on another machine, and nothing says that the way there is encrypted: it was not opened. "+
		"Add sslmode=verify-full (and sslrootcert=FILE) to its address, or the sslmode you mean when the network between is yours alone")
}
