package cli

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// clockCommands is what there is for the business clock.
type clockCommands struct {
	Show    showClock    `cmd:"" help:"Say where the business clock stands."`
	Advance advanceClock `cmd:"" help:"Move it forward by a term, such as P1M; what falls due on the way is done."`
	Set     setClock     `cmd:"" help:"Move it forward to a day; what falls due on the way is done."`
}

type showClock struct{ shown }

// Run shows the clock.
func (c *showClock) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		now, raw, err := api.clock(ctx)
		if err != nil {
			return err
		}
		return e.showClock(c.shown, raw, now)
	})
}

func (e *env) showClock(o shown, raw []byte, now clock) error {
	t := table.New("now", "may be moved")
	t.Add(now.Now.UTC().Format("2006-01-02 15:04:05 UTC"), word(now.Movable))
	return e.show(o, raw, t)
}

func (c *client) clock(ctx context.Context) (now clock, raw []byte, err error) {
	raw, err = c.get(ctx, "/clock", nil, &now)
	return now, raw, err
}

func (c *client) moveClock(ctx context.Context, m clockMove) (now clock, raw []byte, err error) {
	raw, err = c.post(ctx, "/clock", nil, m, &now)
	return now, raw, err
}

type advanceClock struct {
	By string `arg:"" help:"How far: P1M is a month, P10D ten days, PT6H six hours."`
	shown
}

// Run moves the clock.
func (c *advanceClock) Run(ctx context.Context, e *env) error {
	return e.moveClock(ctx, c.shown, clockMove{By: c.By})
}

type setClock struct {
	To period.Date `arg:"" help:"The day, YYYY-MM-DD, not before the one it is."`
	shown
}

// Run moves the clock.
func (c *setClock) Run(ctx context.Context, e *env) error {
	return e.moveClock(ctx, c.shown, clockMove{To: c.To})
}

func (e *env) moveClock(ctx context.Context, o shown, m clockMove) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		now, raw, err := api.moveClock(ctx, m)
		if err != nil {
			return err
		}
		return e.showClock(o, raw, now)
	})
}
