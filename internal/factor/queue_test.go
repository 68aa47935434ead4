package factor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// queued joins a queue as several origins, one after the other, and returns a function that lets one after the other have
// its turn and says in which order they had it, and who was refused.
func queued(t *testing.T, q *Queue, list ...Origin) func() (served, refused []string) {
	t.Helper()
	var names []string
	var waiters []*waiter
	for i, o := range list {
		w, err := q.join(o)
		if err != nil || w == nil {
			t.Fatalf("%v did not have to wait: %v", o, err)
		}
		names, waiters = append(names, fmt.Sprintf("%s%d", o.Address, i)), append(waiters, w)
	}
	return func() (served, refused []string) {
		for range 2 * len(list) {
			for i, w := range waiters {
				select {
				case err := <-w.turn:
					if err == nil {
						served = append(served, names[i])
						break
					}
					if f, ok := errors.AsType[*fault.Fault](err); !ok || f.Kind != fault.TooMany || f.Wait <= 0 {
						t.Errorf("refused with %v", err)
					}
					refused = append(refused, names[i])
				default:
				}
			}
			q.pass()
		}
		return served, refused
	}
}

// TestQueueOrder: known devices go first, then addresses without failures, and within each the addresses take turns.
func TestQueueOrder(t *testing.T) {
	a, b, failed, known := Origin{Address: "a"}, Origin{Address: "b"}, Origin{Address: "f", Failed: true}, Origin{Address: "k", Known: true, Failed: true}
	q := NewQueue(1, 100)
	if w, err := q.join(a); w != nil || err != nil {
		t.Fatal("the first had to wait")
	}
	served, refused := queued(t, q, failed, a, a, a, b, failed, known, b)()
	if got := strings.Join(served, " "); got != "k6 a1 b4 a2 b7 a3 f0 f5" || refused != nil {
		t.Errorf("served %s, refused %v", got, refused)
	}
}

// TestQueueFull: when no more may wait, who stands last is refused, be it the newcomer or one who waits.
func TestQueueFull(t *testing.T) {
	a, b, failed, known := Origin{Address: "a"}, Origin{Address: "b"}, Origin{Address: "f", Failed: true}, Origin{Address: "k", Known: true}
	for _, c := range []struct {
		list            []Origin
		served, refused string
	}{
		{[]Origin{failed, failed, a}, "a2 f0", "f1"},
		{[]Origin{a, b, failed}, "a0 b1", "f2"},
		{[]Origin{a, a, b}, "a0 b2", "a1"},
		{[]Origin{a, a, a}, "a0 a1", "a2"},
		{[]Origin{known, a, b, known}, "k0 k3", "a1 b2"},
	} {
		q := NewQueue(1, 2)
		_, _ = q.join(a)
		served, refused := queued(t, q, c.list...)()
		slices.Sort(refused)
		if strings.Join(served, " ") != c.served || strings.Join(refused, " ") != c.refused {
			t.Errorf("%v: served %v, refused %v", c.list, served, refused)
		}
	}
}

// TestQueueBound: of many at once no more are worked on than may be, each is worked on or refused, and those who leave
// give their places back.
func TestQueueBound(t *testing.T) {
	const atOnce, waiting, total = 3, 20, 200
	q := NewQueue(atOnce, waiting)
	gone, leave := context.WithCancel(t.Context())
	leave()
	var now, most, served, refused, left atomic.Int64
	var all sync.WaitGroup
	for i := range total {
		all.Go(func() {
			ctx := t.Context()
			if i%3 == 0 {
				ctx = gone
			}
			err := q.Do(ctx, Origin{Address: fmt.Sprint(i % 7), Failed: i%2 == 0}, func() {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				now.Add(-1)
				served.Add(1)
			})
			switch {
			case errors.Is(err, context.Canceled):
				left.Add(1)
			case fault.KindOf(err) == fault.TooMany:
				refused.Add(1)
			case err != nil:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() > atOnce || served.Load()+refused.Load()+left.Load() != total || served.Load() == 0 {
		t.Errorf("%d at once; %d served, %d refused, %d left", most.Load(), served.Load(), refused.Load(), left.Load())
	}
	if q.free != atOnce || q.room != waiting {
		t.Errorf("afterwards %d are free and %d may wait", q.free, q.room)
	}
	for class, x := range q.waiting {
		if len(x.order) > 0 || len(x.of) > 0 {
			t.Errorf("class %d still has waiters", class)
		}
	}
}

// TestQueueLeaving: who leaves while waiting does not hold up those behind.
func TestQueueLeaving(t *testing.T) {
	q := NewQueue(1, 2)
	_, _ = q.join(Origin{Address: "first"})
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- q.Do(ctx, Origin{Address: "a"}, func() { t.Error("worked on all the same") }) }()
	leave()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("left with %v", err)
	}
	q.pass()
	called := false
	if err := q.Do(t.Context(), Origin{Address: "b"}, func() { called = true }); err != nil || !called {
		t.Errorf("behind who left: %v", err)
	}
}
