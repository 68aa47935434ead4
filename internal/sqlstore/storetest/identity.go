package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/parties"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// savePeople adds to the small world a person, a program and a group of every organisation.
func savePeople(t *testing.T, db *sqlstore.DB) parties.Identity {
	t.Helper()
	saveWorld(t, db)
	x := parties.Identity{DB: db}
	do(t, db, func(ctx context.Context, tr tx.Tx) error {
		for _, key := range []string{"p", "r", "R", "r-1", "c-r", "c-R", "c-r-1"} {
			realm := id.Organisation("org_" + key)
			err := firstError(
				x.SavePerson(ctx, tr, people.Person{ID: id.Principal("prn_" + key), Realm: realm, Login: "l-" + key, State: identity.Active, Created: noon()}),
				x.SaveProgram(ctx, tr, programs.Program{ID: id.Principal("prn_x" + key), Realm: realm, Name: "größe 'x'", State: identity.Active}),
				x.SaveGroup(ctx, tr, identity.Group{ID: id.Group("grp_" + key), Realm: realm, Members: []id.Principal{id.Principal("prn_" + key), "prn_p"}}))
			if err != nil {
				return err
			}
		}
		return nil
	})
	return x
}

func realmOf(t *testing.T, db *sqlstore.DB, s scope.Scope, ref string) (found identity.Realm, err error) {
	t.Helper()
	view(t, db, func(ctx context.Context, r tx.Read) error {
		found, err = parties.Identity{DB: db}.Realm(ctx, r, s, ref)
		return nil
	})
	return found, err
}

var identityCases = map[string]func(*testing.T, *sqlstore.DB){
	"realms are found by every name, in a scope": func(t *testing.T, db *sqlstore.DB) {
		saveWorld(t, db)
		derived := org.OrganisationID("derived")
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			return organisations.Orgs{DB: db}.Save(ctx, tr, scope.All(), org.Change{
				Organisations: []org.Organisation{
					{ID: derived, Key: "derived", Kind: org.Customer, Legal: org.LegalEntity{Name: "Derived"}},
					{ID: "org_tenant", Key: "with-tenant", Kind: org.Customer, Tenant: "7E4A0C11-0000-4000-8000-00000000ABCD"},
					{ID: "org_odd", Key: "odd", Kind: org.Customer, Tenant: "with-tenant"},
				},
				Paths: map[string]string{"derived": "p/r/derived", "with-tenant": "p/R/with-tenant", "odd": "p/r-1/odd"},
			})
		})
		guid := id.GUID(string(derived))
		for _, c := range []struct {
			s         scope.Scope
			ref, want string
		}{
			{scope.All(), "", "p"},
			{scope.All(), string(derived), "derived"},
			{scope.All(), guid, "derived"},
			{scope.All(), "derived", "derived"},
			{scope.All(), "7e4a0c11-0000-4000-8000-00000000abcd", "with-tenant"},
			{scope.All(), "7E4A0C11-0000-4000-8000-00000000ABCD", "with-tenant"},
			{scope.All(), "with-tenant", "odd"}, // a tenant counts before a key
			{scope.Of("p/r"), guid, "derived"},
			{scope.Of("p/r"), "7e4a0c11-0000-4000-8000-00000000abcd", ""},
			{scope.Of("p/r"), "", ""},
			{scope.Scope{}, guid, ""},
			{scope.All(), "R", "R"},
			{scope.All(), "nowhere", ""},
			{scope.All(), "' OR 'a' = 'a", ""},
			{scope.All(), id.GUID("org_none"), ""},
		} {
			got, err := realmOf(t, db, c.s, c.ref)
			if got.Key != c.want || (c.want == "") != (fault.KindOf(err) == fault.NotFound) {
				t.Errorf("%q in %v: got %q, %v", c.ref, c.s, got.Key, err)
			}
		}
		got, _ := realmOf(t, db, scope.All(), "derived")
		diff(t, got, identity.Realm{ID: derived, Key: "derived", Kind: "customer", Name: "Derived", Tenant: guid})
	},
	"people, programs and groups in two scopes": func(t *testing.T, db *sqlstore.DB) {
		x := savePeople(t, db)
		for _, c := range []struct {
			s     scope.Scope
			realm id.Organisation
			want  string
		}{
			{scope.All(), "", "[R c-R c-r c-r-1 p r r-1]"},
			{scope.Of("p/r"), "", "[c-r r]"},
			{scope.Of("p/r"), "org_c-r", "[c-r]"},
			{scope.Of("p/r"), "org_c-R", "[]"},
			{scope.Of("p/R", "p/r-1/c-r-1"), "", "[R c-R c-r-1]"},
			{scope.Scope{}, "", "[]"},
			{scope.All(), "org_nobody", "[]"},
		} {
			view(t, db, func(ctx context.Context, r tx.Read) error {
				people, err := x.People(ctx, r, c.s, c.realm)
				if err != nil {
					return err
				}
				programs, err := x.Programs(ctx, r, c.s, c.realm)
				if err != nil {
					return err
				}
				groups, err := x.Groups(ctx, r, c.s, c.realm)
				names := [3][]string{{}, {}, {}}
				for _, p := range people {
					names[0] = append(names[0], string(p.ID[4:]))
				}
				for _, p := range programs {
					names[1] = append(names[1], string(p.ID[5:]))
				}
				for _, g := range groups {
					names[2] = append(names[2], string(g.ID[4:]))
				}
				for i, list := range names {
					if have := fmt.Sprint(list); have != c.want {
						t.Errorf("%v %s list %d: got %s, want %s", c.s, c.realm, i, have, c.want)
					}
				}
				return err
			})
		}
	},
	"a login is one person's, and an erased person has none": func(t *testing.T, db *sqlstore.DB) {
		x := savePeople(t, db)
		save := func(p people.Person) func(context.Context, tx.Tx) error {
			return func(ctx context.Context, tr tx.Tx) error { return x.SavePerson(ctx, tr, p) }
		}
		refused(t, db, fault.Conflict, save(people.Person{ID: "prn_other", Realm: "org_r", Login: "l-p"}))
		for _, key := range []string{"r", "R"} {
			do(t, db, save(people.Person{ID: id.Principal("prn_" + key), Realm: id.Organisation("org_" + key), State: identity.Erased}))
		}
		notFound(t, db, func(ctx context.Context, r tx.Read) error { _, err := x.PersonByLogin(ctx, r, ""); return err })
		notFound(t, db, func(ctx context.Context, r tx.Read) error { _, err := x.PersonByLogin(ctx, r, "L-P"); return err })
		notFound(t, db, func(ctx context.Context, r tx.Read) error { _, err := x.Person(ctx, r, "prn_nobody"); return err })
		notFound(t, db, func(ctx context.Context, r tx.Read) error { _, err := x.Program(ctx, r, "prn_p"); return err })
		view(t, db, func(ctx context.Context, r tx.Read) error {
			p, err := x.PersonByLogin(ctx, r, "l-p")
			if p.ID != "prn_p" || p.Login != "l-p" || !p.Created.Equal(noon()) {
				t.Errorf("got %+v", p)
			}
			return err
		})
	},
	"groups follow their members": func(t *testing.T, db *sqlstore.DB) {
		x := savePeople(t, db)
		of := func(who id.Principal) (list []id.Group) {
			view(t, db, func(ctx context.Context, r tx.Read) (err error) {
				list, err = x.GroupsOf(ctx, r, who)
				return err
			})
			return list
		}
		diff(t, of("prn_p"), []id.Group{"grp_R", "grp_c-R", "grp_c-r", "grp_c-r-1", "grp_p", "grp_r", "grp_r-1"})
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			return x.SaveGroup(ctx, tr, identity.Group{ID: "grp_r", Realm: "org_r", Members: []id.Principal{"prn_xr", "prn_xr"}})
		})
		diff(t, of("prn_r"), []id.Group(nil))
		diff(t, of("prn_xr"), []id.Group{"grp_r"})
	},
	"sessions end and are found by their cookie": func(t *testing.T, db *sqlstore.DB) {
		x := parties.Identity{DB: db}
		save := func(s sessions.Session) {
			do(t, db, func(ctx context.Context, tr tx.Tx) error { return x.SaveSession(ctx, tr, s) })
		}
		one := sessions.Session{ID: "ses_1", Person: "prn_a", Token: "digest", MFA: true, Methods: []string{"pwd", "mfa"}, Created: noon(), Expires: noon().Add(time.Hour)}
		save(one)
		save(sessions.Session{ID: "ses_2", Person: "prn_a", Expires: noon().Add(time.Minute)})
		save(sessions.Session{ID: "ses_3", Person: "prn_a", Expires: noon().Add(time.Minute), Ended: noon()})
		save(sessions.Session{ID: "ses_4", Person: "prn_b", Expires: noon().Add(time.Minute)})
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error {
			return x.SaveSession(ctx, tr, sessions.Session{ID: "ses_5", Person: "prn_b", Token: "digest"})
		})
		notFound(t, db, func(ctx context.Context, r tx.Read) error { _, err := x.SessionByToken(ctx, r, ""); return err })
		view(t, db, func(ctx context.Context, r tx.Read) error {
			list, err := x.Sessions(ctx, r, "prn_a")
			if err != nil {
				return err
			}
			if len(list) != 2 || list[0].ID != "ses_2" || list[1].ID != "ses_1" {
				t.Errorf("got %+v", list)
			}
			s, err := x.SessionByToken(ctx, r, "digest")
			if s.ID != one.ID || !s.MFA || !s.Expires.Equal(one.Expires) || s.Token != "digest" {
				t.Errorf("got %+v", s)
			}
			return err
		})
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return x.Prune(ctx, tr, noon().Add(2*time.Minute)) })
		notFound(t, db, func(ctx context.Context, r tx.Read) error { _, err := x.Session(ctx, r, "ses_2"); return err })
		view(t, db, func(ctx context.Context, r tx.Read) error { _, err := x.Session(ctx, r, "ses_1"); return err })
	},
	"tickets are of a kind": func(t *testing.T, db *sqlstore.DB) {
		x := parties.Identity{DB: db}
		k := sessions.Ticket{Digest: "d", Kind: sessions.AuthorizationCode, Person: "prn_a", Session: "ses_1", Scope: "openid", Data: []byte{0, 255}, Created: noon(), Expires: noon().Add(time.Minute)}
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			return firstError(x.SaveTicket(ctx, tr, k), x.SaveTicket(ctx, tr, sessions.Ticket{Digest: "e", Kind: sessions.SetUpLink}))
		})
		notFound(t, db, func(ctx context.Context, r tx.Read) error {
			_, err := x.Ticket(ctx, r, sessions.RefreshToken, "d")
			return err
		})
		view(t, db, func(ctx context.Context, r tx.Read) error {
			got, err := x.Ticket(ctx, r, sessions.AuthorizationCode, "d")
			mustBeUTC(t, got.Expires, k.Expires)
			if got.Session != "ses_1" || got.Person != "prn_a" || string(got.Data) != "\x00\xff" || !got.Used.IsZero() {
				t.Errorf("got %+v", got)
			}
			return err
		})
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			return firstError(
				x.SaveTicket(ctx, tr, sessions.Ticket{Digest: "f", Kind: sessions.RefreshToken, Person: "prn_b"}), x.SaveSession(ctx, tr, sessions.Session{ID: "ses_b", Person: "prn_b"}),
				x.SaveSession(ctx, tr, sessions.Session{ID: "ses_a", Person: "prn_a"}), x.Forget(ctx, tr, "prn_b"))
		})
		notFound(t, db, func(ctx context.Context, r tx.Read) error {
			_, err := x.Ticket(ctx, r, sessions.RefreshToken, "f")
			return err
		})
		notFound(t, db, func(ctx context.Context, r tx.Read) error { _, err := x.Session(ctx, r, "ses_b"); return err })
		view(t, db, func(ctx context.Context, r tx.Read) error { _, err := x.Session(ctx, r, "ses_a"); return err })
		for who, gone := range map[id.Principal]string{"": "e", "prn_a": "d"} {
			do(t, db, func(ctx context.Context, tr tx.Tx) error {
				return firstError(x.DropTickets(ctx, tr, sessions.AuthorizationCode, who), x.DropTickets(ctx, tr, sessions.SetUpLink, who))
			})
			notFound(t, db, func(ctx context.Context, r tx.Read) error {
				return firstError(func() error { _, err := x.Ticket(ctx, r, sessions.SetUpLink, gone); return err }(),
					func() error { _, err := x.Ticket(ctx, r, sessions.AuthorizationCode, gone); return err }())
			})
		}
	},
	"keys and federations": func(t *testing.T, db *sqlstore.DB) {
		x := parties.Identity{DB: db}
		keys := []sessions.Key{{ID: "a", Private: []byte{1}, Created: noon().UTC()}, {ID: "b", Created: noon().UTC()}}
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			return firstError(x.SaveKey(ctx, tr, keys[1]), x.SaveKey(ctx, tr, keys[0]),
				x.SaveFederation(ctx, tr, federation.Federation{Realm: "org_r", Issuer: "https://old"}),
				x.SaveFederation(ctx, tr, federation.Federation{Realm: "org_r", Issuer: "https://new", Domains: []string{"r.example"}}))
		})
		view(t, db, func(ctx context.Context, r tx.Read) error {
			have, err := x.Keys(ctx, r)
			diff(t, have, keys)
			if err != nil {
				return err
			}
			f, err := x.Federations(ctx, r)
			diff(t, f, []federation.Federation{{Realm: "org_r", Issuer: "https://new", Domains: []string{"r.example"}}})
			return err
		})
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return x.DropFederation(ctx, tr, "org_r") })
		refused(t, db, fault.NotFound, func(ctx context.Context, tr tx.Tx) error { return x.DropFederation(ctx, tr, "org_r") })
	},
}
