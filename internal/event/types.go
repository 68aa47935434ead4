package event

// Type says what kind of thing happened. This is the whole list.
type Type string

// Digests is the field of an event's data that says what the stored organisations and books became: name → digest. Events
// of the types of WithDigests have it; of each name the newest counts.
const Digests = "digests"

// WithDigests lists the types of event that say Digests.
func WithDigests() []Type {
	return []Type{WorldApplied, OrganisationCreated, OrganisationChanged, EdgeCreated, EdgeEnded, TermsChanged, BookPublished, DigestsRecorded}
}

// The event types, named area.what.
const (
	WorldApplied        Type = "org.world_applied"
	OrganisationCreated Type = "org.organisation_created"
	OrganisationChanged Type = "org.organisation_changed"
	EdgeCreated         Type = "org.edge_created"
	EdgeEnded           Type = "org.edge_ended"
	TermsChanged        Type = "org.edge_terms_changed" // from a day on
	BookPublished       Type = "pricing.book_published"
	DigestsRecorded     Type = "check.digests_recorded" // of a ledger that was written before changes said their digests
	UsageSealed         Type = "usage.sealed"
	UsageComplete       Type = "usage.complete"
	UsageWithdrawn      Type = "usage.withdrawn"
	UsageRebuilt        Type = "usage.rebuilt" // the usage store, from archived sources
	ReferenceSettled    Type = "usage.reference_resolved"
	AsideSettled        Type = "usage.aside_answered" // rows or a file that do not count
	InvoiceDrafted      Type = "invoice.drafted"
	InvoiceApproved     Type = "invoice.approved"
	InvoiceIssued       Type = "invoice.issued"
	InvoiceVoided       Type = "invoice.voided"
	SeriesStarted       Type = "invoice.series_started" // which number it goes on with
	ClockMoved          Type = "clock.moved"
	RoleDefined         Type = "access.role_defined"
	RoleDropped         Type = "access.role_dropped"
	AccessGiven         Type = "access.assigned"
	AccessTaken         Type = "access.revoked"
	AccessRecovered     Type = "access.recovered" // the partner gave an organisation that manages its own people a global admin
	PolicyChanged       Type = "customer.policy_changed"

	RelationshipCreated     Type = "delegation.relationship_created"
	RelationshipChanged     Type = "delegation.relationship_changed"
	RelationshipDropped     Type = "delegation.relationship_dropped"
	RelationshipSent        Type = "delegation.relationship_sent" // locked, and its link made
	RelationshipApproved    Type = "delegation.relationship_approved"
	RelationshipRejected    Type = "delegation.relationship_rejected"
	RelationshipActivating  Type = "delegation.relationship_activating"
	RelationshipActivated   Type = "delegation.relationship_activated"
	RelationshipExtended    Type = "delegation.relationship_extended"
	RelationshipNotice      Type = "delegation.relationship_notice" // 30, 7 and 1 days before its end
	RelationshipExpiring    Type = "delegation.relationship_expiring"
	RelationshipExpired     Type = "delegation.relationship_expired"
	RelationshipEnding      Type = "delegation.relationship_termination_requested"
	RelationshipTerminating Type = "delegation.relationship_terminating"
	RelationshipTerminated  Type = "delegation.relationship_terminated"
	RelationshipCleanedUp   Type = "delegation.relationship_cleaned_up"
	AccessCreated           Type = "delegation.access_created"
	AccessUpdated           Type = "delegation.access_updated"
	AccessActivated         Type = "delegation.access_activated"
	AccessEnding            Type = "delegation.access_deleting"
	AccessDeleted           Type = "delegation.access_deleted"
	DefinitionCreated       Type = "delegation.definition_created"
	RegistrationCreated     Type = "delegation.registration_created"
	RegistrationEnded       Type = "delegation.registration_ended"
	StandingRecorded        Type = "delegation.standing_recorded"
	StandingReplaced        Type = "delegation.standing_replaced"
	ActivationRequested     Type = "delegation.activation_requested"
	ActivationApproved      Type = "delegation.activation_approved"
	ActivationRefused       Type = "delegation.activation_refused"
	ActivationLapsed        Type = "delegation.activation_lapsed" // nobody answered
	ActivationStarted       Type = "delegation.activation_started"
	ActivationUsed          Type = "delegation.activation_used"
	ActivationEnded         Type = "delegation.activation_ended"
	SignedIn                Type = "identity.signed_in"
	SignInRefused           Type = "identity.sign_in_refused"
	PersonLocked            Type = "identity.locked"
	SessionEnded            Type = "identity.session_ended"
	TicketReused            Type = "identity.ticket_reused" // a code or refresh token was shown twice
	DeviceAnswered          Type = "identity.device_answered"
	ConsentGiven            Type = "identity.consent_given"
	PersonInvited           Type = "identity.person_invited"
	PersonSetUp             Type = "identity.person_set_up"
	PrincipalSwitched       Type = "identity.switched" // may sign in again, or no more
	CredentialChanged       Type = "identity.credential_changed"
	GroupChanged            Type = "identity.group_changed"
	ProgramChanged          Type = "identity.program_changed"
	FederationChanged       Type = "identity.federation_changed"
	SigningKeyMade          Type = "identity.signing_key_made"
	CommandRun              Type = "audit.command"   // the audit record of a command, whatever came of it
	DataRead                Type = "audit.read"      // somebody read what belongs to another organisation
	LogPruned               Type = "audit.pruned"    // old records were exported and taken out
	BackupRestored          Type = "backup.restored" // the ledger is that of a backup
	KeyRotated              Type = "keys.rotated"
	ValuesResealed          Type = "keys.resealed"
	PersonExported          Type = "privacy.exported"
	PersonErased            Type = "privacy.erased"
)
