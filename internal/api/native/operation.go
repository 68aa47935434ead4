package native

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/check"
	"github.com/purveyor-csp/purveyor/internal/clock"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func (s *Server) check(ctx context.Context, _ *struct{}) (*body[check.Report], error) {
	r, err := s.Check.Run(ctx)
	return &body[check.Report]{r}, err
}

func (s *Server) showClock(ctx context.Context, _ *struct{}) (*body[clock.State], error) {
	c, err := s.Clock.State(ctx)
	return &body[clock.State]{c}, err
}

type moveClockInput struct {
	Body struct {
		To   period.Date `json:"to,omitempty" doc:"Midnight UTC of this day."`
		By   string      `json:"by,omitempty" doc:"A duration such as P1M, P3D or PT6H."`
		Demo bool        `json:"demo,omitempty" doc:"Make an empty data directory demo data, whose clock starts at to."`
	}
}

func (s *Server) moveClock(ctx context.Context, in *moveClockInput) (*body[clock.State], error) {
	to := in.Body.To.Time()
	switch {
	case in.Body.To != 0 && in.Body.By == "":
	case in.Body.To == 0 && in.Body.By != "" && !in.Body.Demo:
		step, err := period.ParseStep(in.Body.By)
		if err != nil {
			return nil, err
		}
		to = step.After(s.Clock.Now())
	default:
		return nil, fault.New(fault.Invalid, "bad_move", "say either to (a day) or by (a duration); demo data begins with to")
	}
	move := s.Clock.Move
	if in.Body.Demo {
		move = s.Clock.Begin
	}
	c, err := move(ctx, to)
	return &body[clock.State]{c}, err
}

type listJobsInput struct {
	Paging
	State job.State `query:"state" enum:"queued,running,done,failed"`
	Kind  job.Kind  `query:"kind"`
}

func (s *Server) listJobs(ctx context.Context, in *listJobsInput) (*body[List[job.Job]], error) {
	grant, err := s.Access.Require(ctx, access.JobRead)
	if err != nil {
		return nil, err
	}
	var list []job.Job
	err = s.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = s.Jobs.Jobs(ctx, r, grant.Scope, job.Filter{State: in.State, Kind: in.Kind})
		return err
	})
	if err != nil {
		return nil, err
	}
	return page(list, in.Paging)
}

// Status is what an installation holds.
type Status struct {
	Version       string           `json:"version"`
	Now           time.Time        `json:"now"` // business clock
	Demo          bool             `json:"demo"`
	Organisations map[org.Kind]int `json:"organisations"`
	Edges         int              `json:"edges"`
	Loads         int              `json:"loads"`
	Rows          int64            `json:"rows"` // sealed, whatever their period
}

func (s *Server) status(ctx context.Context, _ *struct{}) (*body[Status], error) {
	w, err := s.Orgs.World(ctx)
	if err != nil {
		return nil, err
	}
	loads, err := s.Usage.Loads(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.Clock.State(ctx)
	if err != nil {
		return nil, err
	}
	out := Status{Version: s.Version, Now: c.Now, Demo: c.Movable, Organisations: map[org.Kind]int{}, Edges: len(w.Edges), Loads: len(loads)}
	for i := range w.Organisations {
		out.Organisations[w.Organisations[i].Kind]++
	}
	for i := range loads {
		out.Rows += loads[i].Rows.Sealed
	}
	return &body[Status]{out}, nil
}
