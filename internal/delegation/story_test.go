package delegation_test

import (
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

const shop = "@c1/e1/rg-shop"

func offered(s *fixture) delegation.Definition {
	s.Helper()
	desk := delegation.Holder{ID: "grp_desk", Kind: delegation.Group, Name: "Helpdesk", Object: "00000000-0000-4000-8000-000000000001"}
	leads := delegation.Holder{ID: "grp_leads", Kind: delegation.Group, Name: "Shift leads", Object: "00000000-0000-4000-8000-000000000002"}
	d, err := s.Define(s.as("admin", "nordwind"), delegation.Definition{
		Name: "Support", Always: []delegation.Authorization{{Holder: desk, Role: "Reader"}},
		Eligible: []delegation.Eligible{
			{Holder: desk, Role: "Virtual Machine Contributor", Policy: delegation.Policy{MFA: true, Longest: "PT2H"}},
			{Holder: desk, Role: "Contributor", Policy: delegation.Policy{MFA: true, Longest: "PT1H", Approvers: []delegation.Holder{leads, desk}}},
		},
	})
	s.ok(err)
	return d
}

// TestHelpdesk is the story of a helpdesk agent: sees nothing; the customer approves; the role is activated for an
// hour; the agent acts; the clock moves; refused; the customer reads the trail.
func TestHelpdesk(t *testing.T) {
	s := newStage(t)
	agent, customer := s.as("agent", "nordwind", "grp_desk"), s.as("customer", "c1")
	s.same("before anything", s.holds(shop, "prn_agent", "grp_desk"), []string{})

	d := offered(s)
	s.same("offered, not consented", s.holds(shop, "prn_agent", "grp_desk"), []string{})
	_, err := s.Register(agent, d.ID, delegation.Place{Entitlement: "E1"})
	s.refused(err, fault.Denied, "an agent consents for the customer")
	r, err := s.Register(customer, d.ID, delegation.Place{Entitlement: "E1"})
	s.ok(err)
	again, err := s.Register(customer, d.ID, delegation.Place{Entitlement: "e1"})
	s.ok(err)
	s.same("consenting twice is consenting once", again.ID, r.ID)
	s.same("consented", s.holds(shop, "prn_agent", "grp_desk"), []string{"Reader"})

	request := delegation.ActivationRequest{Registration: r.ID, Role: "Virtual Machine Contributor", Length: "PT1H", Reason: "the shop's machine hangs", Case: "cas_1"}
	a, err := s.Activate(agent, request)
	s.ok(err)
	twice, err := s.Activate(agent, request)
	s.ok(err)
	s.same("asking twice is asking once", twice, a)
	s.same("activated", s.holds(shop, "prn_agent", "grp_desk"), []string{"Reader", "Virtual Machine Contributor"})
	s.same("a colleague has nothing of it", s.holds(shop, "prn_other", "grp_desk"), []string{"Reader"})
	request.Reason = "another"
	_, err = s.Activate(agent, request)
	s.refused(err, fault.Conflict, "two activations of one role")

	restart := "Microsoft.Compute/virtualMachines/restart/action"
	_, err = s.Act(agent, a.ID, restart, "vm-shop-1")
	s.ok(err)
	_, err = s.Act(s.as("other", "nordwind", "grp_desk"), a.ID, restart, "vm-shop-1")
	s.refused(err, fault.NotFound, "a colleague acts under it")

	_, err = s.Act(agent, a.ID, restart, "/subscriptions/E1/resourceGroups/shop/vm-1")
	s.ok(err)
	_, err = s.Act(agent, a.ID, restart, "/subscriptions/E10/resourceGroups/shop/vm-1")
	s.refused(err, fault.Denied, "acting elsewhere")
	_, err = s.Act(s.as("agent", "nordwind"), a.ID, restart, "vm-shop-1")
	s.refused(err, fault.Denied, "acting after leaving the group")
	_, err = s.Act(s.withoutMFA("agent", "nordwind", "grp_desk"), a.ID, restart, "vm-shop-1")
	s.refused(err, fault.Denied, "acting in a session without a second factor")

	s.at = s.at.Add(time.Hour) // to the instant, and no job has run
	s.same("over", s.holds(shop, "prn_agent", "grp_desk"), []string{"Reader"})
	_, err = s.Act(agent, a.ID, restart, "vm-shop-1")
	s.refused(err, fault.Denied, "acting after the end")

	trails, err := s.Trails(customer, delegation.Filter{})
	s.ok(err)
	if len(trails) != 1 {
		t.Fatalf("%+v", trails)
	}
	got := trails[0]
	s.same("who, by what name, what role, why, for which case", []any{got.Who, got.Holder, got.RoleName, got.Reason, got.Case, got.State},
		[]any{"prn_agent", "Helpdesk", "Virtual Machine Contributor", "the shop's machine hangs", "cas_1", delegation.Ended})
	s.same("from when to when", got.End.Sub(got.Start), time.Hour)
	s.same("what was done", []any{len(got.Entries), got.Entries[0].Action, got.Entries[0].Target}, []any{2, restart, "vm-shop-1"})
	none, err := s.Trails(s.as("customer2", "c2"), delegation.Filter{})
	s.ok(err)
	s.same("another customer reads nothing of it", len(none), 0)

	s.drain()
	s.same("the record", s.log(string(a.ID)), []string{"activation_requested", "activation_started", "activation_used", "activation_used", "activation_ended"})
	request.Reason = "again"
	next, err := s.Activate(agent, request)
	s.ok(err)
	if next.ID == a.ID {
		t.Error("a new activation has the id of the old one")
	}
}

// TestApprovalAndEnd: the policy asks for another's approval; the customer ends everything at once.
func TestApprovalAndEnd(t *testing.T) {
	s := newStage(t)
	lead, customer := s.as("lead", "nordwind", "grp_leads"), s.as("customer", "c1")
	agent := s.as("agent", "nordwind", "grp_desk")
	r, err := s.Register(customer, offered(s).ID, delegation.Place{Entitlement: "e1", ResourceGroup: "RG-Shop"})
	s.ok(err)
	a, err := s.Activate(agent, delegation.ActivationRequest{Registration: r.ID, Role: "contributor", Length: "PT1H", Reason: "x"})
	s.ok(err)
	s.same("waits", a.State, delegation.Waiting)
	s.same("nothing yet", s.holds(shop, "prn_agent"), []string{})
	_, err = s.Decide(agent, a.ID, true, "")
	s.refused(err, fault.Denied, "approving oneself, though the group may approve")
	yes, err := s.Decide(lead, a.ID, true, "go on")
	s.ok(err)
	_, err = s.Decide(lead, a.ID, true, "go on")
	s.ok(err)
	s.same("approved", []any{yes.State, yes.DecidedBy, s.holds(shop, "prn_agent")}, []any{delegation.Running, "prn_lead", []string{"Contributor"}})
	s.same("not beyond the resource group", s.holds("@c1/e1", "prn_agent", "grp_desk"), []string{})

	_, err = s.End(s.as("other", "rival"), r.ID, "")
	s.refused(err, fault.NotFound, "a rival ends it")
	_, err = s.End(customer, r.ID, "")
	s.ok(err)
	s.same("ended at once", s.holds(shop, "prn_agent", "grp_desk"), []string{})
	_, err = s.Act(agent, a.ID, "x/read", "")
	s.refused(err, fault.Denied, "acting after the customer ended it")
	s.same("the record", s.log(string(a.ID)), []string{"activation_requested", "activation_approved", "activation_started", "activation_ended"})
	s.same("the record of the registration", s.log(string(r.ID)), []string{"registration_created", "registration_ended"})
}

func TestWithoutSecondFactor(t *testing.T) {
	s := newStage(t)
	r, err := s.Register(s.as("customer", "c1"), offered(s).ID, delegation.Place{Entitlement: "e1"})
	s.ok(err)
	ctx := s.withoutMFA("agent", "nordwind", "grp_desk")
	_, err = s.Activate(ctx, delegation.ActivationRequest{Registration: r.ID, Role: "Virtual Machine Contributor", Length: "PT1H", Reason: "x"})
	s.refused(err, fault.Denied, "activating without a second factor")
	_, err = s.Register(s.as("customer2", "c2"), offered(s).ID, delegation.Place{Entitlement: "e2"})
	s.refused(err, fault.NotFound, "consenting to an offer of somebody who does not sell there")
	_, err = s.Register(s.as("customer", "c1"), offered(s).ID, delegation.Place{Entitlement: "e2"})
	s.refused(err, fault.NotFound, "consenting for another's entitlement")
	text, err := s.Template(s.as("customer", "c1"), r.Definition, "")
	s.ok(err)
	s.same("the customer reads the template", len(text) > 500, true)
}

// TestStandingOwner: what provisioning left is a risk, with the least role that still works, and replaced in one step.
func TestStandingOwner(t *testing.T) {
	s := newStage(t)
	admin, agent := s.as("admin", "contoso"), s.as("agent", "contoso", "grp_admins")
	at := delegation.Place{Customer: orgID("c1"), Entitlement: "E1"}
	admins := delegation.Holder{ID: "grp_admins", Kind: delegation.Group, Name: "Admin agents"}
	_, err := s.RecordStanding(s.as("customer", "c1"), "", at, delegation.Authorization{Holder: admins, Role: "Owner"})
	s.refused(err, fault.Denied, "a customer records standing access")
	owner, err := s.RecordStanding(admin, "", at, delegation.Authorization{Holder: admins, Role: "Owner"})
	s.ok(err)
	s.same("who records what stands at the provider gets nothing here", len(s.holds(shop, "prn_agent", "grp_admins")), 0)

	s.move(s.at.AddDate(0, 0, 3))
	found, err := s.Risks(s.as("customer", "c1"))
	s.ok(err)
	s.same("the customer sees it as a risk", []any{len(found), found[0].Registration, found[0].Least.Name, found[0].Roles[0].Name}, []any{1, owner.ID, "Reader", "Owner"})
	s.same("and nothing of credit", found[0].Roles[0].Earns, false)

	s.at = s.at.Add(5 * time.Hour) // in the middle of a day
	now, err := s.Replace(admin, owner.ID, "Contributor")
	s.ok(err)
	same, err := s.Replace(admin, owner.ID, "Contributor")
	s.ok(err)
	s.same("replacing twice is replacing once", same.ID, now.ID)
	s.same("a lesser role, and nothing here", []any{now.Always[0].Role, len(s.holds(shop, "prn_agent", "grp_admins"))}, []any{delegation.Contributor, 0})
	_, err = s.Replace(admin, now.ID, "")
	s.refused(err, fault.Conflict, "replacing what is no owner")
	left, err := s.Risks(admin)
	s.ok(err)
	s.same("no risk is left", len(left), 0)
	_ = agent

	s.move(s.at.AddDate(0, 0, 3))
	days, losses, err := s.Earned(admin, "E1", spanOf("2026-03-02", "2026-03-08"))
	s.ok(err)
	earned := 0
	for _, d := range days {
		if d.Earned {
			earned++
		}
	}
	s.same("every whole day earned, and none was lost", []any{len(days), earned, len(losses)}, []any{6, 5, 0})
	_, err = s.End(s.as("customer", "c1"), now.ID, "")
	s.ok(err)
	_, losses, err = s.Earned(admin, "E1", spanOf("2026-03-03", "2026-03-12"))
	s.ok(err)
	s.same("lost", []any{len(losses), losses[0].Since}, []any{1, "2026-03-08"})
	_, _, err = s.Earned(s.as("admin", "rival"), "E1", spanOf("2026-03-03", "2026-03-12"))
	s.refused(err, fault.NotFound, "a rival asks for it")
	_, _, err = s.Earned(s.as("admin", "nordwind"), "E1", spanOf("2026-03-03", "2026-03-12"))
	s.refused(err, fault.NotFound, "the seller asks, who may not see what the partner is credited")
}

// TestRelationship is one from its draft to its clean-up.
func TestRelationship(t *testing.T) {
	s := newStage(t)
	admin, customer := s.as("admin", "nordwind"), s.as("customer", "c1")
	terms := delegation.Terms{Name: "Support", Roles: []string{"Global Reader", "Service Support Administrator"}, Duration: "P60D"}
	r, err := s.Draft(admin, "", terms)
	s.ok(err)
	same, err := s.Draft(admin, "", terms)
	s.ok(err)
	s.same("drafting twice is drafting once", same.ID, r.ID)
	_, err = s.Draft(admin, "", delegation.Terms{Name: "Support", Roles: []string{"Global Reader"}, Duration: "P60D"})
	s.refused(err, fault.Conflict, "another one of that name")
	_, err = s.Draft(s.as("admin", "rival"), "", terms) // the name is free for another organisation
	s.ok(err)
	_, err = s.Assign(admin, r.ID, "grp_desk", []string{"Global Reader"})
	s.refused(err, fault.Conflict, "roles before the customer agreed")

	theirs, err := s.Draft(admin, "", delegation.Terms{Name: "theirs", Customer: orgID("c1"), Roles: []string{"Global Reader"}, Duration: "P1D"})
	s.ok(err)
	hidden, err := s.Relationships(customer, delegation.Filter{})
	s.ok(err)
	s.same("a draft is its maker's alone", len(hidden), 0)
	_, err = s.Change(admin, theirs.ID, delegation.Terms{Name: "theirs", Customer: orgID("c2"), Roles: []string{"Global Reader"}, Duration: "P1D"})
	s.refused(err, fault.NotFound, "asking a rival's customer")
	_, err = s.Relationships(identity.As(s.Context(), identity.Principal{ID: "prn_stray"}), delegation.Filter{})
	s.refused(err, fault.Denied, "somebody without a realm")
	s.ok(s.Drop(admin, theirs.ID))
	first, err := s.Send(admin, r.ID)
	s.ok(err)
	sent, err := s.Send(admin, r.ID)
	s.ok(err)
	_, err = s.Invited(customer, delegation.Reply{Token: first.Token})
	s.refused(err, fault.NotFound, "a link that was replaced")
	_, err = s.Answer(admin, delegation.Reply{Token: sent.Token, Approve: true})
	s.refused(err, fault.Denied, "the partner approves itself")
	seen, err := s.Invited(customer, delegation.Reply{Token: sent.Token})
	s.ok(err)
	s.same("the customer reads before it answers", len(seen.Roles), 2)
	approved, err := s.Answer(customer, delegation.Reply{Token: sent.Token, Approve: true})
	s.ok(err)
	s.same("approved, bound", []any{approved.State, approved.Customer}, []any{delegation.Approved, orgID("c1")})
	_, err = s.Answer(customer, delegation.Reply{Token: sent.Token, Approve: true})
	s.ok(err)
	_, err = s.Answer(s.as("customer2", "c2"), delegation.Reply{Token: sent.Token, Approve: true})
	s.refused(err, fault.NotFound, "another customer uses the link")

	s.drain()
	began := s.at
	r, err = s.Relationship(admin, r.ID)
	s.ok(err)
	s.same("active", []any{r.State, r.End}, []any{delegation.Active, began.AddDate(0, 0, 60)})
	_, err = s.Assign(admin, r.ID, "grp_desk", []string{"Directory Readers"})
	s.refused(err, fault.Invalid, "a role that was not approved")
	_, err = s.Assign(admin, r.ID, "grp_desk", []string{"Global Reader"})
	s.ok(err)
	s.drain()
	s.same("the group has its role", s.holds("@c1/e1", "", "grp_desk"), []string{"Global Reader"})
	_, err = s.Relationship(s.as("admin", "rival"), r.ID)
	s.refused(err, fault.NotFound, "a rival looks at it")
	_, err = s.Terminate(s.as("admin", "contoso"), r.ID)
	s.refused(err, fault.Denied, "the partner above ends its reseller's agreement")

	s.move(began.AddDate(0, 0, 60).Add(-time.Nanosecond))
	s.same("to the last instant", s.holds("@c1", "", "grp_desk"), []string{"Global Reader"})
	s.at = began.AddDate(0, 0, 60) // no job has run
	s.same("over", s.holds("@c1", "", "grp_desk"), []string{})
	r, err = s.Relationship(admin, r.ID)
	s.ok(err)
	s.same("and seen to be", r.State, delegation.Expiring)
	s.move(s.at.AddDate(2, 0, 0))
	_, err = s.Relationship(admin, r.ID)
	s.refused(err, fault.NotFound, "asking for what was cleaned up")
	s.same("the record", s.log(string(r.ID)), []string{
		"relationship_created", "relationship_sent", "relationship_sent", "relationship_approved", "relationship_activating", "relationship_activated",
		"access_created", "access_activated", "relationship_notice", "relationship_notice", "relationship_notice",
		"relationship_expiring", "relationship_expired", "access_deleted", "relationship_cleaned_up",
	})
	_, err = s.Draft(admin, "", terms) // the name is free again
	s.ok(err)
}

// TestTerminate: either side ends it, and access ends before anything is cleared away.
func TestTerminate(t *testing.T) {
	for _, side := range []string{"admin", "customer"} {
		s := newStage(t)
		who := map[string]string{"admin": "nordwind", "customer": "c1"}[side]
		r := activeOn(s, delegation.Terms{Name: "x", Roles: []string{"Global Reader"}, Duration: "P1Y", AutoExtend: true})
		_, err := s.Assign(s.as("admin", "nordwind"), r, "grp_desk", []string{"Global Reader"})
		s.ok(err)
		s.drain()
		s.same("in force", s.holds("@c1", "", "grp_desk"), []string{"Global Reader"})
		_, err = s.Terminate(s.as(side, who), r)
		s.ok(err)
		s.same("over at once", s.holds("@c1", "", "grp_desk"), []string{})
		_, err = s.Terminate(s.as(side, who), r)
		s.ok(err)
		s.drain()
		after, err := s.Relationship(s.as(side, who), r)
		s.ok(err)
		s.same("terminated", after.State, delegation.Terminated)
		s.move(s.at.AddDate(1, 0, 0).Add(-time.Hour))
		_, err = s.Relationship(s.as(side, who), r)
		s.ok(err)
	}
}

// TestAutoExtension: it goes on by itself twice, is turned off, and then ends.
func TestAutoExtension(t *testing.T) {
	s := newStage(t)
	admin := s.as("admin", "nordwind")
	terms := delegation.Terms{Name: "x", Customer: orgID("c1"), Roles: []string{"Global Reader"}, Duration: "P30D", AutoExtend: true}
	r := activeOn(s, terms)
	s.move(s.at.AddDate(0, 0, 30+180+1))
	got, err := s.Relationship(admin, r)
	s.ok(err)
	s.same("extended twice", []any{got.State, got.End.Sub(got.Activated)}, []any{delegation.Active, (30 + 360) * 24 * time.Hour})
	terms.AutoExtend = false
	_, err = s.Change(admin, r, terms)
	s.ok(err)
	s.move(s.at.AddDate(0, 0, 360))
	got, err = s.Relationship(admin, r)
	s.ok(err)
	s.same("ended", got.State, delegation.Expired)
	_, err = s.Change(admin, r, terms)
	s.refused(err, fault.Conflict, "changing what has ended")
	notices := 0
	for _, e := range s.log(string(r)) {
		if e == "relationship_notice" {
			notices++
		}
	}
	s.same("three notices before each of three ends, as far as they lie ahead", notices, 9)
}

// TestUnansweredInvitation: ninety days, and the link is worth nothing.
func TestUnansweredInvitation(t *testing.T) {
	s := newStage(t)
	admin, customer := s.as("admin", "nordwind"), s.as("customer", "c1")
	r, err := s.Draft(admin, "", delegation.Terms{Name: "x", Roles: []string{"Global Reader"}, Duration: "P30D"})
	s.ok(err)
	sent, err := s.Send(admin, r.ID)
	s.ok(err)
	s.at = s.at.AddDate(0, 0, 90)
	_, err = s.Answer(customer, delegation.Reply{Token: sent.Token, Approve: true})
	s.refused(err, fault.Conflict, "approving after ninety days")
	s.drain()
	_, err = s.Answer(customer, delegation.Reply{Token: sent.Token, Approve: true})
	s.refused(err, fault.NotFound, "a link that lapsed")
	refused, err := s.Draft(admin, "", delegation.Terms{Name: "y", Roles: []string{"Global Reader"}, Duration: "P30D"})
	s.ok(err)
	sent, err = s.Send(admin, refused.ID)
	s.ok(err)
	declined, err := s.Answer(customer, delegation.Reply{Token: sent.Token})
	s.ok(err)
	s.same("declined", declined.State, delegation.Terminated)
	s.refused(s.Drop(admin, refused.ID), fault.Conflict, "throwing away what is no draft")
	draft, err := s.Draft(admin, "", delegation.Terms{Name: "z", Roles: []string{"Global Reader"}, Duration: "P30D"})
	s.ok(err)
	s.refused(s.Drop(s.as("admin", "rival"), draft.ID), fault.NotFound, "a rival throws it away")
	s.ok(s.Drop(admin, draft.ID))
	s.refused(s.Drop(admin, draft.ID), fault.NotFound, "throwing it away again")
}

// activeOn is a relationship of nordwind's with c1 that is active.
func activeOn(s *fixture, terms delegation.Terms) id.Relationship {
	s.Helper()
	r, err := s.Draft(s.as("admin", "nordwind"), "", terms)
	s.ok(err)
	sent, err := s.Send(s.as("admin", "nordwind"), r.ID)
	s.ok(err)
	_, err = s.Answer(s.as("customer", "c1"), delegation.Reply{Token: sent.Token, Approve: true})
	s.ok(err)
	s.drain()
	return r.ID
}
