package access_test

import (
	"context"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// TestOrganisationsManageTheirOwnRoles: once somebody of an organisation could sign in, nobody above it gives, denies, takes or
// redefines what its people have; before, and for its own admins and the local operator, all of it is possible.
func TestOrganisationsManageTheirOwnRoles(t *testing.T) {
	for _, begun := range []bool{false, true} {
		h := newHouse(t)
		h.give("ann", "contoso", access.PartnerGlobalAdmin, "contoso")
		h.give("nora", "nordwind", access.ResellerGlobalAdmin, "contoso/nordwind")
		h.give("paul", "polderwolk", access.ResellerGlobalAdmin, "contoso/nordwind/polderwolk")
		callers := map[string]context.Context{
			"partner": as("ann", "contoso"), "reseller above": as("nora", "nordwind"), "own admin": as("paul", "polderwolk"), "operator": operator(),
		}
		if !begun {
			h.person("paul", key("polderwolk"), identity.Invited)
		}
		role := func(name, owner string) access.Role {
			r, err := h.access.Define(operator(), access.Role{Name: name, Realm: access.Reseller, Owner: key(owner), Actions: []access.Action{access.WorldRead}})
			h.must(err)
			return r
		}
		own, above := role("theirs", "polderwolk"), role("from above", "nordwind")
		state := identity.Invited
		if begun {
			state = identity.Active
		}
		h.person("pia", key("polderwolk"), state)
		h.group("grp_p", key("polderwolk"), "pia")
		place := "contoso/nordwind/polderwolk"
		for name, ctx := range callers {
			_, err := h.access.Assign(operator(), access.Assignment{Principal: "pia", Realm: key("polderwolk"), Role: above.ID, Scope: place})
			h.must(err)
			base := access.Assignment{Principal: "pia", Realm: key("polderwolk"), Role: access.ResellerHelpdesk, Scope: place}
			whats := map[string]func() error{
				"give": func() error { _, err := h.access.Assign(ctx, base); return err },
				"give with a reason": func() error {
					a := base
					a.Reason = "they asked"
					_, err := h.access.Assign(ctx, a)
					return err
				},
				"give to a group": func() error {
					a := base
					a.Principal, a.Group = "", "grp_p"
					_, err := h.access.Assign(ctx, a)
					return err
				},
				"deny": func() error {
					a := base
					a.Deny, a.Scope = true, "contoso/nordwind/polderwolk/c1"
					_, err := h.access.Assign(ctx, a)
					return err
				},
				"take": func() error {
					a, err := h.access.Assign(operator(), base)
					h.must(err)
					return h.access.Revoke(ctx, a.ID)
				},
				"redefine": func() error {
					changed := own
					changed.Actions = []access.Action{access.WorldRead, access.ClockRead}
					_, err := h.access.Define(ctx, changed)
					return err
				},
				"drop": func() error {
					r := role("spare "+name, "polderwolk")
					return h.access.Drop(ctx, r.ID)
				},
			}
			for what, do := range whats {
				want := fault.Kind("")
				if begun && (name == "partner" || name == "reseller above") {
					want = fault.Denied
				}
				h.wants(name+" may "+what, do(), want)
			}
			if name == "own admin" {
				continue // the role of the one above is not there for them
			}
			want := fault.Kind("")
			if name == "partner" || begun && name != "operator" { // nordwind, whose role it is, has begun
				want = fault.Denied
			}
			above.Actions = []access.Action{access.WorldRead, access.InvoiceRead}
			_, err = h.access.Define(ctx, above)
			h.wants(name+" redefines a role that people below have", err, want)
		}
	}
}

// TestRecoveryOfAnOrganisation: the partner's global admin alone, and with a reason, gives an organisation that manages its own
// people a global admin, and the log says so.
func TestRecoveryOfAnOrganisation(t *testing.T) {
	h := newHouse(t)
	h.give("ann", "contoso", access.PartnerGlobalAdmin, "contoso")
	h.give("nora", "nordwind", access.ResellerGlobalAdmin, "contoso/nordwind")
	h.person("pia", key("polderwolk"))
	place := "contoso/nordwind/polderwolk"
	a := access.Assignment{Principal: "pia", Realm: key("polderwolk"), Role: access.ResellerGlobalAdmin, Scope: place}
	give := func(ctx context.Context, reason string, change func(*access.Assignment)) error {
		b := a
		if b.Reason = reason; change != nil {
			change(&b)
		}
		_, err := h.access.Assign(ctx, b)
		return err
	}
	ann := as("ann", "contoso")
	h.wants("without a reason", give(ann, " ", nil), fault.Invalid)
	h.wants("by a reseller above", give(as("nora", "nordwind"), "locked out", nil), fault.Denied)
	h.wants("another role", give(ann, "locked out", func(a *access.Assignment) { a.Role = access.ResellerAdminAgent }), fault.Denied)
	h.wants("for a while", give(ann, "locked out", func(a *access.Assignment) { a.End = h.now.AddDate(0, 0, 1) }), fault.Denied)
	h.wants("with a reason", give(ann, "locked out", nil), "")
	list, err := h.access.Assignments(ann, access.Filter{Subject: "pia"})
	h.must(err)
	if len(list) != 1 {
		t.Fatalf("assignments: %v", list)
	}
	h.wants("taking it again", h.access.Revoke(ann, list[0].ID), fault.Denied)
	found := 0
	var log []event.Event
	h.must(h.db.View(t.Context(), func(ctx context.Context, r tx.Read) (err error) {
		log, err = h.events.Store.Events(ctx, r, scope.All(), event.Filter{})
		return err
	}))
	for _, e := range log {
		if e.Type == event.AccessRecovered && e.Actor == "ann" && e.Subject == string(key("polderwolk")) {
			found++
		}
	}
	if found != 1 {
		t.Errorf("%d records of the recovery", found)
	}
}
