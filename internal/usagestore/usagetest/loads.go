package usagetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// nothing fails the test if anything of load 1, batch 1 can be read.
func (f fixture) nothing(t *testing.T) {
	t.Helper()
	s := scope.All()
	same(t, "sums", len(f.sums(t, s, all(1))), 0)
	same(t, "facts", len(f.facts(t, s, usage.FactQuery{Batch: 1, Entry: 1, Variant: 1})), 0)
	same(t, "entries", len(f.entries(t, s, 1, 1, 2)), 0)
	same(t, "tag sets", len(f.tagSets(t, s, 1)), 0)
	v, err := f.store.Variants(background(), s, 1)
	must(t, err)
	same(t, "variants", len(v), 0)
	c, err := f.store.Cells(background(), s, []uint32{1})
	must(t, err)
	same(t, "cells", len(c), 0)
	w, err := f.store.Wide(background(), s, []uint32{1})
	must(t, err)
	same(t, "wide literals", len(w), 0)
}

func (f fixture) loads(t *testing.T, want ...uint32) {
	t.Helper()
	got, err := f.store.Loads(background())
	must(t, err)
	same(t, "loads", append([]uint32{}, got...), append([]uint32{}, want...))
}

// full writes something into every part of a load without closing it.
func full(t *testing.T, w usage.Writer) {
	t.Helper()
	must(t, w.Append(background(), dictionary()))
	b := rows(row(1, 2, day(1), "1"))
	b.Wide = []usage.WideValue{{Fact: usage.Fact{Batch: 1, Entry: 1, Variant: 1, Day: day(1), File: 1, Line: 2},
		Column: usage.Quantity, Value: dec("0.1234567890123456789")}}
	must(t, w.Append(background(), b))
	must(t, w.PutCells(background(), []usage.Cell{{Batch: 1, Entitlement: "Sub-A", Day: day(1), Rows: 1}}))
}

func unfinished(t *testing.T, f fixture) {
	f.loads(t)
	w := f.begin(t, 1)
	full(t, w)
	f.nothing(t)
	f.loads(t, 1)
	must(t, w.Close(background()))
	same(t, "sums", len(f.sums(t, scope.All(), all(1))), 1)
	f.loads(t, 1)
}

func ended(t *testing.T, f fixture) {
	w := f.begin(t, 1)
	full(t, w)
	must(t, w.Close(background()))
	for name, err := range map[string]error{
		"append": w.Append(background(), rows(row(1, 3, day(1), "1"))),
		"cells":  w.PutCells(background(), []usage.Cell{{Batch: 1}}),
		"remove": w.Remove(background(), []usage.Cell{{Batch: 1}}),
		"close":  w.Close(background()),
	} {
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s after close: %v, wanted a conflict", name, err)
		}
	}
	must(t, w.Abort(background()))
	same(t, "rows", f.sums(t, scope.All(), all(1))[0].Rows, int64(1))
}

func aborted(t *testing.T, f fixture) {
	w := f.begin(t, 1)
	full(t, w)
	must(t, w.Abort(background()))
	must(t, w.Abort(background()))
	f.nothing(t)
	f.loads(t)
	if err := w.Append(background(), dictionary()); fault.KindOf(err) != fault.Conflict {
		t.Fatalf("append after abort: %v, wanted a conflict", err)
	}
}

func usedOnce(t *testing.T, f fixture) {
	w := f.begin(t, 1)
	_, err := f.store.Begin(background(), 1)
	if fault.KindOf(err) != fault.Conflict {
		t.Fatalf("beginning an open load again: %v, wanted a conflict", err)
	}
	must(t, w.Close(background()))
	if _, err = f.store.Begin(background(), 1); fault.KindOf(err) != fault.Conflict {
		t.Fatalf("beginning a closed load again: %v, wanted a conflict", err)
	}
}

func dropped(t *testing.T, f fixture) {
	w := f.begin(t, 1)
	full(t, w)
	must(t, w.Close(background()))
	f.load(t, 2, dictionary(), rows(usage.Fact{Batch: 2, Entry: 1, Variant: 1, Day: day(1), Cost: fixed("5")}))
	for range 2 {
		must(t, f.store.Drop(background(), 1))
		f.nothing(t)
		f.loads(t, 2)
	}
	q := usage.Query{Batches: []usage.BatchRef{{Load: 2, Batch: 2}}, Period: september}
	same(t, "cost of the other load", f.sums(t, scope.All(), q)[0].Cost, dec("5"))
	must(t, f.store.Drop(background(), 77))
}

func droppedBatch(t *testing.T, f fixture) {
	second := row(2, 3, day(2), "4")
	second.Batch = 2
	w := f.begin(t, 1)
	full(t, w)
	must(t, w.Append(background(), rows(second)))
	must(t, w.Close(background()))
	for range 2 {
		must(t, f.store.Drop(background(), 1, 1))
		got := f.sums(t, scope.All(), all(1, 2))
		same(t, "groups", len(got), 1)
		same(t, "cost", got[0].Cost, dec("4"))
		c, err := f.store.Cells(background(), scope.All(), []uint32{1, 2})
		must(t, err)
		same(t, "cells", len(c), 0)
	}
	f.loads(t, 1)
	same(t, "entries", len(f.entries(t, scope.All(), 1, 1, 2)), 2)
}

func listed(t *testing.T, f fixture) {
	for _, n := range []uint32{7, 3, 4_000_000_000} {
		f.load(t, n)
	}
	f.begin(t, 5)
	f.loads(t, 3, 5, 7, 4_000_000_000)
}

func stopped(t *testing.T, f fixture) {
	b := dictionary()
	for i := range 5000 {
		b.Entries = append(b.Entries, entry(uint32(i+3), hash(3, byte(i>>8), byte(i)), "", ""))
		b.Facts = append(b.Facts, row(uint32(i+3), uint32(i), day(1), "1"))
	}
	f.load(t, 1, b)
	stop, seen := errors.New("enough"), 0
	err := f.store.Sums(background(), scope.All(), all(1), func(usage.Sum) error {
		if seen++; seen == 3 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || seen != 3 {
		t.Fatalf("stopped after %d groups with %v", seen, err)
	}
	same(t, "groups afterwards", len(f.sums(t, scope.All(), all(1))), 5000)
}

func cancelled(t *testing.T, f fixture) {
	ctx, cancel := context.WithCancel(background())
	w := f.begin(t, 1)
	must(t, w.Append(ctx, dictionary()))
	cancel()
	err := w.Append(ctx, rows(row(1, 1, day(1), "1")))
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("append: %v", err)
	}
	err = f.store.Sums(ctx, scope.All(), all(1), func(usage.Sum) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("sums: %v", err)
	}
	must(t, w.Abort(background()))
	f.nothing(t)
}

func concurrent(t *testing.T, f fixture) {
	w := f.begin(t, 1)
	must(t, w.Append(background(), dictionary()))
	var group sync.WaitGroup
	errs := make([]error, 8)
	for g := range errs {
		group.Go(func() {
			for i := range 20 {
				b := &usage.Block{}
				for j := range 700 {
					b.Facts = append(b.Facts, row(uint32(1+j%2), uint32(g*100000+i*1000+j), day(1+j%30), "0.1"))
				}
				errs[g] = errors.Join(errs[g], w.Append(background(), b))
			}
		})
	}
	group.Wait()
	must(t, errors.Join(errs...))
	must(t, w.Close(background()))
	for _, x := range f.sums(t, scope.All(), all(1)) {
		same(t, "rows", x.Rows, int64(8*20*350))
		same(t, "cost", x.Cost, dec("5600"))
	}
}
