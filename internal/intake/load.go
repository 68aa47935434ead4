package intake

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake/plausible"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// Source is one thing to import from: a file, or standard input.
type Source struct {
	Name string
	Size int64 // bytes, 0 when unknown
	Open func() (io.ReadCloser, error)

	dataset usage.Dataset // what it holds, when that is known
	reading int           // version of the rules to read it by; 0 means those of today
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
	writer   usage.Writer
	entries  *star.Dictionary
	variants *star.Dictionary
	tags     *star.Dictionary
	files    []*sourceFile

	mu      sync.Mutex
	batches map[usage.Slot]uint32
	names   map[string]string // of entitlements, by their id in lower case
	slots   map[uint32]usage.Slot
	next    uint32
	limit   uint32

	spare   sync.Pool // of *Block
	repeats sync.Pool // of *repeats

	scope  scope.Scope  // of who imports
	open   []aside.Item // what earlier files brought that does not count
	closed []aside.Item // what of that was written off
	wanted *wanted      // the rows of it, to be found again; nil when a load is made again

	answering *answering  // rows kept aside that are taken as printed; nil of files
	printed   printedRows // rows of earlier files that count as printed

	archive func(*sourceFile) (Archiver, error)
	without map[uint16]map[int64]bool // lines of files that are passed over

	seen     hashSet                   // rows of the files read so far, where there are several
	overlaps bool                      // a file has a row that another one has, and more
	once     map[uint16]map[int64]bool // lines that stand in another file too, and count there

	rows     atomic.Int64
	bytes    atomic.Int64
	total    int64
	progress func(Progress)
	note     string // a remark about the load as a whole
}

func (l *loading) columnName(c usage.Column) string { return l.service.ColumnName(c) }

// maxSlots is how many batches one command may make: a partner has one a month, currency and invoice.
const maxSlots = 512

func (l *loading) batch(s usage.Slot) (uint32, error) {
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
func (l *loading) read(ctx context.Context, f *sourceFile, src Source, want usage.Dataset) error {
	in, err := src.Open()
	if err != nil {
		f.failed = fault.New(fault.Invalid, "unreadable", "%s: cannot be opened: %v", src.Name, rootCause(err))
		return nil
	}
	defer in.Close()
	dec, dataset, err := l.service.Format(src.Name, want, f.ReadBy(), &counted{in, l, src.Name})
	if err != nil {
		f.failed = err
		return nil
	}
	f.Dataset = dataset
	if list, ok := dec.(Lister); ok && dataset == usage.Manifest {
		f.blobs = list.Blobs()
	}
	for _, lines := range [...]map[int64]bool{l.without[f.number], l.once[f.number]} {
		if len(lines) > 0 {
			dec = skippingDecoder{dec, lines}
		}
	}
	archive, err := l.archive(f)
	if err != nil {
		return err
	}
	defer archive.Abort()
	if head := dec.Head(); len(head) > 0 {
		if err := archive.Add(head, 1, 1, nil); err != nil {
			return err
		}
	}
	if err := l.blocks(ctx, f, dec, archive); err != nil {
		return err
	}
	if p, ok := dec.(Pager); ok {
		f.pages = p.Pages()
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
	// Add keeps a block. Repeats are rows of it, in their order; they need not be all.
	Add(text []byte, firstLine, lines int64, repeats []Repeat) error
	Close() (archive, original string, err error)
	Abort()
}

// Repeat is a row whose runs hold what rows of one kind hold at the same place. Place is a note of the archive's, the
// same for all of them and 0 before the first.
type Repeat struct {
	Place *uint32
	Runs  []Run
}

// inFlight is a block that is decoded and archived.
type inFlight struct {
	RawBlock
	users   atomic.Int32
	decoded chan struct{} // closed when repeats are known
	repeats *repeats
}

// repeats are those of a block, with room for their runs.
type repeats struct {
	list []Repeat
	runs []Run
}

func (r *repeats) add(c *common, runs []Run) {
	from := len(r.runs)
	r.runs = append(r.runs, runs...)
	r.list = append(r.list, Repeat{&c.place, r.runs[from:len(r.runs):len(r.runs)]})
}

func (b *inFlight) done() {
	if b.users.Add(-1) == 0 {
		b.Release()
	}
}

// Blocks wait between the goroutines of an import: a few of text, and as many of rows as keep decoding going while the
// store compresses what it has.
const (
	rawBlocks, rowBlocks = 4, 16
	rowsAtOnce           = 8192
)

func (l *loading) blocks(ctx context.Context, f *sourceFile, dec Decoder, archive Archiver) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	queue, kept, full := make(chan *inFlight, rawBlocks), make(chan *inFlight, rawBlocks), make(chan *usage.Block, rowBlocks)
	var workers, others sync.WaitGroup
	var serious error // the store's or the ledger's, not the file's
	var once sync.Once
	fail := func(err error) { once.Do(func() { serious = err; stop() }) }
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() { l.work(ctx, f, queue, full) })
	}
	others.Go(func() {
		for b := range full {
			if err := l.writer.Append(ctx, b); err != nil {
				fail(err)
			}
			l.reuse(b)
		}
	})
	others.Go(func() {
		for b := range kept {
			<-b.decoded
			err := l.service.Room() // of the usage store too, whose rows come from the same block
			if err == nil {
				err = archive.Add(b.Bytes(), b.FirstLine(), b.Lines(), b.repeats.list)
			}
			if err != nil {
				fail(err)
			}
			*b.repeats = repeats{b.repeats.list[:0], b.repeats.runs[:0]}
			l.repeats.Put(b.repeats)
			b.done()
		}
	})
	l.cut(ctx, f, dec, queue, kept)
	close(queue)
	close(kept)
	workers.Wait()
	close(full)
	others.Wait()
	if serious == nil && f.failed == nil {
		return ctx.Err()
	}
	return serious
}

// cut hands the blocks of a file to those who decode and to the one who keeps them.
func (l *loading) cut(ctx context.Context, f *sourceFile, dec Decoder, queue, kept chan<- *inFlight) {
	for ctx.Err() == nil {
		raw, err := dec.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			f.fail(err)
			return
		}
		f.Bytes += int64(len(raw.Bytes()))
		b := &inFlight{RawBlock: raw, decoded: make(chan struct{})}
		if b.repeats, _ = l.repeats.Get().(*repeats); b.repeats == nil {
			b.repeats = &repeats{}
		}
		b.users.Store(2)
		queue <- b
		kept <- b
	}
}

func (f *sourceFile) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed == nil {
		f.failed = err
	}
}

// work decodes blocks until there are none.
func (l *loading) work(ctx context.Context, f *sourceFile, queue <-chan *inFlight, full chan<- *usage.Block) {
	w := newWorker(l, f)
	for b := range queue {
		if ctx.Err() == nil {
			w.repeats = b.repeats
			rows, lines, err := w.decode(b)
			l.rows.Add(rows)
			f.mu.Lock()
			f.in += rows
			f.lines = append(f.lines, lines...)
			f.mu.Unlock()
			if err != nil {
				f.fail(err)
			}
		}
		close(b.decoded)
		b.done()
		if len(w.block.Facts) >= rowsAtOnce || len(w.block.Entries) >= rowsAtOnce/8 {
			full <- w.block
			w.block = l.empty()
		}
	}
	full <- w.block
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range w.allCells {
		f.cells.Add(s)
	}
	f.order.Merge(w.order)
}

// empty is a block without rows, with room for some.
func (l *loading) empty() *usage.Block {
	if b, ok := l.spare.Get().(*usage.Block); ok {
		return b
	}
	return &usage.Block{Facts: make([]usage.Fact, 0, rowsAtOnce+rowsAtOnce/4)}
}

// reuse keeps the room of a block that was written; its texts are let go.
func (l *loading) reuse(b *usage.Block) {
	clear(b.Entries)
	clear(b.TagSets)
	clear(b.Variants)
	clear(b.Wide)
	*b = usage.Block{Entries: b.Entries[:0], TagSets: b.TagSets[:0], Variants: b.Variants[:0], Facts: b.Facts[:0], Wide: b.Wide[:0]}
	l.spare.Put(b)
}

func (w *worker) decode(b RawBlock) (rows int64, lines []usage.StatementLine, err error) {
	if w.file.Dataset == usage.Reconciliation {
		err = b.Statement(func(l *usage.StatementLine, bad *usage.Problem) error {
			rows++
			if bad != nil && !w.lineAsPrinted(l, bad) {
				return nil
			}
			for _, d := range plausible.DamagedLine(l) {
				w.file.warn(d.Code, d.Column, d.Reason, l.Line, l.Subtotal)
			}
			lines = append(lines, l.As(w.reading))
			return nil
		})
		return rows, lines, err
	}
	err = b.Rows(func(r *Row) error {
		rows++
		return w.row(r)
	})
	w.file.seen.add(w.seenRows, func(row int) {
		w.warn("duplicate_rows", usage.BillingPreTaxTotal, "identical rows in one file; all of them count", &w.block.Facts[row])
	})
	w.seenRows = w.seenRows[:0]
	return rows, nil, err
}

// lineAsPrinted says whether a line of which something cannot be read counts as printed; if not, it is kept aside.
func (w *worker) lineAsPrinted(l *usage.StatementLine, bad *usage.Problem) bool {
	row := w.lineAside(l, bad)
	x := w.file.waives(&row, w.load.printed)
	if x == nil {
		w.file.quarantine(*bad, row)
		return false
	}
	x.codes = []string{bad.Code}
	w.file.take(x)
	return true
}
