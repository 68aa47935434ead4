package login_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/login"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/safe"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/parties"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/vault"
)

const (
	arm            = "https://management.azure.com"
	partnerCenter  = "https://api.partnercenter.microsoft.com"
	customerTenant = "7e4a0c11-0000-4000-8000-00000000abcd"
	password       = "brown kettle morning"
)

// authority is a complete authority on a database of its own, over TLS, with a clock that the test moves.
type authority struct {
	*login.Server
	t        testing.TB
	db       *sqlstore.DB
	web      *httptest.Server
	still    time.Time    // stands in for the machine's clock, if a test sets it before the first request
	ahead    atomic.Int64 // how far it is ahead of the machine's clock
	mayEnter func(id.Principal, id.Organisation) bool
	demo     bool
	roles    testAccess
}

// testAccess is the access service of an installation, except that every caller may manage all people, and that the
// test decides who may enter other realms.
type testAccess struct {
	*access.Service
	a       *authority
	granted func(id.Principal) // called instead of assigning the role of a global admin
}

func (r *testAccess) MayManage(context.Context, bool) (scope.Scope, error) { return scope.All(), nil }

func (r *testAccess) Enters(_ context.Context, who id.Principal, into id.Organisation) (bool, error) {
	return r.a.mayEnter != nil && r.a.mayEnter(who, into), nil
}

func (r *testAccess) GrantAdmin(ctx context.Context, t tx.Tx, who id.Principal, realm id.Organisation) error {
	if r.granted != nil {
		r.granted(who)
		return nil
	}
	return r.Service.GrantAdmin(ctx, t, who, realm)
}

func (a *authority) now() time.Time {
	base := time.Now()
	if !a.still.IsZero() {
		base = a.still
	}
	return base.Add(time.Duration(a.ahead.Load())).UTC()
}
func (a *authority) advance(d time.Duration) { a.ahead.Add(int64(d)) }

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t, db: storetest.SQLite(t)}
	world := org.Change{Paths: map[string]string{
		"contoso": "contoso", "nordwind": "contoso/nordwind", "c0001": "contoso/nordwind/c0001", "c0002": "contoso/nordwind/c0002",
	}}
	for key, kind := range map[string]org.Kind{"contoso": org.Partner, "nordwind": org.Reseller, "c0001": org.Customer, "c0002": org.Customer} {
		o := org.Organisation{ID: org.OrganisationID(key), Key: key, Kind: kind, Legal: org.LegalEntity{Name: map[string]string{
			"contoso": "Contoso GmbH", "nordwind": "Nordwind B.V.", "c0001": "Fabrikam S.A.", "c0002": "Tailspin GmbH",
		}[key], Country: "DE"}}
		if key == "c0001" {
			o.Tenant = strings.ToUpper(customerTenant)
		}
		world.Organisations = append(world.Organisations, o)
	}
	a.must(a.db.Do(t.Context(), func(ctx context.Context, t tx.Tx) error {
		return organisations.Orgs{DB: a.db}.Save(ctx, t, scope.All(), world)
	}))
	events := event.Log{Store: operations.Events{DB: a.db}, Now: a.now}
	a.Server = &login.Server{
		Audiences: []string{"https://purveyor.example", arm, partnerCenter},
		Now:       a.now, Random: rand.Reader, Key: []byte("thirty-two bytes for the forms.."), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Address: func(r *http.Request) string { return r.Header.Get("X-Test-Address") + r.URL.Path },
	}
	a.addSignIn(events)
	a.addDelegation(events)
	a.web = httptest.NewTLSServer(a.Handler())
	a.Base = a.web.URL
	t.Cleanup(a.web.Close)
	return a
}

// addSignIn adds the services that sign people and programs in.
func (a *authority) addSignIn(events event.Log) {
	keys, err := vault.Open(a.t.TempDir(), rand.Reader)
	a.must(err)
	x, random := parties.Identity{DB: a.db}, identity.Random{Reader: rand.Reader}
	a.roles.a, a.Directory = a, &identity.Directory{DB: a.db, Store: x}
	manager := identity.Manager{Directory: a.Directory, Access: &a.roles}
	sealer := &safe.Service{DB: a.db, Store: parties.Safe{DB: a.db}, Now: a.now, Random: rand.Reader, Ring: keys.Ring}
	a.Sessions = &sessions.Service{
		DB: a.db, Store: x, Keys: x, Directory: a.Directory, Access: &a.roles, Sealer: sealer, Events: events, Now: a.now, Random: random,
	}
	a.Programs = &programs.Service{DB: a.db, Store: x, Manager: manager, Sessions: a.Sessions, Events: events, Now: a.now, Random: random}
	a.Federations = &federation.Service{DB: a.db, Store: x, Manager: manager, Sealer: sealer, Events: events}
	a.People = &people.Service{
		DB: a.db, Store: x, Manager: manager, Sessions: a.Sessions, Federations: a.Federations, Sealer: sealer, Events: events, Now: a.now, Random: random,
		Pepper: []byte("a key outside the database"), Name: "Purveyor", Demo: func() bool { return a.demo }, Hashing: factor.NewQueue(2, 100),
	}
}

// addDelegation adds the services behind invitations, with the access service of an installation: the first person of
// an organisation is its global admin.
func (a *authority) addDelegation(events event.Log) {
	guard := &access.Roles{DB: a.db, Store: organisations.Access{DB: a.db}, Now: a.now, Place: func(context.Context) error { return nil }}
	a.must(guard.Load(a.t.Context()))
	a.roles.Service = &access.Service{DB: a.db, Store: guard.Store, Roles: guard, Events: events, Now: a.now, Directory: a.Directory}
	a.Audited = func(ctx context.Context, call string, result error) {
		a.must(a.db.Do(ctx, func(ctx context.Context, t tx.Tx) error {
			return events.Audit(ctx, t, access.Actor(ctx), event.Command{Name: call}, result)
		}))
	}
	a.Delegation = &delegation.Service{
		DB: a.db, Store: parties.Delegation{DB: a.db}, Orgs: organisations.Orgs{DB: a.db}, Access: guard, Events: events,
		Jobs: job.Queue{Store: operations.Jobs{DB: a.db}}, Roles: delegation.BuiltIn(), Now: a.now, Secret: rand.Text,
		SetAssignments: func(context.Context, tx.Tx, string, []delegation.Assignment) error { return nil },
	}
}

// invite drafts and sends a relationship, and returns its link.
func (a *authority) invite(customer, name string, roles ...string) (delegation.Relationship, string) {
	a.t.Helper()
	ctx := access.AsLocalOperator(a.t.Context())
	made, err := a.Delegation.Draft(ctx, org.OrganisationID("nordwind"), delegation.Terms{
		Name: name, Customer: org.OrganisationID(customer), Roles: roles, Duration: "P30D",
	})
	a.must(err)
	sent, err := a.Delegation.Send(ctx, made.ID)
	a.must(err)
	return made, "/login/invitation?token=" + sent.Token
}

func (a *authority) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// tenantOf is the tenant of an organisation.
func (a *authority) tenantOf(key string) string {
	a.t.Helper()
	r, err := a.Directory.Realm(a.t.Context(), key)
	a.must(err)
	return r.Tenant
}

// person invites a person and sets a password, and an authenticator app unless the person belongs to a customer.
func (a *authority) person(realm, mail string) (people.Person, string) {
	a.t.Helper()
	ctx := a.t.Context()
	_, link, err := a.People.Invite(ctx, realm, people.Personal{Name: "Somebody Else", Mail: mail})
	a.must(err)
	p, err := a.People.SetUp(ctx, link, people.Personal{Name: "Somebody Else"}, password)
	a.must(err)
	if strings.HasPrefix(realm, "c0") {
		return p, ""
	}
	o, err := a.People.OfferTOTP(ctx, p)
	a.must(err)
	_, err = a.People.AcceptTOTP(ctx, p.ID, o.Ticket, totp(o.Text, a.now()), "")
	a.must(err)
	a.advance(time.Minute) // so that the next code counts
	return p, o.Text
}

// program is a program with a secret.
func (a *authority) program(realm string, redirects ...string) (p programs.Program, secret string) {
	a.t.Helper()
	p, err := a.Programs.Add(a.t.Context(), realm, "Billing robot", redirects...)
	a.must(err)
	_, secret, err = a.Programs.AddSecret(a.t.Context(), p.ID, 24*time.Hour)
	a.must(err)
	return p, secret
}

// totp is the code of an authenticator app, computed from the text of its secret: a second implementation of RFC 6238.
func totp(text string, at time.Time) string {
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		panic(err)
	}
	h := hmac.New(sha1.New, secret)
	_ = binary.Write(h, binary.BigEndian, at.Unix()/30)
	sum := h.Sum(nil)
	o := sum[19] & 15
	return fmt.Sprintf("%06d", (int(sum[o]&127)<<24|int(sum[o+1])<<16|int(sum[o+2])<<8|int(sum[o+3]))%1000000)
}

// document is a JSON answer.
type document map[string]any

func (s document) text(name string) string { v, _ := s[name].(string); return v }

// call sends a form to an endpoint, as a client would.
func (a *authority) call(path string, form url.Values) (int, document) {
	a.t.Helper()
	res, err := a.web.Client().PostForm(a.web.URL+path, form)
	a.must(err)
	defer res.Body.Close()
	out := document{}
	a.must(json.NewDecoder(res.Body).Decode(&out))
	return res.StatusCode, out
}

// granted calls a token endpoint, which must answer with tokens.
func (a *authority) granted(path string, form url.Values) document {
	a.t.Helper()
	status, out := a.call(path, form)
	if status != http.StatusOK || out.text("access_token") == "" {
		a.t.Fatalf("%s: %d %v", path, status, out)
	}
	return out
}

// browser keeps cookies and does not follow redirects, so that a test can check every step.
type browser struct {
	a      *authority
	http   *http.Client
	status int
	to     string // the address it was redirected to
	page   string
	header http.Header
}

func (a *authority) browser() *browser {
	jar, err := cookiejar.New(nil)
	a.must(err)
	c := *a.web.Client()
	c.Jar = jar
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{a: a, http: &c}
}

func (b *browser) do(r *http.Request) *browser {
	b.a.t.Helper()
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	res, err := b.http.Do(r)
	b.a.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	b.a.must(err)
	b.status, b.to, b.page, b.header = res.StatusCode, res.Header.Get("Location"), string(text), res.Header
	return b
}

func (b *browser) address(path string) string {
	if strings.HasPrefix(path, "/") {
		return b.a.web.URL + path
	}
	return path
}

func (b *browser) get(path string) *browser {
	b.a.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.address(path), nil)
	b.a.must(err)
	return b.do(r)
}

var fields = regexp.MustCompile(`<input[^>]*type="hidden" name="([^"]+)" value="([^"]*)"`)

// submit fills a form of the page that is shown: its hidden fields are sent along.
func (b *browser) submit(path string, pairs ...string) *browser {
	b.a.t.Helper()
	form := url.Values{}
	for _, m := range fields.FindAllStringSubmatch(b.page, -1) {
		if !form.Has(m[1]) {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.send(path, form)
}

func (b *browser) send(path string, form url.Values) *browser {
	b.a.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.address(path), strings.NewReader(form.Encode()))
	b.a.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.a.web.URL)
	return b.do(r)
}

// follow follows a redirect.
func (b *browser) follow() *browser {
	b.a.t.Helper()
	if b.status != http.StatusSeeOther {
		b.a.t.Fatalf("not sent anywhere: %d\n%s", b.status, b.page)
	}
	return b.get(b.to)
}

// want checks status and a text of the page.
func (b *browser) want(status int, text string) *browser {
	b.a.t.Helper()
	if b.status != status || !strings.Contains(b.page, text) {
		b.a.t.Fatalf("got %d to %q, want %d with %q:\n%s", b.status, b.to, status, text, b.page)
	}
	return b
}

// signIn signs in through the pages; secret is that of the authenticator app, "" if the person has none.
func (b *browser) signIn(mail, secret string) *browser {
	b.a.t.Helper()
	if !strings.Contains(b.page, `action="/login"`) {
		b.get("/login?again=1")
	}
	b.submit("/login", "mail", mail).want(200, "Enter your password").submit("/login/password", "password", password)
	if secret != "" {
		b.follow().want(200, "authenticator app").submit("/login/second", "code", totp(secret, b.a.now()))
		b.a.advance(time.Minute)
	}
	if b.status != http.StatusSeeOther {
		b.a.t.Fatalf("not signed in: %d\n%s", b.status, b.page)
	}
	return b
}

// pkce is a verifier with its challenge.
func pkce() (verifier, challenge string) {
	verifier = strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	return verifier, base64.RawURLEncoding.EncodeToString(sum[:])
}

const azureCLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

// authorization is the address a client sends people to.
func authorization(tenant, client, redirect, scope string) string {
	_, challenge := pkce()
	return "/" + tenant + "/oauth2/v2.0/authorize?" + url.Values{
		"client_id": {client}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {scope}, "state": {"st"}, "nonce": {"no"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}.Encode()
}

// code is the authorization code in a redirect to a client.
func (b *browser) code() string {
	b.a.t.Helper()
	u, err := url.Parse(b.to)
	b.a.must(err)
	if b.status != http.StatusSeeOther || u.Query().Get("code") == "" || u.Query().Get("state") != "st" {
		b.a.t.Fatalf("no code: %d %s\n%s", b.status, b.to, b.page)
	}
	return u.Query().Get("code")
}

const loopback = "http://localhost:8400"

// exchange is the form that redeems a code of the Azure CLI.
func exchange(code string) url.Values {
	verifier, _ := pkce()
	return url.Values{"client_id": {azureCLI}, "grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {loopback}, "code_verifier": {verifier}}
}

// tokens are the tokens that the Azure CLI gets for a person.
func (a *authority) tokens(mail, secret, tenant string) document {
	a.t.Helper()
	b := a.browser().signIn(mail, secret)
	b.get(authorization(tenant, azureCLI, loopback, "openid profile offline_access "+arm+"/.default"))
	return a.granted("/"+tenant+"/oauth2/v2.0/token", exchange(b.code()))
}

// who is the principal of a bearer token for ARM.
func (a *authority) who(token string) (identity.Principal, error) {
	return a.Verify(context.Background(), token, arm)
}

func (a *authority) personID(mail string) id.Principal {
	a.t.Helper()
	list, err := a.People.List(a.t.Context(), "")
	a.must(err)
	for _, p := range list {
		if p.Personal.Mail == mail {
			return p.ID
		}
	}
	a.t.Fatal("nobody has " + mail)
	return ""
}

// dump is the content of the stores, as text.
func (a *authority) dump() string {
	a.t.Helper()
	var out []any
	x := parties.Identity{DB: a.db}
	a.must(a.db.View(a.t.Context(), func(ctx context.Context, r tx.Read) error {
		people, err := x.People(ctx, r, scope.All(), "")
		if err != nil {
			return err
		}
		programs, err := x.Programs(ctx, r, scope.All(), "")
		if err != nil {
			return err
		}
		for _, p := range people {
			sessions, err := x.Sessions(ctx, r, p.ID)
			if err != nil {
				return err
			}
			out = append(out, p, p.Login, sessions)
			for _, s := range sessions {
				out = append(out, s.Token)
			}
		}
		out = append(out, programs)
		return nil
	}))
	text, err := json.Marshal(out)
	a.must(err)
	return string(text) + a.events()
}

// events is the event log as JSON.
func (a *authority) events() string {
	a.t.Helper()
	var list []event.Event
	a.must(a.db.View(a.t.Context(), func(ctx context.Context, r tx.Read) (err error) {
		list, err = operations.Events{DB: a.db}.Events(ctx, r, scope.All(), event.Filter{})
		return err
	}))
	text, err := json.Marshal(list)
	a.must(err)
	return string(text)
}
