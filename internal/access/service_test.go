package access_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
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

// house is contoso, who sells through nordwind (who sells through polderwolk) and fabrikam; c1 buys from polderwolk, c2
// from nordwind, c3 from fabrikam.
type house struct {
	*testing.T
	db     *sqlstore.DB
	now    time.Time
	orgs   *org.Service
	roles  *access.Roles
	access *access.Service
	events event.Log
	used   map[string][]id.Organisation // by entitlement in small letters: whose usage of it there is
}

func (h *house) usedBy(context.Context, []string) (map[string][]id.Organisation, error) {
	return h.used, nil
}

func key(k string) id.Organisation { return org.OrganisationID(k) }

func sells(seller, buyer string, p period.Period) org.Edge {
	return org.Edge{ID: org.EdgeID(key(seller), key(buyer), p.Start), Seller: key(seller), Buyer: key(buyer), Period: p,
		Terms: org.Terms{Book: "retail", Currency: "EUR", PaymentDays: 30, Series: "A"}}
}

func theWorld() org.World {
	var w org.World
	add := func(k string, kind org.Kind) {
		o := org.Organisation{ID: key(k), Key: k, Kind: kind, Legal: org.LegalEntity{Name: k, Country: "NL"}}
		if kind == org.Customer {
			o.Tenant, o.Entitlements = "t-"+k, []org.Entitlement{{Provider: "E-" + k}}
		}
		w.Organisations = append(w.Organisations, o)
	}
	add("contoso", org.Partner)
	for _, k := range []string{"nordwind", "polderwolk", "fabrikam"} {
		add(k, org.Reseller)
	}
	for _, k := range []string{"c1", "c2", "c3"} {
		add(k, org.Customer)
	}
	always := period.Period{Start: period.NewDate(2026, 1, 1)}
	for _, e := range [][2]string{{"contoso", "nordwind"}, {"nordwind", "polderwolk"}, {"contoso", "fabrikam"}, {"polderwolk", "c1"}, {"nordwind", "c2"}, {"fabrikam", "c3"}} {
		w.Edges = append(w.Edges, sells(e[0], e[1], always))
	}
	return w
}

// everyBook says that everybody who sells has published the books that edges name.
func everyBook(context.Context, tx.Read) (map[string][]string, error) {
	books := map[string][]string{}
	for _, o := range theWorld().Organisations {
		books[o.Key] = []string{"retail"}
	}
	return books, nil
}

func newHouse(t *testing.T) *house {
	h := &house{T: t, db: storetest.SQLite(t), now: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return h.now }
	store := organisations.Access{DB: h.db}
	h.events = event.Log{Store: operations.Events{DB: h.db}, Now: now}
	h.roles = &access.Roles{DB: h.db, Store: store, Now: now}
	h.orgs = &org.Service{DB: h.db, Store: organisations.Orgs{DB: h.db}, Access: h.roles, Events: h.events, Places: h.roles, Now: now, Books: everyBook, UsedBy: h.usedBy}
	h.roles.Place = h.orgs.Place
	h.access = &access.Service{
		DB: h.db, Store: store, Roles: h.roles, Events: h.events, Now: now, Directory: &identity.Directory{DB: h.db, Store: parties.Identity{DB: h.db}},
	}
	h.must(h.roles.Load(h.Context()))
	_, err := h.orgs.Apply(operator(), theWorld(), false)
	h.must(err)
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func operator() context.Context { return access.AsLocalOperator(context.Background()) }

// as is a session of somebody of an organisation, with a second factor.
func as(name, realm string, groups ...id.Group) context.Context {
	return identity.As(context.Background(), identity.Principal{ID: id.Principal(name), Realm: key(realm), Groups: groups, MFA: true})
}

// person keeps somebody who can sign in, unless a state says otherwise.
func (h *house) person(name id.Principal, realm id.Organisation, state ...identity.State) {
	h.Helper()
	p := people.Person{ID: name, Realm: realm, Login: string(name), State: identity.Active}
	if len(state) > 0 {
		p.State = state[0]
	}
	h.must(h.db.Do(h.Context(), func(ctx context.Context, t tx.Tx) error { return parties.Identity{DB: h.db}.SavePerson(ctx, t, p) }))
}

// group keeps a group with its members.
func (h *house) group(name id.Group, realm id.Organisation, members ...id.Principal) {
	h.Helper()
	g := identity.Group{ID: name, Realm: realm, Members: members}
	h.must(h.db.Do(h.Context(), func(ctx context.Context, t tx.Tx) error { return parties.Identity{DB: h.db}.SaveGroup(ctx, t, g) }))
}

// assign gives a role to somebody who is there.
func (h *house) assign(ctx context.Context, a access.Assignment) (access.Assignment, error) {
	h.Helper()
	if a.Principal != "" {
		h.person(a.Principal, a.Realm)
	}
	if a.Group != "" {
		h.group(a.Group, a.Realm)
	}
	return h.access.Assign(ctx, a)
}

// give gives a role as the local operator.
func (h *house) give(name, realm string, role id.Role, place string) access.Assignment {
	h.Helper()
	a, err := h.assign(operator(), access.Assignment{Principal: id.Principal(name), Realm: key(realm), Role: role, Scope: place})
	h.must(err)
	return a
}

func (h *house) wants(what string, err error, kind fault.Kind) {
	h.Helper()
	if fault.KindOf(err) != kind {
		h.Errorf("%s: %v (%s), want %q", what, err, fault.KindOf(err), kind)
	}
}

func (h *house) may(ctx context.Context, action access.Action, place string) error {
	_, err := h.roles.RequireAt(ctx, action, place)
	return err
}

func TestForeignIsMissing(t *testing.T) {
	h := newHouse(t)
	h.give("nora", "nordwind", access.ResellerHelpdesk, "nordwind")
	nora := as("nora", "nordwind")
	h.wants("her own place", h.may(nora, access.InvoiceRead, "contoso/nordwind"), "")
	h.wants("by its key", h.may(nora, access.InvoiceRead, "c1"), "")
	h.wants("an action she lacks", h.may(nora, access.MarginRead, "contoso/nordwind/c2"), fault.Denied)
	foreign, missing := h.may(nora, access.InvoiceRead, "contoso/fabrikam/c3"), h.may(nora, access.InvoiceRead, "contoso/fabrikam/c9")
	h.wants("a sibling's customer", foreign, fault.NotFound)
	if strings.ReplaceAll(foreign.Error(), "c3", "c9") != missing.Error() || fault.CodeOf(foreign) != fault.CodeOf(missing) {
		t.Errorf("foreign and missing differ: %v, %v", foreign, missing)
	}
	for _, place := range []string{"contoso", "contoso/fabrikam", "@c2", "@c2/e-c2", "", "nordwind/c2"} {
		h.wants(place, h.may(nora, access.InvoiceRead, place), fault.NotFound)
	}
	h.wants("nobody", h.may(context.Background(), access.InvoiceRead, "contoso"), fault.NotFound)
	_, err := h.roles.Require(context.Background(), access.InvoiceRead)
	h.wants("nobody anywhere", err, fault.Denied)
	_, err = h.roles.Require(as("nora", "fabrikam"), access.InvoiceRead)
	h.wants("the same id of another realm", err, fault.Denied)
	grant, err := h.roles.Require(operator(), access.InvoiceRead)
	if err != nil || !grant.Scope.IsAll() || grant.View != scope.Everything {
		t.Errorf("the local operator: %+v, %v", grant, err)
	}
}

func TestEndsAndConditions(t *testing.T) {
	h := newHouse(t)
	_, err := h.assign(operator(), access.Assignment{Principal: "bo", Realm: key("contoso"), Role: access.PartnerHelpdesk, Scope: "contoso",
		End: h.now.Add(time.Hour), Condition: access.WithMFA})
	h.must(err)
	bo := as("bo", "contoso")
	h.wants("before the end", h.may(bo, access.InvoiceRead, "c3"), "")
	h.wants("without a second factor", h.may(identity.As(bo, identity.Principal{ID: "bo", Realm: key("contoso")}), access.InvoiceRead, "c3"), fault.NotFound)
	h.now = h.now.Add(time.Hour - 1)
	h.wants("just before the end", h.may(bo, access.InvoiceRead, "c3"), "")
	h.now = h.now.Add(1)
	h.wants("at the end", h.may(bo, access.InvoiceRead, "c3"), fault.NotFound)
	x, err := h.access.Explain(operator(), "bo", access.InvoiceRead, "c3")
	if err != nil || x.Allowed || len(x.Steps) != 1 || x.Steps[0].Outcome != access.Lapsed || !x.Steps[0].Inherited || x.Steps[0].At != "contoso" {
		t.Errorf("explained %+v, %v", x, err)
	}
	_, err = h.assign(operator(), access.Assignment{Principal: "bo", Realm: key("contoso"), Role: access.PartnerHelpdesk, Scope: "contoso", End: h.now})
	h.wants("an end that is past", err, fault.Invalid)
}

func TestExplain(t *testing.T) {
	h := newHouse(t)
	h.give("nora", "nordwind", access.ResellerHelpdesk, "nordwind")
	for _, a := range []access.Assignment{
		{Group: "grp_bills", Role: access.ResellerBillingAdmin, Scope: "polderwolk"},
		{Group: "grp_bills", Role: access.ResellerHelpdesk, Scope: "c1", Deny: true},
	} {
		a.Realm = key("nordwind")
		_, err := h.assign(operator(), a)
		h.must(err)
	}
	h.group("grp_bills", key("nordwind"), "nora")
	for _, c := range []struct {
		action  access.Action
		place   string
		allowed bool
		says    string
		steps   string
	}{
		{access.MarginRead, "polderwolk", true, "yes", "direct helpdesk nordwind inherited lacks_action; group billing contoso/nordwind/polderwolk allows"},
		{access.InvoiceRead, "c1", false, "a denial wins", "helpdesk inherited allows; helpdesk deny denies; billing inherited allows"},
		{access.BookPublish, "c2", false, "no role held", "helpdesk inherited lacks_action"},
		{access.InvoiceRead, "c3", false, "does not exist", ""},
		{access.ResourceRead, "c2", false, "never inherited", "helpdesk inherited lacks_action"},
		{access.ResourceRead, "@c2", false, "does not exist", ""},
	} {
		x, err := h.access.Explain(operator(), "nora", c.action, c.place)
		if err != nil || x.Allowed != c.allowed || !strings.Contains(x.Answer, c.says) {
			t.Errorf("%s at %s: %+v, %v", c.action, c.place, x, err)
			continue
		}
		var outcomes []string
		for _, s := range x.Steps {
			outcomes = append(outcomes, string(s.Outcome))
		}
		for i, step := range strings.Split(c.steps, "; ") {
			if c.steps == "" {
				break
			}
			words := strings.Fields(step)
			if i >= len(x.Steps) || outcomes[i] != words[len(words)-1] || x.Steps[i].Inherited != slices.Contains(words, "inherited") ||
				x.Steps[i].Deny != slices.Contains(words, "deny") || slices.Contains(words, "group") && x.Steps[i].Group != "grp_bills" {
				t.Errorf("%s at %s: step %d is %+v, want %s", c.action, c.place, i, x.Steps, step)
			}
		}
	}
	_, err := h.access.Explain(as("stranger", "fabrikam"), "nora", access.InvoiceRead, "c1")
	h.wants("a stranger asks about others", err, fault.NotFound)
	_, err = h.access.Explain(operator(), "nora", "invoice.eat", "c1")
	h.wants("no action", err, fault.Invalid)
	_, err = h.access.Explain(operator(), "nora", access.InvoiceRead, "c9")
	h.wants("no place", err, fault.NotFound)
	h.person("nora", key("nordwind"), identity.Erased)
	if x, err := h.access.Explain(operator(), "nora", access.InvoiceRead, "c2"); err != nil || !x.Allowed || len(x.Groups) != 0 {
		t.Errorf("whom nobody knows is known by what was given to them: %+v, %v", x, err)
	}
}

func TestNobodyGivesWhatTheyDoNotHold(t *testing.T) {
	h := newHouse(t)
	h.give("gaby", "contoso", access.PartnerGlobalAdmin, "contoso")
	h.give("nina", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	h.give("carl", "c1", access.CustomerGlobalAdmin, "@c1")
	h.give("olga", "c1", access.CustomerOwner, "@c1/E-C1")
	h.give("hank", "contoso", access.PartnerHelpdesk, "contoso")
	h.give("dora", "contoso", access.CustomerOwner, "@c1")
	short, err := h.assign(operator(), access.Assignment{Principal: "temp", Realm: key("nordwind"), Role: access.ResellerGlobalAdmin, Scope: "nordwind", End: h.now.Add(time.Hour)})
	h.must(err)
	gaby, nina, carl, olga := as("gaby", "contoso"), as("nina", "nordwind"), as("carl", "c1"), as("olga", "c1")
	for _, c := range []struct {
		name string
		ctx  context.Context
		a    access.Assignment
		kind fault.Kind
	}{
		{"an admin makes an admin agent", gaby, access.Assignment{Principal: "x", Realm: key("contoso"), Role: access.PartnerAdminAgent, Scope: "contoso"}, ""},
		{"an admin's reseller gets its first", gaby, access.Assignment{Principal: "x", Realm: key("fabrikam"), Role: access.ResellerGlobalAdmin, Scope: "fabrikam"}, ""},
		{"an admin enters a customer's resources", gaby, access.Assignment{Principal: "gaby", Realm: key("contoso"), Role: access.CustomerReader, Scope: "@c1"}, fault.NotFound},
		{"helpdesk gives anything", as("hank", "contoso"), access.Assignment{Principal: "hank", Realm: key("contoso"), Role: access.PartnerHelpdesk, Scope: "contoso"}, fault.Denied},
		{"a delegate gives anything", as("dora", "contoso"), access.Assignment{Principal: "y", Realm: key("contoso"), Role: access.CustomerReader, Scope: "@c1"}, fault.Denied},
		{"within a reseller", nina, access.Assignment{Principal: "z", Realm: key("nordwind"), Role: access.ResellerSalesAgent, Scope: "c2"}, ""},
		{"to a reseller below", nina, access.Assignment{Principal: "z", Realm: key("polderwolk"), Role: access.ResellerGlobalAdmin, Scope: "polderwolk"}, ""},
		{"above", nina, access.Assignment{Principal: "nina", Realm: key("nordwind"), Role: access.ResellerHelpdesk, Scope: "contoso"}, fault.NotFound},
		{"beside", nina, access.Assignment{Principal: "nina", Realm: key("nordwind"), Role: access.ResellerHelpdesk, Scope: "fabrikam"}, fault.NotFound},
		{"a partner's role", nina, access.Assignment{Principal: "nina", Realm: key("nordwind"), Role: access.PartnerHelpdesk, Scope: "nordwind"}, fault.Invalid},
		{"a partner's role to a partner's person", nina, access.Assignment{Principal: "gaby", Realm: key("contoso"), Role: access.PartnerAdminAgent, Scope: "nordwind"}, fault.Denied},
		{"denying upwards", nina, access.Assignment{Principal: "gaby", Realm: key("contoso"), Role: access.PartnerHelpdesk, Scope: "nordwind", Deny: true}, fault.Denied},
		{"denying one's own", nina, access.Assignment{Principal: "z", Realm: key("nordwind"), Role: access.ResellerSalesAgent, Scope: "c1", Deny: true}, ""},
		{"longer than one's own", as("temp", "nordwind"), access.Assignment{Principal: "temp", Realm: key("nordwind"), Role: access.ResellerSalesAgent, Scope: "nordwind"}, fault.Denied},
		{"as long as one's own", as("temp", "nordwind"), access.Assignment{Principal: "w", Realm: key("nordwind"), Role: access.ResellerSalesAgent, Scope: "nordwind", End: short.End}, ""},
		{"within a customer", carl, access.Assignment{Principal: "v", Realm: key("c1"), Role: access.CustomerOwner, Scope: "@c1"}, ""},
		{"a customer lets its partner in", carl, access.Assignment{Group: "grp_1", Realm: key("contoso"), Role: access.CustomerReader, Scope: "@c1"}, ""},
		{"in another customer", carl, access.Assignment{Principal: "v", Realm: key("c1"), Role: access.CustomerReader, Scope: "@c2"}, fault.NotFound},
		{"an owner of one subscription", olga, access.Assignment{Principal: "v", Realm: key("c1"), Role: access.CustomerReader, Scope: "@c1/e-c1/group"}, ""},
		{"beyond it", olga, access.Assignment{Principal: "v", Realm: key("c1"), Role: access.CustomerReader, Scope: "@c1"}, fault.NotFound},
		{"more than an owner", olga, access.Assignment{Principal: "olga", Realm: key("c1"), Role: access.CustomerGlobalAdmin, Scope: "@c1/e-c1"}, fault.Denied},
		{"to nobody", gaby, access.Assignment{Realm: key("contoso"), Role: access.PartnerHelpdesk, Scope: "contoso"}, fault.Invalid},
		{"a role there is not", gaby, access.Assignment{Principal: "x", Realm: key("contoso"), Role: "rol_none", Scope: "contoso"}, fault.NotFound},
		{"a subscription there is not", carl, access.Assignment{Principal: "v", Realm: key("c1"), Role: access.CustomerReader, Scope: "@c1/none"}, fault.NotFound},
	} {
		_, err := h.assign(c.ctx, c.a)
		h.wants(c.name, err, c.kind)
	}
}

func TestCustomRoles(t *testing.T) {
	h := newHouse(t)
	h.give("nina", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	h.give("tom", "nordwind", access.ResellerHelpdesk, "nordwind")
	nina := as("nina", "nordwind")
	role := access.Role{Name: "margin watcher", Realm: access.Reseller, Owner: key("nordwind"), Actions: []access.Action{access.MarginRead, access.InvoiceRead}, View: scope.Sell}
	role, err := h.access.Define(nina, role)
	h.must(err)
	_, err = h.access.Define(as("tom", "nordwind"), role)
	h.wants("helpdesk defines a role", err, fault.Denied)
	for name, change := range map[string]func(*access.Role){
		"an action resellers have not": func(r *access.Role) { r.Actions = []access.Action{access.UsageImport} },
		"a built-in name":              func(r *access.Role) { r.Name = "owner" },
		"a role of other realms":       func(r *access.Role) { r.Realm = access.Partner },
	} {
		bad := role
		change(&bad)
		_, err := h.access.Define(nina, bad)
		h.wants(name, err, fault.Invalid)
	}
	more := role
	more.View = scope.Everything
	_, err = h.access.Define(nina, more) // as much as her own shows
	h.must(err)
	_, err = h.access.Define(nina, role)
	h.must(err)
	bad := role
	bad.Owner = key("fabrikam")
	_, err = h.access.Define(nina, bad)
	h.wants("another's role", err, fault.NotFound)

	given, err := h.assign(nina, access.Assignment{Principal: "walt", Realm: key("nordwind"), Role: role.ID, Scope: "c2"})
	h.must(err)
	walt := as("walt", "nordwind")
	grant, err := h.roles.RequireAt(walt, access.MarginRead, "c2")
	if err != nil || grant.View != scope.Sell {
		t.Errorf("the custom role: %+v, %v", grant, err)
	}
	h.wants("removed while somebody has it", h.access.Drop(nina, role.ID), fault.Conflict)
	h.wants("a built-in one removed", h.access.Drop(nina, access.ResellerHelpdesk), fault.Conflict)
	role.Actions = []access.Action{access.InvoiceRead}
	_, err = h.access.Define(nina, role)
	h.must(err)
	h.wants("what was taken out of the role", h.may(walt, access.MarginRead, "c2"), fault.Denied)
	h.must(h.access.Revoke(nina, given.ID))
	h.wants("revoked", h.may(walt, access.InvoiceRead, "c2"), fault.NotFound)
	h.must(h.access.Drop(nina, role.ID))
	list, err := h.access.Definitions(nina)
	if err != nil || len(list) != len(access.BuiltIn()) {
		t.Errorf("%d roles, %v", len(list), err)
	}
}

func TestTheLastAdminIsKept(t *testing.T) {
	h := newHouse(t)
	first := h.give("nina", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	nina := as("nina", "nordwind")
	h.wants("the last one", h.access.Revoke(nina, first.ID), fault.Conflict)
	h.wants("the last one, by the operator", h.access.Revoke(operator(), first.ID), fault.Conflict)
	again := access.Assignment{Principal: "nina", Realm: key("nordwind"), Role: access.ResellerGlobalAdmin, Scope: "nordwind", End: h.now.Add(time.Hour)}
	_, err := h.assign(nina, again)
	h.wants("the last one is given an end", err, fault.Conflict)
	_, err = h.assign(nina, access.Assignment{Principal: "nina", Realm: key("nordwind"), Role: access.ResellerGlobalAdmin, Scope: "nordwind", Deny: true})
	h.wants("the last one is denied", err, fault.Conflict)
	again.Principal = "temp"
	_, err = h.assign(nina, again)
	h.must(err)
	h.wants("beside one that ends", h.access.Revoke(nina, first.ID), fault.Conflict)
	elsewhere := h.give("paul", "nordwind", access.ResellerGlobalAdmin, "polderwolk")
	h.wants("beside one further down", h.access.Revoke(nina, first.ID), fault.Conflict)
	h.must(h.access.Revoke(nina, elsewhere.ID))
	h.give("olaf", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	h.must(h.access.Revoke(nina, first.ID))
	h.wants("afterwards", h.may(nina, access.InvoiceRead, "nordwind"), fault.NotFound)
	h.wants("revoked once more", h.access.Revoke(operator(), first.ID), fault.NotFound)

	theirs := h.give("frida", "fabrikam", access.ResellerHelpdesk, "fabrikam")
	foreign, missing := h.access.Revoke(as("olaf", "nordwind"), theirs.ID), h.access.Revoke(as("olaf", "nordwind"), "asg_none")
	h.wants("a foreign one", foreign, fault.NotFound)
	if fault.CodeOf(foreign) != fault.CodeOf(missing) {
		t.Errorf("foreign and missing differ: %v, %v", foreign, missing)
	}
}

func TestPolicies(t *testing.T) {
	h := newHouse(t)
	h.give("gaby", "contoso", access.PartnerGlobalAdmin, "contoso")
	h.give("ada", "contoso", access.PartnerAdminAgent, "contoso")
	h.give("sam", "contoso", access.PartnerSalesAgent, "contoso")
	h.give("nina", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	h.give("olga", "c1", access.CustomerOwner, "@c1/e-c1")
	h.give("rita", "c1", access.CustomerReader, "@c1")
	h.give("otto", "c2", access.CustomerOwner, "@c2")
	gaby, ada, sam, nina := as("gaby", "contoso"), as("ada", "contoso"), as("sam", "contoso"), as("nina", "nordwind")
	olga, rita, otto := as("olga", "c1"), as("rita", "c1"), as("otto", "c2")
	buy := func(ctx context.Context, what access.Purchase) error {
		_, err := h.roles.MayPurchase(ctx, key("c1"), what)
		return err
	}
	p, err := h.access.Policy(sam, key("c1"))
	if err != nil || p.Charges != access.ChargesOff || p.Reservations || p.SavingsPlans {
		t.Errorf("the default is %+v, %v", p, err)
	}
	h.wants("a customer, by default", buy(olga, access.Reservation), fault.Denied)
	h.wants("an admin agent", buy(ada, access.SavingsPlan), "")
	h.wants("a sales agent", buy(sam, access.Reservation), "")
	h.wants("a sales agent and savings plans", buy(sam, access.SavingsPlan), fault.Denied)
	h.wants("a reseller", buy(nina, access.Reservation), fault.Denied)
	h.wants("a global admin", buy(gaby, access.Reservation), fault.Denied)
	h.wants("another customer", buy(otto, access.Reservation), fault.NotFound)
	h.wants("no such purchase", buy(ada, "house"), fault.NotFound)
	for name, ctx := range map[string]context.Context{"a global admin": gaby, "a sales agent": sam, "a reseller": nina} {
		_, err := h.access.Permit(ctx, key("c1"), access.Reservation, true)
		h.wants(name+" permits", err, fault.Denied)
	}
	_, err = h.access.Permit(olga, key("c1"), access.Reservation, true)
	h.wants("the customer permits itself", err, fault.NotFound)
	_, err = h.access.Permit(ada, key("c1"), access.Reservation, true)
	h.must(err)
	h.wants("permitted", buy(olga, access.Reservation), "")
	h.wants("what was not permitted", buy(olga, access.SavingsPlan), fault.Denied)
	h.wants("a reader", buy(rita, access.Reservation), fault.Denied)

	view := func() scope.View {
		grant, err := h.roles.RequireAt(rita, access.CostRead, "@c1/e-c1")
		h.must(err)
		return grant.View
	}
	h.give("gina", "c1", access.CustomerGlobalAdmin, "@c1")
	for what, err := range map[string]error{"at its place": h.may(rita, access.CostRead, "@c1/e-c1"), "of everything": func() error { _, err := h.roles.Require(rita, access.CostRead); return err }()} {
		if fault.CodeOf(err) != access.CodeChargesOff || fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "ask") {
			t.Errorf("charges that are off, %s: %v", what, err)
		}
	}
	if x, err := h.access.Explain(rita, "", access.CostRead, "@c1"); err != nil || x.Allowed || !strings.Contains(x.Answer, "usage charges are not shown") {
		t.Errorf("charges that are off are explained as %+v, %v", x, err)
	}
	_, err = h.assign(as("gina", "c1"), access.Assignment{Principal: "rolf", Realm: key("c1"), Role: access.CustomerCostReader, Scope: "@c1"})
	h.wants("what is held is given, shown or not", err, "")
	_, err = h.access.ShowCharges(ada, key("c1"), access.ChargesList)
	h.must(err)
	if view() != scope.List {
		t.Errorf("at list a customer sees %s", view())
	}
	p, err = h.access.ShowCharges(gaby, key("c1"), access.ChargesSell)
	h.must(err)
	if view() != scope.Buy || p.Number != 3 || !p.Reservations {
		t.Errorf("at the seller's price a customer sees %s; the policy is %+v", view(), p)
	}
	same, err := h.access.ShowCharges(gaby, key("c1"), access.ChargesSell)
	if err != nil || same != p {
		t.Errorf("the same again: %+v, %v", same, err)
	}
	_, err = h.access.ShowCharges(nina, key("c1"), access.ChargesList)
	h.wants("a reseller shows charges", err, fault.Denied)
	_, err = h.access.ShowCharges(ada, key("c1"), "cost")
	h.wants("at cost", err, fault.Invalid)
	_, err = h.access.ShowCharges(ada, key("nordwind"), access.ChargesList)
	h.wants("of a reseller", err, fault.NotFound)
	if n := h.count(event.PolicyChanged); n != 3 {
		t.Errorf("%d events of 3 changes", n)
	}

	again := &access.Roles{DB: h.db, Store: organisations.Access{DB: h.db}, Now: h.roles.Now, Place: h.orgs.Place} // another process
	h.must(again.Load(operator()))
	if _, err := again.MayPurchase(olga, key("c1"), access.Reservation); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

func (h *house) count(typ event.Type) (n int) {
	h.must(h.db.View(operator(), func(ctx context.Context, r tx.Read) error {
		list, err := operations.Events{DB: h.db}.Events(ctx, r, scope.All(), event.Filter{})
		for _, e := range list {
			if e.Type == typ {
				n++
			}
		}
		return err
	}))
	return n
}
