package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Options bound what the store uses. MemoryLimit is in DuckDB's notation ("2GB", the default); Threads is at least 1,
// and 0 means 2. Beyond the limit the engine spills to the folder path + ".tmp".
type Options struct {
	MemoryLimit string
	Threads     int
	ReadOnly    bool // the file, which must be there, is not changed, and what spills goes to the folder of temporary files
}

// catalog is the name under which the file is attached.
const catalog = "usage"

// Store is a usage.RowStore in one DuckDB file.
type Store struct {
	engine  *engine
	threads int
	spill   string   // what is removed at the end; "" when it stands beside the file
	views   []string // made by each session of a store of an earlier version that is not written

	mu      sync.Mutex
	writers map[uint32]*writer // loads that are being written
	dropped map[uint32]int
}

var _ usage.RowStore = (*Store)(nil)

// Open opens the file at path, making it if it is not there and may be written. A file of an earlier schema is brought up
// to this build's, or where it may not be written read as if it were. While another process has it open, the fault is
// Unavailable; for a schema that only a newer build knows it is Conflict.
func Open(path string, opts Options) (*Store, error) {
	spill, own, err := spillTo(path, opts)
	if err != nil {
		return nil, err
	}
	if opts.MemoryLimit == "" {
		opts.MemoryLimit = "2GB"
	}
	if opts.Threads < 1 {
		opts.Threads = 2
	}
	if n := bindings.VectorSize(); n != chunkRows {
		return nil, fault.New(fault.Internal, "usage_store_failed", "this DuckDB works on vectors of %d rows, not %d", n, chunkRows)
	}
	e, err := openEngine(map[string]string{
		"memory_limit":                 opts.MemoryLimit,
		"temp_directory":               spill,
		"threads":                      strconv.Itoa(opts.Threads),
		"preserve_insertion_order":     "false",
		"autoinstall_known_extensions": "false",
		"autoload_known_extensions":    "false",
	})
	if err != nil {
		return nil, err
	}
	s := &Store{engine: e, threads: opts.Threads, spill: own, writers: map[uint32]*writer{}, dropped: map[uint32]int{}}
	if err := s.open(path, opts.ReadOnly); err != nil {
		e.close()
		return nil, errors.Join(err, s.removeSpill())
	}
	return s, nil
}

func (s *Store) open(path string, readOnly bool) error {
	c, err := s.engine.connect()
	if err != nil {
		return err
	}
	defer c.close()
	if readOnly {
		return s.attachToRead(context.Background(), c, path)
	}
	return s.attach(context.Background(), c, path)
}

// spillTo is the folder for what does not fit into memory: beside the file, or, where nothing may be written, one of
// its own, which is removed at the end.
func spillTo(path string, opts Options) (spill, own string, err error) {
	if !opts.ReadOnly {
		return path + ".tmp", "", nil
	}
	own, err = os.MkdirTemp("", "purveyor-usage-")
	return own, own, disk.Refused(err, "the folder of temporary files cannot be written", "nothing was done")
}

func (s *Store) removeSpill() error {
	if s.spill == "" {
		return nil
	}
	return os.RemoveAll(s.spill)
}

func literal(path string) string { return "'" + strings.ReplaceAll(path, "'", "''") + "'" }

// attachToRead opens the file within the engine without changing anything.
func (s *Store) attachToRead(ctx context.Context, c *conn, path string) error {
	if err := c.exec(ctx, `ATTACH `+literal(path)+` AS `+catalog+` (READ_ONLY)`); err != nil {
		return err
	}
	version, err := c.knownVersion(ctx)
	if err != nil || version == schemaVersion {
		return err
	}
	s.views, err = c.completed(ctx)
	return err
}

// attach opens the file within the engine and brings its tables up to this build's. Once the file's lock is ours, what
// an ended process spilled is removed.
func (s *Store) attach(ctx context.Context, c *conn, path string) error {
	if err := c.exec(ctx, `ATTACH `+literal(path)+` AS `+catalog+` (STORAGE_VERSION 'latest')`); err != nil {
		return err
	}
	version, err := c.knownVersion(ctx)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(path + ".tmp"); err != nil {
		return fault.New(fault.Unavailable, "usage_store_failed", "temporary files of an earlier run cannot be removed: delete %s.tmp", path).Because(err)
	}
	if err := c.exec(ctx, `USE `+catalog); err != nil {
		return err
	}
	return c.migrate(ctx, version)
}

// Close writes everything into the file and closes it. Loads not yet closed are given up.
func (s *Store) Close() error {
	s.mu.Lock()
	open := s.writers
	s.writers = map[uint32]*writer{}
	s.mu.Unlock()
	for _, w := range open {
		w.release()
	}
	last := []string{`CHECKPOINT ` + catalog, `USE memory`, `DETACH ` + catalog}
	if s.spill != "" { // nothing was written
		last = last[1:]
	}
	c, err := s.session(context.Background())
	if err == nil {
		err = c.exec(context.Background(), last...)
		c.close()
	}
	s.engine.close()
	return errors.Join(err, s.removeSpill())
}

// session is a connection that looks into the file.
func (s *Store) session(ctx context.Context) (*conn, error) {
	c, err := s.engine.connect()
	if err != nil {
		return nil, err
	}
	if err := c.exec(ctx, append([]string{`USE ` + catalog}, s.views...)...); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// with runs f in a session of its own.
func (s *Store) with(ctx context.Context, f func(*conn) error) error {
	c, err := s.session(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	return f(c)
}

// transaction runs f and commits, or undoes what f did.
func (c *conn) transaction(ctx context.Context, f func() error) error {
	if err := c.exec(ctx, `BEGIN`); err != nil {
		return err
	}
	err := f()
	if err == nil {
		err = c.exec(ctx, `COMMIT`)
	}
	if err != nil {
		_ = c.exec(context.WithoutCancel(ctx), `ROLLBACK`) // after a failed commit there is nothing to undo
	}
	return err
}

// Loads lists the loads that left anything in the store, finished or not, ascending.
func (s *Store) Loads(ctx context.Context) (out []uint32, err error) {
	err = s.with(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT number FROM loads ORDER BY number`, func(r rows) error {
			out = append(out, column[uint32](r, 0)...)
			return nil
		})
	})
	return out, err
}

// Counted counts the rows of each batch of the loads that were closed, whatever the ledger knows of them.
func (s *Store) Counted(ctx context.Context) (map[usage.BatchRef]int64, error) {
	out := map[usage.BatchRef]int64{}
	err := s.with(ctx, func(c *conn) error {
		return c.query(ctx, `SELECT load, batch, CAST(count(*) AS BIGINT) FROM facts
			WHERE load IN (SELECT number FROM loads WHERE closed) GROUP BY load, batch`, func(r rows) error {
			load, batch, n := column[uint32](r, 0), column[uint32](r, 1), column[int64](r, 2)
			for i := range r.n {
				out[usage.BatchRef{Load: load[i], Batch: batch[i]}] = n[i]
			}
			return nil
		})
	})
	return out, err
}

// Drop removes the given batches, or without any the whole load. Dropping twice is dropping once. A load that is
// being written cannot be dropped (Conflict): abort it.
func (s *Store) Drop(ctx context.Context, load uint32, batches ...uint32) error {
	s.mu.Lock()
	_, open := s.writers[load]
	s.mu.Unlock()
	if open {
		return fault.New(fault.Conflict, "load_open", "load %d is being written; nothing was removed: abort it first", load)
	}
	where := fmt.Sprintf(` WHERE load = %d`, load)
	var todo []string
	if len(batches) > 0 {
		where += ` AND batch IN (` + numbers(batches) + `)`
		for _, t := range tables[:3] {
			todo = append(todo, `DELETE FROM `+t+where)
		}
	} else {
		for _, t := range tables {
			todo = append(todo, `DELETE FROM `+t+where)
		}
		todo = append(todo, fmt.Sprintf(`DELETE FROM loads WHERE number = %d`, load))
	}
	defer func() {
		s.mu.Lock()
		s.dropped[load]++
		s.mu.Unlock()
	}()
	return s.with(ctx, func(c *conn) error {
		return c.transaction(ctx, func() error { return c.exec(ctx, todo...) })
	})
}

// Dropped is how often something of a load was dropped since the store was opened: what was read before may be gone.
func (s *Store) Dropped(load uint32) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped[load]
}

// numbers lists numbers for a statement.
func numbers(list []uint32) string {
	var b strings.Builder
	for i, n := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatUint(uint64(n), 10))
	}
	return b.String()
}
