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

// Source is the usage store that batches are read from.
type Source interface {
	// SortedRows yields the rows of a batch in the order of entry, tag set, variant and day, after a
	// call of begin with their number and first day. For a load that is not closed it yields none, and closed is false.
	SortedRows(ctx context.Context, b usage.BatchRef, begin func(rows int64, first period.Date) error, yield func(*rating.Rows) error) (closed bool, err error)
	Texts(ctx context.Context, s scope.Scope, load uint32, columns []usage.Column, yield func(numbers []uint32, texts [][]string) error) error
	Variants(ctx context.Context, s scope.Scope, load uint32) ([]usage.VariantRecord, error)
	TagSets(ctx context.Context, s scope.Scope, load uint32, yield func(usage.TagSetRecord) error) error
	Wide(ctx context.Context, s scope.Scope, batches []uint32) ([]usage.WideValue, error)
	// Dropped counts how often rows of a load were dropped. When it changes, what was read before is no longer used.
	Dropped(load uint32) int
}

// Store keeps the most recently used batches of a Source, as many as fit. It may be used by several goroutines.
type Store struct {
	source   Source
	maxBytes int64

	mu       sync.Mutex
	loads    map[uint32]*load
	uses     int64
	rejected map[string]bool // lists of batches that do not fit together
}

var _ rating.RunStore = (*Store)(nil)

// New returns a Store that keeps at most maxBytes.
func New(source Source, most int64) *Store {
	return &Store{source: source, maxBytes: most, loads: map[uint32]*load{}, rejected: map[string]bool{}}
}

// load is what is kept of one load: the dictionary that its batches share, and those of its batches that queries used.
type load struct {
	number   uint32
	dropped  int   // the Source's count of drops when it was read
	lastUsed int64 // when a query last used it; guarded by the Store

	bytes   atomic.Int64
	mu      sync.Mutex   // guards the fields below
	notKept map[any]bool // batches, columns and other parts that do not fit, or have a form that is not kept
	batches map[uint32]*batch
	dictionary
}

// errNotKept says that something cannot be kept; the usage store then answers the query.
var errNotKept = errors.New("runs: this is not kept")

// maxRejected is the maximum number of lists of batches that are remembered as too large.
const maxRejected = 100

// reject remembers that a list of batches does not fit.
func (v *Store) reject(batches []usage.BatchRef) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.rejected) == maxRejected {
		clear(v.rejected)
	}
	v.rejected[fmt.Sprint(batches)] = true
}

// loadsOf returns the loads of batches and marks them as used; false if the batches are known not to fit.
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

// evict removes loads, the least recently used first, until the rest fits.
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

// reserve counts bytes that a load is about to hold; it is errNotKept if they
// alone would be too many. The caller holds the lock of the load.
func (v *Store) reserve(l *load, bytes int64) error {
	if l.bytes.Add(bytes) > v.maxBytes {
		return errNotKept
	}
	return nil
}

// readOnce reads a part of a load. If it fails, the bytes it counted are given back; what does not fit is not tried again.
// The caller holds the lock of the load.
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

// batchOf is a batch of a load, which is read if it is not held yet; nil while the load is not closed.
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
