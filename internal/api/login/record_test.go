package login_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// attempts are the records of attempts to sign in as somebody, as "type method", each of which must name their realm.
func (a *authority) attempts(who id.Principal, realm string) (out []string) {
	a.t.Helper()
	var list []event.Event
	a.must(a.db.View(a.t.Context(), func(ctx context.Context, r tx.Read) (err error) {
		list, err = operations.Events{DB: a.db}.Events(ctx, r, scope.All(), event.Filter{About: string(who)})
		return err
	}))
	for _, e := range list {
		switch e.Type {
		case event.SignedIn, event.SignInRefused, event.PersonLocked:
			var data struct{ Realm, Method string }
			a.must(json.Unmarshal(e.Data, &data))
			if data.Realm != string(org.OrganisationID(realm)) || e.Actor != string(who) || e.Subject != string(who) {
				a.t.Errorf("%s of %s about %s: %s", e.Type, e.Actor, e.Subject, e.Data)
			}
			out = append(out, strings.TrimPrefix(string(e.Type), "identity.")+" "+data.Method)
		}
	}
	return out
}

func (a *authority) attempted(who id.Principal, realm string, want ...string) {
	a.t.Helper()
	if got := a.attempts(who, realm); strings.Join(got, ", ") != strings.Join(want, ", ") {
		a.t.Errorf("recorded %q, want %q", got, want)
	}
}

func (a *authority) unrecorded(unknown, known uint64) {
	a.t.Helper()
	if u, k := a.Sessions.Unrecorded(); u != unknown || k != known {
		a.t.Errorf("without a record: %d as nobody known, %d as somebody known; want %d and %d", u, k, unknown, known)
	}
}

func times(n int, what string) []string {
	return strings.Split(strings.Repeat(what+",", n-1)+what, ",")
}

// TestSignInsOfPeopleAreRecorded signs in correctly and wrongly, and many times: each sign-in is recorded, failures
// are until they lock the person out, and no typed text is.
func TestSignInsOfPeopleAreRecorded(t *testing.T) {
	a := newAuthority(t)
	n := 0
	a.Address = func(*http.Request) string { n++; return time.Duration(n).String() } // from everywhere
	maria, app := a.person("contoso", "maria@contoso.example")
	a.browser().signIn("maria@contoso.example", app)
	want := []string{"signed_in pwd otp mfa"}
	a.attempted(maria.ID, "contoso", want...)

	out := a.tokens("maria@contoso.example", app, a.tenantOf("contoso"))
	want = append(want, "signed_in pwd otp mfa", "signed_in pwd otp mfa") // the browser, and the client
	a.attempted(maria.ID, "contoso", want...)
	a.granted("/common/oauth2/v2.0/token", url.Values{"client_id": {azureCLI}, "grant_type": {"refresh_token"}, "refresh_token": {out.text("refresh_token")}})
	a.attempted(maria.ID, "contoso", want...) // no sign-in

	b := a.browser().get("/login").submit("/login", "mail", "maria@contoso.example").submit("/login/password", "password", password).follow()
	b.submit("/login/second", "code", "000000").want(http.StatusForbidden, "not right")
	guess := a.browser().get("/login").submit("/login", "mail", "maria@contoso.example")
	for range 40 {
		guess.submit("/login/password", "password", "guessed, canary").want(http.StatusForbidden, "not right")
	}
	want = append(append(append(want, "sign_in_refused otp"), times(4, "sign_in_refused pwd")...), "locked pwd")
	a.attempted(maria.ID, "contoso", want...)
	a.unrecorded(0, 36)
	a.advance(time.Minute + time.Second)
	guess.submit("/login/password", "password", "guessed, canary").want(http.StatusForbidden, "not right")
	want = append(want, "sign_in_refused pwd", "locked pwd")
	a.attempted(maria.ID, "contoso", want...)

	// A person who may not sign in cannot be locked out.
	a.must(a.People.Enable(t.Context(), maria.ID, false))
	for range 12 {
		guess.submit("/login/password", "password", "guessed, canary").want(http.StatusForbidden, "not right")
	}
	a.attempted(maria.ID, "contoso", append(want, times(5, "sign_in_refused pwd")...)...)
	a.unrecorded(0, 43)

	before := a.events()
	nobody := a.browser().get("/login").submit("/login", "mail", "nobody.canary@contoso.example")
	for range 10 {
		nobody.submit("/login/password", "password", "guessed, canary").want(http.StatusForbidden, "not right")
	}
	a.unrecorded(10, 43)
	if after := a.events(); after != before || strings.Contains(after, "canary") || strings.Contains(after, "maria") || strings.Contains(after, "Somebody") {
		t.Errorf("the log tells who was tried: %s", after)
	}
}

// TestSignInsOfProgramsAreRecorded: every token issued to a program itself is recorded, and some of the refused attempts.
func TestSignInsOfProgramsAreRecorded(t *testing.T) {
	a := newAuthority(t)
	n := 0
	a.Address = func(*http.Request) string { n++; return time.Duration(n).String() }
	p, secret := a.program("nordwind")
	form := url.Values{"client_id": {p.AppID()}, "client_secret": {secret}, "grant_type": {"client_credentials"}, "scope": {arm + "/.default"}}
	const path = "/common/oauth2/v2.0/token"
	a.granted(path, form)
	a.granted(path, form)
	want := times(2, "signed_in secret")
	a.attempted(p.ID, "nordwind", want...)
	wrong := grant{"a wrong secret", path, with(form, "client_secret", "guessed, canary"), "invalid_client"}
	for range 9 {
		a.refuses(wrong)
	}
	a.refuses(grant{"a wrong assertion", path, with(form, "client_secret", "", "client_assertion", "x.y.z",
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), "invalid_client"})
	want = append(want, times(5, "sign_in_refused secret")...)
	a.attempted(p.ID, "nordwind", want...)
	a.unrecorded(0, 5)
	a.advance(time.Hour)
	a.granted(path, form)
	a.must(a.Programs.Enable(t.Context(), p.ID, false))
	a.refuses(grant{"a disabled program", path, form, "unauthorized_client"})
	a.attempted(p.ID, "nordwind", append(want, "signed_in secret", "sign_in_refused secret")...)
	a.refuses(grant{"an unknown program", path, with(form, "client_id", "00000000-0000-0000-0000-000000000001"), "unauthorized_client"})
	a.refuses(grant{"no id", path, with(form, "client_id", "canary"), "unauthorized_client"})
	a.unrecorded(2, 5)
	if log := a.events(); strings.Contains(log, "canary") || strings.Contains(log, secret) {
		t.Errorf("the log tells what was shown: %s", log)
	}
}
