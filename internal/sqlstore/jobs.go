package sqlstore

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
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Jobs keeps jobs. The column head marks the first open job of each lane, by due time and id, a running one before
// all others: so a claim reads an index from its start, however long the lanes are.
type Jobs struct{ DB *DB }

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
		ID: string(j.ID), Kind: string(j.Kind), Key: j.Key, Args: string(j.Args), Lane: j.Lane, Due: instant(j.Due),
		State: string(j.State), Attempt: int64(j.Attempt), NotBefore: instant(j.NotBefore), Owner: j.Owner,
		Lease: instant(j.Lease), Error: j.Error,
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
		if *x.to, err = parseInstant(x.from); err != nil {
			return j, err
		}
	}
	return j, nil
}

// Enqueue adds a queued job.
func (x Jobs) Enqueue(ctx context.Context, t tx.Tx, j job.Job) (added bool, err error) {
	q := x.DB.in(t)
	row := newJobRow(j)
	n, err := changed(q.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx))
	if err != nil || n == 0 {
		return false, err
	}
	// The new one may come before the head of its lane, unless that is running.
	if _, err := q.NewRaw("UPDATE job SET head = FALSE WHERE lane = ? AND head AND state = 'queued'", j.Lane).Exec(ctx); err != nil {
		return false, err
	}
	return true, promote(ctx, q, j.Lane)
}

// promote gives a lane without a head its first open job as the head.
func promote(ctx context.Context, q bun.Tx, lane string) error {
	_, err := q.NewRaw(`UPDATE job SET head = TRUE
		WHERE id = (SELECT id FROM job WHERE lane = ? AND state = 'queued' ORDER BY due, id LIMIT 1)
		AND NOT EXISTS (SELECT 1 FROM job WHERE lane = ? AND head)`, lane, lane).Exec(ctx)
	return err
}

// Claim starts attempts of the heads of lanes.
func (x Jobs) Claim(ctx context.Context, t tx.Tx, c job.Claim) ([]job.Job, error) {
	var rows []jobRow
	err := x.DB.in(t).NewRaw(`UPDATE job SET state = 'running', attempt = attempt + 1, owner = ?, lease = ?, not_before = ''
		WHERE id IN (SELECT id FROM job WHERE head AND due <= ? AND CASE state WHEN 'queued' THEN not_before ELSE lease END <= ?
			ORDER BY due, id LIMIT ?)
		RETURNING *`, c.Owner, instant(c.Lease), instant(c.Due), instant(c.Machine), c.Limit).Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b jobRow) int { return compareText(a.Due, b.Due, a.ID, b.ID) })
	return each(rows, jobRow.job)
}

// Settle ends an attempt; only the one that is under way, and only for its owner.
func (x Jobs) Settle(ctx context.Context, t tx.Tx, j job.Job) error {
	q := x.DB.in(t)
	n, err := changed(q.NewRaw(`UPDATE job SET state = ?, head = FALSE, not_before = ?, lease = '', error = ?
		WHERE id = ? AND state = 'running' AND attempt = ? AND owner = ?`,
		string(j.State), instant(j.NotBefore), j.Error, string(j.ID), j.Attempt, j.Owner).Exec(ctx))
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
	n, err := changed(x.DB.in(t).NewRaw(
		"UPDATE job SET state = 'queued', lease = '', not_before = '' WHERE state = 'running' AND owner <> ?", owner).Exec(ctx))
	return int(n), err
}

// Jobs lists jobs by due time and id.
func (x Jobs) Jobs(ctx context.Context, r tx.Read, s scope.Scope, f job.Filter) ([]job.Job, error) {
	if !s.IsAll() {
		return nil, nil
	}
	var rows []jobRow
	q := x.DB.in(r).NewSelect().Model(&rows).Order("due", "id")
	if f.Kind != "" {
		q = q.Where("kind = ?", string(f.Kind))
	}
	if f.State != "" {
		q = q.Where("state = ?", string(f.State))
	}
	if f.Lane != "" {
		q = q.Where("lane = ?", f.Lane)
	}
	if f.Limit > 0 {
		q = q.Limit(int64(f.Limit))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}
	return each(rows, jobRow.job)
}

// NextDue is the earliest due time of an open job that has one.
func (x Jobs) NextDue(ctx context.Context, r tx.Read) (due time.Time, ok bool, err error) {
	var text string
	ok, err = one(ctx, x.DB.in(r).NewRaw("SELECT due FROM job WHERE head AND due <> '' ORDER BY due, id LIMIT 1"), &text)
	if err != nil || !ok {
		return due, false, err
	}
	due, err = parseInstant(text)
	return due, err == nil, err
}
