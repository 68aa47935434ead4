package runs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// dictionary resolves the numbers of a load's entries, tag sets and variants. It holds the columns that queries have used.
type dictionary struct {
	columns map[usage.Column]*texts
	tuples  map[string]*tuple
	prices  *prices
	tags    *tags
	lists   map[string]*lists
}

// missing is the number that stands for "not in the dictionary".
const missing = ^uint32(0)

// texts is one column of all entries: for each entry's number the number of its text.
type texts struct {
	of     []uint32
	all    []string
	folded []string // the same in lower case, for columns that scopes and masks depend on
}

// tuple numbers the distinct values of a list of columns.
type tuple struct {
	columns []usage.Column
	texts   []*texts
	of      []uint32                      // by number of entry
	sample  []uint32                      // one entry for each
	entries []atomic.Pointer[usage.Entry] // created when first used
	bytes   atomic.Int64
	total   *atomic.Int64 // bytes of the load
}

// entryBytes is the approximate size of an entry, without its texts.
const entryBytes = 700

// readMissing reads the columns that are not held yet: together, or one by one if not all fit. The caller holds the lock
// of the load.
func (v *Store) readMissing(ctx context.Context, l *load, columns []usage.Column) error {
	columns = slices.DeleteFunc(slices.Clone(columns), func(c usage.Column) bool { return l.columns[c] != nil })
	slices.Sort(columns)
	columns = slices.Compact(columns)
	if len(columns) == 0 {
		return nil
	}
	if len(columns) == 1 {
		return l.readOnce(columns[0], func() error { return v.readColumns(ctx, l, columns) })
	}
	if !slices.ContainsFunc(columns, func(c usage.Column) bool { return l.notKept[c] }) {
		err := l.readOnce(fmt.Sprint(columns), func() error { return v.readColumns(ctx, l, columns) })
		if !errors.Is(err, errNotKept) {
			return err
		}
	}
	for _, c := range columns {
		if err := v.readMissing(ctx, l, []usage.Column{c}); err != nil {
			return err
		}
	}
	return nil
}

func (v *Store) readColumns(ctx context.Context, l *load, columns []usage.Column) error {
	read, known := make([]*texts, len(columns)), make([]map[string]uint32, len(columns))
	for i := range read {
		read[i], known[i] = &texts{}, map[string]uint32{}
	}
	err := v.source.Texts(ctx, scope.All(), l.number, columns, func(numbers []uint32, list [][]string) error {
		size, bytes := int(slices.Max(numbers))+1, int64(0)
		if more := size - len(read[0].of); more > 0 { // numbers usually begin at 1 and have no gaps
			if err := v.reserve(l, int64(4*more*len(read))); err != nil {
				return err
			}
		}
		for i, t := range read {
			for len(t.of) < size {
				t.of = append(t.of, missing)
			}
			for row, n := range numbers {
				s := list[i][row]
				id, ok := known[i][s]
				if !ok {
					id = uint32(len(t.all))
					t.all, known[i][s] = append(t.all, s), id
					bytes += int64(len(s)) + 16
				}
				t.of[n] = id
			}
		}
		return v.reserve(l, bytes)
	})
	if err != nil {
		return err
	}
	if l.columns == nil {
		l.columns = map[usage.Column]*texts{}
	}
	for i, t := range read {
		if slices.Contains(scopeColumns, columns[i]) {
			for _, s := range t.all {
				t.folded = append(t.folded, strings.ToLower(s))
			}
		}
		l.columns[columns[i]] = t
	}
	return nil
}

// maxTuples is for how many lists of columns a load keeps tuples.
const maxTuples = 32

// tupleOf numbers the distinct values of columns. The caller holds the lock of the load.
func (v *Store) tupleOf(ctx context.Context, l *load, columns []usage.Column) (*tuple, error) {
	var key strings.Builder
	for _, c := range columns {
		key.WriteByte(byte(c))
	}
	if t := l.tuples[key.String()]; t != nil {
		return t, nil
	}
	// Without columns all entries have one number, and missing entries none; any column knows which exist.
	if err := v.readMissing(ctx, l, append([]usage.Column{usage.CustomerID}, columns...)); err != nil {
		return nil, err
	}
	t := &tuple{columns: columns, total: &l.bytes}
	first := l.columns[usage.CustomerID]
	t.of = make([]uint32, len(first.of))
	for i, n := range first.of {
		if n == missing {
			t.of[i] = missing
		}
	}
	for _, c := range columns {
		t.texts = append(t.texts, l.columns[c])
		t.divide(l.columns[c])
	}
	for i, n := range t.of {
		if n != missing && int(n) == len(t.sample) {
			t.sample = append(t.sample, uint32(i))
		}
	}
	t.entries = make([]atomic.Pointer[usage.Entry], len(t.sample))
	if l.tuples == nil || len(l.tuples) == maxTuples {
		for _, old := range l.tuples {
			l.bytes.Add(-old.bytes.Swap(0))
		}
		l.tuples = map[string]*tuple{}
	}
	t.bytes.Store(int64(4*len(t.of) + 12*len(t.sample)))
	if err := l.readOnce("tuple "+key.String(), func() error { return v.reserve(l, t.bytes.Load()) }); err != nil {
		return nil, err
	}
	l.tuples[key.String()] = t
	return t, nil
}

// divide splits the numbers by the values of one more column. Numbers are assigned in the order of entries.
func (t *tuple) divide(by *texts) {
	type pair struct{ a, b uint32 }
	known := map[pair]uint32{}
	last, number := pair{missing, missing}, uint32(0)
	for i, a := range t.of {
		if a == missing {
			continue
		}
		p := pair{a, by.of[i]}
		if p != last {
			n, ok := known[p]
			if !ok {
				n = uint32(len(known))
				known[p] = n
			}
			last, number = p, n
		}
		t.of[i] = number
	}
}

// fill sets the columns of an entry to the values of a number.
func (t *tuple) fill(e *usage.Entry, number uint32) {
	for i, c := range t.columns {
		e[c] = t.texts[i].all[t.texts[i].of[t.sample[number]]]
	}
}

// entry is an entry with the values of a number, the same one for each call.
func (t *tuple) entry(number uint32) *usage.Entry {
	if e := t.entries[number].Load(); e != nil {
		return e
	}
	e := &usage.Entry{}
	t.fill(e, number)
	if !t.entries[number].CompareAndSwap(nil, e) {
		return t.entries[number].Load()
	}
	t.bytes.Add(entryBytes)
	t.total.Add(entryBytes)
	return e
}

// tags are the tags of a load: from holds, by number of tag set, where its pairs begin.
type tags struct {
	known        []bool
	from         []uint32 // one longer than the number of sets
	keys, values []uint32
	keyTexts     []string
	valueTexts   []string
}

// tagsOf reads the tags of a load. The caller holds the lock of the load.
func (v *Store) tagsOf(ctx context.Context, l *load) (*tags, error) {
	if l.tags != nil {
		return l.tags, nil
	}
	err := l.readOnce("tags", func() (err error) {
		l.tags, err = v.readTags(ctx, l)
		return err
	})
	return l.tags, err
}

func (v *Store) readTags(ctx context.Context, l *load) (*tags, error) {
	t := &tags{}
	number := func(known map[string]uint32, all *[]string, s string) uint32 {
		n, ok := known[s]
		if !ok {
			n = uint32(len(*all))
			known[s], *all = n, append(*all, s)
			l.bytes.Add(int64(len(s)) + 32)
		}
		return n
	}
	keys, values := map[string]uint32{}, map[string]uint32{}
	err := v.source.TagSets(ctx, scope.All(), l.number, func(r usage.TagSetRecord) error { // in order of their numbers
		if more := int64(r.Number) + 1 - int64(len(t.known)); more > 0 {
			if err := v.reserve(l, 5*more); err != nil {
				return err
			}
		}
		for len(t.known) <= int(r.Number) {
			t.known, t.from = append(t.known, false), append(t.from, uint32(len(t.keys)))
		}
		t.known[r.Number] = true
		for _, p := range r.Pairs {
			t.keys, t.values = append(t.keys, number(keys, &t.keyTexts, p.Key)), append(t.values, number(values, &t.valueTexts, p.Value))
		}
		return v.reserve(l, int64(8*len(r.Pairs)))
	})
	if err != nil {
		return nil, err
	}
	t.from = append(t.from, uint32(len(t.keys)))
	return t, nil
}

// lists numbers the distinct values of some tag names; 0 is the tag sets without any of them.
type lists struct {
	of  []uint32 // by number of tag set
	all [][][]string
}

func (x *lists) bytes() int64 { return int64(4*len(x.of) + 64*len(x.all)) }

// listsOf numbers tag sets by the values of names, ignoring case. The caller holds the lock of the load.
func (v *Store) listsOf(ctx context.Context, l *load, names []string) (*lists, error) {
	key := strings.Join(names, "\x00")
	if t := l.lists[key]; t != nil {
		return t, nil
	}
	x := &lists{all: [][][]string{make([][]string, len(names))}}
	if len(names) == 0 {
		return x, nil
	}
	t, err := v.tagsOf(ctx, l)
	if err != nil {
		return nil, err
	}
	asked := make([][]int, len(t.keyTexts)) // for each key, which of the names it matches
	for i, k := range t.keyTexts {
		for n, name := range names {
			if strings.EqualFold(k, name) {
				asked[i] = append(asked[i], n)
			}
		}
	}
	x.read(t, asked, len(names))
	if l.lists == nil || len(l.lists) == maxTuples {
		for _, old := range l.lists {
			l.bytes.Add(-old.bytes())
		}
		l.lists = map[string]*lists{}
	}
	if err := l.readOnce("lists "+key, func() error { return v.reserve(l, x.bytes()) }); err != nil {
		return nil, err
	}
	l.lists[key] = x
	return x, nil
}

func (x *lists) read(t *tags, asked [][]int, names int) {
	known := map[string]uint32{"": 0}
	var key []byte
	x.of = make([]uint32, max(len(t.known), 1))
	for set := range t.known {
		key = key[:0]
		if !t.known[set] && set > 0 {
			x.of[set] = missing
			continue
		}
		for at := t.from[set]; at < t.from[set+1]; at++ {
			for _, n := range asked[t.keys[at]] {
				v := t.values[at]
				key = append(key, byte(n), byte(n>>8), byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
			}
		}
		n, ok := known[string(key)]
		if !ok {
			n = uint32(len(x.all))
			known[string(key)] = n
			values := make([][]string, names)
			for at := t.from[set]; at < t.from[set+1]; at++ {
				for _, n := range asked[t.keys[at]] {
					values[n] = append(values[n], t.valueTexts[t.values[at]])
				}
			}
			x.all = append(x.all, values)
		}
		x.of[set] = n
	}
}
