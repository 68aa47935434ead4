package event

// Type says what kind of thing happened. This is the whole list.
type Type string

// The event types, named area.what.
const (
	WorldApplied     Type = "org.world_applied"
	BookPublished    Type = "pricing.book_published"
	UsageSealed      Type = "usage.sealed"
	UsageComplete    Type = "usage.complete"
	ReferenceSettled Type = "usage.reference_resolved"
	InvoiceDrafted   Type = "invoice.drafted"
	InvoiceApproved  Type = "invoice.approved"
	InvoiceIssued    Type = "invoice.issued"
	InvoiceVoided    Type = "invoice.voided"
	ClockMoved       Type = "clock.moved"
	RoleDefined      Type = "access.role_defined"
	RoleDropped      Type = "access.role_dropped"
	AccessGiven      Type = "access.assigned"
	AccessTaken      Type = "access.revoked"
	PolicyChanged    Type = "customer.policy_changed"
	CommandRun       Type = "audit.command" // the audit record of a command, whatever came of it
)
