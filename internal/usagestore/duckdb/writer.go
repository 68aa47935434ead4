package duckdb

import (
	"context"
	"fmt"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// writer takes the blocks of one load. It writes straight into the tables, over two connections: each is a connection with
// long transactions, whose full row groups DuckDB compresses into the file as they come. The second has the dictionaries
// and cells. Close commits the connection of facts and then, as the one deciding act, the connection of dictionaries together with the
// mark that the load is closed; until then readers pass over what was committed of it. More connections would not pay: one
// takes more rows a second than two cores can decode, and each would leave an unfilled row group that DuckDB rewrites
// later.
type writer struct {
	store      *Store
	load       uint32
	facts      connSlot
	dictionary connSlot

	done chan struct{} // closed when the load was closed or given up

	mu    sync.Mutex
	ended bool  // done is closed
	fault error // the first failure: nothing more is taken, the load can only be aborted
}

// connSlot holds the one connection of its kind while it is idle.
type connSlot chan *writeConn

// Begin starts a load under a number that was not used before; the fault for a used one is Conflict.
func (s *Store) Begin(ctx context.Context, load uint32) (usage.Writer, error) {
	w := &writer{store: s, load: load, facts: make(connSlot, 1), dictionary: make(connSlot, 1), done: make(chan struct{})}
	s.mu.Lock()
	_, open := s.writers[load]
	if !open {
		s.writers[load] = w
	}
	s.mu.Unlock()
	if open {
		return nil, used(load)
	}
	err := s.register(ctx, load)
	var facts, dictionary *writeConn
	if err == nil {
		facts, err = s.newWriteConn(ctx, load)
	}
	if err == nil {
		if dictionary, err = s.newWriteConn(ctx, load); err != nil {
			facts.close()
		}
	}
	if err != nil {
		w.forget()
		return nil, err
	}
	w.facts <- facts
	w.dictionary <- dictionary
	return w, nil
}

func used(load uint32) error {
	return fault.New(fault.Conflict, "load_used", "load number %d was used before; nothing was written: use another", load)
}

// register records the load as begun before anything of it is written, so that whatever is left of it can be found.
func (s *Store) register(ctx context.Context, load uint32) error {
	loads, err := s.Loads(ctx)
	if err != nil {
		return err
	}
	for _, n := range loads {
		if n == load {
			return used(load)
		}
	}
	return s.with(ctx, func(c *conn) error {
		return c.exec(ctx, fmt.Sprintf(`INSERT INTO loads VALUES (%d, false)`, load))
	})
}

// take waits for the connection to be idle and takes it; the error says why there is none.
func (w *writer) take(ctx context.Context, from connSlot) (*writeConn, error) {
	if err := w.usable(); err != nil {
		return nil, err
	}
	select {
	case l := <-from:
		if err := w.usable(); err != nil {
			from <- l
			return nil, err
		}
		return l, nil
	case <-w.done:
		return nil, w.usable()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *writer) usable() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return fault.New(fault.Conflict, "load_ended", "load %d was closed or aborted; nothing can be added to it", w.load)
	}
	return w.fault
}

// fail keeps the first failure; after one, some blocks may be there and others not.
func (w *writer) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil && w.fault == nil {
		w.fault = err
	}
	return err
}

// Append writes a block; several goroutines may append at the same time. After an error the load can only be aborted.
func (w *writer) Append(ctx context.Context, b *usage.Block) error {
	if len(b.Entries)+len(b.TagSets)+len(b.Variants) > 0 {
		if err := w.use(ctx, w.dictionary, func(l *writeConn) error { return l.putDictionary(ctx, b) }); err != nil {
			return err
		}
	}
	return w.use(ctx, w.facts, func(l *writeConn) error { return l.putRows(ctx, b) })
}

// use takes the connection, runs f with it and puts it back.
func (w *writer) use(ctx context.Context, from connSlot, f func(*writeConn) error) error {
	l, err := w.take(ctx, from)
	if err != nil {
		return err
	}
	defer func() { from <- l }()
	return w.fail(l.conn.interruptible(ctx, func() error { return f(l) }))
}

// exclusively commits the facts and runs f with the connection of dictionaries, while no other goroutine writes.
func (w *writer) exclusively(ctx context.Context, f func(*writeConn) error) error {
	facts, err := w.take(ctx, w.facts)
	if err != nil {
		return err
	}
	defer func() { w.facts <- facts }()
	dictionary, err := w.take(ctx, w.dictionary)
	if err != nil {
		return err
	}
	defer func() { w.dictionary <- dictionary }()
	if err := facts.commit(ctx); err != nil {
		return w.fail(err)
	}
	return w.fail(f(dictionary))
}

// PutCells stores the cells of the load's batches.
func (w *writer) PutCells(ctx context.Context, cells []usage.Cell) error {
	return w.use(ctx, w.dictionary, func(l *writeConn) error { return l.cells(catalog, "cells", cells) })
}

// Remove takes out the rows and wide literals of the given cells, and the cells themselves if they were put already.
// Entitlements are compared without regard to case.
func (w *writer) Remove(ctx context.Context, cells []usage.Cell) error {
	if len(cells) == 0 {
		return w.usable()
	}
	return w.exclusively(ctx, func(l *writeConn) error {
		if err := l.commit(ctx); err != nil {
			return err
		}
		if err := l.conn.exec(ctx, `CREATE OR REPLACE TEMP TABLE removed AS FROM cells LIMIT 0`); err != nil {
			return err
		}
		if err := l.cells("temp", "removed", cells); err != nil {
			return err
		}
		return l.commit(ctx, removal(w.load)...)
	})
}

// RemoveFiles takes out every row and wide literal read from the given files of the load.
func (w *writer) RemoveFiles(ctx context.Context, files []uint16) error {
	if len(files) == 0 {
		return w.usable()
	}
	list := make([]uint32, len(files))
	for i, f := range files {
		list[i] = uint32(f)
	}
	return w.exclusively(ctx, func(l *writeConn) error {
		if err := l.commit(ctx); err != nil {
			return err
		}
		return l.commit(ctx,
			fmt.Sprintf(`DELETE FROM facts WHERE load = %d AND file IN (%s)`, w.load, numbers(list)),
			fmt.Sprintf(`DELETE FROM wide WHERE load = %d AND file IN (%s)`, w.load, numbers(list)))
	})
}

// removal deletes what the temporary table removed names.
func removal(load uint32) []string {
	rows := `CREATE OR REPLACE TEMP TABLE removed_rows AS
		SELECT DISTINCT r.batch, r.day, e.number AS entry FROM removed r
		JOIN usage.entries e ON e.load = %[1]d AND lower(e.entitlement_id) = lower(r.entitlement)`
	return []string{
		fmt.Sprintf(rows, load),
		fmt.Sprintf(`DELETE FROM facts AS f USING removed_rows AS r
			WHERE f.load = %d AND f.batch = r.batch AND f.entry = r.entry AND f.day = r.day`, load),
		fmt.Sprintf(`DELETE FROM wide AS f USING removed_rows AS r
			WHERE f.load = %d AND f.batch = r.batch AND f.entry = r.entry AND f.day = r.day`, load),
		fmt.Sprintf(`DELETE FROM cells AS f USING removed AS r
			WHERE f.load = %d AND f.batch = r.batch AND lower(f.entitlement) = lower(r.entitlement) AND f.day = r.day`, load),
		`DROP TABLE temp.removed_rows`, `DROP TABLE temp.removed`,
	}
}

// Close makes the load durable and readable, in one commit; a load that failed cannot be closed.
func (w *writer) Close(ctx context.Context) error {
	err := w.exclusively(ctx, func(l *writeConn) error {
		return l.commit(ctx, fmt.Sprintf(`UPDATE loads SET closed = true WHERE number = %d`, w.load))
	})
	if err != nil {
		return err
	}
	w.release()
	return nil
}

// Abort gives the load up and removes what there is of it. Aborting what has ended changes nothing.
func (w *writer) Abort(ctx context.Context) error {
	w.mu.Lock()
	ended := w.ended
	w.mu.Unlock()
	if ended {
		return nil
	}
	w.release()
	return w.store.Drop(context.WithoutCancel(ctx), w.load)
}

// release ends the writer and its connections; what is not committed is undone. It waits for those still appending.
func (w *writer) release() {
	w.mu.Lock()
	ended := w.ended
	if !ended {
		w.ended = true
		close(w.done)
	}
	w.mu.Unlock()
	if ended {
		return
	}
	(<-w.facts).close()
	(<-w.dictionary).close()
	w.forget()
}

func (w *writer) forget() {
	w.store.mu.Lock()
	delete(w.store.writers, w.load)
	w.store.mu.Unlock()
}
