package job

import (
	"context"
	"encoding/json"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Kind names what a job does: "document.render". A runner has one handler for each.
type Kind string

// State is where a job is in its life: queued → running → done or failed; a failed attempt goes back to queued.
type State string

// The states. Done and Failed are final: a failed job is reported and holds nobody up.
const (
	Queued  State = "queued"
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
)

// Job is one piece of durable work. Kind and Key together are unique for ever.
type Job struct {
	ID        id.Job          `json:"id"` // derived from kind and key
	Kind      Kind            `json:"kind"`
	Key       string          `json:"key"`
	Args      json.RawMessage `json:"args,omitempty"`
	Lane      string          `json:"lane"`         // jobs of one lane run in order; empty is a lane of its own
	Due       time.Time       `json:"due,omitzero"` // business clock; none for what the machine's clock alone decides
	State     State           `json:"state"`
	Attempt   int             `json:"attempt"`             // the number of the attempt that runs or ran last; 0 before the first
	NotBefore time.Time       `json:"not_before,omitzero"` // machine clock; when it may start, or be tried again
	Owner     string          `json:"owner,omitempty"`
	Lease     time.Time       `json:"lease,omitzero"` // machine clock; until when the attempt is its owner's
	Error     string          `json:"error,omitempty"`
}

// When is the instant a job waits for, of the clock that decides it; zero once a job without a due time has started.
func (j Job) When() time.Time {
	if j.Due.IsZero() {
		return j.NotBefore
	}
	return j.Due
}

// Store keeps jobs in the ledger database. Jobs carry no place: a scope that is not All sees none.
type Store interface {
	// Enqueue adds a queued job; added is false, and nothing changes, when its kind and key exist.
	Enqueue(ctx context.Context, t tx.Tx, j Job) (added bool, err error)
	// Claim starts an attempt of at most c.Limit jobs, by due time and id, each the first open job of its lane. Jobs
	// whose lease has ended are claimed like queued ones.
	Claim(ctx context.Context, t tx.Tx, c Claim) ([]Job, error)
	// Settle ends the attempt that j holds: j.State is Done, Failed or Queued again (not before j.NotBefore).
	// Conflict when the job is no longer running that attempt for that owner.
	Settle(ctx context.Context, t tx.Tx, j Job) error
	// Release queues what others than the owner left running; it returns how many.
	Release(ctx context.Context, t tx.Tx, owner string) (int, error)
	// Jobs lists jobs by due time and id.
	Jobs(ctx context.Context, r tx.Read, s scope.Scope, f Filter) ([]Job, error)
	// NextDue is the earliest due time of a job that is neither done nor failed; ok is false when there is none. Jobs
	// without a due time do not count.
	NextDue(ctx context.Context, r tx.Read) (due time.Time, ok bool, err error)
}

// Claim is a request for work.
type Claim struct {
	Owner   string
	Due     time.Time // business clock: what is due by then
	Machine time.Time
	Lease   time.Time // machine clock: until when
	Limit   int
}

// Filter narrows a list; zero fields narrow nothing.
type Filter struct {
	Kind  Kind
	State State
	Lane  string
	Limit int
}

// Queue adds jobs inside the transaction of what causes them.
type Queue struct{ Store Store }

// Enqueue adds a job of which kind, key, arguments, lane and due time are given, or in place of that the instant before
// which it does not start; the rest follows. Asking for the same kind and key again changes nothing. Invalid without
// kind or key.
func (q Queue) Enqueue(ctx context.Context, t tx.Tx, j Job) error {
	if j.Kind == "" || j.Key == "" {
		return fault.New(fault.Invalid, "job_unnamed", "a job needs a kind and a key")
	}
	j.ID = ID(j.Kind, j.Key)
	if j.Lane == "" {
		j.Lane = string(j.ID)
	}
	if len(j.Args) == 0 {
		j.Args = json.RawMessage("null")
	}
	j.State, j.Attempt, j.Owner, j.Error = Queued, 0, "", ""
	j.Lease = time.Time{}
	_, err := q.Store.Enqueue(ctx, t, j)
	return err
}

// ID is the identifier of the job with this kind and key.
func ID(kind Kind, key string) id.Job { return id.Job("job_" + id.Derive(string(kind), key)) }
