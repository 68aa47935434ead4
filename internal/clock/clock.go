// Package clock owns the movable business clock of demo and emulator data.
//
// It is not the machine's clock, which serves leases, retries and tokens. Always true: it moves forward only; only
// data that was made as demo data has one; it stands still at each due instant until the jobs due there are done.
package clock

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps the time that the clock shows.
type Store interface {
	// Clock is the time it shows; ok is false for data that follows the machine's clock.
	Clock(ctx context.Context, r tx.Read) (at time.Time, ok bool, err error)
	SetClock(ctx context.Context, t tx.Tx, at time.Time) error
}

// Jobs is what must be done before the clock may pass.
type Jobs interface {
	// NextDue is the earliest due time of open work; ok is false when there is none.
	NextDue(ctx context.Context, r tx.Read) (due time.Time, ok bool, err error)
}

// Service tells the business time and moves it.
type Service struct {
	DB      tx.DB
	Store   Store
	Jobs    Jobs
	Access  access.Guard
	Events  event.Log
	Machine func() time.Time
	Drain   func(context.Context) error                  // runs the jobs that are due now
	Empty   func(context.Context, tx.Read) (bool, error) // whether nothing was recorded yet
	current atomic.Pointer[time.Time]                    // nil: the machine's clock
}

// State is the time that the clock shows.
type State struct {
	Now     time.Time `json:"now"`
	Movable bool      `json:"movable"` // demo or emulator data
}

// Load reads the time that the clock shows. Call it before anything asks for the time.
func (v *Service) Load(ctx context.Context) error {
	return v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		at, ok, err := v.Store.Clock(ctx, r)
		if ok {
			v.current.Store(&at)
		}
		return err
	})
}

// Now is the business time.
func (v *Service) Now() time.Time {
	if at := v.current.Load(); at != nil {
		return *at
	}
	return v.Machine()
}

// Movable says whether this is demo or emulator data.
func (v *Service) Movable() bool { return v.current.Load() != nil }

// State tells the time to a caller.
func (v *Service) State(ctx context.Context) (State, error) {
	if _, err := v.Access.Require(ctx, access.ClockRead); err != nil {
		return State{}, err
	}
	return State{Now: v.Now(), Movable: v.Movable()}, nil
}

// Begin makes empty data demo data, whose clock starts at an instant. Conflict once anything was recorded.
func (v *Service) Begin(ctx context.Context, at time.Time) (State, error) {
	grant, err := v.Access.Require(ctx, access.ClockMove)
	if err != nil {
		return State{}, err
	}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		empty, err := v.Empty(ctx, t)
		if err != nil {
			return err
		}
		if !empty {
			return fault.New(fault.Conflict, "not_empty",
				"only an empty data directory can become demo data, and this one holds records; nothing was changed. Name a new directory")
		}
		return v.set(ctx, t, grant.Actor, at)
	})
	return v.moved(at, err)
}

// Move sets the clock forward to an instant. It stops at every due instant on the way until the jobs due there are
// done, so the outcome is the same with any number of workers. Denied unless this is demo data; Invalid backwards.
func (v *Service) Move(ctx context.Context, to time.Time) (State, error) {
	grant, err := v.Access.Require(ctx, access.ClockMove)
	if err != nil {
		return State{}, err
	}
	now := v.current.Load()
	if now == nil {
		return State{}, fault.New(fault.Denied, "clock_not_movable",
			"this is real data, and its clock is the machine's; only demo data can be moved in time")
	}
	if to.Before(*now) {
		return State{}, fault.New(fault.Invalid, "clock_backwards",
			"the clock stands at %s and moves forward only; it was left there", now.Format(time.RFC3339))
	}
	var drained time.Time
	for {
		due, ok, err := v.nextDue(ctx)
		if err != nil {
			return State{}, err
		}
		if !ok || due.After(to) {
			return v.moved(to, v.step(ctx, grant.Actor, to))
		}
		if !drained.IsZero() && !due.After(drained) {
			return State{}, fault.New(fault.Conflict, "job_waiting",
				"a job due at %s waits for another attempt, so the clock was left at %s; see what jobs list says, and move it again",
				due.Format(time.RFC3339), v.Now().Format(time.RFC3339))
		}
		if due.After(v.Now()) {
			if err := v.step(ctx, grant.Actor, due); err != nil {
				return State{}, err
			}
		}
		if err := v.Drain(ctx); err != nil {
			return State{}, err
		}
		drained = due
	}
}

func (v *Service) nextDue(ctx context.Context) (due time.Time, ok bool, err error) {
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		due, ok, err = v.Jobs.NextDue(ctx, r)
		return err
	})
	return due, ok, err
}

func (v *Service) step(ctx context.Context, actor string, to time.Time) error {
	err := v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return v.set(ctx, t, actor, to) })
	if err == nil {
		v.current.Store(&to)
	}
	return err
}

func (v *Service) set(ctx context.Context, t tx.Tx, actor string, at time.Time) error {
	if err := v.Store.SetClock(ctx, t, at); err != nil {
		return err
	}
	return v.Events.Append(ctx, t, event.ClockMoved, actor, "clock", map[string]string{"to": at.UTC().Format(time.RFC3339)})
}

func (v *Service) moved(at time.Time, err error) (State, error) {
	if err != nil {
		return State{}, err
	}
	v.current.Store(&at)
	return State{Now: at, Movable: true}, nil
}
