package access_test

import (
	"context"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// A role is given to, or denied, who is there: whoever is of another realm is as unknown as whoever never was.
func TestRolesAreGivenToWhoIsThere(t *testing.T) {
	h := newHouse(t)
	h.give("nina", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	realms := map[string]string{"nora": "nordwind", "grp_desk": "nordwind", "frida": "fabrikam", "grp_fabrikam": "fabrikam"}
	h.access.RealmOf = func(_ context.Context, _ tx.Read, who id.Principal, group id.Group) (id.Organisation, error) {
		realm := realms[string(who)+string(group)]
		if realm == "" {
			return "", fault.New(fault.NotFound, "principal_not_found", "nobody")
		}
		return key(realm), nil
	}
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

// A global admin who cannot sign in is none to leave a realm to; the local operator knows whom they chose.
func TestTheLastAdminStaysWhoSignsIn(t *testing.T) {
	h := newHouse(t)
	first := h.give("nina", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	h.give("invited", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	here := map[id.Principal]bool{"nina": true, "olaf": true}
	h.access.SignsIn = func(_ context.Context, _ tx.Read, who id.Principal, _ id.Group) (bool, error) { return here[who], nil }
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
