package native

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purveyor-csp/purveyor/internal/access"
)

// route is one call of the native API. Action is what its service asks access for.
type route struct {
	area, id, method, path string
	action                 access.Action
	summary                string
	bind                   func(huma.API, huma.Operation)
}

// routes is every call there is.
func (s *Server) routes() []route {
	const get, put, post, remove = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	return []route{
		{"world", "world-read", get, "/world", access.WorldRead, "Organisations and edges, exchange rates and taxes", call(s.readWorld)},
		{"world", "world-apply", put, "/world", access.WorldApply, "Make the world what a world.yaml says, or say what would change", call(s.applyWorld)},
		{"price-books", "book-list", get, "/price-books", access.BookRead, "Every version of every price book", call(s.listBooks)},
		{"price-books", "book-publish", post, "/price-books", access.BookPublish, "Publish the price books of a book.yaml as new versions", call(s.publishBooks)},
		{"price-books", "book-show", get, "/price-books/{owner}/{key}", access.BookRead, "One version of a price book", call(s.showBook)},
		{"price-books", "book-changes", get, "/price-books/{owner}/{key}/changes", access.BookRead, "What changed between two versions", call(s.bookChanges)},
		{"usage", "usage-import", post, "/imports", access.UsageImport, "Import the provider's files; they are streamed, and so is how far it is", streamed(s.importFiles())},
		{"usage", "usage-withdraw", post, "/withdrawals", access.UsageImport, "Take what is of a provider's invoice out of what counts, until it is imported again", call(s.withdraw)},
		{"usage", "load-list", get, "/loads", access.UsageRead, "Import commands, newest last", call(s.listLoads)},
		{"usage", "batch-list", get, "/batches", access.UsageRead, "Batches of rows", call(s.listBatches)},
		{"usage", "unresolved-list", get, "/unresolved", access.UnresolvedFix, "What found no customer, chain, rule or rate", call(s.listUnresolved)},
		{"usage", "resolution-list", get, "/resolutions", access.UsageRead, "Answers given to unresolved references", call(s.listResolutions)},
		{"usage", "aside-answer", post, "/unresolved/answers", access.UnresolvedFix, "Answer for rows or a file that do not count: brought by a later import, taken as printed, or written off", call(s.answerAside)},
		{"usage", "unresolved-resolve", post, "/resolutions", access.UnresolvedFix, "Say whose a reference is", call(s.resolve)},
		{"invoices", "invoice-draft", post, "/periods/{period}/draft", access.InvoiceDraft, "Rate a month and draft its documents", call(s.draft)},
		{"invoices", "invoice-rebill", post, "/periods/{period}/rebill", access.InvoiceVoid, "Bill a buyer's month anew at the terms of today: credit notes and new documents, drafted together", call(s.rebill)},
		{"invoices", "invoice-approve", post, "/periods/{period}/approve", access.InvoiceApprove, "Approve drafts", call(s.approve)},
		{"invoices", "invoice-issue", post, "/periods/{period}/issue", access.InvoiceIssue, "Issue what was approved: numbers, journal, documents", call(s.issue)},
		{"invoices", "series-start", put, "/number-series/{owner}/{series}", access.InvoiceIssue, "Say which number a series of a seller goes on with", call(s.startSeries)},
		{"invoices", "invoice-list", get, "/invoices", access.InvoiceRead, "Documents without their lines", call(s.listInvoices)},
		{"invoices", "invoice-show", get, "/invoices/{ref}", access.InvoiceRead, "One document, by id or number", call(s.showInvoice)},
		{"invoices", "invoice-document", get, "/invoices/{ref}/documents/{format}", access.InvoiceRead, "An issued document as pdf, json or csv", streamed(s.document())},
		{"invoices", "invoice-void", post, "/invoices/{ref}/void", access.InvoiceVoid, "Answer an issued document with a credit note over all of it", call(s.void)},
		{"invoices", "invoice-explain", get, "/invoices/{ref}/lines/{line}/explanation", access.Explain, "From a printed amount to the provider's rows", call(s.explain)},
		{"invoices", "margin-list", get, "/margins", access.MarginRead, "What each seller sold and paid in a month", call(s.listMargins)},
		{"costs", "cost-list", get, "/costs", access.CostRead, "What a month's usage costs, as the caller may see it, by any grouping", call(s.listCosts)},
		{"reconciliation", "recon-run", post, "/reconciliations", access.Reconcile, "Hold a statement against the books; nothing is kept", streamed(s.reconcile())},
		{"access", "role-list", get, "/roles", access.AccessRead, "Built-in and custom roles", call(s.listRoles)},
		{"access", "role-define", post, "/roles", access.RoleWrite, "Make a custom role, or change what it holds", call(s.defineRole)},
		{"access", "role-drop", remove, "/roles/{role}", access.RoleWrite, "Remove a custom role that nobody has", call(s.dropRole)},
		{"access", "assignment-list", get, "/role-assignments", access.AccessRead, "Who has which role where", call(s.listAssignments)},
		{"access", "assignment-give", post, "/role-assignments", access.AccessAssign, "Give a role at a place, for a time", call(s.assign)},
		{"access", "assignment-deny", post, "/deny-assignments", access.AccessDeny, "Take the actions of a role away at a place", call(s.deny)},
		{"access", "assignment-revoke", remove, "/role-assignments/{assignment}", access.AccessAssign, "Take a role back, or a denial", call(s.revoke)},
		{"access", "access-explain", get, "/access/explanation", access.AccessRead, "Why somebody may do something at a place, or may not", call(s.explainAccess)},
		{"access", "policy-show", get, "/customers/{customer}/policy", access.PolicyRead, "What a customer sees of its charges and may buy for itself", call(s.showPolicy)},
		{"access", "policy-charges", put, "/customers/{customer}/policy/usage-charges", access.PolicyWrite, "At which price a customer sees its usage", call(s.showCharges)},
		{"access", "policy-permit", put, "/customers/{customer}/policy/purchases/{purchase}", access.PermissionWrite, "Let a customer buy something for itself, or no longer", call(s.permit)},
		{"delegated-access", "relationship-list", get, "/relationships", access.DelegationRead, "Delegated access agreed with customers", call(s.listRelationships)},
		{"delegated-access", "relationship-draft", post, "/relationships", access.DelegationChange, "Draft a relationship", call(s.draftRelationship)},
		{"delegated-access", "relationship-show", get, "/relationships/{relationship}", access.DelegationRead, "One relationship", call(s.showRelationship)},
		{"delegated-access", "relationship-change", put, "/relationships/{relationship}", access.DelegationChange, "Change a draft, or what may change of an active one", call(s.changeRelationship)},
		{"delegated-access", "relationship-drop", post, "/relationships/{relationship}/drop", access.DelegationChange, "Throw a draft away", call(s.dropRelationship)},
		{"delegated-access", "relationship-send", post, "/relationships/{relationship}/send", access.DelegationChange, "Lock a draft and make the customer's one-time link, or a new one", call(s.sendRelationship)},
		{"delegated-access", "relationship-terminate", post, "/relationships/{relationship}/terminate", access.DelegationEnd, "End it, from either side; access ends at once", call(s.terminateRelationship)},
		{"delegated-access", "access-assign", put, "/relationships/{relationship}/groups/{group}", access.DelegationChange, "Give a group some of the approved roles", call(s.assignAccess)},
		{"delegated-access", "access-withdraw", post, "/relationships/{relationship}/groups/{group}/withdraw", access.DelegationChange, "Take a group's roles away", call(s.withdrawAccess)},
		{"delegated-access", "invitation-show", post, "/invitations", access.DelegationApprove, "What a link asks a customer for", call(s.showInvitation)},
		{"delegated-access", "invitation-answer", post, "/invitations/answer", access.DelegationApprove, "Approve or decline what a link asks for", call(s.answerInvitation)},
		{"delegated-access", "definition-list", get, "/definitions", access.DelegationRead, "Roles over resources that customers are offered", call(s.listDefinitions)},
		{"delegated-access", "definition-create", post, "/definitions", access.DelegationChange, "Offer roles over resources, held always or activated", call(s.defineAccess)},
		{"delegated-access", "definition-template", get, "/definitions/{definition}/template", access.DelegationRead, "The deployment template by which a customer gives the same access in the provider's cloud", streamed(s.template())},
		{"delegated-access", "registration-list", get, "/registrations", access.DelegationRead, "Who holds which roles where, ended ones too", call(s.listRegistrations)},
		{"delegated-access", "registration-create", post, "/registrations", access.DelegationApprove, "Consent to a definition at an entitlement or a resource group", call(s.register)},
		{"delegated-access", "registration-end", post, "/registrations/{registration}/end", access.DelegationEnd, "End it, from either side; access ends at once", call(s.endRegistration)},
		{"delegated-access", "standing-record", post, "/standing-access", access.DelegationChange, "Record access that provisioning left behind", call(s.recordStanding)},
		{"delegated-access", "standing-replace", post, "/registrations/{registration}/replace", access.DelegationChange, "Replace a standing owner by a lesser role", call(s.replaceStanding)},
		{"delegated-access", "risk-list", get, "/risks", access.DelegationRead, "Standing owners, and the least role that still works", call(s.listRisks)},
		{"delegated-access", "activation-list", get, "/activations", access.DelegationRead, "Who activated which role, when, why, and what was done", call(s.listActivations)},
		{"delegated-access", "activation-request", post, "/activations", access.ActivationRequest, "Activate an eligible role for a time and a reason", call(s.activate)},
		{"delegated-access", "activation-decide", post, "/activations/{activation}/decision", access.ActivationDecide, "Answer somebody else's request", call(s.decideActivation)},
		{"delegated-access", "activation-end", post, "/activations/{activation}/end", access.DelegationEnd, "End an activation before its instant", call(s.endActivation)},
		{"delegated-access", "activation-record", post, "/activations/{activation}/entries", access.ActivationRequest, "Write what is done under an activation into its trail", call(s.recordAction)},
		{"delegated-access", "credit-list", get, "/entitlements/{entitlement}/earned-credit", access.CreditRead, "Partner earned credit by day, and since when it was lost", call(s.listEarned)},
		{"delegated-access", "notice-list", get, "/notices", access.DelegationRead, "Which delegated access ends soon, or has ended, and whether it goes on by itself", call(s.listNotices)},
		{"resources", "resource-list", get, "/resources", access.ResourceRead, "Resources that usage names, where the caller may see them", call(s.listResources)},
		{"operation", "check-run", post, "/checks", access.Check, "Verify every invariant", call(s.check)},
		{"operation", "clock-show", get, "/clock", access.ClockRead, "The business clock", call(s.showClock)},
		{"operation", "clock-move", post, "/clock", access.ClockMove, "Move the business clock of demo data forward", call(s.moveClock)},
		{"operation", "event-list", get, "/events", access.EventRead, "What happened, in order", call(s.listEvents)},
		{"operation", "audit-verify", post, "/audit/verification", access.AuditVerify, "Verify the event log, its cut-off tail too", call(s.verifyAudit)},
		{"operation", "audit-list", get, "/audit/records", access.AuditRead, "Records of the event log by day, actor and action", call(s.listRecords)},
		{"operation", "audit-export", get, "/audit/export", access.AuditRead, "The same as JSON lines, to keep", streamed(s.exportAudit())},
		{"operation", "audit-prune", post, "/audit/prunings", access.AuditPrune, "Take old records out that were exported", call(s.pruneAudit)},
		{"operation", "key-rotate", post, "/keys/rotations", access.KeyRotate, "Add a key; a job seals everything with it", call(s.rotateKeys)},
		{"privacy", "person-export", get, "/privacy/{person}", access.PersonExport, "Everything about a person", call(s.exportPerson)},
		{"privacy", "person-erase", post, "/privacy/{person}/erasure", access.PersonErase, "Destroy a person's key, and with it everything personal", call(s.erasePerson)},
		{"people", "person-list", get, "/people", access.IdentityRead, "People who sign in, and whether they may", call(s.listPeople)},
		{"people", "person-show", get, "/people/{person}", access.IdentityRead, "A person, and where they are signed in", call(s.showPerson)},
		{"people", "person-invite", post, "/people", access.IdentityChange, "Add a person, who chooses how to sign in by a one-time link", call(s.invitePerson)},
		{"people", "person-reset", post, "/people/{person}/reset", access.IdentityChange, "Take what they sign in with, and make a one-time link to choose it anew", call(s.resetPerson)},
		{"people", "person-sign-out", post, "/people/{person}/sign-out", access.IdentityChange, "End every session of a person", call(s.signOutPerson)},
		{"people", "person-enable", put, "/people/{person}/enabled", access.IdentityChange, "Let a person sign in, or no more", call(s.enablePerson)},
		{"people", "group-list", get, "/groups", access.IdentityRead, "Groups of people and programs", call(s.listGroups)},
		{"people", "group-create", post, "/groups", access.IdentityChange, "Make a group, to give roles to", call(s.newGroup)},
		{"people", "group-members", put, "/groups/{group}/members", access.IdentityChange, "Say who is in a group", call(s.setMembers)},
		{"people", "program-list", get, "/programs", access.IdentityRead, "Programs that sign in, and until when", call(s.listPrograms)},
		{"people", "program-create", post, "/programs", access.IdentityChange, "Make a program, which signs in with a secret or certificate", call(s.newProgram)},
		{"people", "program-enable", put, "/programs/{program}/enabled", access.IdentityChange, "Let a program sign in, or no more", call(s.enableProgram)},
		{"people", "program-secret", post, "/programs/{program}/secrets", access.IdentityChange, "Give a program another secret, told once", call(s.newSecret)},
		{"people", "program-certificate", post, "/programs/{program}/certificates", access.IdentityChange, "Let a program sign in with a certificate", call(s.newCertificate)},
		{"people", "credential-remove", remove, "/programs/{program}/credentials/{credential}", access.IdentityChange, "Take a secret or certificate from a program", call(s.dropCredential)},
		{"people", "federation-show", get, "/federations/{realm}", access.IdentityRead, "Where an organisation's people sign in, when not here", call(s.showFederation)},
		{"people", "federation-set", put, "/federations/{realm}", access.IdentityChange, "Let an organisation's people sign in at a provider of its own", call(s.federate)},
		{"people", "federation-remove", remove, "/federations/{realm}", access.IdentityChange, "Let them sign in here again", call(s.unfederate)},
		{"operation", "job-list", get, "/jobs", access.JobRead, "What is to be done, and what failed", call(s.listJobs)},
		{"operation", "status", get, "/status", access.WorldRead, "What there is", call(s.status)},
	}
}

// call binds a handler whose body and answer are JSON.
func call[I, O any](f func(context.Context, *I) (*O, error)) func(huma.API, huma.Operation) {
	return func(a huma.API, op huma.Operation) {
		huma.Register(a, op, func(ctx context.Context, in *I) (*O, error) {
			out, err := f(ctx, in)
			if err != nil {
				recordOf(ctx).err = err
				return nil, problem(err)
			}
			return out, nil
		})
	}
}

// streamed binds a handler that reads its body and writes its answer itself.
func streamed[I any](s stream[I]) func(huma.API, huma.Operation) {
	return func(a huma.API, op huma.Operation) {
		op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: s.answers}}
		huma.Register(a, op, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
			held := *in // the framework takes its own back before the answer is written
			return &huma.StreamResponse{Body: func(h huma.Context) { s.serve(h, &held) }}, nil
		})
		if s.body != nil { // described afterwards: the framework would read a body it knows of into memory
			a.OpenAPI().Paths[op.Path].Post.RequestBody = s.body
		}
	}
}

// named tells the layers around a handler which call it is, also when the framework refuses the request before it.
func named(command string) func(huma.Context, func(huma.Context)) {
	return func(h huma.Context, next func(huma.Context)) {
		recordOf(h.Context()).command = command
		next(h)
	}
}

// stream is a handler with what its OpenAPI entry says of the body it reads and the answer it writes.
type stream[I any] struct {
	body    *huma.RequestBody
	answers map[string]*huma.MediaType
	serve   func(huma.Context, *I)
}

func files(media, what string) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{media: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary", Description: what}}}
}
