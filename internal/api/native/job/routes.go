package job

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Routes are the calls about jobs.
func Routes(db tx.DB, jobs job.Store) []kernel.Route {
	v := handlers{db, jobs}
	return kernel.Under("operation",
		kernel.Get("job-list", "/jobs", access.JobRead, "Jobs: waiting, running, done and failed", kernel.Page(v.list).Unrecorded("jobs are the installation's")),
	)
}

type handlers struct {
	db   tx.DB
	jobs job.Store
}

type listInput struct {
	kernel.Paging
	State job.State `query:"state" enum:"queued,running,done,failed"`
	Kind  job.Kind  `query:"kind"`
}

func (v handlers) list(ctx context.Context, in *listInput) (kernel.List[job.Job], error) {
	grant, err := kernel.Require(ctx)
	if err != nil {
		return kernel.List[job.Job]{}, err
	}
	var list []job.Job
	err = v.db.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.jobs.Jobs(ctx, r, grant.Scope, job.Filter{State: in.State, Kind: in.Kind})
		return err
	})
	return kernel.Cut(list, err, in.Paging)
}
