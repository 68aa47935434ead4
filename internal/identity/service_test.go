package identity_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

const password = "brown kettle morning"

type fixture struct {
	*identity.Service
	t   testing.TB
	may scope.Scope
}

// newService has a partner with a reseller, who has a customer.
func newService(t testing.TB) *fixture {
	t.Helper()
	db := storetest.SQLite(t)
	f := &fixture{t: t, may: scope.All()}
	world := org.Change{Paths: map[string]string{"p": "p", "r": "p/r", "c": "p/r/c", "d": "p/d"}}
	for key, kind := range map[string]org.Kind{"p": org.Partner, "r": org.Reseller, "c": org.Customer, "d": org.Customer} {
		world.Organisations = append(world.Organisations, org.Organisation{ID: org.OrganisationID(key), Key: key, Kind: kind, Legal: org.LegalEntity{Name: key, Country: "DE"}})
	}
	f.must(db.Do(t.Context(), func(ctx context.Context, t tx.Tx) error {
		return sqlstore.Orgs{DB: db}.Save(ctx, t, scope.All(), world)
	}))
	x := sqlstore.Identity{DB: db}
	f.Service = &identity.Service{
		DB: db, Store: x, Proofs: x, Trusts: x, Sealer: identity.Plain{}, Events: event.Log{Store: sqlstore.Events{DB: db}, Now: time.Now},
		Now: time.Now, Random: rand.Reader, Pepper: []byte("pepper"), Name: "Purveyor",
		May: func(context.Context, bool) (scope.Scope, error) { return f.may, nil },
	}
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) person(realm, mail string) identity.Person {
	f.t.Helper()
	_, link, err := f.Invite(f.t.Context(), realm, identity.Personal{Name: "Somebody", Mail: mail})
	f.must(err)
	p, err := f.SetUp(f.t.Context(), link, identity.Personal{Name: "Somebody"}, password)
	f.must(err)
	return p
}

// A look-up that begins after a revoke was acknowledged never finds what was revoked, however they interleave.
func TestNoStaleSessions(t *testing.T) {
	f := newService(t)
	p := f.person("c", "kim@c.example")
	const sessions, readers = 500, 4
	var stale, after, before atomic.Int64
	for range sessions {
		s, _, err := f.Open(t.Context(), identity.Session{Person: p.ID})
		f.must(err)
		var ended atomic.Bool
		var running sync.WaitGroup
		for range readers {
			running.Go(func() {
				for range 5 {
					was := ended.Load() // acknowledged before we begin
					_, err := f.Standing(context.Background(), p.ID, string(s.ID))
					switch {
					case was && err == nil:
						stale.Add(1)
					case was:
						after.Add(1)
					default:
						before.Add(1)
					}
				}
			})
		}
		f.must(f.End(t.Context(), p.ID, s.ID))
		ended.Store(true)
		running.Wait()
		if _, err := f.Standing(t.Context(), p.ID, string(s.ID)); fault.CodeOf(err) != "session_ended" {
			stale.Add(1)
		}
		after.Add(1)
	}
	t.Logf("%d reads in %d revokes: %d before the acknowledgement, %d after it, %d stale", before.Load()+after.Load(), sessions, before.Load(), after.Load(), stale.Load())
	if stale.Load() > 0 || after.Load() < sessions || before.Load() == 0 {
		t.Error("stale, or nothing was tested")
	}
}

// Of many who show one refresh token at once, one gets tokens; and because the others had it too, those end.
func TestRefreshTokenShownAtOnce(t *testing.T) {
	f := newService(t)
	p := f.person("c", "kim@c.example")
	browser, _, err := f.Open(t.Context(), identity.Session{Person: p.ID})
	f.must(err)
	code, err := f.Hand(t.Context(), identity.Ticket{Kind: identity.Code, Person: p.ID, From: browser.ID, Client: "x", Scope: "offline_access"})
	f.must(err)
	ask := func(kind identity.TicketKind, secret string) (identity.Redeemed, error) {
		return f.Redeem(context.Background(), identity.Asked{Kind: kind, Secret: secret, Client: "x",
			Check: func(identity.Ticket) error { return nil }, Keep: func(identity.Ticket) bool { return true }})
	}
	first, err := ask(identity.Code, code)
	f.must(err)
	var got atomic.Int64
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			if _, err := ask(identity.Refresh, first.Refresh); err == nil {
				got.Add(1)
			}
		})
	}
	running.Wait()
	if got.Load() != 1 {
		t.Errorf("%d got tokens", got.Load())
	}
	if _, err := f.Standing(t.Context(), p.ID, string(first.Session.ID)); fault.CodeOf(err) != "session_ended" {
		t.Errorf("the session goes on: %v", err)
	}
}

// A one-time link makes one person, and a set-up link of the first start is one of the newest start.
func TestLinksWorkOnce(t *testing.T) {
	f := newService(t)
	crowned := 0
	f.Crown = func(_ context.Context, _ tx.Tx, _ id.Principal, r identity.Realm) error {
		if crowned++; r.Key != "p" {
			t.Errorf("crowned in %s", r.Key)
		}
		return nil
	}
	link, err := f.Begin(t.Context())
	f.must(err)
	var done atomic.Int64
	var running sync.WaitGroup
	for i := range 4 {
		running.Go(func() {
			if _, err := f.SetUp(context.Background(), link, identity.Personal{Name: "First", Mail: string(rune('a'+i)) + "@p.example"}, password); err == nil {
				done.Add(1)
			}
		})
	}
	running.Wait()
	if done.Load() != 1 || crowned != 1 {
		t.Errorf("%d set up, %d crowned", done.Load(), crowned)
	}
	if again, err := f.Begin(t.Context()); again != "" || err != nil {
		t.Errorf("another link: %v", err)
	}
}

// Whoever manages people does so where they may; elsewhere nothing is there.
func TestManagingStaysInScope(t *testing.T) {
	f := newService(t)
	ctx := t.Context()
	mine, foreign := f.person("c", "kim@c.example"), f.person("d", "eve@d.example")
	theirs, err := f.NewProgram(ctx, "d", "robot")
	f.must(err)
	ours, err := f.NewProgram(ctx, "c", "robot")
	f.must(err)
	group, err := f.NewGroup(ctx, "d", "all")
	f.must(err)
	f.may = scope.Of("p/r")
	unknown := id.Principal("prn_unknown")
	for name, try := range map[string]func(who id.Principal, realm string, g id.Group) error{
		"invite": func(_ id.Principal, realm string, _ id.Group) error {
			_, _, err := f.Invite(ctx, realm, identity.Personal{Name: "N", Mail: "n@n.example"})
			return err
		},
		"reset":   func(who id.Principal, _ string, _ id.Group) error { _, err := f.Reset(ctx, who); return err },
		"disable": func(who id.Principal, _ string, _ id.Group) error { return f.Enable(ctx, who, false) },
		"program": func(_ id.Principal, realm string, _ id.Group) error {
			_, err := f.NewProgram(ctx, realm, "x")
			return err
		},
		"group": func(_ id.Principal, realm string, _ id.Group) error {
			_, err := f.NewGroup(ctx, realm, "x")
			return err
		},
		"members": func(_ id.Principal, _ string, g id.Group) error { return f.SetMembers(ctx, g, nil) },
		"federate": func(_ id.Principal, realm string, _ id.Group) error {
			return f.Federate(ctx, realm, identity.Federation{Issuer: "https://i", ClientID: "c", Domains: []string{"x.example"}}, "s")
		},
	} {
		a, b := try(foreign.ID, "d", group.ID), try(unknown, "nowhere", "grp_unknown")
		if fault.KindOf(a) != fault.NotFound || a.Error() != b.Error() {
			t.Errorf("%s: foreign %v, missing %v", name, a, b)
		}
	}
	for name, try := range map[string]func(id.Principal) error{
		"secret":     func(who id.Principal) error { _, _, err := f.NewSecret(ctx, who, time.Hour); return err },
		"credential": func(who id.Principal) error { return f.RemoveCredential(ctx, who, "x") },
		"switch off": func(who id.Principal) error { return f.EnableProgram(ctx, who, false) },
	} {
		a, b := try(theirs.ID), try(unknown)
		if fault.KindOf(a) != fault.NotFound || a.Error() != b.Error() {
			t.Errorf("%s: foreign %v, missing %v", name, a, b)
		}
	}
	own, err := f.NewGroup(ctx, "c", "all")
	f.must(err)
	f.must(f.SetMembers(ctx, own.ID, []id.Principal{mine.ID, ours.ID}))
	if err := f.SetMembers(ctx, own.ID, []id.Principal{foreign.ID}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a foreign person is a member: %v", err)
	}
	people, err := f.People(ctx, "")
	f.must(err)
	if len(people) != 1 || people[0].ID != mine.ID || people[0].Personal.Mail != "kim@c.example" {
		t.Errorf("sees %+v", people)
	}
	programs, err := f.Programs(ctx, "")
	f.must(err)
	groups, err := f.Groups(ctx, mine.Realm)
	f.must(err)
	if len(programs) != 1 || programs[0].ID != ours.ID || len(groups) != 1 || groups[0].ID != own.ID {
		t.Errorf("sees %+v and %+v", programs, groups)
	}
	// Membership counts at once, and in sessions that are open.
	s, _, err := f.Open(ctx, identity.Session{Person: mine.ID})
	f.must(err)
	who, err := f.Standing(ctx, mine.ID, string(s.ID))
	f.must(err)
	if !slices.Equal(who.Groups, []id.Group{own.ID}) {
		t.Errorf("in %v", who.Groups)
	}
	f.must(f.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		for _, who := range []id.Principal{mine.ID, ours.ID} {
			p, err := f.Known(ctx, r, who)
			if err != nil || p.ID != who || p.Realm != mine.Realm || !slices.Equal(p.Groups, []id.Group{own.ID}) || p.Program != (who == ours.ID) {
				t.Errorf("known as %+v, %v", p, err)
			}
		}
		return nil
	}))
	f.must(f.SetMembers(ctx, own.ID, nil))
	if who, err = f.Standing(ctx, mine.ID, string(s.ID)); err != nil || len(who.Groups) != 0 {
		t.Errorf("still in %v, %v", who.Groups, err)
	}
}

func TestErasedPeopleAreGone(t *testing.T) {
	f := newService(t)
	ctx := t.Context()
	p := f.person("c", "kim@c.example")
	s, _, err := f.Open(ctx, identity.Session{Person: p.ID, Agent: "Firefox on Linux"})
	f.must(err)
	told, err := f.Export(ctx, p.ID)
	f.must(err)
	text, err := json.Marshal(told)
	f.must(err)
	for _, want := range []string{"kim@c.example", "Somebody", "Firefox on Linux", string(s.ID)} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the export lacks %q: %s", want, text)
		}
	}
	if strings.Contains(string(text), "argon2") {
		t.Errorf("the export holds a secret: %s", text)
	}
	erase := func(who id.Principal) (had bool) {
		f.must(f.DB.Do(ctx, func(ctx context.Context, t tx.Tx) (err error) {
			had, err = f.Erase(ctx, t, who)
			return err
		}))
		return had
	}
	if !erase(p.ID) || erase(p.ID) || erase("prn_unknown") {
		t.Error("what was there is told wrongly")
	}
	if _, err := f.Standing(ctx, p.ID, string(s.ID)); fault.CodeOf(err) != "session_ended" {
		t.Errorf("still signed in: %v", err)
	}
	f.must(f.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		if who, err := f.Known(ctx, r, p.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("still known as %+v, %v", who, err)
		}
		return nil
	}))
	q, err := f.Person(ctx, p.ID)
	f.must(err)
	if q.State != identity.Erased || q.Personal != (identity.Personal{}) || q.Password != "" || q.Login != "" || len(q.Sealed) != 0 {
		t.Errorf("left: %+v", q)
	}
	if _, err := f.SignIn(ctx, "kim@c.example", password); fault.KindOf(err) != fault.Denied {
		t.Errorf("signs in: %v", err)
	}
	f.person("c", "kim@c.example") // the address is free
	if err := f.Enable(ctx, p.ID, true); fault.KindOf(err) != fault.NotFound {
		t.Errorf("back from nowhere: %v", err)
	}
}

// What expired more than a day ago is forgotten, and nothing else.
func TestPrune(t *testing.T) {
	f := newService(t)
	p := f.person("c", "kim@c.example")
	now := time.Now()
	f.Now = func() time.Time { return now }
	s, _, err := f.Open(t.Context(), identity.Session{Person: p.ID})
	f.must(err)
	there := func() bool {
		err := f.End(t.Context(), p.ID, s.ID)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		return err == nil
	}
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {35 * time.Hour, true}, {2 * time.Hour, false}} {
		now = now.Add(c.after)
		f.must(f.Prune(t.Context()))
		if there() != c.want {
			t.Errorf("after another %v: there %v", c.after, !c.want)
		}
	}
}

// What a request pays for knowing who asks, after the token's signature.
func BenchmarkStanding(b *testing.B) {
	f := newService(b)
	p := f.person("c", "kim@c.example")
	s, _, err := f.Open(b.Context(), identity.Session{Person: p.ID})
	f.must(err)
	for b.Loop() {
		if _, err := f.Standing(b.Context(), p.ID, string(s.ID)); err != nil {
			b.Fatal(err)
		}
	}
}

// What a request of a browser pays.
func BenchmarkByCookie(b *testing.B) {
	f := newService(b)
	p := f.person("c", "kim@c.example")
	_, cookie, err := f.Open(b.Context(), identity.Session{Person: p.ID})
	f.must(err)
	for b.Loop() {
		if _, _, err := f.ByCookie(b.Context(), cookie); err != nil {
			b.Fatal(err)
		}
	}
}

// TestOthersTriesKeepNoPasskeyOut: whoever guesses somebody's password without end makes passwords and codes wait, and
// not a passkey, at which nobody guesses.
func TestOthersTriesKeepNoPasskeyOut(t *testing.T) {
	f := newService(t)
	p := f.person("c", "kim@c.example")
	f.must(f.AddPasskey(t.Context(), p.ID, identity.Passkey{ID: "key"}, ""))
	for range 6 {
		_, _ = f.SignIn(t.Context(), "kim@c.example", "a wrong password")
	}
	if now, err := f.Person(t.Context(), p.ID); err != nil || now.Waits.IsZero() {
		t.Fatalf("nobody waits: %+v, %v", now, err)
	}
	if _, err := f.UsedPasskey(t.Context(), p.ID, "key", nil); err != nil {
		t.Errorf("the passkey has to wait: %v", err)
	}
	if _, err := f.UsedPasskey(t.Context(), p.ID, "another", nil); fault.KindOf(err) != fault.Denied {
		t.Errorf("a passkey that is not theirs: %v", err)
	}
}

// TestLinksOfDisabledPeopleEnd: who was disabled does not come back by the link of an invitation or a reset, not even one
// whose use had begun; and who is enabled again without anything to sign in with is invited, not active.
func TestLinksOfDisabledPeopleEnd(t *testing.T) {
	f := newService(t)
	ctx := t.Context()
	f.person("c", "first@c.example")
	kim, invited, err := f.Invite(ctx, "c", identity.Personal{Name: "Kim", Mail: "kim@c.example"})
	f.must(err)
	lee := f.person("c", "lee@c.example")
	reset, err := f.Reset(ctx, lee.ID)
	f.must(err)
	for who, link := range map[id.Principal]string{kim.ID: invited, lee.ID: reset} {
		f.must(f.Enable(ctx, who, false))
		if _, err := f.SetUp(ctx, link, identity.Personal{Name: "Mallory"}, "brown kettle morning"); fault.CodeOf(err) != "ticket_spent" {
			t.Errorf("a disabled person begins by their link: %v", err)
		}
		if p, err := f.Person(ctx, who); err != nil || p.State != identity.Disabled {
			t.Errorf("%s, %v", p.State, err)
		}
		f.must(f.Enable(ctx, who, true))
		if p, err := f.Person(ctx, who); err != nil || p.State != identity.Invited {
			t.Errorf("with nothing to sign in with they are %s, %v", p.State, err)
		}
		again, err := f.Reset(ctx, who)
		f.must(err)
		_, err = f.SetUp(ctx, again, identity.Personal{Name: "Somebody"}, "brown kettle morning")
		f.must(err)
	}
}
