package job

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Handler does the work of a job outside any transaction, and returns its effect on the ledger (nil for none). It may
// be called again for the same job, after a failure or a lost lease, so what it does outside must be keyed by the job.
// Its context ends with the lease.
type Handler func(ctx context.Context, j Job) (Effect, error)

// Effect is what a job changes in the ledger. It commits together with the job's completion, or not at all.
type Effect func(ctx context.Context, t tx.Tx) error

// Runner runs jobs.
type Runner struct {
	Store    Store
	DB       tx.DB
	Handlers map[Kind]Handler
	Workers  int              // lanes side by side; at least 1
	Now      func() time.Time // business clock: what is due
	Machine  func() time.Time // machine clock: leases and retries
	Owner    string           // names this process; no other running one has the same
	Lease    time.Duration    // how long an attempt may take; 0 is 15 minutes
	Attempts int              // after so many failed attempts a job is failed; 0 is 5
}

const (
	defaultLease    = 15 * time.Minute
	defaultAttempts = 5
	firstPause      = time.Second // before the second attempt; doubled before each further one
	longestPause    = 5 * time.Minute
)

// Drain runs every job that is due now, and those that these add, until none is left that could run now. It
// does not wait for jobs whose repetition is still to come. n counts the jobs that came to an end, done or failed.
// The error is the ledger's or the context's: jobs that fail keep their own error and stop no other job.
func (r *Runner) Drain(ctx context.Context) (n int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d := &drain{Runner: r, busy: max(1, r.Workers)}
	d.changed.L = &d.mu
	var workers sync.WaitGroup
	for range d.busy {
		workers.Go(func() {
			if err := d.work(ctx); err != nil {
				cancel(err)
			}
		})
	}
	workers.Wait()
	return d.ended, context.Cause(ctx)
}

// Recover gives back what other owners left running. Call it once before the first Drain, by whom only one process at
// a time can be (the holder of the data directory's lock); without it their leases run out by themselves.
func (r *Runner) Recover(ctx context.Context) (n int, err error) {
	err = r.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		n, err = r.Store.Release(ctx, t, r.Owner)
		return err
	})
	return n, err
}

// drain is one call of Drain: the workers it counts as busy may still add work for the idle ones.
type drain struct {
	*Runner
	mu       sync.Mutex
	changed  sync.Cond
	busy     int
	ended    int
	attempts int // attempts that ended: after each there may be new work
	stopped  bool
}

func (d *drain) work(ctx context.Context) error {
	for {
		j, ok, err := d.claimOrWait(ctx)
		if err == nil && !ok {
			return nil
		}
		for ok && err == nil {
			j, ok, err = d.attempt(ctx, j)
			d.attemptEnded()
		}
		if err != nil {
			d.stop()
			return err
		}
	}
}

// claimOrWait is a job for a worker that has none. It waits while other workers are busy; ok is false when all are idle.
func (d *drain) claimOrWait(ctx context.Context) (Job, bool, error) {
	for {
		d.mu.Lock()
		attempts, stopped := d.attempts, d.stopped
		d.mu.Unlock()
		if stopped {
			return Job{}, false, nil
		}
		j, ok, err := d.claim(ctx)
		if ok || err != nil {
			return j, ok, err
		}
		d.mu.Lock()
		if d.busy--; d.busy == 0 && d.attempts == attempts {
			d.stopped = true
			d.changed.Broadcast()
		}
		for d.attempts == attempts && !d.stopped {
			d.changed.Wait()
		}
		d.busy++
		d.mu.Unlock()
	}
}

func (d *drain) attemptEnded() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.attempts++
	d.changed.Broadcast()
}

func (d *drain) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = true
	d.changed.Broadcast()
}

func (d *drain) count() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended++
}

func (d *drain) claim(ctx context.Context) (j Job, ok bool, err error) {
	err = d.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		j, ok, err = d.claimIn(ctx, t)
		return err
	})
	return j, ok, err
}

func (r *Runner) claimIn(ctx context.Context, t tx.Tx) (Job, bool, error) {
	now := r.Machine()
	jobs, err := r.Store.Claim(ctx, t, Claim{Owner: r.Owner, Due: r.Now(), Machine: now, Lease: now.Add(r.lease()), Limit: 1})
	if err != nil || len(jobs) == 0 {
		return Job{}, false, err
	}
	return jobs[0], true, nil
}

func (r *Runner) lease() time.Duration {
	if r.Lease > 0 {
		return r.Lease
	}
	return defaultLease
}

// attempt runs a claimed job and settles it; the next job is claimed in the same transaction.
func (d *drain) attempt(ctx context.Context, j Job) (next Job, ok bool, err error) {
	effect, failure := d.handle(ctx, j)
	if ctx.Err() != nil && failure != nil { // shutting down says nothing about the job: it is given back
		j.State = Queued
		return Job{}, false, errors.Join(ctx.Err(), d.settle(context.WithoutCancel(ctx), j, nil, nil))
	}
	if failure == nil {
		j.State, j.Error = Done, ""
		if failure = d.settle(ctx, j, effect, &next); failure == nil {
			d.count()
			return next, next.ID != "", nil
		}
	}
	if leaseLost(failure) {
		return Job{}, false, nil
	}
	if ctx.Err() != nil {
		return Job{}, false, ctx.Err()
	}
	j = d.failed(j, failure)
	err = d.settle(ctx, j, nil, &next)
	if leaseLost(err) {
		return Job{}, false, nil
	}
	if err == nil && j.State == Failed {
		d.count()
	}
	return next, next.ID != "", err
}

// leaseLost says that the attempt is no longer ours: another owner took the job over, and its outcome counts.
func leaseLost(err error) bool { return err != nil && fault.CodeOf(err) == CodeLeaseLost }

// CodeLeaseLost is the code of the Conflict by which Settle refuses an attempt that is no longer its owner's.
const CodeLeaseLost = "lease_lost"

func (r *Runner) handle(ctx context.Context, j Job) (effect Effect, err error) {
	h := r.Handlers[j.Kind]
	if h == nil {
		return nil, fault.New(fault.Invalid, "unknown_job_kind", "this program does not know jobs of kind %q", j.Kind)
	}
	ctx, cancel := context.WithTimeout(ctx, r.lease())
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler of %s panicked: %v\n%s", j.Kind, p, debug.Stack())
		}
	}()
	return h(ctx, j)
}

// settle ends the attempt together with its effect. The guard comes first: an effect never runs for a lost lease.
func (r *Runner) settle(ctx context.Context, j Job, effect Effect, next *Job) error {
	return r.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := r.Store.Settle(ctx, t, j); err != nil {
			return err
		}
		if effect != nil {
			if err := effect(ctx, t); err != nil {
				return err
			}
		}
		if next == nil {
			return nil
		}
		var err error
		*next, _, err = r.claimIn(ctx, t)
		return err
	})
}

// failed is the job after a failed attempt: queued for another one, or failed for good when trying again cannot help
// or was tried often enough.
func (r *Runner) failed(j Job, failure error) Job {
	attempts := r.Attempts
	if attempts <= 0 {
		attempts = defaultAttempts
	}
	j.Error = failure.Error()
	switch kind := fault.KindOf(failure); {
	case kind == fault.Invalid, kind == fault.Denied, kind == fault.NotFound, j.Attempt >= attempts:
		j.State = Failed
	default:
		j.State = Queued
		pause := min(firstPause<<min(j.Attempt-1, 16), longestPause)
		j.NotBefore = r.Machine().Add(pause)
	}
	return j
}
