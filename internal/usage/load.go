package usage

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Source is one thing to import from: a file, or standard input.
type Source struct {
	Name string
	Size int64 // bytes, 0 when unknown
	Open func() (io.ReadCloser, error)
}

// Progress is how far an import is. Bytes are as stored: of compressed files, compressed ones.
type Progress struct {
	File       string `json:"file"`
	Bytes      int64  `json:"bytes"`
	TotalBytes int64  `json:"total_bytes"`
	Rows       int64  `json:"rows"`
}

// loading is one load while it is read: what its workers share.
type loading struct {
	service  *Service
	number   uint32
	writer   Writer
	entries  *dictionary
	variants *dictionary
	tags     *dictionary
	files    []*sourceFile

	mu      sync.Mutex
	batches map[Slot]uint32
	slots   map[uint32]Slot
	next    uint32
	limit   uint32

	rows     atomic.Int64
	bytes    atomic.Int64
	total    int64
	progress func(Progress)
}

func (l *loading) parseDay(b []byte) (period.Date, bool) { return l.service.ParseDay(b) }
func (l *loading) columnName(c Column) string            { return l.service.ColumnName(c) }

// maxSlots is how many batches one command may make: a partner has one a month, currency and invoice.
const maxSlots = 512

func (l *loading) batch(s Slot) (uint32, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n, ok := l.batches[s]; ok {
		return n, nil
	}
	if l.next == l.limit {
		return 0, fault.New(fault.Invalid, "too_many_slots",
			"the files hold more than %d different months, currencies and invoices; nothing was imported. Import them in parts", maxSlots)
	}
	n := l.next
	l.next++
	l.batches[s], l.slots[n] = n, s
	return n, nil
}

// read reads one file through: blocks are cut by one goroutine, decoded by as many as there are processors, and
// archived on the way. A file that fails is noted and leaves nothing; only what fails everything is returned.
func (l *loading) read(ctx context.Context, f *sourceFile, src Source, want Dataset) error {
	in, err := src.Open()
	if err != nil {
		f.failed = fault.New(fault.Invalid, "unreadable", "%s: cannot be opened: %v", src.Name, rootCause(err))
		return nil
	}
	defer in.Close()
	dec, dataset, err := l.service.Format(src.Name, want, &counted{in, l, src.Name})
	if err != nil {
		f.failed = err
		return nil
	}
	f.Dataset = dataset
	archive, err := l.service.Files.NewArchive()
	if err != nil {
		return err
	}
	defer archive.Abort()
	if err := l.blocks(ctx, f, dec, archive); err != nil {
		return err
	}
	f.problems = append(f.problems, dec.Warnings()...)
	if f.failed != nil {
		return nil
	}
	f.Archive, f.Digest, err = archive.Close()
	return err
}

func rootCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// counted counts what is read of a source, for progress.
type counted struct {
	io.Reader
	l    *loading
	name string
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	done := c.l.bytes.Add(int64(n))
	if c.l.progress != nil {
		c.l.progress(Progress{File: c.name, Bytes: done, TotalBytes: c.l.total, Rows: c.l.rows.Load()})
	}
	return n, err
}

// Archiver keeps a source as it was read, block by block.
type Archiver interface {
	Add(text []byte, firstLine, lines int64) error
	Close() (archive, original string, err error)
	Abort()
}

func (l *loading) blocks(ctx context.Context, f *sourceFile, dec Decoder, archive Archiver) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	queue, full := make(chan RawBlock, 2), make(chan Block, 2)
	var workers, writers sync.WaitGroup
	var serious error // the store's or the ledger's, not the file's
	var once sync.Once
	fail := func(err error) { once.Do(func() { serious = err; stop() }) }
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() { l.work(ctx, f, queue, full, fail) })
	}
	writers.Go(func() {
		for b := range full {
			if err := l.writer.Append(ctx, &b); err != nil {
				fail(err)
			}
		}
	})
	for ctx.Err() == nil {
		b, err := dec.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			f.fail(err)
			break
		}
		f.Bytes += int64(len(b.Bytes()))
		select {
		case queue <- b:
		case <-ctx.Done():
		}
		if err := archive.Add(b.Bytes(), b.FirstLine(), b.Lines()); err != nil {
			fail(err)
		}
	}
	close(queue)
	workers.Wait()
	close(full)
	writers.Wait()
	if serious == nil && f.failed == nil {
		return ctx.Err()
	}
	return serious
}

func (f *sourceFile) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed == nil {
		f.failed = err
	}
}

// work decodes blocks until there are none.
func (l *loading) work(ctx context.Context, f *sourceFile, queue <-chan RawBlock, full chan<- Block, fail func(error)) {
	w := newWorker(l, f)
	for b := range queue {
		if ctx.Err() != nil {
			continue
		}
		rows, lines, err := w.decode(b)
		l.rows.Add(rows)
		f.mu.Lock()
		f.in += rows
		f.lines = append(f.lines, lines...)
		f.mu.Unlock()
		if err != nil {
			f.fail(err)
		}
		select {
		case full <- w.block:
		case <-ctx.Done():
		}
		w.block = Block{Facts: make([]Fact, 0, len(w.block.Facts))}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range w.spots {
		f.cells.add(s)
	}
}

func (w *worker) decode(b RawBlock) (rows int64, lines []StatementLine, err error) {
	if w.file.Dataset == Reconciliation {
		err = b.Statement(func(l *StatementLine) error {
			rows++
			lines = append(lines, *l)
			return nil
		})
		return rows, lines, err
	}
	err = b.Rows(func(r *Row) error {
		rows++
		return w.row(r)
	})
	return rows, nil, err
}
