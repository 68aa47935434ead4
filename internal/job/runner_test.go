package job

import (
	"errors"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// The runner at work is tested with the ledger databases, in sqlstore/storetest.

func TestWhatFollowsAFailure(t *testing.T) {
	now := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	r := &Runner{Machine: func() time.Time { return now }, Attempts: 20}
	for _, c := range []struct {
		name    string
		attempt int
		err     error
		state   State
		pause   time.Duration
	}{
		{"first", 1, errors.New("x"), Queued, time.Second},
		{"second", 2, fault.New(fault.Unavailable, "c", "x"), Queued, 2 * time.Second},
		{"fifth", 5, fault.New(fault.Conflict, "c", "x"), Queued, 16 * time.Second},
		{"longest pause", 19, fault.New(fault.Internal, "c", "x"), Queued, 5 * time.Minute},
		{"often enough", 20, errors.New("x"), Failed, 0},
		{"taken over more often than that", 200, errors.New("x"), Failed, 0},
		{"cannot help", 1, fault.New(fault.Invalid, "c", "x"), Failed, 0},
		{"not allowed", 1, fault.New(fault.Denied, "c", "x"), Failed, 0},
		{"gone", 1, fault.New(fault.NotFound, "c", "x"), Failed, 0},
	} {
		j := r.failed(Job{Attempt: c.attempt, State: Running}, c.err)
		want := now.Add(c.pause)
		if c.pause == 0 {
			want = time.Time{}
		}
		if j.State != c.state || !j.NotBefore.Equal(want) || j.Error != "x" {
			t.Errorf("%s: got %s, not before %v, error %q", c.name, j.State, j.NotBefore, j.Error)
		}
	}
}
