package identity_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func asOf(ctx context.Context, realm string) context.Context {
	return identity.As(ctx, identity.Principal{ID: "prn_somebody", Realm: org.OrganisationID(realm)})
}

// TestRealmsManageTheirOwn: staff above an organisation invite its first person, who becomes its global admin. From then on they cannot take over any person in it.
func TestRealmsManageTheirOwn(t *testing.T) {
	f := newFixture(t)
	above, within := asOf(t.Context(), "p"), asOf(t.Context(), "c")
	kim := people.Personal{Name: "Kim Okafor", Mail: "kim@c.example"}
	p, stale, err := f.People.Invite(above, "c", kim)
	f.must(err)
	link, err := f.People.Reset(above, p.ID) // the first link was lost
	f.must(err)
	if _, err := f.People.SetUp(t.Context(), stale, kim, password); err == nil {
		t.Error("the link before the reset still works")
	}
	listed, err := f.People.List(above, "")
	if f.must(err); len(listed) != 1 {
		t.Errorf("who invited is listed of %d people", len(listed))
	}
	_, err = f.People.SetUp(t.Context(), link, kim, password)
	f.must(err)
	second, link, err := f.People.Invite(within, "c", people.Personal{Name: "Max", Mail: "max@c.example"})
	f.must(err)
	_, err = f.People.SetUp(t.Context(), link, people.Personal{Name: "Max"}, password)
	f.must(err)
	if !slices.Equal(f.granted, []id.Principal{p.ID}) {
		t.Errorf("global admins are %v, want %s alone", f.granted, p.ID)
	}
	group, err := f.People.AddGroup(within, "c", "all")
	f.must(err)
	robot, err := f.Programs.Add(within, "c", "robot")
	f.must(err)
	f.must(f.Federations.Set(within, "c", federation.Federation{Issuer: "https://i", ClientID: "x", Domains: []string{"c.example"}}, "s"))
	f.must(f.People.Enable(within, second.ID, false))

	closed := map[string]func(context.Context) error{
		"invite": func(ctx context.Context) error {
			_, _, err := f.People.Invite(ctx, "c", people.Personal{Name: "E", Mail: "e@c.example"})
			return err
		},
		"reset":       func(ctx context.Context) error { _, err := f.People.Reset(ctx, p.ID); return err },
		"reset other": func(ctx context.Context) error { _, err := f.People.Reset(ctx, second.ID); return err },
		"enable":      func(ctx context.Context) error { return f.People.Enable(ctx, second.ID, true) },
		"disable":     func(ctx context.Context) error { return f.People.Enable(ctx, p.ID, false) },
		"look":        func(ctx context.Context) error { _, _, err := f.People.Show(ctx, p.ID); return err },
		"sign out":    func(ctx context.Context) error { return f.People.SignOut(ctx, p.ID) },
		"group":       func(ctx context.Context) error { _, err := f.People.AddGroup(ctx, "c", "x"); return err },
		"members":     func(ctx context.Context) error { return f.People.SetMembers(ctx, group.ID, nil) },
		"program":     func(ctx context.Context) error { _, err := f.Programs.Add(ctx, "c", "x"); return err },
		"secret": func(ctx context.Context) error {
			_, _, err := f.Programs.AddSecret(ctx, robot.ID, time.Hour)
			return err
		},
		"switch": func(ctx context.Context) error { return f.Programs.Enable(ctx, robot.ID, false) },
		"federate": func(ctx context.Context) error {
			return f.Federations.Set(ctx, "c", federation.Federation{Issuer: "https://evil", ClientID: "x", Domains: []string{"c.example"}}, "s")
		},
		"unfederate": func(ctx context.Context) error { return f.Federations.Remove(ctx, "c") },
		"federation": func(ctx context.Context) error {
			_, err := f.Federations.Show(ctx, org.OrganisationID("c"))
			return err
		},
	}
	for name, try := range closed {
		if err := try(above); fault.KindOf(err) != fault.Denied && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s, from above: %v", name, err)
		}
	}
	if listed, err = f.People.List(above, ""); err != nil || len(listed) != 0 {
		t.Errorf("from above %d people are seen, %v", len(listed), err)
	}
	if g, err := f.People.Groups(above, ""); err != nil || len(g) != 0 {
		t.Errorf("from above groups are seen: %v %v", g, err)
	}
	if x, err := f.Programs.List(above, ""); err != nil || len(x) != 0 {
		t.Errorf("from above programs are seen: %v %v", x, err)
	}
	operator := identity.As(t.Context(), identity.Principal{ID: identity.LocalOperator})
	for _, name := range []string{"look", "members", "enable", "sign out", "federation", "unfederate", "reset other"} {
		if err := closed[name](operator); err != nil {
			t.Errorf("%s, by the local operator: %v", name, err)
		}
	}
	_, err = f.Federations.Show(within, org.OrganisationID("c"))
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("federated still: %v", err)
	}
}

// TestUnusedFirstLinksEnd: an unused link for a first person is invalid once there is a person.
func TestUnusedFirstLinksEnd(t *testing.T) {
	f := newFixture(t)
	link, err := f.People.FirstLink(t.Context())
	f.must(err)
	f.person("p", "ada@p.example")
	if _, err := f.People.SetUp(t.Context(), link, people.Personal{Name: "Eve", Mail: "eve@p.example"}, password); fault.KindOf(err) != fault.Denied {
		t.Errorf("a second first person: %v", err)
	}
}

// Who was invited from above beside the first cannot come later: those invitations end with the first, and so does the
// first person's own, made at a start.
func TestOtherInvitationsEndWithTheFirst(t *testing.T) {
	f := newFixture(t)
	above := asOf(t.Context(), "p")
	_, first, err := f.People.Invite(above, "c", people.Personal{Name: "Kim", Mail: "kim@c.example"})
	f.must(err)
	eve, second, err := f.People.Invite(above, "c", people.Personal{Name: "Eve", Mail: "eve@p.example"})
	f.must(err)
	kim, err := f.People.SetUp(t.Context(), first, people.Personal{Name: "Kim"}, password)
	f.must(err)
	if _, err := f.People.SetUp(t.Context(), second, people.Personal{Name: "Eve"}, password); fault.CodeOf(err) != "ticket_spent" {
		t.Errorf("from above somebody came in after the first: %v", err)
	}
	if _, err := f.People.Reset(above, eve.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("from above somebody is given another link: %v", err)
	}
	link, err := f.People.Reset(asOf(t.Context(), "c"), eve.ID) // its own may
	f.must(err)
	_, err = f.People.SetUp(t.Context(), link, people.Personal{Name: "Eve"}, password)
	f.must(err)
	if len(f.granted) != 1 || kim.State != identity.Active {
		t.Errorf("%d global admins, and the first is %s", len(f.granted), kim.State)
	}
	_, err = f.People.Reset(identity.As(t.Context(), identity.Principal{ID: identity.LocalOperator}), f.person("p", "pat@p.example").ID)
	f.must(err)
	if link, err := f.People.FirstLink(t.Context()); link != "" || err != nil {
		t.Errorf("a partner whose only admin was reset begins anew: %v", err)
	}
}

// TestResetKeepsTheRealmItsOwn: after the reset of its only person, a realm is still managed by itself and not by staff above it.
func TestResetKeepsTheRealmItsOwn(t *testing.T) {
	f := newFixture(t)
	p := f.person("c", "kim@c.example")
	if _, err := f.People.Reset(asOf(t.Context(), "c"), p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.People.Reset(asOf(t.Context(), "p"), p.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("staff above took a customer's admin over: %v", err)
	}
}

// Of two global admins who keep each other from signing in at once, one stays.
func TestOneOfTwoAdminsIsKept(t *testing.T) {
	f := newFixture(t)
	kim, max := f.person("c", "kim@c.example"), f.person("c", "max@c.example")
	f.admins = []id.Principal{kim.ID, max.ID}
	own := asOf(context.Background(), "c")
	for round := range 20 {
		var errs [2]error
		var running sync.WaitGroup
		for i, who := range []id.Principal{kim.ID, max.ID} {
			running.Go(func() { errs[i] = f.People.Enable(own, who, false) })
		}
		running.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: %v, %v", round, errs[0], errs[1])
		}
		for _, who := range []id.Principal{kim.ID, max.ID} {
			f.must(f.People.Enable(own, who, true))
		}
	}
}

// The last global admin who can sign in is not kept from it by anybody but the local operator.
func TestTheLastAdminIsKept(t *testing.T) {
	f := newFixture(t)
	kim, max := f.person("c", "kim@c.example"), f.person("c", "max@c.example")
	own := asOf(t.Context(), "c")
	group, err := f.People.AddGroup(own, "c", "admins")
	f.must(err)
	f.admins, f.adminGroups = []id.Principal{kim.ID}, []id.Group{group.ID}
	last := func(what string, err error) {
		t.Helper()
		if fault.CodeOf(err) != "last_admin" {
			t.Errorf("%s: %v", what, err)
		}
	}
	last("disable", f.People.Enable(own, kim.ID, false))
	_, err = f.People.Reset(own, kim.ID)
	last("reset", err)
	last("erase", f.db.Do(own, func(ctx context.Context, t tx.Tx) error { _, err := f.People.Erase(ctx, t, kim.ID); return err }))
	f.must(f.People.SetMembers(own, group.ID, []id.Principal{max.ID}))
	f.must(f.People.Enable(own, kim.ID, false))
	last("the other one", f.People.Enable(own, max.ID, false))
	last("out of the group", f.People.SetMembers(own, group.ID, []id.Principal{kim.ID}))
	groups, err := f.People.Groups(own, "")
	if f.must(err); len(groups) != 1 || !slices.Equal(groups[0].Members, []id.Principal{max.ID}) {
		t.Errorf("the group is %+v", groups)
	}
	for name, want := range map[id.Group]bool{group.ID: true, "grp_none": false} {
		f.must(f.db.View(own, func(ctx context.Context, r tx.Read) error {
			if can, err := f.Directory.SignsIn(ctx, r, "", name); can != want || err != nil {
				t.Errorf("somebody of %s signs in: %v, %v", name, can, err)
			}
			return nil
		}))
	}
	f.must(f.People.Enable(own, kim.ID, true))
	f.must(f.People.Enable(own, max.ID, false))
	f.must(f.People.Enable(identity.As(t.Context(), identity.Principal{ID: identity.LocalOperator}), kim.ID, false))
}
