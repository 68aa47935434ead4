package duckdb

import (
	"context"
	"errors"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// engine is one opened DuckDB instance. The bindings are used directly, not through database/sql: millions of rows
// enter and leave as whole vectors, without a call or an allocation per value.
type engine struct{ db bindings.Database }

// openEngine starts an instance that holds nothing yet; settings are DuckDB's own names and values.
func openEngine(settings map[string]string) (*engine, error) {
	var config bindings.Config
	if bindings.CreateConfig(&config) == bindings.StateError {
		return nil, errors.New("duckdb: no configuration")
	}
	defer bindings.DestroyConfig(&config)
	for name, value := range settings {
		if bindings.SetConfig(config, name, value) == bindings.StateError {
			return nil, fault.New(fault.Invalid, "usage_store_setting", "the usage store does not accept %s = %s", name, value)
		}
	}
	e, problem := &engine{}, ""
	if bindings.OpenExt(":memory:", &e.db, config, &problem) == bindings.StateError {
		bindings.Close(&e.db)
		return nil, failure(problem)
	}
	return e, nil
}

func (e *engine) close() { bindings.Close(&e.db) }

// conn is one connection; one goroutine uses it at a time. Temporary tables live as long as it does.
type conn struct{ c bindings.Connection }

// connect opens a connection; it looks into memory until USE says otherwise.
func (e *engine) connect() (*conn, error) {
	c := &conn{}
	if bindings.Connect(e.db, &c.c) == bindings.StateError {
		return nil, errors.New("duckdb: no connection")
	}
	return c, nil
}

func (c *conn) close() { bindings.Disconnect(&c.c) }

// interruptible runs f; when ctx ends meanwhile, the statement that f runs is interrupted.
func (c *conn) interruptible(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		bindings.Interrupt(c.c)
		close(fired)
	})
	err := f()
	if !stop() {
		<-fired // the connection must outlive the interrupt
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// exec runs statements one after the other.
func (c *conn) exec(ctx context.Context, statements ...string) error {
	return c.interruptible(ctx, func() error {
		for _, s := range statements {
			if err := c.run(s); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *conn) run(sql string) error {
	var res bindings.Result
	defer bindings.DestroyResult(&res)
	if bindings.Query(c.c, sql, &res) == bindings.StateError {
		return failure(bindings.ResultError(&res))
	}
	return nil
}

// query runs one statement and returns its rows chunk by chunk, as DuckDB makes them: a slow reader holds DuckDB back
// instead of filling memory. A chunk is valid until each returns.
func (c *conn) query(ctx context.Context, sql string, each func(rows) error) error {
	return c.interruptible(ctx, func() error {
		var stmt bindings.PreparedStatement
		defer bindings.DestroyPrepare(&stmt)
		if bindings.Prepare(c.c, sql, &stmt) == bindings.StateError {
			return failure(bindings.PrepareError(stmt))
		}
		var res bindings.Result
		defer bindings.DestroyResult(&res)
		if bindings.ExecutePreparedStreaming(stmt, &res) == bindings.StateError {
			return failure(bindings.ResultError(&res))
		}
		for {
			if err := ctx.Err(); err != nil {
				return err
			}
			more, err := fetch(&res, each)
			if err != nil || !more {
				return err
			}
		}
	})
}

// fetch returns the next chunk, and says whether there was one.
func fetch(res *bindings.Result, each func(rows) error) (bool, error) {
	chunk := bindings.FetchChunk(*res)
	if chunk.Ptr == nil {
		if problem := bindings.ResultError(res); problem != "" {
			return false, failure(problem)
		}
		return false, nil
	}
	defer bindings.DestroyDataChunk(&chunk)
	n := int(bindings.DataChunkGetSize(chunk))
	if n == 0 {
		return false, nil
	}
	return true, each(rows{chunk, n})
}

// failures are what DuckDB reports, by a piece of its text, told to people by what they can do about it. The first that is
// found counts.
var failures = [...]struct{ piece, code, text string }{
	{"max_temp_directory_size", "usage_store_memory", "the usage store ran out of its memory limit and of room beside it; no partial data was kept: raise PURVEYOR_MEMORY or free disk space, and give the command again"},
	{"No space left on device", "disk_full", "the disk of the usage store is full; no partial data was kept, and what was sealed before is undamaged: free space and give the command again (a server has to be started again)"},
	{"File too large", "disk_full", "the usage store may not become larger; no partial data was kept, and what was sealed before is undamaged: raise the limit on the size of files (ulimit -f) and give the command again"},
	{"Out of Memory", "usage_store_memory", "the usage store ran out of its memory limit; no partial data was kept: raise the limit or free disk space"},
	{"could not allocate", "usage_store_memory", "the usage store ran out of its memory limit; no partial data was kept: raise the limit or free disk space"},
	{"has been invalidated", "usage_store_stopped", "the usage store stopped after an earlier failure; no partial data was kept: see to that failure (the log has it; mostly the disk was full), and start the server again"},
	{"lock on file", "usage_store_in_use", "another process has the usage store open; nothing was changed: stop it and try again"},
	{"Read-only file system", "read_only", "the disk of the usage store can only be read; nothing was changed: make it writable, or work on a copy"},
	{"read-only mode", "read_only", "the usage store can only be read here; nothing was changed: make the data directory writable, or work on a copy"},
	{"Permission denied", "no_permission", "the account that runs this may not open the usage store; nothing was changed: give it permission, or use the account that owns the data"},
}

// failure is what DuckDB reports, told to people by what they can do about it.
func failure(problem string) error {
	cause := errors.New("duckdb: " + problem)
	for _, f := range failures {
		if strings.Contains(problem, f.piece) {
			return fault.New(fault.Unavailable, f.code, "%s", f.text).Because(cause)
		}
	}
	return fault.New(fault.Internal, "usage_store_failed", "the usage store failed; no partial data was kept").Because(cause)
}
