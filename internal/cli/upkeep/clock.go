package upkeep

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Clock is what there is for the business clock.
type Clock struct {
	Show    showClock    `cmd:"" help:"Show the business clock."`
	Advance advanceClock `cmd:"" help:"Move the clock forward by a term, such as P1M; jobs that become due run."`
	Set     setClock     `cmd:"" help:"Move the clock forward to a day; jobs that become due run."`
}

// Stand is the time of the business clock, and whether it may be moved.
type Stand struct {
	Now     time.Time `json:"now"`
	Movable bool      `json:"movable"`
}

// Move moves the business clock: to a day, or by a term such as P1M. With Demo, To begins demo data.
type Move struct {
	To   period.Date `json:"to,omitzero"`
	By   string      `json:"by,omitempty"`
	Demo bool        `json:"demo,omitempty"`
}

type showClock struct{ command.Shown }

// Run shows the clock.
func (c *showClock) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		now, raw, err := ReadClock(ctx, api)
		if err != nil {
			return err
		}
		return shown(e, c.Shown, raw, now)
	})
}

func shown(e *command.Env, o command.Shown, raw []byte, now Stand) error {
	t := table.New("now", "may be moved")
	t.Add(table.Second(now.Now), table.YesNo(now.Movable))
	return e.Show(o, raw, t)
}

// ReadClock says the time of the business clock.
func ReadClock(ctx context.Context, api *call.Client) (now Stand, raw []byte, err error) {
	raw, err = api.Get(ctx, "/clock", nil, &now)
	return now, raw, err
}

// MoveClock moves it, and does what falls due on the way.
func MoveClock(ctx context.Context, api *call.Client, m Move) (now Stand, raw []byte, err error) {
	raw, err = api.Post(ctx, "/clock", m, &now)
	return now, raw, err
}

type advanceClock struct {
	By string `arg:"" help:"How far: P1M is a month, P10D ten days, PT6H six hours."`
	command.Shown
}

// Run moves the clock.
func (c *advanceClock) Run(ctx context.Context, e *command.Env) error {
	return moveTo(ctx, e, c.Shown, Move{By: c.By})
}

type setClock struct {
	To period.Date `arg:"" help:"The day, YYYY-MM-DD, not before the clock's."`
	command.Shown
}

// Run moves the clock.
func (c *setClock) Run(ctx context.Context, e *command.Env) error {
	return moveTo(ctx, e, c.Shown, Move{To: c.To})
}

func moveTo(ctx context.Context, e *command.Env, o command.Shown, m Move) error {
	return e.With(ctx, func(api *call.Client) error {
		now, raw, err := MoveClock(ctx, api, m)
		if err != nil {
			return err
		}
		return shown(e, o, raw, now)
	})
}
