package access

import "slices"

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
	AuditRead      Action = "audit.read"
	AuditPrune     Action = "audit.prune"
	KeyRotate      Action = "key.rotate"
	BackupMake     Action = "backup.make"
	PersonExport   Action = "person.export"
	PersonErase    Action = "person.erase"
	JobRead        Action = "job.read"
	IdentityRead   Action = "identity.read"   // people, programs and groups
	IdentityChange Action = "identity.change" // the same, and how they sign in

	AccessRead      Action = "access.read"               // roles, assignments, explanations
	AccessAssign    Action = "access.assign"             // give and take roles
	AccessDeny      Action = "access.deny"               // deny assignments
	RoleWrite       Action = "role.write"                // custom roles
	PolicyRead      Action = "customer.policy.read"      // what a customer sees of its usage charges, and may buy for itself
	PolicyWrite     Action = "customer.policy.write"     // the former
	PermissionWrite Action = "customer.permission.write" // the latter
	ReservationBuy  Action = "reservation.purchase"      //
	SavingsPlanBuy  Action = "savings_plan.purchase"     //

	// In the tree of resources.
	ResourceRead  Action = "resource.read"
	ResourceWrite Action = "resource.write"
	ResourceOwn   Action = "resource.owner" // who else may do what with it
	CostRead      Action = "cost.read"
	CostWrite     Action = "cost.write" // budgets, exports, shared views

	DelegationRead    Action = "delegation.read"
	DelegationChange  Action = "delegation.change"  // what the administering side does
	DelegationApprove Action = "delegation.approve" // what the customer consents to
	DelegationEnd     Action = "delegation.end"     // either side
	ActivationRequest Action = "activation.request" // and act under it
	ActivationDecide  Action = "activation.decide"
	CreditRead        Action = "credit.read"
)

// The same list in the two groups that reviews and denials go by, each in order. A check finds an action by its place
// in them.
var (
	reads = [...]Action{
		WorldRead, BookRead, UsageRead, InvoiceRead, MarginRead, Explain, ClockRead, EventRead, JobRead, AccessRead, PolicyRead,
		ResourceRead, CostRead, Check, Reconcile, AuditVerify, AuditRead, PersonExport, DelegationRead, CreditRead, IdentityRead,
	}
	writes = [...]Action{
		WorldApply, BookPublish, UsageImport, UnresolvedFix, InvoiceDraft, InvoiceApprove, InvoiceIssue, InvoiceVoid, ClockMove,
		AccessAssign, AccessDeny, RoleWrite, PolicyWrite, PermissionWrite, ReservationBuy, SavingsPlanBuy, ResourceWrite, ResourceOwn,
		CostWrite, DelegationChange, DelegationApprove, DelegationEnd, ActivationRequest, ActivationDecide,
		AuditPrune, KeyRotate, PersonErase, IdentityChange, BackupMake,
	}
)

// Actions lists every action, those that only read first.
func Actions() []Action { return slices.Concat(reads[:], writes[:]) }

// Reads says whether an action changes nothing.
func (a Action) Reads() bool { return slices.Contains(reads[:], a) }

// onResources says whether an action is one on the tree of resources, where no role is inherited from above.
func (a Action) onResources() bool {
	switch a {
	case ResourceRead, ResourceWrite, ResourceOwn, CostRead, CostWrite:
		return true
	}
	return false
}

// ofDirectory says whether an action is for whoever has the data directory itself, and in no role: a backup holds
// everything, the keys too.
func (a Action) ofDirectory() bool { return a == BackupMake }

// ofInstallation says whether an action is about the books, the log and the keys of the whole installation. A part of
// them makes no sense: what was asked with a part would leave rows unbilled, and find wrong what only was not seen. So
// it is for who runs all of it: the partner's global admin over everything, and for statements whoever may compare them.
func (a Action) ofInstallation() bool {
	switch a {
	case EventRead, AuditRead, AuditVerify, AuditPrune, KeyRotate, JobRead, Check, Reconcile, ClockMove,
		UsageImport, UnresolvedFix, InvoiceDraft, InvoiceIssue:
		return true
	}
	return false
}
