package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	peopleapi "github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// signedIn is a served demo world with a program of nordwind that may read its invoices, and a person of contoso.
type signedIn struct {
	*testing.T
	at         string
	web        *http.Transport
	local      *caller
	program    programs.Program
	secret     string
	assignment access.Assignment
	person     people.Person
	cookie     string
	tenant     string
}

func newSignedIn(t *testing.T) *signedIn {
	t.Helper()
	x := &signedIn{T: t}
	dir := t.TempDir()
	purveyor(t, "demo", "--data", dir, "--customers", "4", "--rows", "400")
	settings := config.Settings{Memory: "512MB", TLSHost: []string{"localhost"}}
	x.prepare(dir, installation.Options{Settings: settings, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	port := serving(t, dir, installation.Options{Settings: settings, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	trust, err := trusting(filepath.Join(dir, "vault", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	x.at, x.web = "https://localhost:"+port, trust
	t.Cleanup(trust.CloseIdleConnections)
	x.local = &caller{T: t, dir: dir}
	x.local.open()
	t.Cleanup(func() {
		if err := x.local.close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

// prepare adds the program and the person, through the services.
func (x *signedIn) prepare(dir string, o installation.Options) {
	x.Helper()
	ctx := access.AsLocalOperator(context.WithoutCancel(x.Context()))
	n, err := installation.Open(ctx, dir, o)
	must := func(err error) {
		x.Helper()
		if err != nil {
			x.Fatal(err)
		}
	}
	must(err)
	x.program, err = n.Programs.Add(ctx, "nordwind", "bookkeeping")
	must(err)
	_, x.secret, err = n.Programs.AddSecret(ctx, x.program.ID, time.Hour)
	must(err)
	realm, err := n.Directory.Realm(ctx, "nordwind")
	must(err)
	x.tenant = realm.Tenant
	x.assignment, err = n.Roles.Assign(ctx, access.Assignment{
		Principal: x.program.ID, Realm: realm.ID, Role: access.ResellerBillingAdmin, Scope: "nordwind",
	})
	must(err)
	x.person, err = n.People.AddWithPassword(ctx, "contoso", people.Personal{Name: "Maria", Mail: "maria@contoso.example"}, "brown kettle morning")
	must(err)
	_, err = n.Roles.Assign(ctx, access.Assignment{
		Principal: x.person.ID, Realm: org.OrganisationID("contoso"), Role: access.PartnerBillingAdmin, Scope: "contoso",
	})
	must(err)
	for _, u := range []string{"global-admin of contoso", "admin-agent of polderwolk", "owner of c0001"} { // as "demo users" lists them
		role, realm, _ := strings.Cut(u, " of ")
		if _, err := n.People.SignIn(ctx, factor.Origin{}, role+"@"+realm+".example", "demo data, "+u); err != nil {
			x.Errorf("the %s: %v", u, err)
		}
	}
	_, x.cookie, err = n.People.OpenSession(ctx, sessions.Session{Person: x.person.ID, Agent: "a test"})
	must(err)
	must(n.Close())
}

// call makes a call over TLS, and decodes the list of documents if there is one.
func (x *signedIn) call(path string, header ...string) (*http.Response, []invoice.Summary) {
	x.Helper()
	r, err := http.NewRequestWithContext(x.Context(), http.MethodGet, x.at+path, nil)
	if err != nil {
		x.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := x.web.RoundTrip(r)
	if err != nil {
		x.Fatal(err)
	}
	defer answer.Body.Close()
	var list kernel.List[invoice.Summary]
	if answer.StatusCode == http.StatusOK {
		if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
			x.Fatal(err)
		}
	}
	return answer, list.Items
}

// token is an access token of the program, issued by the served authority.
func (x *signedIn) token() string {
	x.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {x.program.AppID()}, "client_secret": {x.secret}, "scope": {x.at + "/.default"},
	}
	answer, err := (&http.Client{Transport: x.web}).PostForm(x.at+"/"+x.tenant+"/oauth2/v2.0/token", form)
	if err != nil {
		x.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	var got struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal(text, &got); err != nil || got.Access == "" {
		x.Fatalf("no token: %s", text)
	}
	return got.Access
}

// TestSignedInOverTLS: without a sign-in nothing is shown; with one, what the caller's role allows; and nothing once
// the role is removed.
func TestSignedInOverTLS(t *testing.T) {
	x := newSignedIn(t)
	const path = kernel.Prefix + "/invoices?limit=1000"
	for name, header := range map[string][]string{
		"nothing": nil, "a token that is none": {"Authorization", "Bearer nonsense"}, "another scheme": {"Authorization", "Basic eA=="},
		"a cookie that is none": {"Cookie", "__Host-purveyor=nonsense"},
	} {
		if answer, _ := x.call(path, header...); answer.StatusCode != 401 || !strings.Contains(answer.Header.Get("WWW-Authenticate"), x.at+"/common") {
			t.Errorf("with %s: %s, %q", name, answer.Status, answer.Header.Get("WWW-Authenticate"))
		}
	}
	var all kernel.List[invoice.Summary]
	x.local.want(200, &all, "GET", "/invoices?limit=1000", "", "")
	bearer := "Bearer " + x.token()
	answer, seen := x.call(path, "Authorization", bearer)
	if answer.StatusCode != 200 || len(seen) == 0 || len(seen) >= len(all.Items) {
		t.Fatalf("%s: nordwind sees %d of %d documents", answer.Status, len(seen), len(all.Items))
	}
	for _, v := range seen {
		if v.Seller != "nordwind" && v.Buyer != "nordwind" {
			t.Errorf("nordwind sees %s, of %s to %s", v.Number, v.Seller, v.Buyer)
		}
	}
	_, hers := x.call(path, "Cookie", "__Host-purveyor="+x.cookie)
	if len(hers) == 0 {
		t.Error("a person's session shows her no documents")
	}
	for _, v := range hers {
		if v.Seller != "contoso" && v.Buyer != "contoso" {
			t.Errorf("contoso sees %s, of %s to %s", v.Number, v.Seller, v.Buyer)
		}
	}
	if answer, _ := x.call(kernel.Prefix+"/people", "Authorization", bearer); answer.StatusCode != 403 {
		t.Errorf("a billing admin lists people: %s", answer.Status)
	}
	x.local.want(200, nil, "DELETE", "/role-assignments/"+string(x.assignment.ID), "", "")
	if answer, _ := x.call(path, "Authorization", bearer); answer.StatusCode != 403 {
		t.Errorf("after the role was removed: %s", answer.Status)
	}
	t.Logf("of %d documents nordwind saw %d, contoso %d", len(all.Items), len(seen), len(hers))
}

// TestCallersWithoutTLS: a request from this machine without credentials is the local operator's. A request with
// credentials is of whoever they belong to, or refused.
func TestCallersWithoutTLS(t *testing.T) {
	p := newErasureScenario(t, "", 0)
	at := httptest.NewUnstartedServer(nil)
	p.want(200, nil, "POST", "/clock", asJSON, `{"to":"2027-01-01","demo":true}`)
	p.want(200, nil, "PUT", "/world", asYAML, smallWorld)
	if _, err := p.n.ServeAt(siteOf(at.Listener.Addr(), nil)); err != nil {
		t.Fatal(err)
	}
	at.Config.Handler = p.n.API.Handler()
	at.Start()
	defer at.Close()
	maria, err := p.n.People.AddWithPassword(p.ctx, "contoso", people.Personal{Name: "Maria", Mail: "maria@contoso.example"}, "brown kettle morning")
	if err != nil {
		t.Fatal(err)
	}
	_, cookie, err := p.n.People.OpenSession(p.ctx, sessions.Session{Person: maria.ID})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		header, value string
		status        int
	}{
		"nothing": {"X-Nothing", "", 200}, "a session without a role": {"Cookie", "purveyor=" + cookie, 403},
		"an old session": {"Cookie", "purveyor=" + cookie[1:], 401}, "a token that is none": {"Authorization", "Bearer x", 401},
	} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", at.URL+kernel.Prefix+"/status", nil)
		r.Header.Set(c.header, c.value)
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if _ = answer.Body.Close(); answer.StatusCode != c.status {
			t.Errorf("%s: %s, want %d", name, answer.Status, c.status)
		}
	}
}

const smallWorld = "partner: {key: contoso, legal: {name: Contoso GmbH, country: DE}}\n"

// TestFirstPerson: the first start with a partner prints a link, and the person who uses it becomes global admin. The
// key that encrypts the data of everybody's sign-in cannot be erased.
func TestFirstPerson(t *testing.T) {
	p := newErasureScenario(t, "", 0)
	var output bytes.Buffer
	invite := invitation{people: p.n.People, at: "https://localhost", out: &output}
	for range 2 { // before there is a partner
		if err := invite.send(p.ctx); err != nil || output.Len() > 0 {
			t.Errorf("before there is a partner: %q, %v", output.String(), err)
		}
	}
	p.want(200, nil, "PUT", "/world", asYAML, smallWorld)
	for range 2 { // creating a second link would invalidate the first
		if err := invite.send(p.ctx); err != nil {
			t.Fatal(err)
		}
	}
	before, link, found := strings.Cut(strings.TrimSpace(output.String()), "https://localhost"+peopleapi.SetUpPath)
	if !found || strings.Contains(link, "\n") || !strings.HasPrefix(before, "nobody can sign in yet") {
		t.Fatalf("said %q", output.String())
	}
	first, err := p.n.People.SetUp(context.WithoutCancel(t.Context()), link, people.Personal{Name: "Maria", Mail: "maria@contoso.example"}, "brown kettle morning")
	if err != nil {
		t.Fatal(err)
	}
	output.Reset()
	if err := (&invitation{people: p.n.People, out: &output}).send(p.ctx); err != nil || output.Len() > 0 {
		t.Errorf("once a person can sign in: %q, %v", output.String(), err)
	}
	as := identity.As(context.WithoutCancel(t.Context()), identity.Principal{ID: first.ID, Realm: first.Realm, MFA: true})
	if _, link, err := p.n.People.Invite(as, "contoso", people.Personal{Name: "Jo", Mail: "jo@contoso.example"}); err != nil || link == "" {
		t.Errorf("the first person cannot invite: %v", err)
	}
	if _, err := p.n.People.AddWithPassword(as, "contoso", people.Personal{Name: "Al", Mail: "al@contoso.example"}, "brown kettle morning"); fault.CodeOf(err) != "not_demo_data" {
		t.Errorf("set a password for another person outside demo data: %v", err)
	}
	exported, err := p.n.Safe.Export(as, first.ID)
	if err != nil || exported["identity"] == nil {
		t.Errorf("exported %v, %v", exported, err)
	}
	if _, _, err := p.n.Sessions.SigningKeys(p.ctx, func() (string, []byte, error) { return "k", []byte("private"), nil }); err != nil {
		t.Fatal(err)
	}
	if err := p.n.Safe.Erase(p.ctx, identity.Installation); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the installation's key was erased: %v", err)
	}
	if err := p.n.Safe.Erase(p.ctx, first.ID); err != nil {
		t.Error(err)
	}
	if known, err := p.n.People.Person(p.ctx, first.ID); err != nil || known.State != identity.Erased {
		t.Errorf("erased, but %v, %v", known.State, err)
	}
	if _, err := p.n.Roles.Explain(p.ctx, id.Principal("prn_nobody"), access.WorldRead, "contoso"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown person is found: %v", err)
	}
}
