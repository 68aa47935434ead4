package main

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// delegationScenario is an installation with real data. The test moves its clock, and jobs never run by themselves.
// The partner has an agent and a lead, the customer an admin ("boss").
type delegationScenario struct {
	*testing.T
	n                 *installation.Installation
	dir               string
	op                context.Context
	at                time.Time
	agent, lead, boss people.Person
	desk, leads       identity.Group
}

const delegationWorld = `partner: {key: contoso, legal: {name: Contoso GmbH, country: DE}}
customers:
  - key: c1
    legal: {name: Fabrikam GmbH, country: DE}
    tenant: 6d21c2e0-2ee2-4202-aa3f-abc1f68007d6
    entitlements: [{id: e-1, since: 2026-01-01}]
    buys: [{from: contoso, since: 2026-01-01, book: retail, currency: EUR, payment_days: 14, series: A}]
  - key: c2
    legal: {name: Tailspin GmbH, country: DE}
    tenant: a5f10403-2dd4-4c05-ad65-abf1a41e52e9
    entitlements: [{id: e-2, since: 2026-01-01}]
    buys: [{from: contoso, since: 2026-01-01, book: retail, currency: EUR, payment_days: 14, series: A}]
`

func newDelegationScenario(t *testing.T) *delegationScenario {
	t.Helper()
	s := &delegationScenario{T: t, dir: t.TempDir(), at: time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC), op: access.AsLocalOperator(context.WithoutCancel(t.Context()))}
	n, err := installation.Open(s.op, s.dir, installation.Options{Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return s.at }})
	s.ok(err)
	t.Cleanup(func() { s.ok(n.Close()) })
	s.n = n
	c := &caller{T: t}
	c.client.Transport = n.InProcess(access.AsLocalOperator)
	c.want(200, nil, "PUT", "/world", asYAML, delegationWorld)
	s.agent = s.person("contoso", "agent", access.PartnerHelpdesk, "contoso")
	s.lead = s.person("contoso", "lead", access.PartnerAdminAgent, "contoso")
	s.boss = s.person("c1", "boss", access.CustomerGlobalAdmin, "@c1")
	s.desk, s.leads = s.group("desk", s.agent), s.group("leads", s.lead)
	return s
}

func (s *delegationScenario) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *delegationScenario) refused(what string, err error, kind fault.Kind) {
	s.Helper()
	if fault.KindOf(err) != kind {
		s.Errorf("%s: %v (%q), want %q", what, err, fault.KindOf(err), kind)
	}
}

func (s *delegationScenario) person(realm, name string, role id.Role, place string) people.Person {
	s.Helper()
	mine := people.Personal{Name: name, Mail: name + "@" + realm + ".example"}
	_, link, err := s.n.People.Invite(s.op, realm, mine)
	s.ok(err)
	p, err := s.n.People.SetUp(context.WithoutCancel(s.Context()), link, mine, "brown kettle morning")
	s.ok(err)
	_, err = s.n.Roles.Assign(s.op, access.Assignment{Principal: p.ID, Realm: p.Realm, Role: role, Scope: place})
	s.ok(err)
	return p
}

func (s *delegationScenario) group(name string, members ...people.Person) identity.Group {
	s.Helper()
	g, err := s.n.People.AddGroup(s.op, "contoso", name)
	s.ok(err)
	s.members(g, members...)
	return g
}

func (s *delegationScenario) members(g identity.Group, members ...people.Person) {
	s.Helper()
	var ids []id.Principal
	for _, p := range members {
		ids = append(ids, p.ID)
	}
	s.ok(s.n.People.SetMembers(s.op, g.ID, ids))
}

// session signs a person in. The function that it returns authenticates again at each call, as every request does.
// Outside demo data staff cannot sign in without a second factor, so it is removed from the principal afterwards.
func (s *delegationScenario) session(p people.Person, mfa bool) func() (context.Context, error) {
	s.Helper()
	x, _, err := s.n.People.OpenSession(s.op, sessions.Session{Person: p.ID, MFA: true})
	s.ok(err)
	return func() (context.Context, error) {
		who, err := s.n.Sessions.Authenticate(context.WithoutCancel(s.Context()), p.ID, string(x.ID))
		who.MFA = mfa
		return identity.As(context.WithoutCancel(s.Context()), who), err
	}
}

func (s *delegationScenario) now(session func() (context.Context, error)) context.Context {
	s.Helper()
	ctx, err := session()
	s.ok(err)
	return ctx
}

func (s *delegationScenario) may(ctx context.Context, action access.Action, place string) error {
	_, err := s.n.API.Access.RequireAt(ctx, action, place)
	return err
}

// consented is an offer to the desk, with a second factor and the leads' approval, to which the customer consents.
func (s *delegationScenario) consented() delegation.Registration {
	s.Helper()
	desk := delegation.Holder{ID: string(s.desk.ID), Kind: delegation.Group, Name: "Helpdesk"}
	leads := delegation.Holder{ID: string(s.leads.ID), Kind: delegation.Group, Name: "Shift leads"}
	d, err := s.n.Delegation.Define(s.now(s.session(s.lead, true)), delegation.Definition{
		Name: "Support", Always: []delegation.Authorization{{Holder: desk, Role: "Reader"}},
		Eligible: []delegation.Eligible{{Holder: desk, Role: "Contributor", Policy: delegation.Policy{MFA: true, Longest: "PT1H", Approvers: []delegation.Holder{leads}}}},
	})
	s.ok(err)
	r, err := s.n.Delegation.Register(s.now(s.session(s.boss, false)), d.ID, delegation.Place{Entitlement: "e-1"})
	s.ok(err)
	return r
}

// done is what the customer can read of the activation: its state, and the actions recorded in its trail.
func (s *delegationScenario) done() (delegation.ActivationState, []string) {
	s.Helper()
	trails, err := s.n.Delegation.Trails(s.now(s.session(s.boss, false)), delegation.Filter{})
	s.ok(err)
	var list []string
	for _, e := range trails[0].Entries {
		list = append(list, e.Action+" "+e.Target)
	}
	return trails[0].State, list
}

// TestJustInTime activates a role with a second factor and somebody else's approval. It begins and ends by the
// machine's clock, although no job runs. Reads and writes that only the activation allows are in the customer's
// trail. Leaving the group or being disabled ends it immediately.
func TestJustInTime(t *testing.T) {
	sequential(t)
	s := newDelegationScenario(t)
	plain, agent, lead := s.session(s.agent, false), s.session(s.agent, true), s.session(s.lead, true)
	s.refused("before the customer agreed", s.may(s.now(agent), access.ResourceRead, "@c1"), fault.NotFound)
	r := s.consented()
	s.refused("reading, once it agreed", s.may(s.now(agent), access.ResourceRead, "@c1/e-1"), "")
	s.refused("writing", s.may(s.now(agent), access.ResourceWrite, "@c1/e-1"), fault.Denied)

	request := delegation.ActivationRequest{Registration: r.ID, Role: "Contributor", Length: "PT1H", Reason: "the shop is slow"}
	_, err := s.n.Delegation.Activate(s.now(plain), request)
	s.refused("without a second factor", err, fault.Denied)
	a, err := s.n.Delegation.Activate(s.now(agent), request)
	if s.ok(err); a.State != delegation.Waiting {
		t.Fatalf("not approved, and %s", a.State)
	}
	s.refused("before it is approved", s.may(s.now(agent), access.ResourceWrite, "@c1/e-1"), fault.Denied)
	_, err = s.n.Delegation.Decide(s.now(s.session(s.lead, false)), a.ID, true, "")
	s.refused("approved without a second factor", err, fault.Denied)
	s.at = s.at.Add(10 * time.Minute)
	a, err = s.n.Delegation.Decide(s.now(lead), a.ID, true, "go on")
	s.ok(err)

	s.ok(s.may(s.now(agent), access.ResourceWrite, "@c1/e-1/web"))
	_, err = s.n.API.Access.Require(s.now(agent), access.CostWrite)
	s.ok(err)
	s.ok(s.may(s.now(agent), access.ResourceRead, "@c1/e-1")) // needs no activation
	s.refused("in a session without a second factor", s.may(s.now(plain), access.ResourceWrite, "@c1/e-1"), fault.Denied)
	s.refused("at another customer", s.may(s.now(agent), access.ResourceWrite, "@c2/e-2"), fault.NotFound)

	s.members(s.desk)
	s.refused("having left the group", s.may(s.now(agent), access.ResourceWrite, "@c1/e-1"), fault.NotFound)
	_, err = s.n.Delegation.Act(s.now(agent), a.ID, "Microsoft.Compute/virtualMachines/restart/action", "")
	s.refused("recording, having left the group", err, fault.Denied)
	s.members(s.desk, s.agent)
	s.ok(s.n.People.Enable(s.op, s.agent.ID, false))
	if _, err := agent(); err == nil {
		t.Error("a disabled person is still authenticated")
	}
	s.ok(s.n.People.Enable(s.op, s.agent.ID, true))
	agent = s.session(s.agent, true)

	s.at = a.End.Add(-time.Nanosecond)
	s.ok(s.may(s.now(agent), access.ResourceWrite, "@c1/e-1/db"))
	s.at = a.End
	s.refused("at the instant it ends", s.may(s.now(agent), access.ResourceWrite, "@c1/e-1/db"), fault.Denied)
	if stored := s.stored(a.ID); stored.State != delegation.Running {
		t.Errorf("a job ran: the stored state is %s", stored.State)
	}
	state, done := s.done()
	want := []string{"Purveyor/resource/write @c1/e-1/web", "Purveyor/cost/write @c1/e-1", "Purveyor/resource/write @c1/e-1/db"}
	if state != delegation.Ended || !slices.Equal(done, want) {
		t.Errorf("the customer reads that it is %s, and %q", state, done)
	}
}

// stored is an activation as the ledger holds it.
func (s *delegationScenario) stored(a id.Activation) (found delegation.Activation) {
	s.Helper()
	s.ok(s.n.DB.View(s.op, func(ctx context.Context, r tx.Read) error {
		list, err := s.n.Delegation.Store.Activations(ctx, r, scope.All(), delegation.Filter{ID: string(a)})
		if err == nil {
			found = list[0]
		}
		return err
	}))
	return found
}

// TestDeniedWithoutARecordInTheTrail: a grant names an activation that does not exist, so its use cannot be recorded
// and is denied.
func TestDeniedWithoutARecordInTheTrail(t *testing.T) {
	s := newDelegationScenario(t)
	s.consented()
	agent := s.now(s.session(s.agent, true))
	s.ok(s.n.DB.Do(s.op, func(ctx context.Context, t tx.Tx) error {
		_, err := s.n.Roles.Give(ctx, t, access.Assignment{Principal: s.agent.ID, Realm: s.agent.Realm, Role: access.CustomerContributor, Scope: "@c1/e-1", Source: "act_none", Trail: true})
		return err
	}))
	if err := s.may(agent, access.ResourceWrite, "@c1/e-1"); err == nil {
		t.Error("allowed by an activation that does not exist")
	}
}

// TestGroupsOfDelegatedAccess: members have what a relationship or an offer gives to their group as long as they are
// members, and no longer.
func TestGroupsOfDelegatedAccess(t *testing.T) {
	sequential(t)
	s := newDelegationScenario(t)
	lead, boss := s.session(s.lead, true), s.session(s.boss, false)
	admins := s.group("admin agents", s.agent)
	holder := delegation.Holder{ID: string(admins.ID), Kind: delegation.Group, Name: "Admin agents"}
	_, err := s.n.Delegation.RecordStanding(s.now(lead), "", delegation.Place{Customer: org.OrganisationID("c1"), Entitlement: "e-1"}, delegation.Authorization{Holder: holder, Role: "Owner"})
	s.ok(err)
	agent := s.session(s.agent, true)
	s.refused("by standing access at the provider", s.may(s.now(agent), access.ResourceRead, "@c1/e-1"), fault.NotFound)
	d, err := s.n.Delegation.Define(s.now(lead), delegation.Definition{Name: "Admins", Always: []delegation.Authorization{{Holder: holder, Role: "Reader"}}})
	s.ok(err)
	_, err = s.n.Delegation.Register(s.now(boss), d.ID, delegation.Place{Entitlement: "e-1"})
	s.ok(err)
	s.ok(s.may(s.now(agent), access.ResourceRead, "@c1/e-1"))

	draft, err := s.n.Delegation.Draft(s.now(lead), "", delegation.Terms{Name: "Directory", Roles: []string{"Global Reader"}, Duration: "P30D"})
	s.ok(err)
	sent, err := s.n.Delegation.Send(s.now(lead), draft.ID)
	s.ok(err)
	_, err = s.n.Delegation.Answer(s.now(boss), delegation.Reply{Token: sent.Token, Approve: true})
	s.ok(err)
	s.ok(s.n.Drain(s.op))
	_, err = s.n.Delegation.Assign(s.now(lead), draft.ID, admins.ID, []string{"Global Reader"})
	s.ok(err)
	s.ok(s.n.Drain(s.op))
	s.ok(s.n.DB.View(s.op, func(ctx context.Context, r tx.Read) error {
		list, err := s.n.Delegation.Assignments(ctx, r, s.at)
		for _, a := range list {
			if a.Group != admins.ID || a.Principal != "" {
				t.Errorf("assigned to a person: %+v", a)
			}
		}
		if len(list) != 2 {
			t.Errorf("%d assignments", len(list))
		}
		return err
	}))
	stranger := s.session(s.person("c2", "stranger", access.CustomerGlobalAdmin, "@c2"), false)
	for name, c := range map[string]struct {
		who  func() (context.Context, error)
		want int
	}{"the partner's lead": {lead, 1}, "the customer": {boss, 1}, "another customer": {stranger, 0}} {
		list, err := s.n.Notices.List(s.now(c.who), delegation.Filter{})
		if err != nil || len(list) != c.want || c.want > 0 && (list[0].Days != 30 || list[0].Customer != org.OrganisationID("c1")) {
			t.Errorf("%s is shown %+v, %v", name, list, err)
		}
	}
	s.members(admins)
	s.refused("having left the group", s.may(s.now(agent), access.ResourceRead, "@c1/e-1"), fault.NotFound)
	if who, _ := identity.Caller(s.now(agent)); slices.Contains(who.Groups, admins.ID) {
		t.Error("still in the group, and so in the customer's directory")
	}
}
