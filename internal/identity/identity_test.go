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
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/parties"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

const password = "brown kettle morning"

// fixture is everything that signs in, on a database of its own. It answers as access, for the test to say what.
type fixture struct {
	identity.Access // other questions are not asked in these tests
	t               testing.TB
	db              tx.DB
	now             func() time.Time
	may             scope.Scope
	granted         []id.Principal // the global admins that were made, and of which realms
	realms          []id.Organisation
	admins          []id.Principal
	adminGroups     []id.Group

	People      *people.Service
	Sessions    *sessions.Service
	Programs    *programs.Service
	Federations *federation.Service
	Directory   *identity.Directory
}

func (f *fixture) MayManage(context.Context, bool) (scope.Scope, error) { return f.may, nil }

func (f *fixture) GrantAdmin(_ context.Context, _ tx.Tx, who id.Principal, realm id.Organisation) error {
	f.granted, f.realms = append(f.granted, who), append(f.realms, realm)
	return nil
}

func (f *fixture) Admins(context.Context, tx.Read, id.Organisation) ([]id.Principal, []id.Group, error) {
	return f.admins, f.adminGroups, nil
}

func (f *fixture) Exceeds(context.Context, tx.Read, id.Organisation, id.Principal, id.Group) error {
	return nil
}

// newFixture has a partner with a reseller, who has a customer.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	db := storetest.SQLite(t)
	f := &fixture{t: t, db: db, now: time.Now, may: scope.All()}
	world := org.Change{Paths: map[string]string{"p": "p", "r": "p/r", "c": "p/r/c", "d": "p/d"}}
	for key, kind := range map[string]org.Kind{"p": org.Partner, "r": org.Reseller, "c": org.Customer, "d": org.Customer} {
		world.Organisations = append(world.Organisations, org.Organisation{ID: org.OrganisationID(key), Key: key, Kind: kind, Legal: org.LegalEntity{Name: key, Country: "DE"}})
	}
	f.must(db.Do(t.Context(), func(ctx context.Context, t tx.Tx) error {
		return organisations.Orgs{DB: db}.Save(ctx, t, scope.All(), world)
	}))
	x, random, now := parties.Identity{DB: db}, identity.Random{Reader: rand.Reader}, func() time.Time { return f.now() }
	events := event.Log{Store: operations.Events{DB: db}, Now: time.Now}
	f.Directory = &identity.Directory{DB: db, Store: x}
	manager := identity.Manager{Directory: f.Directory, Access: f}
	f.Sessions = &sessions.Service{DB: db, Store: x, Keys: x, Directory: f.Directory, Access: f, Sealer: identity.Plain{}, Events: events, Now: now, Random: random}
	f.Programs = &programs.Service{DB: db, Store: x, Manager: manager, Sessions: f.Sessions, Events: events, Now: now, Random: random}
	f.Federations = &federation.Service{DB: db, Store: x, Manager: manager, Sealer: identity.Plain{}, Events: events}
	f.People = &people.Service{
		DB: db, Store: x, Manager: manager, Sessions: f.Sessions, Federations: f.Federations, Sealer: identity.Plain{}, Events: events,
		Now: now, Random: random, Pepper: []byte("pepper"), Name: "Purveyor", Demo: func() bool { return false }, Hashing: factor.NewQueue(2, 100),
	}
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) person(realm, mail string) people.Person {
	f.t.Helper()
	_, link, err := f.People.Invite(f.t.Context(), realm, people.Personal{Name: "Somebody", Mail: mail})
	f.must(err)
	p, err := f.People.SetUp(f.t.Context(), link, people.Personal{Name: "Somebody"}, password)
	f.must(err)
	return p
}

// TestNoStaleSessions: a look-up that begins after a revocation was acknowledged never finds what was revoked, however they interleave.
func TestNoStaleSessions(t *testing.T) {
	f := newFixture(t)
	p := f.person("c", "kim@c.example")
	const rounds, readers = 500, 4
	var stale, after, before atomic.Int64
	for range rounds {
		s, _, err := f.People.OpenSession(t.Context(), sessions.Session{Person: p.ID})
		f.must(err)
		var ended atomic.Bool
		var running sync.WaitGroup
		for range readers {
			running.Go(func() {
				for range 5 {
					was := ended.Load() // acknowledged before we begin
					_, err := f.Sessions.Authenticate(context.Background(), p.ID, string(s.ID))
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
		f.must(f.People.EndSession(t.Context(), p.ID, s.ID))
		ended.Store(true)
		running.Wait()
		if _, err := f.Sessions.Authenticate(t.Context(), p.ID, string(s.ID)); fault.CodeOf(err) != "session_ended" {
			stale.Add(1)
		}
		after.Add(1)
	}
	t.Logf("%d reads in %d revokes: %d before the acknowledgement, %d after it, %d stale", before.Load()+after.Load(), rounds, before.Load(), after.Load(), stale.Load())
	if stale.Load() > 0 || after.Load() < rounds || before.Load() == 0 {
		t.Error("stale, or nothing was tested")
	}
}

// Of many who show one refresh token at once, one gets tokens; and because the others had it too, those end.
func TestRefreshTokenUsedConcurrently(t *testing.T) {
	f := newFixture(t)
	p := f.person("c", "kim@c.example")
	browser, _, err := f.People.OpenSession(t.Context(), sessions.Session{Person: p.ID})
	f.must(err)
	code, err := f.Sessions.Issue(t.Context(), sessions.Ticket{Kind: sessions.AuthorizationCode, Person: p.ID, From: browser.ID, Client: "x", Scope: "offline_access"})
	f.must(err)
	ask := func(kind sessions.TicketKind, secret string) (sessions.TokenGrant, error) {
		return f.Sessions.Exchange(context.Background(), sessions.TokenRequest{Kind: kind, Secret: secret, Client: "x",
			Check: func(sessions.Ticket) error { return nil }, Refreshable: func(sessions.Ticket) bool { return true }})
	}
	first, err := ask(sessions.AuthorizationCode, code)
	f.must(err)
	var got atomic.Int64
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			if _, err := ask(sessions.RefreshToken, first.Refresh); err == nil {
				got.Add(1)
			}
		})
	}
	running.Wait()
	if got.Load() != 1 {
		t.Errorf("%d got tokens", got.Load())
	}
	if _, err := f.Sessions.Authenticate(t.Context(), p.ID, string(first.Session.ID)); fault.CodeOf(err) != "session_ended" {
		t.Errorf("the session goes on: %v", err)
	}
}

// A one-time link makes one person, and a set-up link of the first start is one of the newest start.
func TestOneTimeLinks(t *testing.T) {
	f := newFixture(t)
	link, err := f.People.FirstLink(t.Context())
	f.must(err)
	var done atomic.Int64
	var running sync.WaitGroup
	for i := range 4 {
		running.Go(func() {
			if _, err := f.People.SetUp(context.Background(), link, people.Personal{Name: "First", Mail: string(rune('a'+i)) + "@p.example"}, password); err == nil {
				done.Add(1)
			}
		})
	}
	running.Wait()
	if done.Load() != 1 || !slices.Equal(f.realms, []id.Organisation{org.OrganisationID("p")}) {
		t.Errorf("%d set up, global admins in %v", done.Load(), f.realms)
	}
	if again, err := f.People.FirstLink(t.Context()); again != "" || err != nil {
		t.Errorf("another link: %v", err)
	}
}

// Whoever manages people does so where they may; elsewhere nothing is there.
func TestManagingIsLimitedToTheScope(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	member, foreign := f.person("c", "kim@c.example"), f.person("d", "eve@d.example")
	foreignRobot, err := f.Programs.Add(ctx, "d", "robot")
	f.must(err)
	ours, err := f.Programs.Add(ctx, "c", "robot")
	f.must(err)
	group, err := f.People.AddGroup(ctx, "d", "all")
	f.must(err)
	f.may = scope.Of("p/r")
	unknown := id.Principal("prn_unknown")
	for name, try := range map[string]func(who id.Principal, realm string, g id.Group) error{
		"invite": func(_ id.Principal, realm string, _ id.Group) error {
			_, _, err := f.People.Invite(ctx, realm, people.Personal{Name: "N", Mail: "n@n.example"})
			return err
		},
		"reset":   func(who id.Principal, _ string, _ id.Group) error { _, err := f.People.Reset(ctx, who); return err },
		"disable": func(who id.Principal, _ string, _ id.Group) error { return f.People.Enable(ctx, who, false) },
		"program": func(_ id.Principal, realm string, _ id.Group) error {
			_, err := f.Programs.Add(ctx, realm, "x")
			return err
		},
		"group": func(_ id.Principal, realm string, _ id.Group) error {
			_, err := f.People.AddGroup(ctx, realm, "x")
			return err
		},
		"members": func(_ id.Principal, _ string, g id.Group) error { return f.People.SetMembers(ctx, g, nil) },
		"federate": func(_ id.Principal, realm string, _ id.Group) error {
			return f.Federations.Set(ctx, realm, federation.Federation{Issuer: "https://i", ClientID: "c", Domains: []string{"x.example"}}, "s")
		},
	} {
		a, b := try(foreign.ID, "d", group.ID), try(unknown, "nowhere", "grp_unknown")
		if fault.KindOf(a) != fault.NotFound || a.Error() != b.Error() {
			t.Errorf("%s: foreign %v, missing %v", name, a, b)
		}
	}
	for name, try := range map[string]func(id.Principal) error{
		"secret":     func(who id.Principal) error { _, _, err := f.Programs.AddSecret(ctx, who, time.Hour); return err },
		"credential": func(who id.Principal) error { return f.Programs.RemoveCredential(ctx, who, "x") },
		"switch off": func(who id.Principal) error { return f.Programs.Enable(ctx, who, false) },
	} {
		a, b := try(foreignRobot.ID), try(unknown)
		if fault.KindOf(a) != fault.NotFound || a.Error() != b.Error() {
			t.Errorf("%s: foreign %v, missing %v", name, a, b)
		}
	}
	own, err := f.People.AddGroup(ctx, "c", "all")
	f.must(err)
	f.must(f.People.SetMembers(ctx, own.ID, []id.Principal{member.ID, ours.ID}))
	if err := f.People.SetMembers(ctx, own.ID, []id.Principal{foreign.ID}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a foreign person is a member: %v", err)
	}
	list, err := f.People.List(ctx, "")
	f.must(err)
	if len(list) != 1 || list[0].ID != member.ID || list[0].Personal.Mail != "kim@c.example" {
		t.Errorf("sees %+v", list)
	}
	robots, err := f.Programs.List(ctx, "")
	f.must(err)
	groups, err := f.People.Groups(ctx, member.Realm)
	f.must(err)
	if len(robots) != 1 || robots[0].ID != ours.ID || len(groups) != 1 || groups[0].ID != own.ID {
		t.Errorf("sees %+v and %+v", robots, groups)
	}
	// Membership counts at once, and in sessions that are open.
	s, _, err := f.People.OpenSession(ctx, sessions.Session{Person: member.ID})
	f.must(err)
	who, err := f.Sessions.Authenticate(ctx, member.ID, string(s.ID))
	f.must(err)
	if !slices.Equal(who.Groups, []id.Group{own.ID}) {
		t.Errorf("in %v", who.Groups)
	}
	f.must(f.db.View(ctx, func(ctx context.Context, r tx.Read) error {
		for _, who := range []id.Principal{member.ID, ours.ID} {
			p, err := f.Directory.Principal(ctx, r, who)
			if err != nil || p.ID != who || p.Realm != member.Realm || !slices.Equal(p.Groups, []id.Group{own.ID}) || p.Program != (who == ours.ID) {
				t.Errorf("known as %+v, %v", p, err)
			}
		}
		return nil
	}))
	f.must(f.People.SetMembers(ctx, own.ID, nil))
	if who, err = f.Sessions.Authenticate(ctx, member.ID, string(s.ID)); err != nil || len(who.Groups) != 0 {
		t.Errorf("still in %v, %v", who.Groups, err)
	}
}

func TestErasedPeople(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	p := f.person("c", "kim@c.example")
	s, _, err := f.People.OpenSession(ctx, sessions.Session{Person: p.ID, Agent: "Firefox on Linux"})
	f.must(err)
	listed, err := f.People.Export(ctx, p.ID)
	f.must(err)
	text, err := json.Marshal(listed)
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
		f.must(f.db.Do(ctx, func(ctx context.Context, t tx.Tx) (err error) {
			had, err = f.People.Erase(ctx, t, who)
			return err
		}))
		return had
	}
	if !erase(p.ID) || erase(p.ID) || erase("prn_unknown") {
		t.Error("what was there is listed wrongly")
	}
	if _, err := f.Sessions.Authenticate(ctx, p.ID, string(s.ID)); fault.CodeOf(err) != "session_ended" {
		t.Errorf("still signed in: %v", err)
	}
	f.must(f.db.View(ctx, func(ctx context.Context, r tx.Read) error {
		if who, err := f.Directory.Principal(ctx, r, p.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("still known as %+v, %v", who, err)
		}
		return nil
	}))
	q, err := f.People.Person(ctx, p.ID)
	f.must(err)
	if q.State != identity.Erased || q.Personal != (people.Personal{}) || q.Password != "" || q.Login != "" || len(q.Sealed) != 0 {
		t.Errorf("left: %+v", q)
	}
	if _, err := f.People.SignIn(ctx, factor.Origin{}, "kim@c.example", password); fault.KindOf(err) != fault.Denied {
		t.Errorf("signs in: %v", err)
	}
	f.person("c", "kim@c.example") // the address is free
	if err := f.People.Enable(ctx, p.ID, true); fault.KindOf(err) != fault.NotFound {
		t.Errorf("back from nowhere: %v", err)
	}
}

// What expired more than a day ago is forgotten, and nothing else.
func TestPrune(t *testing.T) {
	f := newFixture(t)
	p := f.person("c", "kim@c.example")
	now := time.Now()
	f.now = func() time.Time { return now }
	s, _, err := f.People.OpenSession(t.Context(), sessions.Session{Person: p.ID})
	f.must(err)
	there := func() bool {
		err := f.People.EndSession(t.Context(), p.ID, s.ID)
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
		f.must(f.Sessions.Prune(t.Context()))
		if there() != c.want {
			t.Errorf("after another %v: there %v", c.after, !c.want)
		}
	}
}

// What a request pays for knowing who asks, after the token's signature.
func BenchmarkAuthenticate(b *testing.B) {
	f := newFixture(b)
	p := f.person("c", "kim@c.example")
	s, _, err := f.People.OpenSession(b.Context(), sessions.Session{Person: p.ID})
	f.must(err)
	for b.Loop() {
		if _, err := f.Sessions.Authenticate(b.Context(), p.ID, string(s.ID)); err != nil {
			b.Fatal(err)
		}
	}
}

// What a request of a browser pays.
func BenchmarkByCookie(b *testing.B) {
	f := newFixture(b)
	p := f.person("c", "kim@c.example")
	_, cookie, err := f.People.OpenSession(b.Context(), sessions.Session{Person: p.ID})
	f.must(err)
	for b.Loop() {
		if _, _, err := f.Sessions.ByCookie(b.Context(), cookie); err != nil {
			b.Fatal(err)
		}
	}
}

// TestFailedPasswordsDoNotBlockPasskeys: repeated wrong passwords delay further passwords and codes of a person, but
// not their passkey, which cannot be guessed.
func TestFailedPasswordsDoNotBlockPasskeys(t *testing.T) {
	f := newFixture(t)
	p := f.person("c", "kim@c.example")
	f.must(f.People.AddPasskey(t.Context(), p.ID, people.Passkey{ID: "key"}, ""))
	for range 6 {
		_, _ = f.People.SignIn(t.Context(), factor.Origin{}, "kim@c.example", "a wrong password")
	}
	if now, err := f.People.Person(t.Context(), p.ID); err != nil || now.Waits.IsZero() {
		t.Fatalf("nobody waits: %+v, %v", now, err)
	}
	if _, err := f.People.UsePasskey(t.Context(), p.ID, "key", nil); err != nil {
		t.Errorf("the passkey has to wait: %v", err)
	}
	if _, err := f.People.UsePasskey(t.Context(), p.ID, "another", nil); fault.KindOf(err) != fault.Denied {
		t.Errorf("a passkey that is not foreignRobot: %v", err)
	}
}

// TestLinksOfDisabledPeopleEnd: who was disabled does not come back by the link of an invitation or a reset, not even one
// whose use had begun; and who is enabled again without anything to sign in with is invited, not active.
func TestLinksOfDisabledPeopleEnd(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.person("c", "first@c.example")
	kim, invited, err := f.People.Invite(ctx, "c", people.Personal{Name: "Kim", Mail: "kim@c.example"})
	f.must(err)
	lee := f.person("c", "lee@c.example")
	reset, err := f.People.Reset(ctx, lee.ID)
	f.must(err)
	for who, link := range map[id.Principal]string{kim.ID: invited, lee.ID: reset} {
		f.must(f.People.Enable(ctx, who, false))
		if _, err := f.People.SetUp(ctx, link, people.Personal{Name: "Mallory"}, "brown kettle morning"); fault.CodeOf(err) != "ticket_spent" {
			t.Errorf("a disabled person begins by their link: %v", err)
		}
		if p, err := f.People.Person(ctx, who); err != nil || p.State != identity.Disabled {
			t.Errorf("%s, %v", p.State, err)
		}
		f.must(f.People.Enable(ctx, who, true))
		if p, err := f.People.Person(ctx, who); err != nil || p.State != identity.Invited {
			t.Errorf("with nothing to sign in with they are %s, %v", p.State, err)
		}
		again, err := f.People.Reset(ctx, who)
		f.must(err)
		_, err = f.People.SetUp(ctx, again, people.Personal{Name: "Somebody"}, "brown kettle morning")
		f.must(err)
	}
}
