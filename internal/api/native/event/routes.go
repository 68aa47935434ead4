package event

import (
	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Routes are the calls about the event log. Anchors returns its newest anchor, which is stored outside the database; sign
// signs a checkpoint; days is how long records are kept at least.
func Routes(db tx.DB, log event.Log, anchors func() (event.Anchor, error), sign func(event.Anchor) (event.Anchor, error), days int) []kernel.Route {
	v := handlers{db, log, anchors, sign, days}
	const whole = "the event log is the installation's: who reads it may see everything, and records name what they are about by ids"
	return kernel.Under("operation",
		kernel.Get("event-list", "/events", access.EventRead, "Events, in order", kernel.Page(v.events).Unrecorded(whole)),
		kernel.Post("audit-verify", "/audit/verification", access.AuditVerify, "Verify the event log, including whether records were cut off its end", kernel.NoBody, kernel.JSON(v.verify)),
		kernel.Get("audit-list", "/audit/records", access.AuditRead, "Records of the event log by day, actor and action", kernel.Page(v.records).Unrecorded(whole)),
		kernel.Get("audit-export", "/audit/export", access.AuditRead, "Export records of the event log as JSON lines",
			kernel.File([]kernel.Media{{Type: "application/x-ndjson", Text: "One record a line. Its SHA-256 is what a pruning asks for."}}, v.export).Unrecorded(whole)),
		kernel.Post("audit-prune", "/audit/prunings", access.AuditPrune, "Delete old records that were exported", kernel.Form, kernel.JSON(v.prune)),
	)
}
