package check

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/check"
)

// Routes are the calls about invariants.
func Routes(checks *check.Service) []kernel.Route {
	run := func(ctx context.Context, _ *kernel.None) (check.Report, error) { return checks.Run(ctx) }
	return kernel.Under("operation",
		kernel.Post("check-run", "/checks", access.Check, "Verify every invariant", kernel.NoBody, kernel.JSON(run)),
	)
}
