package delegation

import (
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/notice"
)

const area = "delegated-access"

// Routes are the calls about delegated access.
func Routes(delegations *delegation.Service, notices *notice.Service) []kernel.Route {
	v := handlers{delegations, notices}
	return slices.Concat(v.relationships(), v.definitions(), v.activations())
}

func (v handlers) relationships() []kernel.Route {
	parties := func(r delegation.Relationship) kernel.Parties { return kernel.Parties{r.Organisation, r.Customer} }
	return kernel.Under(area,
		kernel.Get("relationship-list", "/relationships", access.DelegationRead, "Delegated access agreed with customers", kernel.Page(v.listRelationships).ReadsEach(parties)),
		kernel.Post("relationship-draft", "/relationships", access.DelegationChange, "Draft a relationship", kernel.Form, kernel.JSON(v.draftRelationship)),
		kernel.Get("relationship-show", "/relationships/{relationship}", access.DelegationRead, "One relationship",
			kernel.Tagged(v.showRelationship).Reads(func(_ *RelationshipPath, r delegation.Relationship) kernel.Parties { return parties(r) })),
		kernel.Put("relationship-change", "/relationships/{relationship}", access.DelegationChange, "Change a draft, or what may change of an active one", kernel.Form, kernel.JSON(v.changeRelationship)),
		kernel.Post("relationship-drop", "/relationships/{relationship}/drop", access.DelegationChange, "Discard a draft", kernel.NoBody, kernel.Nothing(v.dropRelationship)),
		kernel.Post("relationship-send", "/relationships/{relationship}/send", access.DelegationChange, "Lock a draft and create the customer's one-time link, or a new one", kernel.NoBody,
			kernel.JSON(v.sendRelationship).Secret()),
		kernel.Post("relationship-terminate", "/relationships/{relationship}/terminate", access.DelegationEnd, "End it, as either side; access ends immediately", kernel.NoBody, kernel.JSON(v.terminateRelationship)),
		kernel.Put("access-assign", "/relationships/{relationship}/groups/{group}", access.DelegationChange, "Give a group some of the approved roles", kernel.Form, kernel.JSON(v.assignAccess)),
		kernel.Post("access-withdraw", "/relationships/{relationship}/groups/{group}/withdraw", access.DelegationChange, "Withdraw a group's roles", kernel.NoBody, kernel.JSON(v.withdrawAccess)),
		kernel.Post("invitation-show", "/invitations", access.DelegationApprove, "What a link asks a customer for", kernel.Form, kernel.JSON(v.showInvitation)),
		kernel.Post("invitation-answer", "/invitations/answer", access.DelegationApprove, "Approve or decline what a link asks for", kernel.Form, kernel.JSON(v.answerInvitation)),
	)
}

func (v handlers) definitions() []kernel.Route {
	const offered = "a definition is an offer, made to be read by those who are offered it"
	return kernel.Under(area,
		kernel.Get("definition-list", "/definitions", access.DelegationRead, "Definitions: roles on resources that are offered to customers", kernel.Page(v.listDefinitions).Unrecorded(offered)),
		kernel.Post("definition-create", "/definitions", access.DelegationChange, "Offer customers roles on resources, held permanently or activated when needed", kernel.Form, kernel.JSON(v.defineAccess)),
		kernel.Get("definition-template", "/definitions/{definition}/template", access.DelegationRead, "The deployment template by which a customer gives the same access in the provider's cloud",
			kernel.File([]kernel.Media{{Type: "application/json", Object: true, Open: true, Text: "A subscription-level deployment template."}}, v.template).Unrecorded(offered)),
		kernel.Get("registration-list", "/registrations", access.DelegationRead, "Who holds which roles where, ended ones too",
			kernel.Page(v.listRegistrations).ReadsEach(func(r delegation.Registration) kernel.Parties { return kernel.Parties{r.Organisation, r.Customer} })),
		kernel.Post("registration-create", "/registrations", access.DelegationApprove, "Consent to a definition at an entitlement or a resource group", kernel.Form, kernel.JSON(v.register)),
		kernel.Post("registration-end", "/registrations/{registration}/end", access.DelegationEnd, "End it, as either side; access ends immediately", kernel.Form, kernel.JSON(v.endRegistration)),
		kernel.Post("standing-record", "/standing-access", access.DelegationChange, "Record standing access that provisioning left behind", kernel.Form, kernel.JSON(v.recordStanding)),
		kernel.Post("standing-replace", "/registrations/{registration}/replace", access.DelegationChange, "Replace a standing owner by a lesser role", kernel.Form, kernel.JSON(v.replaceStanding)),
		kernel.Get("risk-list", "/risks", access.DelegationRead, "Standing owners, and the least role that still works",
			kernel.Page(v.listRisks).ReadsEach(func(r delegation.Risk) kernel.Parties { return kernel.Parties{r.Organisation, r.Customer} })),
	)
}

func (v handlers) activations() []kernel.Route {
	return kernel.Under(area,
		kernel.Get("activation-list", "/activations", access.DelegationRead, "Who activated which role, when, why, and what was done",
			kernel.Page(v.listActivations).ReadsEach(func(t delegation.Trail) kernel.Parties { return kernel.Parties{t.Organisation, t.Customer} })),
		kernel.Post("activation-request", "/activations", access.ActivationRequest, "Activate an eligible role for a limited time, with a reason", kernel.Form, kernel.JSON(v.activate)),
		kernel.Post("activation-decide", "/activations/{activation}/decision", access.ActivationDecide, "Approve or refuse somebody else's activation", kernel.Form, kernel.JSON(v.decideActivation)),
		kernel.Post("activation-end", "/activations/{activation}/end", access.DelegationEnd, "End an activation early", kernel.NoBody, kernel.JSON(v.endActivation)),
		kernel.Post("activation-record", "/activations/{activation}/entries", access.ActivationRequest, "Record an action in the trail of an activation", kernel.Form, kernel.JSON(v.recordAction)),
		kernel.Get("credit-list", "/entitlements/{entitlement}/earned-credit", access.CreditRead, "Partner earned credit by day, and from which day it was lost",
			kernel.JSON(v.listEarned).Unrecorded("partner earned credit is the seller's own income: it says nothing of the customer but the entitlement that was asked about")),
		kernel.Get("notice-list", "/notices", access.DelegationRead, "Upcoming expiries: delegated access that ends soon or has ended, and whether it extends automatically",
			kernel.Page(v.listNotices).ReadsEach(func(n notice.Notice) kernel.Parties { return kernel.Parties{n.Organisation, n.Customer} })),
	)
}
