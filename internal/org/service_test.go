package org_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func newService(t *testing.T) (*org.Service, func() []event.Event) {
	db := storetest.SQLite(t)
	now := func() time.Time { return time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC) }
	events := operations.Events{DB: db}
	v := &org.Service{
		DB: db, Store: organisations.Orgs{DB: db}, Access: access.Local{}, Events: event.Log{Store: events, Now: now}, Now: now, Places: noPlaces{}, Books: retail,
	}
	return v, func() (list []event.Event) {
		err := db.View(context.Background(), func(ctx context.Context, r tx.Read) (err error) {
			list, err = events.Events(ctx, r, scope.All(), event.Filter{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
}

// noPlaces is told the places of organisations, and needs to do nothing.
type noPlaces struct{}

func (noPlaces) Placed(context.Context, tx.Tx, access.Tree) error { return nil }

// retail says that everybody who sells has published the book "retail".
func retail(context.Context, tx.Read) (map[string][]string, error) {
	return map[string][]string{"contoso": {"retail"}, "nordwind": {"retail"}}, nil
}

func world() org.World {
	named := func(kind org.Kind, key string) org.Organisation {
		return org.Organisation{ID: org.OrganisationID(key), Kind: kind, Key: key, Legal: org.LegalEntity{Name: key, Country: "NL"}}
	}
	p, r, c := named(org.Partner, "contoso"), named(org.Reseller, "nordwind"), named(org.Customer, "c0001")
	c.Entitlements = []org.Entitlement{{Provider: "e1"}}
	sells := func(a, b org.Organisation) org.Edge {
		since := period.NewDate(2026, 1, 1)
		return org.Edge{ID: org.EdgeID(a.ID, b.ID, since), Seller: a.ID, Buyer: b.ID, Period: period.Period{Start: since},
			Terms: org.Terms{Book: "retail", Currency: "EUR", PaymentDays: 30, Series: "A"}}
	}
	return org.World{Organisations: []org.Organisation{p, r, c}, Edges: []org.Edge{sells(p, r), sells(r, c)}}
}

func TestApply(t *testing.T) {
	v, events := newService(t)
	ctx := access.AsLocalOperator(context.Background())
	if _, err := v.Apply(context.Background(), world(), false); fault.KindOf(err) != fault.Denied {
		t.Fatalf("a stranger may apply: %v", err)
	}

	dry, err := v.Apply(ctx, world(), true)
	if err != nil || dry.Applied || len(dry.Diff) != 6 {
		t.Fatalf("dry run: %+v %v", dry, err)
	}
	if w, _ := v.World(ctx); len(w.Organisations) != 0 || len(events()) != 0 {
		t.Fatal("a dry run wrote something")
	}

	done, err := v.Apply(ctx, world(), false)
	if err != nil || !done.Applied || !slices.Equal(done.Diff, dry.Diff) {
		t.Fatalf("apply does other than its dry run said: %+v %v", done, err)
	}
	w, err := v.World(ctx)
	if err != nil || len(org.Diff(w, world())) != 0 {
		t.Fatalf("the world is not what was applied: %v %v", org.Diff(w, world()), err)
	}

	again, err := v.Apply(ctx, world(), false)
	if err != nil || again.Applied || len(again.Diff) != 0 || len(events()) != 1 {
		t.Fatalf("applying twice is not applying once: %+v, %d events, %v", again, len(events()), err)
	}
	if e := events()[0]; e.Type != event.WorldApplied || e.Subject != string(org.OrganisationID("contoso")) || e.Actor != string(identity.LocalOperator) {
		t.Errorf("event %+v", e)
	}
}

func TestApplyKeepsAndRefuses(t *testing.T) {
	v, events := newService(t)
	ctx := access.AsLocalOperator(context.Background())
	if _, err := v.Apply(ctx, world(), false); err != nil {
		t.Fatal(err)
	}
	partner := world()
	partner.Organisations, partner.Edges = partner.Organisations[:1], nil
	partner.Organisations[0].Legal.City = "Hamburg"
	got, err := v.Apply(ctx, partner, false)
	if err != nil || !got.Applied || len(got.Diff) != 1 || len(got.Kept) != 4 {
		t.Fatalf("%+v %v", got, err)
	}
	if w, _ := v.World(ctx); len(w.Organisations) != 3 || len(w.Edges) != 2 || len(w.Organisations[1].Entitlements)+len(w.Organisations[0].Entitlements) != 1 {
		t.Fatalf("something was deleted: %+v", w)
	}

	moved := world()
	moved.Edges[1].Seller = moved.Organisations[0].ID // the old edge is not ended
	before := len(events())
	if _, err := v.Apply(ctx, moved, false); fault.CodeOf(err) != "world_refused" {
		t.Fatalf("two sellers on a day: %v", err)
	}
	if w, _ := v.World(ctx); len(w.Edges) != 2 || len(events()) != before {
		t.Fatal("a refused world left something behind")
	}
}

// TestWorldsAreCopies changes a world that was handed out: what the service says next is what is stored.
func TestWorldsAreCopies(t *testing.T) {
	v, _ := newService(t)
	ctx := access.AsLocalOperator(context.Background())
	if _, err := v.Apply(ctx, world(), false); err != nil {
		t.Fatal(err)
	}
	w, err := v.World(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range w.Organisations {
		w.Organisations[i].Legal.City = "Elsewhere"
		for j := range w.Organisations[i].Entitlements {
			w.Organisations[i].Entitlements[j].Provider = "other"
		}
	}
	w.Edges[0].Terms.Book = "other"
	again, err := v.World(ctx)
	if err != nil || len(org.Diff(again, world())) != 0 {
		t.Errorf("the state changed: %v, %v", org.Diff(again, world()), err)
	}
}
