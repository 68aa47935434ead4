package native

import (
	"slices"

	"github.com/purveyor-csp/purveyor/internal/api/native/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/backup"
	"github.com/purveyor-csp/purveyor/internal/api/native/check"
	"github.com/purveyor-csp/purveyor/internal/api/native/clock"
	"github.com/purveyor-csp/purveyor/internal/api/native/cost"
	"github.com/purveyor-csp/purveyor/internal/api/native/delegation"
	"github.com/purveyor-csp/purveyor/internal/api/native/event"
	"github.com/purveyor-csp/purveyor/internal/api/native/invoice"
	"github.com/purveyor-csp/purveyor/internal/api/native/job"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/api/native/pricing"
	"github.com/purveyor-csp/purveyor/internal/api/native/recon"
	"github.com/purveyor-csp/purveyor/internal/api/native/resource"
	"github.com/purveyor-csp/purveyor/internal/api/native/safe"
	"github.com/purveyor-csp/purveyor/internal/api/native/status"
	"github.com/purveyor-csp/purveyor/internal/api/native/usage"
	"github.com/purveyor-csp/purveyor/internal/api/native/world"
)

// routes are the routes of every area there is, in the order the start page shows them.
func (s *Server) routes() []kernel.Route {
	return slices.Concat(
		world.Routes(s.Orgs, s.Invoices),
		pricing.Routes(s.Books, s.Invoices),
		usage.Routes(s.Usage, s.Intake, s.Invoices, s.Known, s.Clock.Now),
		invoice.Routes(s.Invoices, s.Archive),
		cost.Routes(s.Costs),
		recon.Routes(s.Recon, s.Statement),
		access.Routes(s.Roles),
		delegation.Routes(s.Delegation, s.Notices),
		resource.Routes(s.Resources),
		check.Routes(s.Check),
		backup.Routes(s.Backups),
		clock.Routes(s.Clock),
		event.Routes(s.DB, s.Events, s.anchor, s.Sign, s.KeepDays),
		safe.Routes(s.Safe),
		people.Routes(s.People, s.Programs, s.Federations),
		job.Routes(s.DB, s.Jobs),
		status.Routes(s.status()),
	)
}

// Routes is every route there is, as it is declared: nothing is behind it.
func Routes() []kernel.Route { return (&Server{}).routes() }
