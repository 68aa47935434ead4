package login_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// forger makes tokens that resemble ours.
type forger struct {
	t      *testing.T
	ours   *rsa.PrivateKey
	kid    string
	claims map[string]any
}

func (a *authority) forger(token string) forger {
	a.t.Helper()
	_, sign, err := a.Sessions.SigningKeys(a.t.Context(), nil)
	a.must(err)
	key, err := x509.ParsePKCS8PrivateKey(sign.Private)
	a.must(err)
	return forger{t: a.t.(*testing.T), ours: key.(*rsa.PrivateKey), kid: sign.ID, claims: open(a.t, token)}
}

// forged says how a token is signed.
type forged struct {
	alg  jose.SignatureAlgorithm
	key  any
	kid  string
	typ  jose.ContentType
	more map[jose.HeaderKey]any
	jwk  bool
}

// token is one with changed claims; nil takes a claim away.
func (f forger) token(how forged, changes map[string]any) string {
	f.t.Helper()
	if how.alg == "" {
		how.alg = jose.RS256
	}
	if how.key == nil {
		how.key = f.ours
	}
	if how.kid == "" {
		how.kid = f.kid
	}
	if how.typ == "" {
		how.typ = "at+jwt"
	}
	claims := maps.Clone(f.claims)
	for k, v := range claims {
		if n, ok := v.(float64); ok {
			claims[k] = int64(n)
		}
	}
	for k, v := range changes {
		if claims[k] = v; v == nil {
			delete(claims, k)
		}
	}
	opts := (&jose.SignerOptions{EmbedJWK: how.jwk}).WithType(how.typ)
	for k, v := range how.more {
		opts.WithHeader(k, v)
	}
	key := any(jose.JSONWebKey{Key: how.key, KeyID: how.kid})
	if how.kid == "-" {
		key = how.key
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: how.alg, Key: key}, opts)
	if err != nil {
		f.t.Fatal(err)
	}
	out, err := jwt.Signed(s).Claims(claims).Serialize()
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// part changes one part of a token, decoded.
func part(token string, n int, change func(string) string) string {
	p := strings.Split(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(p[n])
	if err != nil {
		panic(err)
	}
	p[n] = base64.RawURLEncoding.EncodeToString([]byte(change(string(text))))
	return strings.Join(p, ".")
}

func swap(old, now string) func(string) string {
	return func(s string) string {
		if !strings.Contains(s, old) {
			panic("the token does not hold " + old + ": " + s)
		}
		return strings.ReplaceAll(s, old, now)
	}
}

// TestTokensThatAreRefused: every token that is not exactly ours, for this audience and currently valid, is refused.
func TestTokensThatAreRefused(t *testing.T) {
	a := newAuthority(t)
	p, secret := a.person("contoso", "maria@contoso.example")
	other, _ := a.person("c0001", "kim@fabrikam.example")
	out := a.tokens("maria@contoso.example", secret, "common")
	good := out.text("access_token")
	f := a.forger(good)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	a.must(err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.must(err)
	public, err := x509.MarshalPKIXPublicKey(&f.ours.PublicKey)
	a.must(err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	header, body, _ := strings.Cut(good, ".")
	body, signature, _ := strings.Cut(body, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	now := a.now().Unix()
	tries := map[string]string{
		"nothing":                      "",
		"no token":                     "x",
		"dots":                         "..",
		"two parts":                    header + "." + body,
		"no signature":                 header + "." + body + ".",
		"four parts":                   good + ".x",
		"a signature of zeros":         header + "." + body + "." + b64(make([]byte, 256)),
		"a bit of the signature":       part(good, 2, func(s string) string { return s[:9] + string(s[9]^1) + s[10:] }),
		"a signature cut short":        header + "." + body + "." + signature[:len(signature)-4],
		"alg none":                     b64([]byte(`{"alg":"none","typ":"at+jwt","kid":"`+f.kid+`"}`)) + "." + body + ".",
		"alg None":                     b64([]byte(`{"alg":"None","typ":"at+jwt"}`)) + "." + body + "." + signature,
		"alg none with our signature":  part(good, 0, swap(`"RS256"`, `"none"`)),
		"alg RS512 with our signature": part(good, 0, swap(`"RS256"`, `"RS512"`)),
		"no alg":                       part(good, 0, swap(`"alg":"RS256",`, ``)),
		"HS256 with our public key":    f.token(forged{alg: jose.HS256, key: publicPEM}, nil),
		"HS256 with our public DER":    f.token(forged{alg: jose.HS256, key: public}, nil),
		"PS256 with our key":           f.token(forged{alg: jose.PS256}, nil),
		"RS384 with our key":           f.token(forged{alg: jose.RS384}, nil),
		"ES256":                        f.token(forged{alg: jose.ES256, key: curve}, nil),
		"another's key by our name":    f.token(forged{key: stranger}, nil),
		"another's key by its name":    f.token(forged{key: stranger, kid: "other"}, nil),
		"another's key in the header":  f.token(forged{key: stranger, jwk: true}, nil),
		"another's key by address":     f.token(forged{key: stranger, more: map[jose.HeaderKey]any{"jku": "https://evil.example/keys"}}, nil),
		"our key without a name":       f.token(forged{kid: "-"}, nil),
		"our key by another name":      f.token(forged{kid: "other"}, nil),
		"a header we do not know":      f.token(forged{more: map[jose.HeaderKey]any{"crit": []string{"x"}, "x": 1}}, nil),
		"another person":               part(good, 1, swap(string(p.ID), string(other.ID))),
		"another object":               part(good, 1, swap(id.GUID(string(p.ID)), id.GUID(string(other.ID)))),
		"another tenant":               part(good, 1, swap(a.tenantOf("contoso"), customerTenant)),
		"another audience":             part(good, 1, swap(arm, partnerCenter)),
		"a longer time":                part(good, 1, swap(`"exp":`, `"exp":9`)),
		"a second factor":              part(good, 1, swap(`"otp"`, `"hwk"`)),
		"an id token":                  out.text("id_token"),
		"an id token for an audience":  f.token(forged{typ: "JWT"}, nil),
		"a token of no type":           f.token(forged{typ: "x"}, nil),
		"a refresh token":              out.text("refresh_token"),
		"an encrypted token":           "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AA.AA.AA.AA",
		"of another audience":          f.token(forged{}, map[string]any{"aud": partnerCenter}),
		"of a longer audience":         f.token(forged{}, map[string]any{"aud": arm + ".evil.example"}),
		"of a shorter audience":        f.token(forged{}, map[string]any{"aud": "https://management"}),
		"of no audience":               f.token(forged{}, map[string]any{"aud": nil}),
		"of many audiences":            f.token(forged{}, map[string]any{"aud": []string{arm, partnerCenter}}),
		"of another issuer":            f.token(forged{}, map[string]any{"iss": "https://evil.example/" + a.tenantOf("contoso") + "/v2.0"}),
		"of another tenant's issuer":   f.token(forged{}, map[string]any{"iss": a.Base + "/" + customerTenant + "/v2.0"}),
		"of another tenant":            f.token(forged{}, map[string]any{"tid": customerTenant}),
		"of a realm they may not have": f.token(forged{}, map[string]any{"realm": org.OrganisationID("c0001"), "tid": customerTenant, "iss": a.Base + "/" + customerTenant + "/v2.0"}),
		"of no issuer":                 f.token(forged{}, map[string]any{"iss": nil}),
		"expired":                      f.token(forged{}, map[string]any{"exp": now - 1}),
		"expiring now":                 f.token(forged{}, map[string]any{"exp": now}),
		"without an end":               f.token(forged{}, map[string]any{"exp": nil}),
		"with an end in words":         f.token(forged{}, map[string]any{"exp": "never"}),
		"not valid yet":                f.token(forged{}, map[string]any{"nbf": now + 60}),
		"of no session":                f.token(forged{}, map[string]any{"sid": nil}),
		"of an unknown session":        f.token(forged{}, map[string]any{"sid": "ses_unknown"}),
		"of another's session":         f.token(forged{}, map[string]any{"prn": other.ID}),
		"of nobody":                    f.token(forged{}, map[string]any{"prn": nil}),
		"of the local operator":        f.token(forged{}, map[string]any{"prn": identity.LocalOperator}),
	}
	for i, control := range []string{good, f.token(forged{}, nil), f.token(forged{}, map[string]any{"aud": arm + "/"})} {
		if who, err := a.who(control); err != nil || who.ID != p.ID {
			t.Fatalf("right token %d is not taken: %+v, %v\n%s", i, who, err, control)
		}
	}
	for name, token := range tries {
		if who, err := a.who(token); fault.KindOf(err) != fault.Denied || who.ID != "" {
			t.Errorf("%s: taken as %q, %v", name, who.ID, err)
		}
	}
	if _, err := a.Verify(t.Context(), good); err == nil {
		t.Error("taken for no audience at all")
	}
	a.advance(time.Hour)
	if _, err := a.who(good); err == nil {
		t.Error("taken after an hour")
	}
	t.Logf("%d tokens refused", len(tries)+2)
}

// TestRevokedTokensAreRefused: a revoked token is refused from the moment its revocation is acknowledged.
func TestRevokedTokensAreRefused(t *testing.T) {
	a := newAuthority(t)
	n := 0
	gone := func(name, token string, revoke func()) {
		t.Helper()
		if _, err := a.who(token); err != nil {
			t.Fatalf("%s: refused before: %v", name, err)
		}
		revoke()
		if who, err := a.who(token); err == nil {
			t.Errorf("%s: still taken as %s", name, who.ID)
		}
		n++
	}
	ctx := t.Context()
	p, secret := a.person("contoso", "maria@contoso.example")
	fresh := func() (string, sessions.Session) {
		token := a.tokens("maria@contoso.example", secret, "common").text("access_token")
		who, err := a.who(token)
		a.must(err)
		return token, sessions.Session{ID: who.Session, Person: p.ID}
	}
	token, s := fresh()
	gone("the session ended", token, func() { a.must(a.People.EndSession(ctx, p.ID, s.ID)) })
	token, _ = fresh()
	gone("signed out everywhere", token, func() { a.must(a.Sessions.SignOutEverywhere(ctx, p.ID)) })
	token, _ = fresh()
	gone("the password changed", token, func() { a.must(a.People.SetPassword(ctx, sessions.Session{Person: p.ID}, password, password)) })
	token, _ = fresh()
	gone("disabled", token, func() { a.must(a.People.Enable(ctx, p.ID, false)) })
	a.must(a.People.Enable(ctx, p.ID, true))
	token, _ = fresh()
	gone("credentials reset", token, func() { _, err := a.People.Reset(ctx, p.ID); a.must(err) })
	q, secret2 := a.person("nordwind", "ines@nordwind.example")
	gone("erased", a.tokens("ines@nordwind.example", secret2, "common").text("access_token"), func() {
		a.must(a.db.Do(ctx, func(ctx context.Context, t tx.Tx) error { _, err := a.People.Erase(ctx, t, q.ID); return err }))
	})

	robot, clientSecret := a.program("contoso")
	get := func(secret string) string {
		return a.granted("/common/oauth2/v2.0/token", url.Values{"client_id": {robot.AppID()}, "client_secret": {secret}, "grant_type": {"client_credentials"}, "scope": {arm + "/.default"}}).text("access_token")
	}
	x, second, err := a.Programs.AddSecret(ctx, robot.ID, time.Hour)
	a.must(err)
	first := get(clientSecret)
	gone("its secret removed", get(second), func() { a.must(a.Programs.RemoveCredential(ctx, robot.ID, x.ID)) })
	if _, err := a.who(first); err != nil {
		t.Errorf("a token of the other secret went too: %v", err)
	}
	gone("the program disabled", first, func() { a.must(a.Programs.Enable(ctx, robot.ID, false)) })
	t.Logf("%d revoked tokens refused", n)
}

// TestLedgerHoldsNoUsableSecrets: the ledger holds no token or secret in usable form, and no record holds a name.
func TestLedgerHoldsNoUsableSecrets(t *testing.T) {
	a := newAuthority(t)
	_, secret := a.person("contoso", "maria@contoso.example")
	out := a.tokens("maria@contoso.example", secret, "common")
	p, clientSecret := a.program("contoso")
	_, cookie, err := a.People.OpenSession(t.Context(), sessions.Session{Person: a.personID("maria@contoso.example"), MFA: true})
	a.must(err)
	all := a.dump()
	for name, text := range map[string]string{
		"password": password, "refresh token": out.text("refresh_token"), "client secret": clientSecret, "cookie": cookie, "access token": out.text("access_token"),
		"mail address": "maria@contoso", "mail address in base64": "bWFpbCI6Im1hcmlh", "authenticator secret": secret,
	} {
		if len(text) < 12 || strings.Contains(all, text) {
			t.Errorf("the %s lies in the ledger", name)
		}
	}
	if !strings.Contains(all, string(p.ID)) {
		t.Fatal("the dump is empty")
	}
	events := a.events()
	for _, text := range []string{"maria", "Somebody", password} {
		if strings.Contains(events, text) {
			t.Errorf("a record names %q", text)
		}
	}
	var n []map[string]any
	if a.must(json.Unmarshal([]byte(events), &n)); len(n) < 5 {
		t.Errorf("%d records", len(n))
	}
}
