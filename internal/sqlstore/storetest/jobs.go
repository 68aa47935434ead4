package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// movableClock is a clock that the test moves.
type movableClock struct {
	mu sync.Mutex
	at time.Time
}

func (h *movableClock) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *movableClock) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

func enqueue(t *testing.T, db *sqlstore.DB, jobs ...job.Job) {
	t.Helper()
	do(t, db, func(ctx context.Context, tr tx.Tx) error {
		for _, j := range jobs {
			if err := (job.Queue{Store: operations.Jobs{DB: db}}).Enqueue(ctx, tr, j); err != nil {
				return err
			}
		}
		return nil
	})
}

// recorder hands out a handler whose effect writes down, per lane, which job ran as which attempt.
type recorder struct {
	db *sqlstore.DB
	mu sync.Mutex
	by map[string][]string
}

func (c *recorder) handle(_ context.Context, j job.Job) (job.Effect, error) {
	return func(ctx context.Context, t tx.Tx) error {
		if err := resolve(ctx, c.db, t, j.Key); err != nil { // so that an effect undone shows
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.by[j.Lane] = append(c.by[j.Lane], fmt.Sprintf("%s#%d", j.Key, j.Attempt))
		return nil
	}, nil
}

func newRunner(db *sqlstore.DB, workers int, business, machine *movableClock, handlers map[job.Kind]job.Handler) *job.Runner {
	return &job.Runner{
		Store: operations.Jobs{DB: db}, DB: db, Handlers: handlers, Workers: workers, Now: business.now, Machine: machine.now,
		Owner: "this", Lease: time.Minute, Attempts: 3,
	}
}

func drained(t *testing.T, r *job.Runner, want int) {
	t.Helper()
	if n, err := r.Drain(context.Background()); err != nil || n != want {
		t.Fatalf("drained %d (%v), want %d", n, err, want)
	}
}

func theJob(t *testing.T, db *sqlstore.DB, kind job.Kind, key string) (found job.Job) {
	t.Helper()
	view(t, db, func(ctx context.Context, r tx.Read) error {
		list, err := operations.Jobs{DB: db}.Jobs(ctx, r, scope.All(), job.Filter{Kind: kind})
		for _, j := range list {
			if j.Key == key {
				found = j
			}
		}
		return err
	})
	return found
}

func lanes(m map[string][]string) string {
	var b strings.Builder
	for _, lane := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "%s: %s\n", lane, strings.Join(m[lane], " "))
	}
	return b.String()
}

var jobCases = map[string]func(*testing.T, *sqlstore.DB){
	"one kind and key is one job": func(t *testing.T, db *sqlstore.DB) {
		enqueue(t, db, job.Job{Kind: "k", Key: "a", Args: json.RawMessage(`{"n":1}`), Due: noon()})
		enqueue(t, db, job.Job{Kind: "k", Key: "a", Args: json.RawMessage(`{"n":2}`)}, job.Job{Kind: "k", Key: "A"}, job.Job{Kind: "l", Key: "a"})
		j := theJob(t, db, "k", "a")
		if string(j.Args) != `{"n":1}` || j.State != job.Queued || j.Lane != string(j.ID) {
			t.Errorf("got %+v", j)
		}
		mustBeUTC(t, j.Due, noon())
		view(t, db, func(ctx context.Context, r tx.Read) error {
			list, e1 := operations.Jobs{DB: db}.Jobs(ctx, r, scope.All(), job.Filter{})
			none, e2 := operations.Jobs{DB: db}.Jobs(ctx, r, scope.Of("p"), job.Filter{})
			if len(list) != 3 || len(none) != 0 {
				t.Errorf("%d jobs, and %d for a narrow scope", len(list), len(none))
			}
			return firstError(e1, e2)
		})
		refused(t, db, fault.Invalid, func(ctx context.Context, tr tx.Tx) error {
			return job.Queue{Store: operations.Jobs{DB: db}}.Enqueue(ctx, tr, job.Job{Kind: "k"})
		})
	},
	"1 worker and 4 workers give the same outcome": func(t *testing.T, db *sqlstore.DB) {
		business, machine := &movableClock{at: noon()}, &movableClock{at: noon()}
		outcome := func(round string, workers int) string {
			c := &recorder{db: db, by: map[string][]string{}}
			queue := job.Queue{Store: operations.Jobs{DB: db}}
			handlers := map[job.Kind]job.Handler{
				"leaf": c.handle,
				"tree": func(ctx context.Context, j job.Job) (job.Effect, error) {
					effect, err := c.handle(ctx, j)
					return func(ctx context.Context, tr tx.Tx) error {
						for i := range 3 { // in another lane, two of them due before what waits there
							next := job.Job{Kind: "leaf", Key: fmt.Sprintf("%s.%d", j.Key, i), Lane: "b" + round, Due: noon().Add(time.Duration(i-2) * time.Hour)}
							if err := queue.Enqueue(ctx, tr, next); err != nil {
								return err
							}
						}
						return effect(ctx, tr)
					}, err
				},
			}
			for i := range 60 {
				enqueue(t, db, job.Job{
					Kind: "leaf", Key: fmt.Sprintf("%s-%02d", round, i), Lane: fmt.Sprintf("l%d%s", i%5, round), Due: noon().Add(-time.Duration(i*37%61) * time.Minute),
				})
			}
			enqueue(t, db, job.Job{Kind: "tree", Key: "t" + round, Lane: "t" + round, Due: noon()})
			drained(t, newRunner(db, workers, business, machine, handlers), 64)
			return strings.ReplaceAll(lanes(c.by), round, "")
		}
		if one, four := outcome("x", 1), outcome("y", 4); one != four || !strings.Contains(one, "b: t.0#1 t.1#1 t.2#1") {
			t.Errorf("1 worker:\n%s\n4 workers:\n%s", one, four)
		}
	},
	"a lane runs in order of due time, one at a time": func(t *testing.T, db *sqlstore.DB) {
		business, machine := &movableClock{at: noon()}, &movableClock{at: noon()}
		var mu sync.Mutex
		var order []string
		running := 0
		handlers := map[job.Kind]job.Handler{"k": func(_ context.Context, j job.Job) (job.Effect, error) {
			mu.Lock()
			defer mu.Unlock()
			if running++; running > 1 {
				t.Error("two jobs of a lane run at once")
			}
			order = append(order, j.Key)
			return func(context.Context, tx.Tx) error {
				mu.Lock()
				defer mu.Unlock()
				running--
				return nil
			}, nil
		}}
		for _, d := range []int{3, 1, 4, 2, 9} {
			enqueue(t, db, job.Job{Kind: "k", Key: fmt.Sprint(d), Lane: "l", Due: noon().Add(time.Duration(d-4) * time.Hour)})
		}
		r := newRunner(db, 4, business, machine, handlers)
		drained(t, r, 4)
		view(t, db, func(ctx context.Context, rd tx.Read) error {
			due, ok, err := operations.Jobs{DB: db}.NextDue(ctx, rd)
			if !ok {
				t.Error("nothing is due next")
			}
			mustBeUTC(t, due, noon().Add(5*time.Hour))
			return err
		})
		business.move(5 * time.Hour)
		drained(t, r, 1)
		if have := fmt.Sprint(order); have != "[1 2 3 4 9]" {
			t.Errorf("ran in order %s", have)
		}
	},
	"a failure is repeated later by the machine clock, and then given up": func(t *testing.T, db *sqlstore.DB) {
		business, machine := &movableClock{at: noon()}, &movableClock{at: noon()}
		c := &recorder{db: db, by: map[string][]string{}}
		handlers := map[job.Kind]job.Handler{
			"ok": c.handle,
			"bad": func(ctx context.Context, j job.Job) (job.Effect, error) {
				return func(ctx context.Context, tr tx.Tx) error {
					_ = resolve(ctx, db, tr, "must not stay")
					return fault.New(fault.Unavailable, "away", "the printer is away")
				}, nil
			},
			"hopeless": func(context.Context, job.Job) (job.Effect, error) {
				return nil, fault.New(fault.Invalid, "bad_args", "no such thing")
			},
			"panic": func(context.Context, job.Job) (job.Effect, error) { panic("boom") },
		}
		enqueue(t, db, job.Job{Kind: "bad", Key: "b", Lane: "l", Due: noon()}, job.Job{Kind: "ok", Key: "behind", Lane: "l", Due: noon().Add(time.Nanosecond)},
			job.Job{Kind: "hopeless", Key: "h"}, job.Job{Kind: "stranger", Key: "s"}, job.Job{Kind: "panic", Key: "p", Lane: "p"})
		business.move(time.Hour)
		r := newRunner(db, 2, business, machine, handlers)
		drained(t, r, 2) // hopeless and stranger fail at once
		drained(t, r, 0) // the pause is not over, and the lane waits in order
		machine.move(time.Second)
		drained(t, r, 0)
		machine.move(2 * time.Second)
		drained(t, r, 3) // the third attempts are the last: bad and panic fail, behind runs
		mustHold(t, db, "behind")
		for kind, want := range map[job.Kind]string{"bad": "the printer is away", "hopeless": "no such thing", "stranger": "does not know", "panic": "boom"} {
			view(t, db, func(ctx context.Context, rd tx.Read) error {
				list, err := operations.Jobs{DB: db}.Jobs(ctx, rd, scope.All(), job.Filter{Kind: kind, State: job.Failed})
				if len(list) != 1 || !strings.Contains(list[0].Error, want) {
					t.Errorf("%s: got %+v", kind, list)
				}
				return err
			})
		}
	},
	"a lost lease loses the effect": func(t *testing.T, db *sqlstore.DB) {
		business, machine := &movableClock{at: noon()}, &movableClock{at: noon()}
		enqueue(t, db, job.Job{Kind: "k", Key: "a"})
		other := &recorder{db: db, by: map[string][]string{}}
		second := newRunner(db, 1, business, machine, map[job.Kind]job.Handler{"k": other.handle})
		second.Owner = "that"
		first := newRunner(db, 1, business, machine, map[job.Kind]job.Handler{"k": func(context.Context, job.Job) (job.Effect, error) {
			drained(t, second, 0) // the lease still holds
			machine.move(time.Minute)
			drained(t, second, 1)
			return func(ctx context.Context, tr tx.Tx) error { return resolve(ctx, db, tr, "must not stay") }, nil
		}})
		drained(t, first, 0)
		mustHold(t, db, "a")
		if j := theJob(t, db, "k", "a"); j.State != job.Done || j.Attempt != 2 || j.Owner != "that" {
			t.Errorf("got %+v", j)
		}
	},
	"only the attempt under way may settle": func(t *testing.T, db *sqlstore.DB) {
		store := operations.Jobs{DB: db}
		enqueue(t, db, job.Job{Kind: "k", Key: "a"})
		var attempts []job.Job
		for i, owner := range []string{"this", "that", "that"} {
			do(t, db, func(ctx context.Context, tr tx.Tx) error {
				at := noon().Add(time.Duration(i) * time.Minute)
				list, err := store.Claim(ctx, tr, job.Claim{Owner: owner, Due: noon(), Machine: at, Lease: at.Add(time.Minute), Limit: 1})
				attempts = append(attempts, list...)
				return err
			})
		}
		if len(attempts) != 3 {
			t.Fatalf("claimed %d times, want 3", len(attempts))
		}
		for i, j := range attempts {
			j.State = job.Done
			err := db.Do(context.Background(), func(ctx context.Context, tr tx.Tx) error { return store.Settle(ctx, tr, j) })
			if last := i == 2; last != (err == nil) || !last && fault.CodeOf(err) != job.CodeLeaseLost {
				t.Errorf("attempt %d of %s: %v", j.Attempt, j.Owner, err)
			}
		}
	},
	"what a dead process left is taken up": func(t *testing.T, db *sqlstore.DB) {
		business, machine := &movableClock{at: noon()}, &movableClock{at: noon()}
		enqueue(t, db, job.Job{Kind: "k", Key: "a", Lane: "l"}, job.Job{Kind: "k", Key: "b", Lane: "l"})
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			list, err := operations.Jobs{DB: db}.Claim(ctx, tr, job.Claim{Owner: "dead", Due: noon(), Machine: noon(), Lease: noon().Add(time.Hour), Limit: 9})
			if len(list) != 1 {
				t.Errorf("claimed %d jobs of one lane", len(list))
			}
			return err
		})
		c := &recorder{db: db, by: map[string][]string{}}
		r := newRunner(db, 2, business, machine, map[job.Kind]job.Handler{"k": c.handle})
		drained(t, r, 0)
		if n, err := r.Recover(context.Background()); n != 1 || err != nil {
			t.Fatalf("recovered %d (%v)", n, err)
		}
		drained(t, r, 2)
	},
	"shutting down gives the job back": func(t *testing.T, db *sqlstore.DB) {
		business, machine := &movableClock{at: noon()}, &movableClock{at: noon()}
		enqueue(t, db, job.Job{Kind: "k", Key: "a"})
		ctx, cancel := context.WithCancel(context.Background())
		r := newRunner(db, 3, business, machine, map[job.Kind]job.Handler{"k": func(ctx context.Context, _ job.Job) (job.Effect, error) {
			cancel()
			return nil, ctx.Err()
		}})
		if _, err := r.Drain(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		if j := theJob(t, db, "k", "a"); j.State != job.Queued || j.Attempt != 1 || j.Error != "" {
			t.Errorf("got %+v", j)
		}
	},
	"a day has one job by the machine's clock, which the business clock passes by": func(t *testing.T, db *sqlstore.DB) {
		business, machine := &movableClock{at: noon()}, &movableClock{at: noon()}
		ran, broken := 0, error(nil)
		daily := &job.Daily{DB: db, Queue: job.Queue{Store: operations.Jobs{DB: db}}, Kind: "daily", Machine: machine.now, Work: func(context.Context) error {
			ran++
			return broken
		}}
		r := newRunner(db, 2, business, machine, map[job.Kind]job.Handler{"daily": daily.Run})
		// start is a process that begins: it orders, and works off what there is.
		start := func(want, of int, last job.State) {
			t.Helper()
			if err := daily.Begin(context.Background()); err != nil {
				t.Fatal(err)
			}
			drained(t, r, want)
			view(t, db, func(ctx context.Context, rd tx.Read) error {
				list, err := operations.Jobs{DB: db}.Jobs(ctx, rd, scope.All(), job.Filter{Kind: "daily"})
				open, err2 := operations.Jobs{DB: db}.Jobs(ctx, rd, scope.All(), job.Filter{Kind: "daily", State: job.Queued})
				if len(list) != of || len(open) != 1 {
					t.Fatalf("%d jobs, of which %d are to come: %+v", len(list), len(open), list)
				}
				tomorrow := machine.now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
				if next := open[0]; next.Key != tomorrow.Format(time.DateOnly) || !next.When().Equal(tomorrow) || !next.Due.IsZero() {
					t.Errorf("the next is %+v", next)
				}
				if of > 1 && !slices.ContainsFunc(list, func(j job.Job) bool { return j.State == last }) {
					t.Errorf("got %+v, want one that is %s", list, last)
				}
				if _, ok, err := (operations.Jobs{DB: db}).NextDue(ctx, rd); ok || err != nil {
					t.Errorf("the business clock waits for it (%v)", err)
				}
				return firstError(err, err2)
			})
		}
		start(0, 1, "")
		business.move(100 * 24 * time.Hour)
		start(0, 1, "")
		machine.move(16 * time.Hour)
		start(0, 1, "")
		machine.move(time.Second)
		start(1, 2, job.Done)
		start(0, 2, job.Done)
		machine.move(10 * 24 * time.Hour)
		start(1, 3, job.Done)
		machine.move(24 * time.Hour)
		broken = fault.New(fault.Invalid, "c", "cannot be")
		start(1, 4, job.Failed)
		machine.move(24 * time.Hour)
		broken = nil
		start(1, 5, job.Done)
		// A process that dies in the middle has ordered the next; whoever takes the day over does not order another.
		machine.move(24 * time.Hour)
		ctx, cancel := context.WithCancel(context.Background())
		dying := newRunner(db, 1, business, machine, map[job.Kind]job.Handler{"daily": func(ctx context.Context, j job.Job) (job.Effect, error) {
			if _, err := daily.Run(ctx, j); err != nil {
				t.Error(err)
			}
			cancel()
			return nil, ctx.Err()
		}})
		if _, err := dying.Drain(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		start(1, 6, job.Done)
		if ran != 6 {
			t.Errorf("the work was done %d times", ran)
		}
	},
	"many jobs": func(t *testing.T, db *sqlstore.DB) {
		if testing.Short() {
			t.Skip("many jobs are left out of short runs")
		}
		const n = 3000
		business, machine := &movableClock{at: noon()}, &movableClock{at: noon()}
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			for i := range n {
				j := job.Job{Kind: "k", Key: fmt.Sprint(i), Lane: fmt.Sprint(i % 50)}
				if err := (job.Queue{Store: operations.Jobs{DB: db}}).Enqueue(ctx, tr, j); err != nil {
					return err
				}
			}
			return nil
		})
		start := time.Now()
		r := newRunner(db, 4, business, machine, map[job.Kind]job.Handler{"k": func(context.Context, job.Job) (job.Effect, error) {
			return func(ctx context.Context, tr tx.Tx) error {
				return billing.Usage{DB: db}.Resolve(ctx, tr, scope.All(), usage.Resolution{Kind: "k", Ref: "r", Target: "t"})
			}, nil
		}})
		drained(t, r, n)
		t.Logf("%.0f jobs a second", n/time.Since(start).Seconds())
	},
}
