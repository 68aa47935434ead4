package access

// Action is one thing a caller may be allowed to do. This is the whole list.
type Action string

// The actions, named noun.verb.
const (
	WorldRead      Action = "world.read"
	WorldApply     Action = "world.apply"
	BookRead       Action = "pricebook.read"
	BookPublish    Action = "pricebook.publish"
	UsageRead      Action = "usage.read"
	UsageImport    Action = "usage.import"
	UnresolvedFix  Action = "unresolved.resolve"
	InvoiceRead    Action = "invoice.read"
	InvoiceDraft   Action = "invoice.draft"
	InvoiceApprove Action = "invoice.approve"
	InvoiceIssue   Action = "invoice.issue"
	InvoiceVoid    Action = "invoice.void"
	MarginRead     Action = "margin.read"
	Explain        Action = "invoice.explain"
	Reconcile      Action = "recon.run"
	Check          Action = "check.run"
	ClockRead      Action = "clock.read"
	ClockMove      Action = "clock.move"
	EventRead      Action = "event.read"
	AuditVerify    Action = "audit.verify"
	JobRead        Action = "job.read"
)
