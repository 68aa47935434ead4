package runs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Source is the usage store that is read from.
type Source interface {
	// SortedRows yields the rows of a batch in the order of entry, tag set, variant and day, after begin was told how many
	// there are and the first of their days. Of a load that is not closed there are none, and closed is false.
	SortedRows(ctx context.Context, b usage.BatchRef, begin func(rows int64, first period.Date) error, yield func(*rating.Rows) error) (closed bool, err error)
	Texts(ctx context.Context, s scope.Scope, load uint32, columns []usage.Column, yield func(numbers []uint32, texts [][]string) error) error
	Variants(ctx context.Context, s scope.Scope, load uint32) ([]usage.VariantRecord, error)
	TagSets(ctx context.Context, s scope.Scope, load uint32, yield func(usage.TagSetRecord) error) error
	Wide(ctx context.Context, s scope.Scope, batches []uint32) ([]usage.WideValue, error)
	// Dropped is how often something of a load was dropped: what was read before is forgotten then.
	Dropped(load uint32) int
}

// Store keeps batches of a Source, of those looked at last as many as fit. It may be used by several goroutines.
type Store struct {
	source   Source
	maxBytes int64 // bytes

	mu       sync.Mutex
	loads    map[uint32]*load
	uses     int64
	rejected map[string]bool // lists of batches that do not fit together
}

var _ rating.RunStore = (*Store)(nil)

// New keeps at most so many bytes.
func New(source Source, most int64) *Store {
	return &Store{source: source, maxBytes: most, loads: map[uint32]*load{}, rejected: map[string]bool{}}
}

// load is what is kept of one load: the dictionary that its batches share, and those of its batches that were asked for.
type load struct {
	number   uint32
	dropped  int   // how often something of it had been dropped before it was read
	lastUsed int64 // when it was looked at last; of the Store

	bytes   atomic.Int64
	mu      sync.Mutex   // of what follows
	notKept map[any]bool // batches, columns and other parts that do not fit, or have a form that is not kept
	batches map[uint32]*batch
	dictionary
}

// errNotKept says that something cannot be kept; the question is then for the usage store.
var errNotKept = errors.New("runs: this is not kept")

// maxRejected is how many lists of batches are remembered not to fit.
const maxRejected = 100

// reject remembers that batches do not fit together.
func (v *Store) reject(batches []usage.BatchRef) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.rejected) == maxRejected {
		clear(v.rejected)
	}
	v.rejected[fmt.Sprint(batches)] = true
}

// loadsOf is the loads of batches, and marks them as looked at; false when it is known that they do not fit.
func (v *Store) loadsOf(batches []usage.BatchRef) (map[uint32]*load, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.rejected[fmt.Sprint(batches)] {
		return nil, false
	}
	v.uses++
	held := map[uint32]*load{}
	for _, b := range batches {
		l := v.loads[b.Load]
		if dropped := v.source.Dropped(b.Load); l == nil || l.dropped != dropped {
			l = &load{number: b.Load, dropped: dropped, notKept: map[any]bool{}, batches: map[uint32]*batch{}}
			v.loads[b.Load] = l
		}
		l.lastUsed = v.uses
		held[b.Load] = l
	}
	return held, true
}

// evict forgets loads, beginning with the one looked at longest ago, until what is kept fits.
func (v *Store) evict() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for {
		var total int64
		var oldest *load
		for _, l := range v.loads {
			bytes := l.bytes.Load()
			if total += bytes; bytes > 0 && (oldest == nil || l.lastUsed < oldest.lastUsed) {
				oldest = l
			}
		}
		if total <= v.maxBytes || oldest == nil {
			return
		}
		delete(v.loads, oldest.number)
	}
}

// reserve counts bytes that a load is about to hold; it is errNotKept when they alone would be too many. The load is locked.
func (v *Store) reserve(l *load, bytes int64) error {
	if l.bytes.Add(bytes) > v.maxBytes {
		return errNotKept
	}
	return nil
}

// readOnce reads a part of a load. What it counted is undone when it fails, and what does not fit is not tried again. The
// load is locked.
func (l *load) readOnce(part any, read func() error) error {
	if l.notKept[part] {
		return errNotKept
	}
	before := l.bytes.Load()
	err := read()
	if err != nil {
		l.bytes.Store(before)
	}
	if errors.Is(err, errNotKept) {
		l.notKept[part] = true
	}
	return err
}

// batchOf is a batch of a load, read if it is not there yet; nil while the load is not closed.
func (v *Store) batchOf(ctx context.Context, l *load, number uint32) (b *batch, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.batches[number]; b != nil {
		return b, nil
	}
	err = l.readOnce(number, func() error {
		b, err = v.read(ctx, l, number)
		return err
	})
	if err == nil && b != nil {
		l.batches[number] = b
	}
	return b, err
}
