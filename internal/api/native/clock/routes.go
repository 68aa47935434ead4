package clock

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/clock"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Routes are the calls about the business clock.
func Routes(business *clock.Service) []kernel.Route {
	v := handlers{business}
	return kernel.Under("operation",
		kernel.Get("clock-show", "/clock", access.ClockRead, "The business clock", kernel.JSON(v.show).Unrecorded("the clock is the installation's")),
		kernel.Post("clock-move", "/clock", access.ClockMove, "Move the business clock of demo data forward", kernel.Form, kernel.JSON(v.move)),
	)
}

type handlers struct{ business *clock.Service }

func (v handlers) show(ctx context.Context, _ *kernel.None) (clock.State, error) {
	return v.business.State(ctx)
}

type moveClockInput struct {
	Body struct {
		To   period.Date `json:"to,omitempty" doc:"Midnight UTC of this day."`
		By   string      `json:"by,omitempty" doc:"A duration such as P1M, P3D or PT6H."`
		Demo bool        `json:"demo,omitempty" doc:"Make an empty data directory demo data, whose clock starts at to."`
	}
}

func (v handlers) move(ctx context.Context, in *moveClockInput) (clock.State, error) {
	to := in.Body.To.Time()
	switch {
	case in.Body.To != 0 && in.Body.By == "":
	case in.Body.To == 0 && in.Body.By != "" && !in.Body.Demo:
		step, err := period.ParseStep(in.Body.By)
		if err != nil {
			return clock.State{}, err
		}
		to = step.After(v.business.Now())
	default:
		return clock.State{}, fault.New(fault.Invalid, "bad_move", "give either to (a day) or by (a duration); demo data begins with to")
	}
	if in.Body.Demo {
		return v.business.Begin(ctx, to)
	}
	return v.business.Move(ctx, to)
}
