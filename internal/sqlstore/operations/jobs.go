package operations

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Jobs keeps jobs. The column head marks the first open job of each lane, by due time and id, a running one before
// all others: so a claim reads an index from its start, however long the lanes are.
type Jobs struct{ DB *sqlstore.DB }

var _ job.Store = Jobs{}

type jobRow struct {
	bun.BaseModel `bun:"table:job"`
	ID            string
	Kind          string
	Key           string
	Args          string
	Lane          string
	Due           string
	State         string
	Head          bool
	Attempt       int64
	NotBefore     string
	Owner         string
	Lease         string
	Error         string
}

// newJobRow writes no due time as the empty text, which orders before every instant: such a job is due at once.
func newJobRow(j job.Job) jobRow {
	return jobRow{
		ID: string(j.ID), Kind: string(j.Kind), Key: j.Key, Args: string(j.Args), Lane: j.Lane, Due: sqlstore.Instant(j.Due),
		State: string(j.State), Attempt: int64(j.Attempt), NotBefore: sqlstore.Instant(j.NotBefore), Owner: j.Owner,
		Lease: sqlstore.Instant(j.Lease), Error: j.Error,
	}
}

func (r jobRow) job() (j job.Job, err error) {
	j = job.Job{
		ID: id.Job(r.ID), Kind: job.Kind(r.Kind), Key: r.Key, Args: json.RawMessage(r.Args), Lane: r.Lane,
		State: job.State(r.State), Attempt: int(r.Attempt), Owner: r.Owner, Error: r.Error,
	}
	for _, x := range []struct {
		to   *time.Time
		from string
	}{{&j.Due, r.Due}, {&j.NotBefore, r.NotBefore}, {&j.Lease, r.Lease}} {
		if *x.to, err = sqlstore.ParseInstant(x.from); err != nil {
			return j, err
		}
	}
	return j, nil
}

// Enqueue adds a queued job.
func (x Jobs) Enqueue(ctx context.Context, t tx.Tx, j job.Job) (added bool, err error) {
	q := x.DB.Writer(t)
	row := newJobRow(j)
	n, err := sqlstore.InsertNew(ctx, q, row)
	if err != nil || n == 0 {
		return false, err
	}
	// The new one may come before the head of its lane, unless that is running.
	if _, err := q.Exec(ctx, "UPDATE job SET head = FALSE WHERE lane = ? AND head AND state = 'queued'", j.Lane); err != nil {
		return false, err
	}
	return true, promote(ctx, q, j.Lane)
}

// promote gives a lane without a head its first open job as the head.
func promote(ctx context.Context, q sqlstore.Writer, lane string) error {
	_, err := q.Exec(ctx, `UPDATE job SET head = TRUE
		WHERE id = (SELECT id FROM job WHERE lane = ? AND state = 'queued' ORDER BY due, id LIMIT 1)
		AND NOT EXISTS (SELECT 1 FROM job WHERE lane = ? AND head)`, lane, lane)
	return err
}

// Claim starts attempts of the heads of lanes.
func (x Jobs) Claim(ctx context.Context, t tx.Tx, c job.Claim) ([]job.Job, error) {
	var rows []jobRow
	err := x.DB.Writer(t).Query(`UPDATE job SET state = 'running', attempt = attempt + 1, owner = ?, lease = ?, not_before = ''
		WHERE id IN (SELECT id FROM job WHERE head AND due <= ? AND CASE state WHEN 'queued' THEN not_before ELSE lease END <= ?
			ORDER BY due, id LIMIT ?)
		RETURNING *`, c.Owner, sqlstore.Instant(c.Lease), sqlstore.Instant(c.Due), sqlstore.Instant(c.Machine), c.Limit).All(ctx, &rows)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b jobRow) int { return sqlstore.CompareText(a.Due, b.Due, a.ID, b.ID) })
	return sqlstore.Each(rows, jobRow.job)
}

// Settle ends an attempt; only the one that is under way, and only for its owner.
func (x Jobs) Settle(ctx context.Context, t tx.Tx, j job.Job) error {
	q := x.DB.Writer(t)
	n, err := q.Exec(ctx, `UPDATE job SET state = ?, head = FALSE, not_before = ?, lease = '', error = ?
		WHERE id = ? AND state = 'running' AND attempt = ? AND owner = ?`,
		string(j.State), sqlstore.Instant(j.NotBefore), j.Error, string(j.ID), j.Attempt, j.Owner)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, job.CodeLeaseLost,
			"attempt %d of job %s is no longer %s's: its effect was not kept; the attempt that replaced it counts", j.Attempt, j.ID, j.Owner)
	}
	return promote(ctx, q, j.Lane)
}

// Release queues what other owners left running; such jobs stay the heads of their lanes.
func (x Jobs) Release(ctx context.Context, t tx.Tx, owner string) (int, error) {
	n, err := x.DB.Writer(t).Exec(ctx, "UPDATE job SET state = 'queued', lease = '', not_before = '' WHERE state = 'running' AND owner <> ?", owner)
	return int(n), err
}

// Jobs lists jobs by due time and id.
func (x Jobs) Jobs(ctx context.Context, r tx.Read, s scope.Scope, f job.Filter) ([]job.Job, error) {
	if !s.IsAll() {
		return nil, nil
	}
	var rows []jobRow
	err := x.DB.Reader(r).Query("SELECT * FROM job WHERE ? ORDER BY due, id LIMIT ?",
		sqlstore.Equals("kind", string(f.Kind), "state", string(f.State), "lane", f.Lane), sqlstore.Limit(f.Limit)).All(ctx, &rows)
	if err != nil {
		return nil, err
	}
	return sqlstore.Each(rows, jobRow.job)
}

// NextDue is the earliest due time of an open job that has one.
func (x Jobs) NextDue(ctx context.Context, r tx.Read) (due time.Time, ok bool, err error) {
	var text string
	ok, err = x.DB.Reader(r).Query("SELECT due FROM job WHERE head AND due <> '' ORDER BY due, id LIMIT 1").One(ctx, &text)
	if err != nil || !ok {
		return due, false, err
	}
	due, err = sqlstore.ParseInstant(text)
	return due, err == nil, err
}
