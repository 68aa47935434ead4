package login_test

import (
	"net/url"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

// TestEndedSessionsIssueNothing: codes that a browser's session issued can no longer be redeemed once the session has
// ended. Otherwise a thief could redeem one for a session of months after the person has signed out everywhere.
func TestEndedSessionsIssueNothing(t *testing.T) {
	a := newAuthority(t)
	p, secret := a.person("nordwind", "ines@nordwind.example")
	ctx := t.Context()
	for name, end := range map[string]func(sessions.Session){
		"signed out everywhere": func(sessions.Session) { a.must(a.Sessions.SignOutEverywhere(ctx, p.ID)) },
		"signed out there":      func(s sessions.Session) { a.must(a.People.EndSession(ctx, p.ID, s.ID)) },
		"the password changed": func(sessions.Session) {
			a.must(a.People.SetPassword(ctx, sessions.Session{Person: p.ID}, password, password))
		},
	} {
		b := a.browser().signIn("ines@nordwind.example", secret)
		list, err := a.Sessions.List(ctx, p.ID)
		a.must(err)
		code := b.get(authorization("common", azureCLI, loopback, "openid offline_access "+arm+"/.default")).code()
		_, device := a.call("/common/oauth2/v2.0/devicecode", url.Values{"client_id": {azureCLI}, "scope": {arm + "/.default offline_access"}})
		b.get("/login/device").submit("/login/device", "code", device.text("user_code")).want(200, "Is this you?").submit("/login/device/answer", "answer", "allow").want(200, "signed in")
		end(list[len(list)-1])
		a.refuses(grant{name + ": a code", "/common/oauth2/v2.0/token", exchange(code), "invalid_grant"})
		a.refuses(grant{name + ": a device", "/common/oauth2/v2.0/token", url.Values{
			"client_id": {azureCLI}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {device.text("device_code")},
		}, "expired_token"})
		if list, err = a.Sessions.List(ctx, p.ID); err != nil || len(list) != 0 {
			t.Errorf("%s: still signed in: %+v, %v", name, list, err)
		}
	}
}

// TestTokensOfDisabledPrograms: the tokens of a disabled program are refused immediately.
func TestTokensOfDisabledPrograms(t *testing.T) {
	a := newAuthority(t)
	const back = "https://app.example/back"
	_, secret := a.person("contoso", "maria@contoso.example")
	p, clientSecret := a.program("contoso", back)
	b := a.browser().signIn("maria@contoso.example", secret)
	b.get(authorization("common", p.AppID(), back, "openid offline_access "+arm+"/user_impersonation")).submit("/login/consent", "answer", "allow").follow()
	verifier, _ := pkce()
	out := a.granted("/common/oauth2/v2.0/token", url.Values{
		"client_id": {p.AppID()}, "client_secret": {clientSecret}, "grant_type": {"authorization_code"}, "code": {b.code()}, "redirect_uri": {back}, "code_verifier": {verifier},
	})
	if _, err := a.who(out.text("access_token")); err != nil {
		t.Fatal(err)
	}
	a.must(a.Programs.Enable(t.Context(), p.ID, false))
	if who, err := a.who(out.text("access_token")); fault.CodeOf(err) != "session_ended" {
		t.Errorf("a disabled program still acts for %s: %v", who.ID, err)
	}
	a.must(a.Programs.Enable(t.Context(), p.ID, true))
	if _, err := a.who(out.text("access_token")); err != nil {
		t.Errorf("enabled again: %v", err)
	}
}

// TestConsentCoversOnlyWhatWasShown: a person who consented to one resource is asked again before a program gets tokens for
// another one or for offline access, and again after revoking the consent.
func TestConsentCoversOnlyWhatWasShown(t *testing.T) {
	a := newAuthority(t)
	const back = "https://app.example/back"
	_, secret := a.person("contoso", "maria@contoso.example")
	p, clientSecret := a.program("contoso", back)
	b := a.browser().signIn("maria@contoso.example", secret)
	ask := func(scope string) *browser { return b.get(authorization("common", p.AppID(), back, scope)) }
	ask("openid "+arm+"/.default").want(200, "act for you?").submit("/login/consent", "answer", "allow").follow().code()
	ask("openid " + arm + "/.default").code()
	ask("openid offline_access "+arm+"/.default").want(200, "act for you?")
	ask("openid "+partnerCenter+"/.default").want(200, "act for you?").submit("/login/consent", "answer", "allow").follow()
	verifier, _ := pkce()
	form := url.Values{"client_id": {p.AppID()}, "client_secret": {clientSecret}, "grant_type": {"authorization_code"}, "code": {b.code()}, "redirect_uri": {back}, "code_verifier": {verifier}}
	a.refuses(grant{"a code for somewhere else", "/common/oauth2/v2.0/token", with(form, "scope", "https://purveyor.example/.default"), "consent_required"})
	out := a.granted("/common/oauth2/v2.0/token", form)
	who, err := a.Verify(t.Context(), out.text("access_token"), partnerCenter)
	a.must(err)
	b.get("/login/account").submit("/login/account/sessions/end", "session", string(who.Session)).follow().want(200, "Your account")
	ask("openid "+arm+"/.default").want(200, "act for you?")
}
