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
	source Source
	most   int64 // bytes

	mu    sync.Mutex
	loads map[uint32]*load
	turn  int64
	over  map[string]bool // lists of batches that do not fit together
}

var _ rating.RunStore = (*Store)(nil)

// New keeps at most so many bytes.
func New(source Source, most int64) *Store {
	return &Store{source: source, most: most, loads: map[uint32]*load{}, over: map[string]bool{}}
}

// load is what is kept of one load: the dictionary that its batches share, and those of its batches that were asked for.
type load struct {
	number  uint32
	dropped int   // how often something of it had been dropped before it was read
	turn    int64 // when it was looked at last; of the Store

	bytes   atomic.Int64
	mu      sync.Mutex   // of what follows
	refused map[any]bool // batches, columns and other parts that do not fit, or have a form that is not kept
	batches map[uint32]*batch
	dictionary
}

// errUnfit says that something cannot be kept; the question is then for the usage store.
var errUnfit = errors.New("runs: this is not kept")

// manyLists is how many lists of batches are remembered not to fit.
const manyLists = 100

// tooMany remembers that batches do not fit together.
func (v *Store) tooMany(batches []usage.BatchRef) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.over) == manyLists {
		clear(v.over)
	}
	v.over[fmt.Sprint(batches)] = true
}

// hold is the loads of batches, and marks them as looked at; false when it is known that they do not fit.
func (v *Store) hold(batches []usage.BatchRef) (map[uint32]*load, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over[fmt.Sprint(batches)] {
		return nil, false
	}
	v.turn++
	held := map[uint32]*load{}
	for _, b := range batches {
		l := v.loads[b.Load]
		if dropped := v.source.Dropped(b.Load); l == nil || l.dropped != dropped {
			l = &load{number: b.Load, dropped: dropped, refused: map[any]bool{}, batches: map[uint32]*batch{}}
			v.loads[b.Load] = l
		}
		l.turn = v.turn
		held[b.Load] = l
	}
	return held, true
}

// trim forgets loads, beginning with the one looked at longest ago, until what is kept fits.
func (v *Store) trim() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for {
		var total int64
		var oldest *load
		for _, l := range v.loads {
			bytes := l.bytes.Load()
			if total += bytes; bytes > 0 && (oldest == nil || l.turn < oldest.turn) {
				oldest = l
			}
		}
		if total <= v.most || oldest == nil {
			return
		}
		delete(v.loads, oldest.number)
	}
}

// keep counts bytes that a load is about to hold; it is errUnfit when they alone would be too many. The load is locked.
func (v *Store) keep(l *load, bytes int64) error {
	if l.bytes.Add(bytes) > v.most {
		return errUnfit
	}
	return nil
}

// once reads a part of a load. What it counted is undone when it fails, and what does not fit is not tried again. The
// load is locked.
func (l *load) once(part any, read func() error) error {
	if l.refused[part] {
		return errUnfit
	}
	before := l.bytes.Load()
	err := read()
	if err != nil {
		l.bytes.Store(before)
	}
	if errors.Is(err, errUnfit) {
		l.refused[part] = true
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
	err = l.once(number, func() error {
		b, err = v.read(ctx, l, number)
		return err
	})
	if err == nil && b != nil {
		l.batches[number] = b
	}
	return b, err
}
