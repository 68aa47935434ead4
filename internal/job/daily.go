package job

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Daily does some work once a day by the machine's clock. Its jobs have no due time: what expires by the machine's clock
// does not expire sooner because the business clock of demo data was moved by months, and that clock does not stop for
// them. The key of a job is the day before which it does not start, so a day has one, however often it is ordered. Days
// on which nothing ran are not made up for.
type Daily struct {
	DB      tx.DB
	Queue   Queue
	Kind    Kind
	Machine func() time.Time
	Work    func(context.Context) error
}

// Begin orders the job of the next day. It is called at every start.
func (d *Daily) Begin(ctx context.Context) error {
	year, month, day := d.Machine().UTC().Date()
	next := time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC)
	return d.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		return d.Queue.Enqueue(ctx, t, Job{Kind: d.Kind, Key: next.Format(time.DateOnly), NotBefore: next})
	})
}

// Run does the work of a day. The next is ordered first, and stays so when the work fails for good.
func (d *Daily) Run(ctx context.Context, _ Job) (Effect, error) {
	if err := d.Begin(ctx); err != nil {
		return nil, err
	}
	return nil, d.Work(ctx)
}
