package delegation_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/parties"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// fixture is a world with people in it, on a real ledger, and a clock that the test moves.
type fixture struct {
	*testing.T
	*delegation.Service
	db     *sqlstore.DB
	at     time.Time
	tokens int
	runner *job.Runner
	given  map[string][]delegation.Assignment // what access was told, by source
}

// testGuard is a guard that knows the people of the stage: staff may do what their side does, within their organisation's
// place; customers what theirs does.
type testGuard struct{ s *fixture }

func (g testGuard) Require(ctx context.Context, action access.Action) (access.Grant, error) {
	who, ok := identity.Caller(ctx)
	if !ok {
		return access.Grant{}, fault.New(fault.Denied, "denied", "nobody")
	}
	if who.ID == identity.LocalOperator {
		return access.Local{}.Require(ctx, action)
	}
	customer := action == access.DelegationApprove
	staff := slices.Contains([]access.Action{access.DelegationChange, access.ActivationRequest, access.ActivationDecide, access.CreditRead}, action)
	isCustomer := strings.HasPrefix(string(who.ID), "prn_customer")
	if customer && !isCustomer || staff && isCustomer {
		return access.Grant{}, fault.New(fault.Denied, "denied", "%s may not %s", who.ID, action)
	}
	place := map[id.Organisation]string{
		org.OrganisationID("contoso"): "contoso", org.OrganisationID("nordwind"): "contoso/nordwind", org.OrganisationID("rival"): "contoso/rival",
		org.OrganisationID("c1"): "contoso/nordwind/c1", org.OrganisationID("c2"): "contoso/rival/c2",
	}[who.Realm]
	places := []string{place}
	if isCustomer {
		places = append(places, "@"+place[strings.LastIndexByte(place, '/')+1:])
	}
	grant := access.Grant{Scope: scope.Of(places...), Actor: string(who.ID)}
	if place == "contoso" {
		grant.View = scope.Cost | scope.Sell | scope.List
	}
	return grant, nil
}

// RequireAt is Require: the stage has no places of its own.
func (g testGuard) RequireAt(ctx context.Context, action access.Action, _ string) (access.Grant, error) {
	return g.Require(ctx, action)
}

// Allowed is the error of Require.
func (g testGuard) Allowed(ctx context.Context, action access.Action) error {
	_, err := g.Require(ctx, action)
	return err
}

// RequireWithin is Require: the stage has no places of its own.
func (g testGuard) RequireWithin(ctx context.Context, action access.Action, _ access.Within) (access.Grant, error) {
	return g.Require(ctx, action)
}

// MayPurchase is no part of these stories.
func (testGuard) MayPurchase(context.Context, id.Organisation, access.Purchase) (access.Grant, error) {
	return access.Grant{}, fault.New(fault.Denied, "denied", "nobody buys here")
}

// noPlaces is told the places of organisations, and needs to do nothing.
type noPlaces struct{}

func (noPlaces) Placed(context.Context, tx.Tx, access.Tree) error { return nil }

// retail says that everybody who sells has published the book "retail".
func retail(context.Context, tx.Read) (map[string][]string, error) {
	return map[string][]string{"contoso": {"retail"}, "nordwind": {"retail"}, "rival": {"retail"}}, nil
}

func newStage(t *testing.T) *fixture {
	db := storetest.SQLite(t)
	s := &fixture{T: t, db: db, given: map[string][]delegation.Assignment{}, at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return s.at }
	events := event.Log{Store: operations.Events{DB: db}, Now: now}
	orgs := &org.Service{DB: db, Store: organisations.Orgs{DB: db}, Access: access.Local{}, Events: events, Now: now, Places: noPlaces{}, Books: retail}
	if _, err := orgs.Apply(access.AsLocalOperator(t.Context()), world(), false); err != nil {
		t.Fatal(err)
	}
	s.Service = &delegation.Service{
		DB: db, Store: parties.Delegation{DB: db}, Orgs: organisations.Orgs{DB: db}, Access: testGuard{s}, Events: events, Roles: delegation.BuiltIn(), Now: now,
		Jobs:   job.Queue{Store: operations.Jobs{DB: db}},
		Secret: func() string { s.tokens++; return fmt.Sprintf("token %d", s.tokens) },
		SetAssignments: func(_ context.Context, _ tx.Tx, source string, now []delegation.Assignment) error {
			s.given[source] = now
			return nil
		},
	}
	s.runner = &job.Runner{
		Store: operations.Jobs{DB: db}, DB: db, Workers: 1, Now: now, Machine: now, Owner: "test", Handlers: map[job.Kind]job.Handler{
			job.SettleRelationship: s.Settle, job.NoticeRelationship: s.Notice, job.FinishActivation: s.Finish,
		},
	}
	return s
}

// world is a partner with two resellers, and a customer of one of them.
func world() org.World {
	named := func(kind org.Kind, key string) org.Organisation {
		return org.Organisation{ID: org.OrganisationID(key), Kind: kind, Key: key, Legal: org.LegalEntity{Name: key, Country: "NL"}, MPN: "mpn-" + key}
	}
	p, r, rival, c, d := named(org.Partner, "contoso"), named(org.Reseller, "nordwind"), named(org.Reseller, "rival"), named(org.Customer, "c1"), named(org.Customer, "c2")
	r.Tenant = "11111111-2222-4333-8444-555555555555"
	c.Entitlements = []org.Entitlement{{Provider: "E1"}}
	d.Entitlements = []org.Entitlement{{Provider: "E2"}}
	sells := func(a, b org.Organisation) org.Edge {
		since := period.NewDate(2026, 1, 1)
		return org.Edge{ID: org.EdgeID(a.ID, b.ID, since), Seller: a.ID, Buyer: b.ID, Period: period.Period{Start: since},
			Terms: org.Terms{Book: "retail", Currency: "EUR", PaymentDays: 30, Series: "A"}}
	}
	return org.World{
		Organisations: []org.Organisation{p, r, rival, c, d}, Edges: []org.Edge{sells(p, r), sells(p, rival), sells(r, c), sells(rival, d)},
	}
}

// as is a context in which somebody of an organisation is calling.
func (s *fixture) as(name, realm string, groups ...id.Group) context.Context {
	return identity.As(s.Context(), identity.Principal{ID: id.Principal("prn_" + name), Realm: org.OrganisationID(realm), Groups: groups, MFA: true})
}

// drain works off the jobs due by now.
func (s *fixture) drain() {
	s.Helper()
	if _, err := s.runner.Drain(access.AsLocalOperator(s.Context())); err != nil {
		s.Fatal(err)
	}
	err := s.db.View(s.Context(), func(ctx context.Context, r tx.Read) error {
		failed, err := operations.Jobs{DB: s.db}.Jobs(ctx, r, scope.All(), job.Filter{State: job.Failed})
		if len(failed) > 0 {
			s.Errorf("a job failed: %+v", failed[0])
		}
		return err
	})
	s.ok(err)
}

// move moves the clock, stopping at each instant at which something is due.
func (s *fixture) move(to time.Time) {
	s.Helper()
	for {
		var due time.Time
		var ok bool
		s.ok(s.db.View(s.Context(), func(ctx context.Context, r tx.Read) (err error) {
			due, ok, err = operations.Jobs{DB: s.db}.NextDue(ctx, r)
			return err
		}))
		if !ok || due.After(to) {
			s.at = to
			return
		}
		if due.After(s.at) {
			s.at = due
		}
		s.drain()
	}
}

func (s *fixture) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *fixture) refused(err error, kind fault.Kind, what string) {
	s.Helper()
	if fault.KindOf(err) != kind {
		s.Fatalf("%s: got %v (%s), want it refused as %s", what, err, fault.KindOf(err), kind)
	}
}

// holds says which roles a person has at a place now, by name.
func (s *fixture) holds(scopePath string, who id.Principal, groups ...id.Group) (names []string) {
	s.Helper()
	s.ok(s.db.View(s.Context(), func(ctx context.Context, r tx.Read) error {
		list, err := s.Assignments(ctx, r, s.at)
		s.same("access was told what is in force", inForce(s.told(), s.at), inForce(list, s.at))
		for _, a := range list {
			mine := a.Principal == who && who != "" || slices.Contains(groups, a.Group)
			if mine && (a.Scope == scopePath || strings.HasPrefix(scopePath, a.Scope+"/")) && (a.End.IsZero() || s.at.Before(a.End)) {
				names = append(names, a.Role.Name)
			}
		}
		return err
	}))
	slices.Sort(names)
	return names
}

// told is everything access was told last.
func (s *fixture) told() (list []delegation.Assignment) {
	for _, source := range s.given {
		list = append(list, source...)
	}
	return list
}

// inForce is what has not ended by an instant, in one order.
func inForce(list []delegation.Assignment, at time.Time) (lines []string) {
	for _, a := range list {
		if a.End.IsZero() || at.Before(a.End) {
			lines = append(lines, fmt.Sprint(a))
		}
	}
	slices.Sort(lines)
	return lines
}

// log is the types of the events so far about a thing, without the area's name.
func (s *fixture) log(subject string) (types []string) {
	s.Helper()
	s.ok(s.db.View(s.Context(), func(ctx context.Context, r tx.Read) error {
		list, err := s.Events.Store.Events(ctx, r, scope.All(), event.Filter{})
		for _, e := range list {
			if e.Subject == subject && strings.HasPrefix(string(e.Type), "delegation.") {
				types = append(types, strings.TrimPrefix(string(e.Type), "delegation."))
			}
		}
		if _, _, err := s.Events.Verify(ctx, r); err != nil {
			s.Error(err)
		}
		return err
	}))
	return types
}

func (s *fixture) same(what string, got, want any) {
	s.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.Fatalf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func (s *fixture) withoutMFA(name, realm string, groups ...id.Group) context.Context {
	who, _ := identity.Caller(s.as(name, realm, groups...))
	who.MFA = false
	return identity.As(s.Context(), who)
}

func orgID(key string) id.Organisation { return org.OrganisationID(key) }

func spanOf(from, to string) period.Period {
	a, _ := period.ParseDate(from)
	b, _ := period.ParseDate(to)
	return period.Period{Start: a, End: b}
}
