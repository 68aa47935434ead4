package login_test

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// grant is a request for tokens that must be refused with an error.
type grant struct {
	name, path string
	form       url.Values
	want       string
}

func (a *authority) refuses(g grant) {
	a.t.Helper()
	status, out := a.call(g.path, g.form)
	if status < 400 || status >= 500 || out.text("error") != g.want || out["access_token"] != nil || out["refresh_token"] != nil || !strings.HasPrefix(out.text("error_description"), "AADSTS") {
		a.t.Errorf("%s: %d %v, want %s", g.name, status, out, g.want)
	}
}

func with(form url.Values, pairs ...string) url.Values {
	out := maps.Clone(form)
	for i := 0; i < len(pairs); i += 2 {
		if out[pairs[i]] = []string{pairs[i+1]}; pairs[i+1] == "" {
			delete(out, pairs[i])
		}
	}
	return out
}

func TestGrantsOfProgramsThatAreRefused(t *testing.T) {
	a := newAuthority(t)
	ctx := t.Context()
	p, secret := a.program("contoso")
	sum := sha256.Sum256([]byte(secret)) // as the ledger holds it
	other, otherSecret := a.program("nordwind")
	dead, deadSecret := a.program("contoso")
	a.must(a.Programs.Enable(ctx, dead.ID, false))
	_, short, err := a.Programs.AddSecret(ctx, p.ID, time.Minute)
	a.must(err)
	a.advance(2 * time.Minute)
	removed, removedSecret, err := a.Programs.AddSecret(ctx, p.ID, time.Hour)
	a.must(err)
	a.must(a.Programs.RemoveCredential(ctx, p.ID, removed.ID))

	key, file, x := certificate(t, a.now().Add(-time.Hour), a.now().Add(time.Hour))
	c, err := a.Programs.AddCertificate(ctx, p.ID, file)
	a.must(err)
	oldKey, oldFile, _ := certificate(t, a.now().Add(-time.Hour), a.now().Add(time.Hour+time.Minute))
	old, err := a.Programs.AddCertificate(ctx, p.ID, oldFile)
	a.must(err)
	a.must(a.Programs.RemoveCredential(ctx, p.ID, old.ID))
	stranger, _, _ := certificate(t, a.now(), a.now().Add(time.Hour))

	path := "/" + a.tenantOf("contoso") + "/oauth2/v2.0/token"
	n := 0
	claims := func(changes map[string]any) map[string]any {
		n++
		out := map[string]any{"iss": p.AppID(), "sub": p.AppID(), "aud": a.Base + path, "jti": time.Duration(n).String(), "exp": a.now().Add(5 * time.Minute).Unix(), "nbf": a.now().Unix()}
		for k, v := range changes {
			if out[k] = v; v == nil {
				delete(out, k)
			}
		}
		return out
	}
	assertion := func(alg jose.SignatureAlgorithm, key any, name string, changes map[string]any) string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("x5t#S256", name))
		a.must(err)
		out, err := jwt.Signed(s).Claims(claims(changes)).Serialize()
		a.must(err)
		return out
	}
	right := func(changes map[string]any) string { return assertion(jose.PS256, key, c.ID, changes) }
	base := url.Values{"client_id": {p.AppID()}, "grant_type": {"client_credentials"}, "scope": {arm + "/.default"}}
	bySecret := with(base, "client_secret", secret)
	by := func(assertion string) url.Values {
		return with(base, "client_assertion", assertion, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	}
	a.granted(path, bySecret)
	used := right(nil)
	a.granted(path, by(used))
	a.granted(path, by(assertion(jose.RS256, key, c.ID, map[string]any{"aud": a.Base + "/" + a.tenantOf("contoso") + "/v2.0"})))
	none := part(right(nil), 0, swap(`"PS256"`, `"none"`))

	tries := []grant{
		{"a wrong secret", path, with(bySecret, "client_secret", "wrong"), "invalid_client"},
		{"no secret", path, base, "invalid_client"},
		{"an expired secret", path, with(bySecret, "client_secret", short), "invalid_client"},
		{"a removed secret", path, with(bySecret, "client_secret", removedSecret), "invalid_client"},
		{"another's secret", path, with(bySecret, "client_secret", otherSecret), "invalid_client"},
		{"the digest of a secret", path, with(bySecret, "client_secret", hex.EncodeToString(sum[:])), "invalid_client"},
		{"a disabled program", path, with(bySecret, "client_id", dead.AppID(), "client_secret", deadSecret), "unauthorized_client"},
		{"an unknown program", path, with(bySecret, "client_id", "00000000-0000-0000-0000-000000000001"), "unauthorized_client"},
		{"no program", path, with(bySecret, "client_id", ""), "invalid_request"},
		{"a name that is no id", path, with(bySecret, "client_id", "' OR 1=1"), "unauthorized_client"},
		{"another's tenant", "/" + a.tenantOf("nordwind") + "/oauth2/v2.0/token", bySecret, "invalid_grant"},
		{"a customer's tenant", "/" + customerTenant + "/oauth2/v2.0/token", bySecret, "invalid_grant"},
		{"another in this tenant", path, with(bySecret, "client_id", other.AppID(), "client_secret", otherSecret), "invalid_grant"},
		{"an unknown tenant", "/00000000-0000-0000-0000-000000000001/oauth2/v2.0/token", bySecret, "invalid_request"},
		{"an unknown resource", path, with(bySecret, "scope", "https://evil.example/.default"), "invalid_resource"},
		{"two resources", path, with(bySecret, "scope", arm+"/.default "+partnerCenter+"/.default"), "invalid_request"},
		{"a single permission", path, with(bySecret, "scope", arm+"/user_impersonation"), "invalid_scope"},
		{"an unknown resource of the first generation", "/common/oauth2/token", with(bySecret, "scope", "", "resource", "https://evil.example"), "invalid_resource"},
		{"no grant", path, with(bySecret, "grant_type", ""), "invalid_request"},
		{"a password", path, with(bySecret, "grant_type", "password", "username", "u", "password", "p"), "unsupported_grant_type"},
		{"a token for a token", path, with(bySecret, "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), "unsupported_grant_type"},
		{"a public client for itself", path, with(base, "client_id", azureCLI), "unauthorized_client"},
		{"a public client with a secret", path, with(bySecret, "client_id", azureCLI), "invalid_client"},
		{"a secret and an assertion", path, with(by(right(nil)), "client_secret", secret), "invalid_request"},
		{"an assertion of another type", path, with(by(right(nil)), "client_assertion_type", "saml"), "invalid_request"},
		{"an assertion twice", path, by(used), "invalid_client"},
		{"an assertion without alg", path, by(none), "invalid_client"},
		{"an assertion keyed by the certificate", path, by(assertion(jose.HS256, x.Raw, c.ID, nil)), "invalid_client"},
		{"an assertion of a stranger", path, by(assertion(jose.PS256, stranger, c.ID, nil)), "invalid_client"},
		{"an assertion of a removed certificate", path, by(assertion(jose.PS256, oldKey, old.ID, nil)), "invalid_client"},
		{"an assertion that names no certificate", path, by(assertion(jose.PS256, key, "", nil)), "invalid_client"},
		{"an assertion for elsewhere", path, by(right(map[string]any{"aud": "https://login.microsoftonline.com" + path})), "invalid_client"},
		{"an assertion for another tenant", path, by(right(map[string]any{"aud": a.Base + "/" + customerTenant + "/oauth2/v2.0/token"})), "invalid_client"},
		{"an assertion for nobody", path, by(right(map[string]any{"aud": nil})), "invalid_client"},
		{"an expired assertion", path, by(right(map[string]any{"exp": a.now().Add(-time.Second).Unix()})), "invalid_client"},
		{"an assertion without an end", path, by(right(map[string]any{"exp": nil})), "invalid_client"},
		{"an assertion for a day", path, by(right(map[string]any{"exp": a.now().Add(24 * time.Hour).Unix()})), "invalid_client"},
		{"an assertion not valid yet", path, by(right(map[string]any{"nbf": a.now().Add(3 * time.Minute).Unix()})), "invalid_client"},
		{"an assertion without a name of its own", path, by(right(map[string]any{"jti": nil})), "invalid_client"},
		{"an assertion about another", path, by(right(map[string]any{"sub": other.AppID()})), "invalid_client"},
		{"an assertion by another", path, by(right(map[string]any{"iss": other.AppID()})), "invalid_client"},
		{"no assertion", path, by("x.y.z"), "invalid_client"},
	}
	for _, g := range tries {
		a.advance(2 * time.Second) // so that the address may fail again
		a.refuses(g)
	}
	a.advance(time.Hour)
	a.refuses(grant{"an expired certificate", path, by(right(nil)), "invalid_client"})
	t.Logf("%d grants of programs refused", len(tries)+1)
}

func TestGrantsOfPeopleThatAreRefused(t *testing.T) {
	a := newAuthority(t)
	ctx := t.Context()
	p, secret := a.person("contoso", "maria@contoso.example")
	path := "/" + a.tenantOf("contoso") + "/oauth2/v2.0/token"
	powershell := "1950a258-227b-4e31-a9cf-717495945fc2"
	b := a.browser().signIn("maria@contoso.example", secret)
	scope := "openid offline_access " + arm + "/.default"
	code := func() url.Values { return exchange(b.get(authorization("common", azureCLI, loopback, scope)).code()) }
	refresh := func() url.Values {
		return url.Values{"client_id": {azureCLI}, "grant_type": {"refresh_token"}, "refresh_token": {a.granted(path, code()).text("refresh_token")}}
	}
	n := 0
	refuse := func(name, path string, form url.Values, want string) {
		t.Helper()
		a.advance(2 * time.Second)
		a.refuses(grant{name, path, form, want})
		n++
	}

	// Codes: one that was redeemed wrongly cannot be used any more.
	for _, c := range []struct{ name, field, value string }{
		{"another return address", "redirect_uri", loopback + "/x"}, {"no return address", "redirect_uri", ""},
		{"another verifier", "code_verifier", strings.Repeat("w", 43)}, {"no verifier", "code_verifier", ""}, {"the challenge as verifier", "code_verifier", func() string { _, c := pkce(); return c }()},
	} {
		form := code()
		refuse(c.name, path, with(form, c.field, c.value), "invalid_grant")
		refuse(c.name+", then right", path, form, "invalid_grant")
	}
	refuse("another client's code", path, with(code(), "client_id", powershell), "invalid_grant")
	refuse("a code for another tenant", "/"+customerTenant+"/oauth2/v2.0/token", code(), "invalid_grant")
	refuse("a code for another resource", path, with(code(), "scope", "https://evil.example/.default"), "invalid_resource")
	refuse("no code", path, with(code(), "code", ""), "invalid_request")
	refuse("an invented code", path, with(code(), "code", "x"), "invalid_grant")
	late := code()
	a.advance(5 * time.Minute)
	refuse("an old code", path, late, "invalid_grant")
	form := code()
	out := a.granted(path, form)
	refuse("a code twice", path, form, "invalid_grant")
	if _, err := a.who(out.text("access_token")); fault.CodeOf(err) != "session_ended" {
		t.Errorf("a code was copied, and what it gave is still taken: %v", err)
	}

	// Refresh tokens: one that is used twice ends the session that it came from.
	form = refresh()
	out = a.granted(path, form)
	refuse("a refresh token twice", path, form, "invalid_grant")
	if _, err := a.who(out.text("access_token")); fault.CodeOf(err) != "session_ended" {
		t.Errorf("a refresh token was copied, and the other's access token is still taken: %v", err)
	}
	refuse("the one after it", path, with(form, "refresh_token", out.text("refresh_token")), "invalid_grant")
	form = refresh()
	refuse("another client's refresh token", path, with(form, "client_id", powershell), "invalid_grant")
	refuse("a refresh token for another tenant", "/"+customerTenant+"/oauth2/v2.0/token", form, "invalid_grant")
	refuse("a refresh token for an unknown resource", path, with(form, "scope", "https://evil.example/.default"), "invalid_resource")
	refuse("an access token as refresh token", path, with(form, "refresh_token", out.text("access_token")), "invalid_grant")
	refuse("a refresh token as code", path, with(exchange(form.Get("refresh_token"))), "invalid_grant")
	a.granted(path, form) // none of these attempts used the code up
	form = refresh()
	a.must(a.Sessions.SignOutEverywhere(ctx, p.ID))
	refuse("a refresh token after signing out", path, form, "invalid_grant")
	b.signIn("maria@contoso.example", secret)
	form = refresh()
	a.advance(14*24*time.Hour + time.Second)
	refuse("a refresh token not used for two weeks", path, form, "invalid_grant")

	// Devices.
	b.signIn("maria@contoso.example", secret)
	device := func() (url.Values, string) {
		status, out := a.call("/common/oauth2/v2.0/devicecode", url.Values{"client_id": {azureCLI}, "scope": {scope}})
		if status != 200 {
			t.Fatalf("%d %v", status, out)
		}
		return url.Values{"client_id": {azureCLI}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {out.text("device_code")}}, out.text("user_code")
	}
	answer := func(typed, answer string) {
		b.get("/login/device").submit("/login/device", "code", typed).want(200, "Azure CLI").submit("/login/device/answer", "answer", answer).want(200, "Done")
	}
	form, typed := device()
	refuse("nobody answered", path, form, "authorization_pending")
	a.refuses(grant{"asked too soon", path, form, "slow_down"})
	a.advance(5 * time.Second)
	refuse("another client's device", path, with(form, "client_id", powershell), "expired_token")
	refuse("what people type", path, with(form, "device_code", strings.ReplaceAll(typed, "-", "")), "expired_token")
	answer(typed, "allow")
	a.granted(path, form)
	refuse("a device code twice", path, form, "expired_token")
	form, typed = device()
	answer(typed, "deny")
	refuse("the person refused", path, form, "access_denied")
	form, typed = device()
	a.advance(15 * time.Minute)
	refuse("an old device code", path, form, "expired_token")
	b.get("/login/device").submit("/login/device", "code", typed).want(404, "not known, was used, or has expired")
	form, typed = device()
	answer(typed, "allow")
	refuse("a device of another tenant", "/"+customerTenant+"/oauth2/v2.0/token", form, "invalid_grant")
	t.Logf("%d grants of people refused", n+1)
}

// TestAuthorizationsThatAreRefused: errors of an authorization request are sent to its client only, and not even
// there if the address is not the client's.
func TestAuthorizationsThatAreRefused(t *testing.T) {
	a := newAuthority(t)
	_, secret := a.person("contoso", "maria@contoso.example")
	b := a.browser().signIn("maria@contoso.example", secret)
	right, err := url.Parse(authorization("common", azureCLI, loopback, "openid"))
	a.must(err)
	b.get(right.String()).code()
	n := 0
	for _, c := range []struct{ name, field, value, want string }{
		{"an unknown client", "client_id", "00000000-0000-0000-0000-000000000001", ""}, {"no client", "client_id", "", ""},
		{"another's address", "redirect_uri", "https://evil.example", ""}, {"no address", "redirect_uri", "", ""},
		{"an address like ours", "redirect_uri", "http://localhost.evil.example", ""}, {"somebody at ours", "redirect_uri", "http://localhost@evil.example", ""},
		{"a script", "redirect_uri", "javascript:alert(1)", ""},
		{"a token at once", "response_type", "token", "unsupported_response_type"}, {"an id token at once", "response_type", "id_token", "unsupported_response_type"},
		{"a fragment", "response_mode", "fragment", "invalid_request"}, {"no challenge", "code_challenge", "", "invalid_request"},
		{"a plain challenge", "code_challenge_method", "plain", "invalid_request"}, {"a request in a token", "request", "x.y.z", "request_not_supported"},
		{"an unknown resource", "scope", "https://evil.example/.default", "invalid_resource"},
	} {
		q := with(right.Query(), c.field, c.value)
		b.get(right.Path + "?" + q.Encode())
		n++
		if c.want == "" && (b.status != http.StatusBadRequest || b.to != "") || c.want != "" && (!strings.HasPrefix(b.to, loopback+"?") || !strings.Contains(b.to, "error="+c.want) || strings.Contains(b.to, "code=")) {
			t.Errorf("%s: %d %q", c.name, b.status, b.to)
		}
	}
	b.get(strings.Replace(right.String(), "/common/", "/"+customerTenant+"/", 1))
	if n++; !strings.Contains(b.to, "error=invalid_grant") {
		t.Errorf("another's tenant: %d %q", b.status, b.to)
	}
	t.Logf("%d authorizations refused", n)
}
