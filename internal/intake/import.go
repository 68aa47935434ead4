package intake

import (
	"cmp"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/consistency"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// Service imports the provider's files.
type Service struct {
	DB     tx.DB
	Store  usage.Store
	Rows   consistency.Rows
	Files  Archives
	Access access.Guard
	Events event.Log
	Now    func() time.Time // business clock

	// What a provider's files look like: how they are opened, how their days read, what their columns are called. Rules
	// for reading have versions: usage.Reading.
	Format     Format
	ParseDay   func(reading int, text []byte) (period.Date, bool)
	ColumnName func(usage.Column) string
	Reading    int // version of the rules by which new files are read; 0 means usage.Reading

	// Preview says what a seal would do to months that are issued. A seal that only supersedes is a withdrawal. The
	// batches of a seal can be read in the usage store, and are not sealed.
	Preview func(context.Context, usage.Seal) (any, error)

	Room func() error      // an error when the disk is nearly full
	Warn func(text string) // receives warnings for the operator at the start

	settling  sync.Mutex
	comparing sync.Mutex
	compared  bool // the usage store has what the ledger sealed
}

// Archives is where sources are kept, and how loads are made of them.
type Archives interface {
	NewArchive() (Archiver, error)
	// Original writes a kept source as it was read, uncompressed.
	Original(w io.Writer, archive string) error
	Put(ctx context.Context, r io.Reader) (digest string, size int64, err error)
	Get(digest string) (io.ReadCloser, error)
	// Verify is a fault when what is kept under a digest is not there, or not whole.
	Verify(digest string) error
}

// Request is one import command.
type Request struct {
	Sources   []Source
	Dataset   usage.Dataset // empty: each file's header decides
	Period    period.Month  // of reconciliation lines whose invoice no imported rows name
	Complete  bool          // the billed rows are all of their period
	Add       bool          // rows that differ from sealed ones come on top
	Supersede bool          // rows that differ from sealed ones replace them
	DryRun    bool          // say what would come of it, and seal nothing
	Progress  func(Progress)

	answering *answering // rows kept aside that these are, to be taken as printed; nil of files
}

// Import reads sources into one load and seals its batches in one ledger transaction. A file that cannot be read is
// refused whole and the others count; rows that cannot be counted are kept aside. It is a Conflict when billed rows
// differ from sealed ones of the same slot, and then nothing is imported. The load says where every row went.
func (v *Service) Import(ctx context.Context, req Request) (usage.Load, error) {
	grant, err := v.Access.Require(ctx, access.UsageImport)
	if err != nil {
		return usage.Load{}, err
	}
	passed, err := v.compareOnce(ctx, grant.Scope)
	if err != nil {
		return usage.Load{}, err
	}
	load, once, err := v.importOnce(ctx, grant, req, passed, nil)
	if err == nil && once != nil { // rows that stand in two files count in one of them: read again, without the others
		req.Sources = once.sources
		load, _, err = v.importOnce(ctx, grant, req, passed, once.lines)
	}
	return load, err
}

func (v *Service) importOnce(ctx context.Context, grant access.Grant, req Request, passed consistency.Comparison, once map[uint16]map[int64]bool) (usage.Load, *countOnce, error) {
	l, err := v.begin(ctx, grant, req, passed)
	if err != nil {
		return usage.Load{}, nil, err
	}
	l.once, l.answering = once, req.answering
	if err := v.openAsides(ctx, l); err != nil {
		return usage.Load{}, nil, errors.Join(err, l.writer.Abort(context.WithoutCancel(ctx)))
	}
	if err := l.readAll(ctx, req); err != nil {
		return usage.Load{}, nil, errors.Join(err, l.writer.Abort(context.WithoutCancel(ctx)))
	}
	if req.answering != nil {
		if err := l.allPrinted(req.answering.items); err != nil {
			return usage.Load{}, nil, errors.Join(err, l.writer.Abort(context.WithoutCancel(ctx)))
		}
	}
	v.settling.Lock() // what is compared with what is sealed must still hold when it is sealed
	defer v.settling.Unlock()
	s, err := l.settle(ctx, grant, req)
	if err != nil {
		return usage.Load{}, nil, errors.Join(err, l.writer.Abort(context.WithoutCancel(ctx)))
	}
	if err := s.close(ctx); err != nil {
		return usage.Load{}, nil, err
	}
	if req.answering != nil {
		if err := s.notCounted(ctx); err != nil {
			return usage.Load{}, nil, errors.Join(err, v.Rows.Drop(context.WithoutCancel(ctx), l.number))
		}
	}
	again, err := s.decideRepeats(ctx)
	if err == nil && again == nil {
		err = s.repeatsInvoice(ctx)
	}
	if again != nil && err == nil {
		return usage.Load{}, again, v.Rows.Drop(context.WithoutCancel(ctx), l.number)
	}
	if err == nil {
		err = s.control(ctx)
	}
	if err == nil {
		err = s.reportSuperseded(ctx)
	}
	if err == nil && req.DryRun {
		load, err := s.preview(ctx)
		return load, nil, err
	}
	if err == nil {
		err = s.keepRebuildManifest(ctx)
	}
	if err != nil {
		return usage.Load{}, nil, errors.Join(err, v.Rows.Drop(context.WithoutCancel(ctx), l.number))
	}
	s.finish()
	return s.out.Load, nil, v.DB.Do(ctx, s.write)
}

// preview says what the load would come to, and drops it.
func (s *sealing) preview(ctx context.Context) (_ usage.Load, err error) {
	s.finish()
	s.out.Load.DryRun = true
	s.out.Load.Effects, err = s.service.effects(ctx, s.out)
	return s.out.Load, errors.Join(err, s.service.Rows.Drop(context.WithoutCancel(ctx), s.number))
}

func (v *Service) begin(ctx context.Context, grant access.Grant, req Request, passed consistency.Comparison) (*loading, error) {
	if len(req.Sources) == 0 {
		return nil, fault.New(fault.Invalid, "no_files", "no file was named; nothing was imported")
	}
	l := &loading{
		service: v, scope: grant.Scope, entries: &star.Dictionary{}, variants: &star.Dictionary{}, tags: &star.Dictionary{},
		batches: map[usage.Slot]uint32{}, slots: map[uint32]usage.Slot{}, progress: req.Progress,
		archive: func(*sourceFile) (Archiver, error) { return v.Files.NewArchive() }, note: passed.Note(),
	}
	err := v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) (err error) {
		l.number, l.next = 0, 0
		for err == nil && (l.number <= passed.LastUnknown.Load || l.next <= passed.LastUnknown.Batch) {
			l.number, l.next, err = v.Store.NextNumbers(ctx, t, maxSlots)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	l.limit = l.next + maxSlots
	for i, s := range req.Sources {
		l.total += s.Size
		f := &sourceFile{name: s.Name, number: uint16(i + 1), cells: star.Cells{}}
		f.Name, f.Number, f.Reading = s.Name, f.number, cmp.Or(s.reading, v.today())
		l.files = append(l.files, f)
	}
	l.writer, err = v.Rows.Begin(ctx, l.number)
	return l, err
}

// readAll reads every file, and takes out again what came of those that failed or repeat another.
func (l *loading) readAll(ctx context.Context, req Request) error {
	seen := map[string]bool{}
	var without []uint16
	for i := range l.files {
		if err := l.read(ctx, l.files[i], req.Sources[i], cmp.Or(req.Sources[i].dataset, req.Dataset)); err != nil {
			return err
		}
		if err := l.asBefore(ctx, i); err != nil {
			return err
		}
		f := l.files[i]
		if f.failed == nil && f.ReadBy() >= 2 && f.order.Misread() && req.answering == nil {
			f.failed = fault.New(fault.Invalid, dayMonthDates,
				"%s: its dates stand with the day before the month (13/09/2026), as spreadsheets of some countries write them, and read as the provider writes them they would be days of other months; nothing of the file was kept. Download it again and import it without opening it in a spreadsheet, or write dates as 2026-09-13", f.name)
		}
		if f.failed == nil && f.mostlyUnreadable() {
			f.failed = fault.New(fault.Invalid, "mostly_unreadable",
				"%s: %d of %d rows cannot be counted, so the file is refused; the first: line %d, %s", f.name, f.aside, f.in, f.problems[0].Line, f.problems[0].Reason)
		}
		if f.failed == nil && f.in > f.aside && len(l.files) > 1 {
			same := f.content()
			f.repeats = seen[same] || seen[f.Digest]
			seen[same], seen[f.Digest] = true, true
		}
		switch passed := int64(len(l.once[f.number])); {
		case f.repeats:
			f.skip(repeatedFile, f.in-f.aside)
			f.worth = l.worthOf(f)
		case passed > 0 && f.failed == nil:
			f.in += passed
			f.skip(repeatedRows, passed)
		}
		if f.counts() && len(l.files) > 1 {
			l.overlaps = l.seen.merge(&f.seen) || l.overlaps
			f.seen = hashSet{}
		}
		if !f.counts() {
			without = append(without, f.number)
		}
	}
	l.partial()
	return l.writer.RemoveFiles(ctx, without)
}

// content is the digest of the rows of a file, whatever their order and the file's format.
func (f *sourceFile) content() string {
	if f.Dataset == usage.Reconciliation {
		all := make([]string, len(f.lines))
		for i := range f.lines {
			all[i] = usage.Content(f.lines[i])
		}
		return star.LinesDigest(all)
	}
	return star.CellsDigest(f.cells.List())
}

// settle says what the ledger must record of what was read.
func (l *loading) settle(ctx context.Context, grant access.Grant, req Request) (*sealing, error) {
	s := &sealing{loading: l, req: req, grant: grant, old: map[string]bool{}, sums: star.Cells{}, touched: map[uint32]bool{}, at: l.service.Now()}
	for _, f := range l.files {
		if f.counts() {
			s.sums.Merge(f.cells)
		}
	}
	for k := range s.sums {
		s.touched[k.Batch] = true
	}
	if err := s.readConcerned(ctx); err != nil {
		return nil, err
	}
	return s, s.seal(ctx)
}
