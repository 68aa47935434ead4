package access_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// A role is given to, or denied, who is there: whoever is of another realm is as unknown as whoever never was.
func TestRolesAreGivenToWhoIsThere(t *testing.T) {
	h := newHouse(t)
	h.give("nina", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	h.person("nora", key("nordwind"))
	h.group("grp_desk", key("nordwind"))
	h.person("frida", key("fabrikam"))
	h.group("grp_fabrikam", key("fabrikam"))
	give := func(who id.Principal, group id.Group, deny bool) error {
		_, err := h.access.Assign(as("nina", "nordwind"), access.Assignment{
			Principal: who, Group: group, Realm: key("nordwind"), Role: access.ResellerHelpdesk, Scope: "nordwind", Deny: deny,
		})
		return err
	}
	for _, deny := range []bool{false, true} {
		h.must(give("nora", "", deny))
		h.must(give("", "grp_desk", deny))
		for name, err := range map[string]error{
			"a person of another": give("frida", "", deny), "nobody": give("nobody", "", deny),
			"a group of another": give("", "grp_fabrikam", deny), "no group": give("", "grp_none", deny),
		} {
			h.wants(name, err, fault.NotFound)
			if fault.CodeOf(err) != "principal_not_found" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if list, err := h.access.Assignments(operator(), access.Filter{}); err != nil || len(list) != 5 {
		t.Errorf("%d assignments, %v", len(list), err)
	}
}

// TestNobodyLearnsOfOthersByAsking: an explanation, a list, and what is wrong with an assignment tell nothing of places,
// realms, people and roles of others that they would not tell of those that there are not.
func TestNobodyLearnsOfOthersByAsking(t *testing.T) {
	h := newHouse(t)
	for who, realm := range map[id.Principal]string{"gaby": "contoso", "nina": "nordwind", "frida": "fabrikam", "cora": "c1", "hugo": "contoso"} {
		h.group("grp_of_"+id.Group(who), key(realm), who)
	}
	h.give("gaby", "contoso", access.PartnerGlobalAdmin, "contoso")
	h.give("nina", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	h.give("frida", "fabrikam", access.ResellerGlobalAdmin, "fabrikam")
	h.give("cora", "c1", access.CustomerGlobalAdmin, "@c1")
	above := h.give("gaby", "contoso", access.PartnerHelpdesk, "c1")
	h.give("hugo", "contoso", access.CustomerReader, "@c1/e-c1")
	_, err := h.access.Define(operator(), access.Role{Name: "desk", Realm: access.Reseller, Owner: key("fabrikam"), Actions: []access.Action{access.InvoiceRead}})
	h.must(err)
	gaby, nina, cora := as("gaby", "contoso"), as("nina", "nordwind"), as("cora", "c1")
	same := func(what string, foreign, missing error, names ...string) {
		t.Helper()
		h.wants(what, foreign, fault.NotFound)
		if foreign == nil || strings.NewReplacer(names...).Replace(foreign.Error()) != missing.Error() || fault.CodeOf(foreign) != fault.CodeOf(missing) {
			t.Errorf("%s: foreign and missing differ: %v, %v", what, foreign, missing)
		}
	}
	explain := func(ctx context.Context, who id.Principal, place string) error {
		_, err := h.access.Explain(ctx, who, access.InvoiceRead, place)
		return err
	}
	for _, place := range []string{"c2", "c3", "fabrikam", "nordwind", "contoso", "@c2", "@c2/e-c2"} {
		same("a place of others: "+place, explain(cora, "", place), explain(cora, "", "nowhere"), place, "nowhere")
	}
	same("who is above", explain(nina, "gaby", "nordwind"), explain(nina, "nobody", "nordwind"), "gaby", "nobody")
	same("who is above, and was given something here", explain(nina, "gaby", "c1"), explain(nina, "nobody", "c1"), "gaby", "nobody")
	same("who is beside", explain(nina, "frida", "nordwind"), explain(nina, "nobody", "nordwind"), "frida", "nobody")
	h.must(explain(gaby, "", "@c1")) // their customer's resources: never inherited, and said so
	h.must(explain(cora, "", "c1"))
	if below, err := h.access.Explain(nina, "cora", access.InvoiceRead, "nordwind"); err != nil || len(below.Groups) != 0 {
		t.Errorf("groups are a realm's own: %+v, %v", below, err)
	}
	x, err := h.access.Explain(cora, "hugo", access.ResourceRead, "@c1/e-c1")
	if err != nil || !x.Allowed || len(x.Steps) != 1 || len(x.Groups) != 0 {
		t.Errorf("who reaches into one's own resources: %+v, %v", x, err)
	}
	for name, ctx := range map[string]context.Context{"nina": nina, "cora": cora} {
		list, err := h.access.Assignments(ctx, access.Filter{})
		h.must(err)
		if slices.ContainsFunc(list, func(a access.Assignment) bool { return a.ID == above.ID }) || len(list) == 0 {
			t.Errorf("%s is told which of the partner's staff is at work: %+v", name, list)
		}
		same("taking it, by "+name, h.access.Revoke(ctx, above.ID), h.access.Revoke(ctx, "asg_none"), string(above.ID), "asg_none")
	}
	assign := func(ctx context.Context, realm string, role id.Role, place string) error {
		_, err := h.access.Assign(ctx, access.Assignment{Principal: "whoever", Realm: key(realm), Role: role, Scope: place})
		return err
	}
	for _, realm := range []string{"fabrikam", "c3", "contoso"} {
		same("a realm of others", assign(nina, realm, access.ResellerHelpdesk, "nordwind"), assign(nina, "nowhere", access.ResellerHelpdesk, "nordwind"))
		same("a realm of others, by a customer", assign(cora, realm, access.CustomerReader, "@c1"), assign(cora, "nowhere", access.CustomerReader, "@c1"))
	}
	desk := id.Role("rol_" + id.Derive("role", string(key("fabrikam")), "desk"))
	give := func(role id.Role) error {
		_, err := h.access.Assign(nina, access.Assignment{Principal: "nina", Realm: key("nordwind"), Role: role, Scope: "nordwind"})
		return err
	}
	same("a role of others", give(desk), give("rol_none"), string(desk), "rol_none")
}

// A global admin who cannot sign in is none to leave a realm to; the local operator knows whom they chose.
func TestTheLastAdminStaysWhoSignsIn(t *testing.T) {
	h := newHouse(t)
	first := h.give("nina", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	h.give("invited", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	h.person("invited", key("nordwind"), identity.Invited)
	nina := as("nina", "nordwind")
	h.wants("beside one who cannot sign in", h.access.Revoke(nina, first.ID), fault.Conflict)
	_, err := h.access.Assign(nina, access.Assignment{
		Principal: "nina", Realm: key("nordwind"), Role: access.ResellerGlobalAdmin, Scope: "nordwind", Condition: access.WithMFA,
	})
	h.wants("hung on a condition", err, fault.Conflict)
	h.must(h.access.Revoke(operator(), first.ID))
	first = h.give("nina", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	h.give("olaf", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	h.must(h.access.Revoke(nina, first.ID))
}
