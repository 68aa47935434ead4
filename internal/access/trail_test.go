package access_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// delegate gives a role for an hour, with a trail, to somebody of a realm in a group.
func (h *house) delegate(who, realm, source string, role id.Role, place string, through id.Group) {
	h.Helper()
	h.must(h.db.Do(operator(), func(ctx context.Context, t tx.Tx) error {
		_, err := h.access.Give(ctx, t, access.Assignment{
			Principal: id.Principal(who), Realm: key(realm), Role: role, Scope: place, End: h.now.Add(time.Hour), Source: source, Through: through, Trail: true,
		})
		return err
	}))
}

// TestWhatIsLentLeavesATrail: what only an assignment with a trail allows is written down first, by every way to ask;
// what one's own role allows is not; and what cannot be written down is not allowed.
func TestWhatIsLentLeavesATrail(t *testing.T) {
	h := newHouse(t)
	h.give("hanna", "contoso", access.PartnerHelpdesk, "contoso")
	h.give("hanna", "contoso", access.CustomerReader, "@c1/e-c1/web")
	h.delegate("hanna", "contoso", "act_1", access.CustomerContributor, "@c1/e-c1/web", "grp_desk")
	hanna := as("hanna", "contoso", "grp_desk")
	ask := map[string]func(access.Action) (access.Grant, error){
		"anywhere": func(a access.Action) (access.Grant, error) { return h.roles.Require(hanna, a) },
		"there":    func(a access.Action) (access.Grant, error) { return h.roles.RequireAt(hanna, a, "@c1/e-c1/web") },
		"below":    func(a access.Action) (access.Grant, error) { return h.roles.RequireAt(hanna, a, "@c1/E-C1/Web/vm") },
		"in a part": func(a access.Action) (access.Grant, error) {
			return h.roles.RequireWithin(hanna, a, access.Within{Customer: "c1"})
		},
	}
	for name, f := range ask {
		if _, err := f(access.ResourceWrite); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s, with nothing to write it down: %v", name, err)
		}
	}
	var trail []string
	h.roles.Record = func(_ context.Context, action access.Action, source, place string) error {
		if action == access.CostWrite {
			return fault.New(fault.Denied, "over", "it is over")
		}
		trail = append(trail, source+" "+place)
		return nil
	}
	for name, f := range ask {
		trail = nil
		g, err := f(access.ResourceWrite)
		h.must(err)
		place := map[string]string{"below": "@c1/e-c1/web/vm"}[name]
		if place == "" {
			place = "@c1/e-c1/web"
		}
		if want := []string{"act_1 " + place}; !slices.Equal(trail, want) || !slices.Equal(g.Under, []string{"act_1"}) {
			t.Errorf("%s: written down %v, granted under %v, want %v", name, trail, g.Under, want)
		}
		trail = nil
		if g, err := f(access.ResourceRead); err != nil || len(g.Under) > 0 || len(trail) > 0 {
			t.Errorf("%s, by her own role: %v under %v, written down %v", name, err, g.Under, trail)
		}
		if _, err := f(access.CostWrite); fault.CodeOf(err) != "over" {
			t.Errorf("%s, and it may not be written down: %v", name, err)
		}
	}
	looks, err := h.access.Define(operator(), access.Role{Name: "looks", Realm: access.Customer, Owner: key("c1"), Actions: []access.Action{access.ResourceRead}})
	h.must(err)
	h.give("max", "contoso", looks.ID, "@c1/e-c1/web")
	h.delegate("max", "contoso", "act_2", access.CustomerContributor, "@c1/e-c1/web", "")
	if g, err := h.roles.RequireAt(as("max", "contoso"), access.ResourceRead, "@c1/e-c1/web"); err != nil || !slices.Equal(g.Under, []string{"act_2"}) {
		t.Errorf("allowed by his own role, which shows less: %v under %v", err, g.Under)
	}
	h.wants("another customer", h.may(hanna, access.ResourceWrite, "@c2"), fault.NotFound)
	h.wants("another group of resources", h.may(hanna, access.ResourceWrite, "@c1/e-c1/db"), fault.NotFound)
	h.wants("nobody else", h.may(as("moritz", "contoso", "grp_desk"), access.ResourceWrite, "@c1/e-c1/web"), fault.NotFound)
	h.wants("once she left the group", h.may(as("hanna", "contoso"), access.ResourceWrite, "@c1/e-c1/web"), fault.Denied)
	x, err := h.access.Explain(as("hanna", "contoso"), "", access.ResourceWrite, "@c1/e-c1/web")
	if h.must(err); !slices.ContainsFunc(x.Steps, func(s access.Step) bool { return s.Outcome == access.OutOfGroup }) {
		t.Errorf("explained by %+v", x.Steps)
	}
	h.now = h.now.Add(time.Hour)
	h.wants("after an hour", h.may(hanna, access.ResourceWrite, "@c1/e-c1/web"), fault.Denied)
	h.wants("her own role goes on", h.may(hanna, access.ResourceRead, "@c1/e-c1/web"), "")
}

// TestPartsOfTheResources: a list is narrowed to a part of the tree before anything is looked up, and what lies
// outside of what one may is answered like what does not exist.
func TestPartsOfTheResources(t *testing.T) {
	h := newHouse(t)
	h.give("hanna", "contoso", access.PartnerHelpdesk, "contoso")
	h.give("hanna", "contoso", access.CustomerReader, "@c1")
	h.give("hanna", "contoso", access.CustomerReader, "@c2/e-c2/web")
	h.give("bill", "c2", access.CustomerBilling, "@c2")
	if _, err := h.assign(operator(), access.Assignment{Principal: "hanna", Realm: key("contoso"), Role: access.CustomerReader, Scope: "@c1/e-c1/pay", Deny: true}); err != nil {
		t.Fatal(err)
	}
	hanna := as("hanna", "contoso")
	for _, c := range []struct {
		in   access.Within
		refs string
		kind fault.Kind
	}{
		{in: access.Within{}, refs: "e-c1-pay e-c2/web"},
		{in: access.Within{Customer: "c1"}, refs: "e-c1-pay"},
		{in: access.Within{Customer: string(key("c1"))}, refs: "e-c1-pay"},
		{in: access.Within{Entitlement: "E-C1"}, refs: "e-c1-pay"},
		{in: access.Within{Customer: "c1", Entitlement: "E-C1", Group: "DB"}, refs: "e-c1/db"},
		{in: access.Within{Customer: "c2"}, refs: "e-c2/web"},
		{in: access.Within{Customer: "c1", Entitlement: "e-c1", Group: "pay"}, kind: fault.Denied},
		{in: access.Within{Customer: "c1", Entitlement: "e-c2"}, kind: fault.NotFound},
		{in: access.Within{Customer: "c1", Entitlement: "e-c1/x"}, kind: fault.NotFound},
		{in: access.Within{Customer: "c2", Entitlement: "e-c2", Group: "db"}, kind: fault.NotFound},
		{in: access.Within{Customer: "c3"}, kind: fault.NotFound},
		{in: access.Within{Entitlement: "e-c3"}, kind: fault.NotFound},
		{in: access.Within{Customer: "nordwind"}, kind: fault.NotFound},
		{in: access.Within{Customer: "nowhere"}, kind: fault.NotFound},
		{in: access.Within{Customer: "c1", Group: "web"}, kind: fault.Invalid},
	} {
		g, err := h.roles.RequireWithin(hanna, access.ResourceRead, c.in)
		if got := refsOf(g.Scope); fault.KindOf(err) != c.kind || got != c.refs {
			t.Errorf("%q: %v, sees %q", c.in, err, got)
		}
	}
	foreign, none := access.Within{Entitlement: "e-c3"}, access.Within{Entitlement: "e-c9"}
	_, one := h.roles.RequireWithin(hanna, access.ResourceRead, foreign)
	_, other := h.roles.RequireWithin(hanna, access.ResourceRead, none)
	if one == nil || other == nil || len(one.Error()) != len(other.Error()) {
		t.Errorf("foreign: %v, missing: %v", one, other)
	}
	_, err := h.roles.RequireWithin(as("bill", "c2"), access.ResourceRead, access.Within{Entitlement: "e-c2"})
	h.wants("her own customer, without the action", err, fault.Denied)
	g, err := h.roles.RequireWithin(operator(), access.ResourceRead, access.Within{Customer: "c3"})
	if h.must(err); g.Scope.IsAll() || refsOf(g.Scope) != "e-c3 t-c3" {
		t.Errorf("the local operator looks at one customer and sees %q", refsOf(g.Scope))
	}
	if g, err := h.roles.RequireWithin(operator(), access.ResourceRead, access.Within{}); err != nil || !g.Scope.IsAll() {
		t.Errorf("the local operator sees not all: %v", err)
	}
	_, err = h.roles.RequireWithin(context.Background(), access.ResourceRead, access.Within{Customer: "c1"})
	h.wants("nobody", err, fault.NotFound)
}

// refsOf is the references of a scope, sorted: id/group-group taken out.
func refsOf(s scope.Scope) string {
	var list []string
	for _, r := range s.Refs() {
		text := r.ID
		if r.Group != "" {
			text += "/" + r.Group
		}
		for _, x := range r.Except {
			text += "-" + x
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}
