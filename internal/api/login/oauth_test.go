package login_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// open reads a token's claims without verifying them.
func open(t testing.TB, token string) map[string]any {
	t.Helper()
	x, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := x.UnsafeClaimsWithoutVerification(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDiscovery(t *testing.T) {
	a := newAuthority(t)
	get := func(path string) (int, document) {
		res, err := a.web.Client().Get(a.web.URL + path)
		a.must(err)
		defer res.Body.Close()
		out := document{}
		a.must(json.NewDecoder(res.Body).Decode(&out))
		return res.StatusCode, out
	}
	partner := a.tenantOf("contoso")
	for path, want := range map[string][2]string{
		"/" + partner + "/v2.0/.well-known/openid-configuration":                         {"/" + partner + "/v2.0", "/" + partner + "/oauth2/v2.0/token"},
		"/" + customerTenant + "/v2.0/.well-known/openid-configuration":                  {"/" + customerTenant + "/v2.0", "/" + customerTenant + "/oauth2/v2.0/token"},
		"/" + strings.ToUpper(customerTenant) + "/v2.0/.well-known/openid-configuration": {"/" + customerTenant + "/v2.0", "/" + customerTenant + "/oauth2/v2.0/token"},
		"/common/v2.0/.well-known/openid-configuration":                                  {"/{tenantid}/v2.0", "/common/oauth2/v2.0/token"},
		"/adfs/.well-known/openid-configuration":                                         {"/{tenantid}/v2.0", "/adfs/oauth2/v2.0/token"},
		"/" + partner + "/.well-known/openid-configuration":                              {"/" + partner + "/v2.0", "/" + partner + "/oauth2/token"},
	} {
		status, c := get(path)
		if status != 200 || c.text("issuer") != a.web.URL+want[0] || c.text("token_endpoint") != a.web.URL+want[1] {
			t.Errorf("%s: %d issuer %s, token %s", path, status, c.text("issuer"), c.text("token_endpoint"))
		}
		if status, keys := get(strings.TrimPrefix(c.text("jwks_uri"), a.web.URL)); status != 200 || len(keys["keys"].([]any)) != 1 {
			t.Errorf("%s: keys %d %v", path, status, keys)
		}
	}
	if status, c := get("/00000000-0000-0000-0000-000000000000/v2.0/.well-known/openid-configuration"); status != 400 || c.text("error") != "invalid_tenant" {
		t.Errorf("an unknown tenant: %d %v", status, c)
	}
	status, c := get("/common/discovery/instance?api-version=1.1&authorization_endpoint=" + url.QueryEscape(a.web.URL+"/"+partner+"/oauth2/v2.0/authorize"))
	if status != 200 || c.text("tenant_discovery_endpoint") != a.web.URL+"/"+partner+"/v2.0/.well-known/openid-configuration" || len(c["metadata"].([]any)) != 1 {
		t.Errorf("instance: %d %v", status, c)
	}
}

func TestClientCredentials(t *testing.T) {
	a := newAuthority(t)
	p, secret := a.program("contoso")
	form := url.Values{"client_id": {p.AppID()}, "client_secret": {secret}, "grant_type": {"client_credentials"}, "client_info": {"1"}}
	v2, v1 := url.Values{"scope": {arm + "//.default"}}, url.Values{"resource": {arm + "/"}}
	for _, c := range []struct {
		path string
		more url.Values
	}{
		{"/" + a.tenantOf("contoso") + "/oauth2/v2.0/token", v2}, {"/adfs/oauth2/v2.0/token", v2}, {"/common/oauth2/v2.0/token", v2},
		{"/" + a.tenantOf("contoso") + "/oauth2/token", v1},
	} {
		for k, v := range c.more {
			form[k] = v
		}
		out := a.granted(c.path, form)
		for k := range c.more {
			form.Del(k)
		}
		who, err := a.who(out.text("access_token"))
		if err != nil || who.ID != p.ID || who.Realm != org.OrganisationID("contoso") || !who.Program || who.MFA {
			t.Errorf("%s: %+v, %v", c.path, who, err)
		}
		said := open(t, out.text("access_token"))
		if said["tid"] != a.tenantOf("contoso") || said["appid"] != p.AppID() || said["oid"] != p.AppID() || said["idtyp"] != "app" || said["aud"] != arm+"/" || said["appidacr"] != "1" {
			t.Errorf("%s: claims %v", c.path, said)
		}
		if _, text := out["expires_in"].(string); text != strings.HasSuffix(c.path, "/oauth2/token") || out.text("token_type") != "Bearer" || out["ext_expires_in"] == nil {
			t.Errorf("%s: %v", c.path, out)
		}
		if c.more.Has("resource") && (out.text("resource") != arm+"/" || out.text("expires_on") == "") {
			t.Errorf("first generation: %v", out)
		}
	}
	// In the header, as the first OAuth clients do.
	r, err := http.NewRequest(http.MethodPost, a.web.URL+"/common/oauth2/v2.0/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "scope": {arm + "/.default"}}.Encode()))
	a.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(p.AppID(), url.QueryEscape(secret))
	res, err := a.web.Client().Do(r)
	a.must(err)
	if res.Body.Close(); res.StatusCode != 200 {
		t.Errorf("in the header: %d", res.StatusCode)
	}
}

// certificate is one with its key, in PEM.
func certificate(t testing.TB, from, to time.Time) (any, []byte, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "robot"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	x, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), x
}

// The provider's own Go client logs in, by secret and by certificate, over TLS, unchanged but for the address.
func TestAzureIdentityLogsIn(t *testing.T) {
	a := newAuthority(t)
	p, secret := a.program("contoso")
	key, file, x := certificate(t, a.now().Add(-time.Hour), a.now().Add(time.Hour))
	_, err := a.Programs.AddCertificate(t.Context(), p.ID, file)
	a.must(err)
	opts := azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: a.web.URL + "/", Services: map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {Endpoint: arm, Audience: arm}}},
		Transport: a.web.Client(),
	}
	tenant := a.tenantOf("contoso")
	bySecret, err := azidentity.NewClientSecretCredential(tenant, p.AppID(), secret, &azidentity.ClientSecretCredentialOptions{ClientOptions: opts, DisableInstanceDiscovery: true})
	a.must(err)
	byCertificate, err := azidentity.NewClientCertificateCredential(tenant, p.AppID(), []*x509.Certificate{x}, key, &azidentity.ClientCertificateCredentialOptions{ClientOptions: opts, DisableInstanceDiscovery: true})
	a.must(err)
	for name, c := range map[string]azcore.TokenCredential{"1": bySecret, "2": byCertificate} {
		token, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{arm + "/.default"}})
		if err != nil {
			t.Errorf("proof %s: %v", name, err)
			continue
		}
		who, err := a.who(token.Token)
		if err != nil || who.ID != p.ID || open(t, token.Token)["appidacr"] != name || time.Until(token.ExpiresOn) < 50*time.Minute {
			t.Errorf("proof %s: %+v until %v, %v", name, who, token.ExpiresOn, err)
		}
	}
	wrong, err := azidentity.NewClientSecretCredential(tenant, p.AppID(), "wrong", &azidentity.ClientSecretCredentialOptions{ClientOptions: opts, DisableInstanceDiscovery: true})
	a.must(err)
	if _, err := wrong.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{arm + "/.default"}}); err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("a wrong secret: %v", err)
	}
	// And with a device code, in a person's name.
	_, app := a.person("contoso", "maria@contoso.example")
	device, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		ClientOptions: opts, DisableInstanceDiscovery: true, TenantID: tenant, ClientID: azureCLI,
		UserPrompt: func(_ context.Context, m azidentity.DeviceCodeMessage) error {
			b := a.browser().signIn("maria@contoso.example", app)
			b.get(m.VerificationURL).want(200, "Sign a device in").submit("/login/device", "code", strings.ToLower(m.UserCode)).want(200, "Azure CLI")
			b.submit("/login/device/answer", "answer", "allow").want(200, "The device is signed in")
			return nil
		},
	})
	a.must(err)
	token, err := device.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{arm + "/.default"}})
	a.must(err)
	if who, err := a.who(token.Token); err != nil || !who.MFA || who.Program || who.Session == "" {
		t.Errorf("device code: %+v, %v", who, err)
	}
}

func TestCodeOfPublicClient(t *testing.T) {
	a := newAuthority(t)
	p, secret := a.person("nordwind", "ines@nordwind.example")
	tenant := a.tenantOf("nordwind")
	b := a.browser().get(authorization(tenant, azureCLI, loopback, "openid profile email offline_access "+arm+"/.default") + "&login_hint=ines%40nordwind.example")
	b.follow().want(200, "ines@nordwind.example")
	if !strings.Contains(b.header.Get("Content-Security-Policy"), "form-action 'self' http://localhost:8400") {
		t.Error("the form may not lead back to the client")
	}
	b.signIn("ines@nordwind.example", secret).follow()
	out := a.granted("/"+tenant+"/oauth2/v2.0/token", exchange(b.code()))
	who, err := a.who(out.text("access_token"))
	if err != nil || who.ID != p.ID || !who.MFA || who.Realm != p.Realm || who.In != p.Realm {
		t.Errorf("%+v, %v", who, err)
	}
	said := open(t, out.text("access_token"))
	if said["amr"] == nil || !slices.Contains(said["amr"].([]any), any("mfa")) || said["idtyp"] != "user" || said["scp"] != "user_impersonation" || said["name"] != nil || said["preferred_username"] != nil {
		t.Errorf("access token: %v", said)
	}
	ident := open(t, out.text("id_token"))
	if ident["aud"] != azureCLI || ident["nonce"] != "no" || ident["preferred_username"] != "ines@nordwind.example" || ident["email"] != "ines@nordwind.example" || ident["name"] != "Somebody Else" {
		t.Errorf("id token: %v", ident)
	}
	if out.text("client_info") == "" || out.text("refresh_token") == "" {
		t.Errorf("got %v", out)
	}
	// Refreshing, also for another resource; each token once.
	next := a.granted("/common/oauth2/v2.0/token", url.Values{"client_id": {azureCLI}, "grant_type": {"refresh_token"}, "refresh_token": {out.text("refresh_token")}, "scope": {partnerCenter + "/user_impersonation openid"}})
	if open(t, next.text("access_token"))["aud"] != partnerCenter || next.text("refresh_token") == out.text("refresh_token") {
		t.Errorf("refreshed: %v", next)
	}
	r, err := http.NewRequest(http.MethodGet, a.web.URL+"/common/openid/userinfo", nil)
	a.must(err)
	r.Header.Set("Authorization", "Bearer "+next.text("access_token"))
	res, err := a.web.Client().Do(r)
	a.must(err)
	defer res.Body.Close()
	info := map[string]string{}
	if a.must(json.NewDecoder(res.Body).Decode(&info)); info["email"] != "ines@nordwind.example" || info["sub"] != ident["sub"] {
		t.Errorf("userinfo: %v", info)
	}
	// The page lists it, and signs it out.
	b.get("/login/account").want(200, "Azure CLI")
	a.must(a.People.EndSession(t.Context(), p.ID, who.Session))
	if _, err := a.who(out.text("access_token")); fault.CodeOf(err) != "session_ended" {
		t.Errorf("signed out, and still taken: %v", err)
	}
}

func TestConsent(t *testing.T) {
	a := newAuthority(t)
	const back = "https://app.example/back"
	_, secret := a.person("contoso", "maria@contoso.example")
	p, clientSecret := a.program("contoso", back)
	address := authorization("common", p.AppID(), back, "openid offline_access "+arm+"/user_impersonation")
	b := a.browser().signIn("maria@contoso.example", secret)
	b.get(address).want(200, "May Billing robot act for you?").want(200, "https://app.example")
	if !strings.Contains(b.header.Get("Content-Security-Policy"), "form-action 'self' https://app.example") {
		t.Error("the form may not lead back to the client")
	}
	b.submit("/login/consent", "answer", "deny")
	if b.status != http.StatusSeeOther || !strings.Contains(b.to, "error=access_denied") || !strings.HasPrefix(b.to, back) {
		t.Fatalf("declined: %d %s", b.status, b.to)
	}
	b.get(address).submit("/login/consent", "answer", "allow").follow()
	verifier, _ := pkce()
	form := url.Values{"client_id": {p.AppID()}, "client_secret": {clientSecret}, "grant_type": {"authorization_code"}, "code": {b.code()}, "redirect_uri": {back}, "code_verifier": {verifier}}
	out := a.granted("/common/oauth2/v2.0/token", form)
	if who, err := a.who(out.text("access_token")); err != nil || who.Program || !who.MFA {
		t.Errorf("%+v, %v", who, err)
	}
	b.get(address).code() // once agreed, nobody is asked again
	// A program of another organisation is none of theirs.
	other, _ := a.program("nordwind", back)
	if b.get(authorization("common", other.AppID(), back, "openid")); !strings.Contains(b.to, "unauthorized_client") {
		t.Errorf("another's program: %d %s", b.status, b.to)
	}
}

func TestPrompts(t *testing.T) {
	a := newAuthority(t)
	_, secret := a.person("contoso", "maria@contoso.example")
	address := authorization("common", azureCLI, loopback, "openid")
	if b := a.browser().get(address + "&prompt=none"); !strings.Contains(b.to, "error=login_required") {
		t.Errorf("nobody may be asked: %s", b.to)
	}
	b := a.browser().signIn("maria@contoso.example", secret)
	b.get(address + "&prompt=none").code()
	b.get(address+"&prompt=login").follow().want(200, "sign in once more")
	b.signIn("maria@contoso.example", secret).follow().code()
	a.advance(2 * time.Minute)
	b.get(address + "&max_age=3600").code()
	if b.get(address + "&max_age=60"); !strings.HasPrefix(b.to, "/login?") {
		t.Errorf("too long ago: %s", b.to)
	}
}

func TestDelegatedTenant(t *testing.T) {
	a := newAuthority(t)
	p, secret := a.person("contoso", "maria@contoso.example")
	customer := org.OrganisationID("c0001")
	a.mayEnter = func(who id.Principal, into id.Organisation) bool { return who == p.ID && into == customer }
	out := a.tokens("maria@contoso.example", secret, customerTenant)
	who, err := a.who(out.text("access_token"))
	if err != nil || who.In != customer || who.Realm != p.Realm || open(t, out.text("access_token"))["tid"] != customerTenant {
		t.Errorf("%+v, %v", who, err)
	}
	a.mayEnter = nil // at the end of the relationship, access ends at once
	if _, err := a.who(out.text("access_token")); fault.CodeOf(err) != "wrong_tenant" {
		t.Errorf("still let in: %v", err)
	}
	form := url.Values{"client_id": {azureCLI}, "grant_type": {"refresh_token"}, "refresh_token": {out.text("refresh_token")}}
	if status, out := a.call("/"+customerTenant+"/oauth2/v2.0/token", form); status != 400 || out.text("error") != "invalid_grant" {
		t.Errorf("refreshed: %d %v", status, out)
	}
	a.granted("/"+a.tenantOf("contoso")+"/oauth2/v2.0/token", form) // a request for too much ended no session
}

func TestSignOut(t *testing.T) {
	a := newAuthority(t)
	_, secret := a.person("contoso", "maria@contoso.example")
	b := a.browser().signIn("maria@contoso.example", secret)
	out := a.granted("/common/oauth2/v2.0/token", exchange(b.get(authorization("common", azureCLI, loopback, "openid "+arm+"/.default")).code()))
	b.get("/common/oauth2/v2.0/logout").want(200, "Sign out?") // a link alone signs nobody out
	b.get("/login/account").want(200, "Your account")
	b.get("/common/oauth2/v2.0/logout?" + url.Values{"id_token_hint": {out.text("id_token")}, "post_logout_redirect_uri": {loopback + "/bye"}, "state": {"s"}}.Encode())
	if b.status != http.StatusSeeOther || b.to != loopback+"/bye?state=s" {
		t.Errorf("%d %s", b.status, b.to)
	}
	if b.get("/login/account"); b.status != http.StatusSeeOther {
		t.Error("still signed in")
	}
	if b.get("/common/oauth2/v2.0/logout?post_logout_redirect_uri=https%3A%2F%2Fevil.example"); b.status != 200 || b.to != "" {
		t.Errorf("led astray: %d %s", b.status, b.to)
	}
}

func TestMiddleware(t *testing.T) {
	a := newAuthority(t)
	p, secret := a.person("contoso", "maria@contoso.example")
	out := a.tokens("maria@contoso.example", secret, "common")
	_, cookie, err := a.People.OpenSession(t.Context(), sessions.Session{Person: p.ID, MFA: true})
	a.must(err)
	var got id.Principal
	h := a.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := identity.Caller(r.Context())
		got = who.ID
	}), func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, err.Error(), http.StatusUnauthorized)
	}, arm)
	for _, c := range []struct {
		name, method string
		header       map[string]string
		status       int
		who          id.Principal
	}{
		{"nobody", "GET", nil, 200, ""},
		{"a token", "GET", map[string]string{"Authorization": "Bearer " + out.text("access_token")}, 200, p.ID},
		{"a token that is none", "GET", map[string]string{"Authorization": "Bearer x"}, 401, ""},
		{"another scheme", "GET", map[string]string{"Authorization": "Basic x"}, 401, ""},
		{"a cookie", "GET", map[string]string{"Cookie": "__Host-purveyor=" + cookie}, 200, p.ID},
		{"a cookie that is none", "GET", map[string]string{"Cookie": "__Host-purveyor=x"}, 401, ""},
		{"a cookie without its prefix", "GET", map[string]string{"Cookie": "purveyor=" + cookie}, 200, ""},
		{"a change from here", "POST", map[string]string{"Cookie": "__Host-purveyor=" + cookie, "Sec-Fetch-Site": "same-origin"}, 200, p.ID},
		{"a change from elsewhere", "POST", map[string]string{"Cookie": "__Host-purveyor=" + cookie, "Sec-Fetch-Site": "cross-site"}, 401, ""},
		{"a token that is none beside a cookie", "GET", map[string]string{"Authorization": "Bearer x", "Cookie": "__Host-purveyor=" + cookie}, 401, ""},
	} {
		got = ""
		r := httptest.NewRequest(c.method, "/x", nil)
		for k, v := range c.header {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status || got != c.who || (c.status == 401) != strings.Contains(w.Header().Get("WWW-Authenticate"), "authorization_uri=") {
			t.Errorf("%s: %d as %q, %v", c.name, w.Code, got, w.Header())
		}
	}
	for path, want := range map[string]bool{"/login": true, "/common/oauth2/v2.0/authorize": true, "/api/v1/status": false, "/": false, "/subscriptions": false, "/metrics": false} {
		if got := a.Serves(httptest.NewRequest("GET", path, nil)); got != want {
			t.Errorf("%s: serves %v", path, got)
		}
	}
}

// TestSigningKeysRotate: a new key replaces the old one, whose tokens stay valid until they expire.
func TestSigningKeysRotate(t *testing.T) {
	a := newAuthority(t)
	p, secret := a.program("contoso")
	_, s2, err := a.Programs.AddSecret(t.Context(), p.ID, 365*24*time.Hour)
	a.must(err)
	_ = secret
	get := func() string {
		return a.granted("/common/oauth2/v2.0/token", url.Values{"client_id": {p.AppID()}, "client_secret": {s2}, "grant_type": {"client_credentials"}, "scope": {arm + "/.default"}}).text("access_token")
	}
	kid := func(token string) string {
		x, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
		a.must(err)
		return x.Headers[0].KeyID
	}
	first := get()
	a.advance(30*24*time.Hour - 10*time.Minute)
	last := get()
	a.advance(11 * time.Minute)
	next := get()
	if kid(first) != kid(last) || kid(last) == kid(next) {
		t.Errorf("keys %s %s %s", kid(first), kid(last), kid(next))
	}
	if _, err := a.who(last); err != nil {
		t.Errorf("a token of the key before: %v", err)
	}
}

// BenchmarkVerify measures the verification of a bearer token.
func BenchmarkVerify(b *testing.B) {
	a := newAuthority(b)
	_, secret := a.person("contoso", "maria@contoso.example")
	token := a.tokens("maria@contoso.example", secret, "common").text("access_token")
	for b.Loop() {
		if _, err := a.Verify(b.Context(), token, arm); err != nil {
			b.Fatal(err)
		}
	}
}
