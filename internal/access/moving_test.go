package access_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// TestDelegation is what areas above do: they give and take in their own transaction.
func TestDelegation(t *testing.T) {
	h := newHouse(t)
	dora := as("dora", "contoso")
	a := access.Assignment{Principal: "dora", Realm: key("contoso"), Role: access.CustomerReader, Scope: "@c1/E-C1", Source: "rel_1", End: h.now.Add(time.Hour), By: "carl"}
	undone := fault.New(fault.Conflict, "undone", "undone")
	err := h.db.Do(operator(), func(ctx context.Context, t tx.Tx) error {
		if _, err := h.access.Give(ctx, t, a); err != nil {
			return err
		}
		return undone
	})
	h.wants("a transaction undone", err, fault.Conflict)
	h.wants("nothing of it remains", h.may(dora, access.ResourceRead, "@c1/e-c1"), fault.NotFound)
	h.must(h.db.Do(operator(), func(ctx context.Context, t tx.Tx) error {
		a, err = h.access.Give(ctx, t, a)
		return err
	}))
	h.wants("given", h.may(dora, access.ResourceRead, "@c1/e-c1/group"), "")
	h.wants("and no more", h.may(dora, access.ResourceWrite, "@c1/e-c1"), fault.Denied)
	h.wants("not above", h.may(dora, access.ResourceRead, "@c1"), fault.NotFound)
	h.wants("not the customer's bills", h.may(dora, access.InvoiceRead, "c1"), fault.NotFound)
	h.wants("by hand", h.access.Revoke(operator(), a.ID), fault.Conflict)
	h.must(h.db.Do(operator(), func(ctx context.Context, t tx.Tx) error { return h.access.Take(ctx, t, "rel_1", "carl") }))
	h.wants("taken", h.may(dora, access.ResourceRead, "@c1/e-c1"), fault.NotFound)
}

// TestMoving moves polderwolk, with what is below it, from nordwind to contoso itself, and c2 to fabrikam on a later day.
func TestMoving(t *testing.T) {
	h := newHouse(t)
	h.give("nora", "nordwind", access.ResellerBillingAdmin, "nordwind")
	h.give("nick", "nordwind", access.ResellerBillingAdmin, "polderwolk")
	h.give("paul", "polderwolk", access.ResellerBillingAdmin, "polderwolk")
	h.give("frida", "fabrikam", access.ResellerBillingAdmin, "fabrikam")
	h.give("gaby", "contoso", access.PartnerGlobalAdmin, "contoso")
	h.give("bill", "contoso", access.PartnerBillingAdmin, "contoso")
	h.give("carl", "c2", access.CustomerBilling, "@c2")
	nora, nick, paul, frida, carl := as("nora", "nordwind"), as("nick", "nordwind"), as("paul", "polderwolk"), as("frida", "fabrikam"), as("carl", "c2")
	documents := &invoice.Service{DB: h.db, Store: billing.Invoices{DB: h.db}, Access: h.roles, Now: h.roles.Now}
	h.document("A-1", "nordwind", "c2")
	h.document("A-2", "nordwind", "polderwolk")
	h.document("A-3", "polderwolk", "c1")
	h.document("A-4", "contoso", "nordwind")
	sees := func(ctx context.Context) string {
		list, err := documents.List(ctx, invoice.Filter{})
		h.must(err)
		var numbers []string
		for _, v := range list {
			numbers = append(numbers, v.Number)
		}
		return strings.Join(numbers, " ")
	}
	expect := func(when string, want map[string]string) {
		t.Helper()
		people := map[string]context.Context{"nora": nora, "nick": nick, "paul": paul, "frida": frida, "carl": carl, "gaby": as("gaby", "contoso"), "bill": as("bill", "contoso")}
		for name, numbers := range want {
			if got := sees(people[name]); got != numbers {
				t.Errorf("%s: %s sees %q, want %q", when, name, got, numbers)
			}
		}
	}
	expect("before", map[string]string{"nora": "A-4 A-1 A-2", "nick": "A-2", "paul": "A-2 A-3", "frida": "", "carl": "A-1", "gaby": "A-4 A-1 A-2 A-3", "bill": "A-4"})
	h.wants("before", h.may(nora, access.InvoiceRead, "c1"), "")

	w := theWorld()
	today, later := period.DateOf(h.now), period.DateOf(h.now).AddDays(30)
	for i := range w.Edges {
		switch w.Edges[i].Buyer {
		case key("polderwolk"):
			w.Edges[i].End = today
		case key("c2"):
			w.Edges[i].End = later
		}
	}
	w.Edges = append(w.Edges, sells("contoso", "polderwolk", period.Period{Start: today}), sells("fabrikam", "c2", period.Period{Start: later}))
	_, err := h.orgs.Apply(operator(), w, false)
	h.must(err)
	for _, place := range []string{"polderwolk", "c1", "contoso/nordwind/polderwolk/c1", "contoso/polderwolk/c1"} {
		h.wants("the old seller at "+place, h.may(nora, access.InvoiceRead, place), fault.NotFound)
		h.wants("its staff given a role at polderwolk itself, at "+place, h.may(nick, access.InvoiceRead, place), fault.NotFound)
	}
	h.wants("polderwolk's own people move with it", h.may(paul, access.InvoiceRead, "contoso/polderwolk/c1"), "")
	h.wants("c2 has not moved", h.may(nora, access.InvoiceRead, "contoso/nordwind/c2"), "")
	h.document("A-5", "contoso", "polderwolk")
	expect("afterwards", map[string]string{"nora": "A-4 A-1 A-2", "paul": "A-5 A-2 A-3", "gaby": "A-4 A-5 A-1 A-2 A-3", "bill": "A-4 A-5"})

	h.now = later.Time().Add(-1)
	h.wants("an instant before", h.may(nora, access.InvoiceRead, "c2"), "")
	h.now = later.Time()
	h.wants("at the instant", h.may(nora, access.InvoiceRead, "c2"), fault.NotFound)
	h.wants("the new seller", h.may(frida, access.InvoiceRead, "contoso/fabrikam/c2"), "")
	h.document("A-6", "fabrikam", "c2")
	expect("in the end", map[string]string{"nora": "A-4 A-1 A-2", "frida": "A-6", "carl": "A-6 A-1"})
	world, err := h.orgs.World(nora)
	h.must(err)
	for _, o := range world.Organisations {
		if o.Key != "nordwind" {
			t.Errorf("the old seller still sees %s", o.Key)
		}
	}
}

func (h *house) document(number, seller, buyer string) {
	h.Helper()
	on := period.NewDate(2026, 9, 30)
	v := invoice.Invoice{
		ID: id.Invoice("inv_" + number), Kind: invoice.KindInvoice, State: invoice.Issued, Edge: id.Edge("edg_" + number), Seller: key(seller), Buyer: key(buyer),
		SellerKey: seller, BuyerKey: buyer, Period: on.Month(), Ordinal: 1, Series: "A", Number: number, Currency: "EUR", IssueDate: on, DueDate: on,
		Lines: []invoice.Line{{Number: 1, Key: "k", Net: money.FromInt(1)}}, Net: money.FromInt(1), Total: money.FromInt(1),
	}
	h.must(h.db.Do(operator(), func(ctx context.Context, t tx.Tx) error {
		return billing.Invoices{DB: h.db}.Save(ctx, t, scope.All(), v)
	}))
}

// TestDenialsOutliveEntitlements: what somebody is denied at an entitlement stays denied of the days before it ended.
func TestDenialsOutliveEntitlements(t *testing.T) {
	h := newHouse(t)
	w := theWorld()
	old := org.Entitlement{Provider: "old-c1", Period: period.Period{Start: period.NewDate(2026, 1, 1), End: period.NewDate(2026, 9, 10)}}
	for i := range w.Organisations {
		if w.Organisations[i].Key == "c1" {
			w.Organisations[i].Entitlements = append(w.Organisations[i].Entitlements, old)
		}
	}
	_, err := h.orgs.Apply(operator(), w, false)
	h.must(err)
	h.give("cora", "c1", access.CustomerReader, "@c1")
	_, err = h.assign(operator(), access.Assignment{Principal: "cora", Realm: key("c1"), Role: access.CustomerReader, Scope: "@c1/old-c1", Deny: true})
	h.must(err)
	for _, now := range []time.Time{h.now, h.now.AddDate(0, 0, 20)} {
		h.now = now
		grant, err := h.roles.Require(as("cora", "c1"), access.UsageRead)
		h.must(err)
		on := period.NewDate(2026, 8, 15)
		if s := grant.Scope; s.SeesRef("old-c1", on) || s.SeesRef("t-c1", on) || !s.SeesRef("e-c1", on) || s.Sees("@c1/old-c1") {
			t.Errorf("on %s cora sees of August: %+v", now.Format(time.DateOnly), s.Refs())
		}
	}
}

// TestSubscriptionsAreDeniedToStaff: what is denied at a subscription in the commercial tree is not seen in its customer's
// usage, and the rest is.
func TestSubscriptionsAreDeniedToStaff(t *testing.T) {
	h := newHouse(t)
	w := theWorld()
	for i := range w.Organisations {
		if w.Organisations[i].Key == "c1" {
			w.Organisations[i].Entitlements = append(w.Organisations[i].Entitlements, org.Entitlement{Provider: "F-c1"})
		}
	}
	_, err := h.orgs.Apply(operator(), w, false)
	h.must(err)
	h.give("nora", "nordwind", access.ResellerBillingAdmin, "nordwind")
	_, err = h.assign(operator(), access.Assignment{Principal: "nora", Realm: key("nordwind"), Role: access.ResellerBillingAdmin, Scope: "c1/E-c1", Deny: true})
	h.must(err)
	grant, err := h.roles.Require(as("nora", "nordwind"), access.UsageRead)
	h.must(err)
	on := period.NewDate(2026, 8, 15)
	if s := grant.Scope; s.SeesRef("e-c1", on) || s.SeesRef("t-c1", on) || !s.SeesRef("f-c1", on) || !s.SeesRef("t-c2", on) {
		t.Errorf("nora sees %+v", s.Refs())
	}
}
