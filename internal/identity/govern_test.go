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
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func asOf(ctx context.Context, realm string) context.Context {
	return identity.As(ctx, identity.Principal{ID: "prn_somebody", Realm: org.OrganisationID(realm)})
}

// Staff above an organisation give it its first person, who becomes its global admin, and can then become nobody in it.
func TestRealmsLookAfterTheirOwn(t *testing.T) {
	f := newService(t)
	var crowned []id.Principal
	f.Crown = func(_ context.Context, _ tx.Tx, who id.Principal, _ identity.Realm) error {
		crowned = append(crowned, who)
		return nil
	}
	above, within := asOf(t.Context(), "p"), asOf(t.Context(), "c")
	kim := identity.Personal{Name: "Kim Okafor", Mail: "kim@c.example"}
	p, stale, err := f.Invite(above, "c", kim)
	f.must(err)
	link, err := f.Reset(above, p.ID) // the first link was lost
	f.must(err)
	if _, err := f.SetUp(t.Context(), stale, kim, password); err == nil {
		t.Error("the link before the reset still works")
	}
	told, err := f.People(above, "")
	if f.must(err); len(told) != 1 {
		t.Errorf("who invited is told of %d people", len(told))
	}
	_, err = f.SetUp(t.Context(), link, kim, password)
	f.must(err)
	second, link, err := f.Invite(within, "c", identity.Personal{Name: "Max", Mail: "max@c.example"})
	f.must(err)
	_, err = f.SetUp(t.Context(), link, identity.Personal{Name: "Max"}, password)
	f.must(err)
	if !slices.Equal(crowned, []id.Principal{p.ID}) {
		t.Errorf("global admins are %v, want %s alone", crowned, p.ID)
	}
	group, err := f.NewGroup(within, "c", "all")
	f.must(err)
	robot, err := f.NewProgram(within, "c", "robot")
	f.must(err)
	f.must(f.Federate(within, "c", identity.Federation{Issuer: "https://i", ClientID: "x", Domains: []string{"c.example"}}, "s"))
	f.must(f.Enable(within, second.ID, false))

	closed := map[string]func(context.Context) error{
		"invite": func(ctx context.Context) error {
			_, _, err := f.Invite(ctx, "c", identity.Personal{Name: "E", Mail: "e@c.example"})
			return err
		},
		"reset":       func(ctx context.Context) error { _, err := f.Reset(ctx, p.ID); return err },
		"reset other": func(ctx context.Context) error { _, err := f.Reset(ctx, second.ID); return err },
		"enable":      func(ctx context.Context) error { return f.Enable(ctx, second.ID, true) },
		"disable":     func(ctx context.Context) error { return f.Enable(ctx, p.ID, false) },
		"look":        func(ctx context.Context) error { _, _, err := f.Of(ctx, p.ID); return err },
		"sign out":    func(ctx context.Context) error { return f.SignOut(ctx, p.ID) },
		"group":       func(ctx context.Context) error { _, err := f.NewGroup(ctx, "c", "x"); return err },
		"members":     func(ctx context.Context) error { return f.SetMembers(ctx, group.ID, nil) },
		"program":     func(ctx context.Context) error { _, err := f.NewProgram(ctx, "c", "x"); return err },
		"secret":      func(ctx context.Context) error { _, _, err := f.NewSecret(ctx, robot.ID, time.Hour); return err },
		"switch":      func(ctx context.Context) error { return f.EnableProgram(ctx, robot.ID, false) },
		"federate": func(ctx context.Context) error {
			return f.Federate(ctx, "c", identity.Federation{Issuer: "https://evil", ClientID: "x", Domains: []string{"c.example"}}, "s")
		},
		"unfederate": func(ctx context.Context) error { return f.Unfederate(ctx, "c") },
		"federation": func(ctx context.Context) error { _, err := f.Federated(ctx, org.OrganisationID("c")); return err },
	}
	for name, try := range closed {
		if err := try(above); fault.KindOf(err) != fault.Denied && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s, from above: %v", name, err)
		}
	}
	if told, err = f.People(above, ""); err != nil || len(told) != 0 {
		t.Errorf("from above %d people are seen, %v", len(told), err)
	}
	if g, err := f.Groups(above, ""); err != nil || len(g) != 0 {
		t.Errorf("from above groups are seen: %v %v", g, err)
	}
	if x, err := f.Programs(above, ""); err != nil || len(x) != 0 {
		t.Errorf("from above programs are seen: %v %v", x, err)
	}
	operator := identity.As(t.Context(), identity.Principal{ID: identity.LocalOperator})
	for _, name := range []string{"look", "members", "enable", "sign out", "federation", "unfederate", "reset other"} {
		if err := closed[name](operator); err != nil {
			t.Errorf("%s, by the local operator: %v", name, err)
		}
	}
	_, err = f.Federated(within, org.OrganisationID("c"))
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("federated still: %v", err)
	}
}

// A first person's link that was printed and not used makes nobody once there is somebody.
func TestFirstLinksEnd(t *testing.T) {
	f := newService(t)
	link, err := f.Begin(t.Context())
	f.must(err)
	f.person("p", "ada@p.example")
	if _, err := f.SetUp(t.Context(), link, identity.Personal{Name: "Eve", Mail: "eve@p.example"}, password); fault.KindOf(err) != fault.Denied {
		t.Errorf("a second first person: %v", err)
	}
}

// Who was invited from above beside the first cannot come later: those invitations end with the first, and so does the
// first person's own, made at a start.
func TestOtherInvitationsEndWithTheFirst(t *testing.T) {
	f := newService(t)
	crowned := 0
	f.Crown = func(context.Context, tx.Tx, id.Principal, identity.Realm) error { crowned++; return nil }
	above := asOf(t.Context(), "p")
	_, first, err := f.Invite(above, "c", identity.Personal{Name: "Kim", Mail: "kim@c.example"})
	f.must(err)
	eve, second, err := f.Invite(above, "c", identity.Personal{Name: "Eve", Mail: "eve@p.example"})
	f.must(err)
	kim, err := f.SetUp(t.Context(), first, identity.Personal{Name: "Kim"}, password)
	f.must(err)
	if _, err := f.SetUp(t.Context(), second, identity.Personal{Name: "Eve"}, password); fault.CodeOf(err) != "ticket_spent" {
		t.Errorf("from above somebody came in after the first: %v", err)
	}
	if _, err := f.Reset(above, eve.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("from above somebody is given another link: %v", err)
	}
	link, err := f.Reset(asOf(t.Context(), "c"), eve.ID) // its own may
	f.must(err)
	_, err = f.SetUp(t.Context(), link, identity.Personal{Name: "Eve"}, password)
	f.must(err)
	if crowned != 1 || kim.State != identity.Active {
		t.Errorf("%d crowned, and the first is %s", crowned, kim.State)
	}
	_, err = f.Reset(identity.As(t.Context(), identity.Principal{ID: identity.LocalOperator}), f.person("p", "pat@p.example").ID)
	f.must(err)
	if link, err := f.Begin(t.Context()); link != "" || err != nil {
		t.Errorf("a partner whose only admin was reset begins anew: %v", err)
	}
}

// A reset takes nobody back to before they began: who was somebody stays the realm's own to look after.
func TestResetIsNotTheBeginning(t *testing.T) {
	f := newService(t)
	p := f.person("c", "kim@c.example")
	if _, err := f.Reset(asOf(t.Context(), "c"), p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Reset(asOf(t.Context(), "p"), p.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("staff above took a customer's admin over: %v", err)
	}
}

// Of two global admins who keep each other from signing in at once, one stays.
func TestOneOfTwoAdminsStays(t *testing.T) {
	f := newService(t)
	kim, max := f.person("c", "kim@c.example"), f.person("c", "max@c.example")
	f.Admins = func(context.Context, tx.Read, id.Organisation) ([]id.Principal, []id.Group, error) {
		return []id.Principal{kim.ID, max.ID}, nil, nil
	}
	own := asOf(context.Background(), "c")
	for round := range 20 {
		var errs [2]error
		var running sync.WaitGroup
		for i, who := range []id.Principal{kim.ID, max.ID} {
			running.Go(func() { errs[i] = f.Enable(own, who, false) })
		}
		running.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("round %d: %v, %v", round, errs[0], errs[1])
		}
		for _, who := range []id.Principal{kim.ID, max.ID} {
			f.must(f.Enable(own, who, true))
		}
	}
}

// The last global admin who can sign in is not kept from it by anybody but the local operator.
func TestTheLastAdminStays(t *testing.T) {
	f := newService(t)
	kim, max := f.person("c", "kim@c.example"), f.person("c", "max@c.example")
	own := asOf(t.Context(), "c")
	group, err := f.NewGroup(own, "c", "admins")
	f.must(err)
	f.Admins = func(context.Context, tx.Read, id.Organisation) ([]id.Principal, []id.Group, error) {
		return []id.Principal{kim.ID}, []id.Group{group.ID}, nil
	}
	last := func(what string, err error) {
		t.Helper()
		if fault.CodeOf(err) != "last_admin" {
			t.Errorf("%s: %v", what, err)
		}
	}
	last("disable", f.Enable(own, kim.ID, false))
	_, err = f.Reset(own, kim.ID)
	last("reset", err)
	last("erase", f.DB.Do(own, func(ctx context.Context, t tx.Tx) error { _, err := f.Erase(ctx, t, kim.ID); return err }))
	f.must(f.SetMembers(own, group.ID, []id.Principal{max.ID}))
	f.must(f.Enable(own, kim.ID, false))
	last("the other one", f.Enable(own, max.ID, false))
	last("out of the group", f.SetMembers(own, group.ID, []id.Principal{kim.ID}))
	groups, err := f.Groups(own, "")
	if f.must(err); len(groups) != 1 || !slices.Equal(groups[0].Members, []id.Principal{max.ID}) {
		t.Errorf("the group is %+v", groups)
	}
	for name, want := range map[id.Group]bool{group.ID: true, "grp_none": false} {
		f.must(f.DB.View(own, func(ctx context.Context, r tx.Read) error {
			if can, err := f.SignsIn(ctx, r, "", name); can != want || err != nil {
				t.Errorf("somebody of %s signs in: %v, %v", name, can, err)
			}
			return nil
		}))
	}
	f.must(f.Enable(own, kim.ID, true))
	f.must(f.Enable(own, max.ID, false))
	f.must(f.Enable(identity.As(t.Context(), identity.Principal{ID: identity.LocalOperator}), kim.ID, false))
}
