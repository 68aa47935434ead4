package factor

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Origin is where a try to sign in comes from, which decides when it has its turn.
type Origin struct {
	Address string // tries of one address wait behind each other, and addresses take turns
	Known   bool   // a browser in which the person has signed in before
	Failed  bool   // the address had failures recently
}

// class is the group of waiting tries that an origin belongs to: the lowest has its turn first.
func (o Origin) class() int {
	switch {
	case o.Known:
		return 0
	case !o.Failed:
		return 1
	}
	return 2
}

const (
	classes   = 3
	retryBusy = 5 * time.Second
)

// Queue bounds how many passwords are hashed at a time, because each takes 19 MiB and a processor for a while. Those that
// wait have their turn by class, and within a class the addresses take turns, so that who tries a lot waits for themselves.
type Queue struct {
	mu      sync.Mutex
	free    int // how many more may be hashed now
	room    int // how many more may wait
	waiting [classes]turns
}

// NewQueue is a queue in which so many passwords are hashed at a time while so many others wait.
func NewQueue(atOnce, waiting int) *Queue {
	return &Queue{free: max(atOnce, 1), room: max(waiting, 0)}
}

// waiter is one who waits. What arrives on turn is nil once it is theirs, or why they are refused.
type waiter struct {
	from Origin
	turn chan error
}

// turns are the waiters of one class: the addresses in the order of their turns, each with its waiters in order of arrival.
type turns struct {
	order []string
	of    map[string][]*waiter
}

// Do calls work once it has its turn. TooMany, without calling it, when too many wait who go first; waiting ends with the
// context.
func (q *Queue) Do(ctx context.Context, from Origin, work func()) error {
	if err := q.wait(ctx, from); err != nil {
		return err
	}
	defer q.pass()
	work()
	return nil
}

func (q *Queue) wait(ctx context.Context, from Origin) error {
	w, err := q.join(from)
	if w == nil || err != nil {
		return err
	}
	select {
	case err := <-w.turn:
		return err
	case <-ctx.Done():
	}
	q.mu.Lock()
	left := q.waiting[from.class()].remove(w)
	if left {
		q.room++
	}
	q.mu.Unlock()
	if !left && <-w.turn == nil { // the turn came in the same moment: the next one has it
		q.pass()
	}
	return ctx.Err()
}

// join takes a turn at once, or a place among those that wait; then there is a waiter.
func (q *Queue) join(from Origin) (*waiter, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free > 0 {
		q.free--
		return nil, nil
	}
	w := &waiter{from: from, turn: make(chan error, 1)}
	q.waiting[from.class()].add(w)
	if q.room > 0 {
		q.room--
		return w, nil
	}
	for class := classes - 1; ; class-- { // there is one: w itself at least
		if last := q.waiting[class].last(); last != nil {
			q.waiting[class].remove(last)
			last.turn <- busy()
			return w, nil
		}
	}
}

// pass gives the turn of one who is done to the next.
func (q *Queue) pass() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for class := range q.waiting {
		if w := q.waiting[class].next(); w != nil {
			q.room++
			w.turn <- nil
			return
		}
	}
	q.free++
}

func busy() error {
	return fault.New(fault.TooMany, "sign_in_busy", "too many people sign in at this moment: nothing was checked; try again in a few seconds").After(retryBusy)
}

func (t *turns) add(w *waiter) {
	if t.of == nil {
		t.of = map[string][]*waiter{}
	}
	a := w.from.Address
	if len(t.of[a]) == 0 {
		t.order = append(t.order, a)
	}
	t.of[a] = append(t.of[a], w)
}

// next takes the waiter whose turn it is; their address goes to the end.
func (t *turns) next() *waiter {
	if len(t.order) == 0 {
		return nil
	}
	a := t.order[0]
	w := t.of[a][0]
	t.order = append(t.order[1:], a)
	t.remove(w)
	return w
}

// last is who waits longest from now on: the newest of the address that has most waiters.
func (t *turns) last() *waiter {
	var most []*waiter
	for _, a := range t.order {
		if len(t.of[a]) >= len(most) {
			most = t.of[a]
		}
	}
	if len(most) == 0 {
		return nil
	}
	return most[len(most)-1]
}

// remove takes a waiter out, and says whether they were there.
func (t *turns) remove(w *waiter) bool {
	a := w.from.Address
	i := slices.Index(t.of[a], w)
	if i < 0 {
		return false
	}
	if t.of[a] = slices.Delete(t.of[a], i, i+1); len(t.of[a]) == 0 {
		delete(t.of, a)
		t.order = slices.DeleteFunc(t.order, func(other string) bool { return other == a })
	}
	return true
}
