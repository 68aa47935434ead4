package clock

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func day(d int) time.Time { return time.Date(2026, 10, d, 0, 0, 0, 0, time.UTC) }

// fixture is a clock over a memory, and jobs that are due at instants.
type fixture struct {
	*Service
	kept   *time.Time
	events log
	due    []time.Time
	ran    []time.Time         // what the clock said whenever work was done
	does   func(now time.Time) // besides taking jobs off
}

// log counts the events that are written.
type log struct {
	event.Store
	count int
}

func (l *log) Last(context.Context, tx.Read) (event.Event, error) { return event.Event{}, nil }
func (l *log) Insert(context.Context, tx.Tx, event.Event) error {
	l.count++
	return nil
}

type transaction struct{}

func (transaction) CanRead()     {}
func (transaction) CanWrite()    {}
func (transaction) After(func()) {}

func (f *fixture) View(ctx context.Context, do func(context.Context, tx.Read) error) error {
	return do(ctx, transaction{})
}

func (f *fixture) Do(ctx context.Context, do func(context.Context, tx.Tx) error) error {
	return do(ctx, transaction{})
}
func (f *fixture) Clock(context.Context, tx.Read) (at time.Time, ok bool, err error) {
	if f.kept != nil {
		at = *f.kept
	}
	return at, f.kept != nil, nil
}

func (f *fixture) SetClock(_ context.Context, _ tx.Tx, at time.Time) error {
	f.kept = &at
	return nil
}

func (f *fixture) NextDue(context.Context, tx.Read) (due time.Time, ok bool, err error) {
	for _, d := range f.due {
		if !ok || d.Before(due) {
			due, ok = d, true
		}
	}
	return due, ok, nil
}

// newFixture is demo data whose clock stands at the first of October.
func newFixture(t *testing.T, due ...time.Time) *fixture {
	t.Helper()
	f := &fixture{due: due}
	f.Service = &Service{
		DB: f, Store: f, Jobs: f, Access: access.Local{}, Machine: func() time.Time { return day(31) },
		Events: event.Log{Store: &f.events, Now: func() time.Time { return day(31) }},
		Empty:  func(context.Context, tx.Read) (bool, error) { return f.events.count == 0, nil },
	}
	f.Drain = func(context.Context) error {
		now := f.Now()
		f.ran = append(f.ran, now)
		f.due = slices.DeleteFunc(f.due, func(d time.Time) bool { return !d.After(now) })
		if f.does != nil {
			f.does(now)
		}
		return nil
	}
	if _, err := f.Begin(access.AsLocalOperator(t.Context()), day(1)); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) move(t *testing.T, to time.Time) error {
	t.Helper()
	_, err := f.Move(access.AsLocalOperator(t.Context()), to)
	return err
}

// The clock stands still at every due instant, also at those that work on the way adds, and passes none.
func TestMoveStopsAtWhatIsDue(t *testing.T) {
	f := newFixture(t, day(9), day(3), day(3), day(20))
	f.does = func(now time.Time) {
		if now.Equal(day(3)) {
			f.due = append(f.due, day(5))
		}
	}
	if err := f.move(t, day(10)); err != nil {
		t.Fatal(err)
	}
	if want := []time.Time{day(3), day(5), day(9)}; !slices.EqualFunc(f.ran, want, time.Time.Equal) {
		t.Errorf("work was done at %v, and not at %v", f.ran, want)
	}
	if !f.Now().Equal(day(10)) || !f.kept.Equal(day(10)) {
		t.Errorf("the clock stands at %v, and %v is kept", f.Now(), f.kept)
	}
	if f.events.count != 5 { // beginning, three stops, the end
		t.Errorf("%d events", f.events.count)
	}
}

// What is due and not done holds the clock where it is.
func TestMoveWaitsForAJob(t *testing.T) {
	f := newFixture(t, day(3))
	f.does = func(time.Time) { f.due = []time.Time{day(3)} }
	if err := f.move(t, day(10)); fault.CodeOf(err) != "job_waiting" {
		t.Fatal(err)
	}
	if !f.Now().Equal(day(3)) {
		t.Errorf("the clock stands at %v", f.Now())
	}
	f.does = nil
	if err := f.move(t, day(10)); err != nil || !f.Now().Equal(day(10)) {
		t.Errorf("once the job is done: %v, %v", err, f.Now())
	}
}

func TestMoveIsRefused(t *testing.T) {
	f := newFixture(t)
	if err := f.move(t, day(1).Add(-time.Second)); fault.CodeOf(err) != "clock_backwards" || !f.Now().Equal(day(1)) {
		t.Errorf("backwards: %v, %v", err, f.Now())
	}
	if _, err := f.Move(t.Context(), day(2)); fault.KindOf(err) != fault.Denied {
		t.Errorf("by nobody: %v", err)
	}
	if _, err := f.Begin(access.AsLocalOperator(t.Context()), day(1)); fault.CodeOf(err) != "not_empty" {
		t.Errorf("demo data of what holds records: %v", err)
	}
	real := &Service{DB: f, Store: &fixture{}, Access: access.Local{}, Machine: f.Machine}
	if err := real.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := real.Move(access.AsLocalOperator(t.Context()), day(2)); fault.CodeOf(err) != "clock_not_movable" {
		t.Errorf("real data: %v", err)
	}
	if !real.Now().Equal(day(31)) || real.Movable() {
		t.Errorf("real data goes by the machine's clock, and says %v", real.Now())
	}
}

// The next process goes on where this one left the clock.
func TestLoad(t *testing.T) {
	f := newFixture(t)
	if err := f.move(t, day(7)); err != nil {
		t.Fatal(err)
	}
	next := &Service{DB: f, Store: f, Machine: f.Machine}
	if err := next.Load(t.Context()); err != nil || !next.Now().Equal(day(7)) || !next.Movable() {
		t.Errorf("%v: %v", err, next.Now())
	}
}
