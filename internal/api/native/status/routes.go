package status

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/clock"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Routes are the calls about the installation as a whole.
func Routes(s Source) []kernel.Route {
	read := func(ctx context.Context, _ *kernel.None) (Status, error) { return s.Read(ctx) }
	return kernel.Under("operation",
		kernel.Get("status", "/status", access.WorldRead, "Status: version, business date, and counts of what is stored", kernel.JSON(read).Unrecorded("it counts what there is and names nobody")),
	)
}

// Status is an overview of an installation.
type Status struct {
	Version       string           `json:"version"`
	Now           time.Time        `json:"now"` // business clock
	Demo          bool             `json:"demo"`
	Organisations map[org.Kind]int `json:"organisations"`
	Edges         int              `json:"edges"`
	Loads         int              `json:"loads"`
	Rows          int64            `json:"rows"` // sealed, whatever their period
}

// Source reads the status of an installation.
type Source struct {
	Orgs    *org.Service
	Usage   *usage.Service
	Clock   *clock.Service
	Version string
}

// Read is the status, counting what the caller may see.
func (s Source) Read(ctx context.Context) (Status, error) {
	w, err := s.Orgs.World(ctx)
	if err != nil {
		return Status{}, err
	}
	loads, err := s.Usage.Loads(ctx)
	if err != nil {
		return Status{}, err
	}
	c, err := s.Clock.State(ctx)
	if err != nil {
		return Status{}, err
	}
	out := Status{Version: s.Version, Now: c.Now, Demo: c.Movable, Organisations: map[org.Kind]int{}, Edges: len(w.Edges), Loads: len(loads)}
	for i := range w.Organisations {
		out.Organisations[w.Organisations[i].Kind]++
	}
	for i := range loads {
		out.Rows += loads[i].Rows.Sealed
	}
	return out, nil
}
