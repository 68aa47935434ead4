package login_test

import (
	"html"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// TestFederatedSignIn signs in at an organisation's own provider: another authority, in which it is the partner, and in which we are registered as a program.
func TestFederatedSignIn(t *testing.T) {
	a, theirs := newAuthority(t), newAuthority(t)
	a.HTTP = theirs.web.Client()
	back := a.Base + "/login/elsewhere/callback"
	us, secret := theirs.program("contoso", back)
	_, app := theirs.person("contoso", "maria@nordwind.example")
	federation := federation.Federation{Issuer: theirs.Base + "/" + theirs.tenantOf("contoso") + "/v2.0", ClientID: us.AppID(), Domains: []string{"Nordwind.Example"}, Create: true}
	a.must(a.Federations.Set(t.Context(), "nordwind", federation, secret))
	if err := a.Federations.Set(t.Context(), "contoso", federation, secret); fault.CodeOf(err) != "domain_taken" {
		t.Errorf("one domain signs in at two places: %v", err)
	}

	at := theirs.browser()
	// atProvider signs in at the provider and returns the address that it redirects the browser to.
	atProvider := func(b *browser, mail string) string {
		t.Helper()
		b.get("/login?again=1").submit("/login", "mail", mail).want(200, "Go on to "+theirs.Base)
		_, rest, _ := strings.Cut(b.page, `class="button" href="`)
		to, _, _ := strings.Cut(rest, `"`)
		at.get(html.UnescapeString(to))
		if at.status == http.StatusSeeOther && strings.HasPrefix(at.to, "/login?") {
			at.follow().signIn("maria@nordwind.example", app).follow()
		}
		if strings.Contains(at.page, "act for you?") {
			at.submit("/login/consent", "answer", "allow").follow()
		}
		if !strings.HasPrefix(at.to, back+"?") {
			t.Fatalf("not sent back: %d %s\n%s", at.status, at.to, at.page)
		}
		return at.to
	}
	b := a.browser()
	b.get(atProvider(b, "maria@nordwind.example")).follow().want(200, "Your account").want(200, "Nordwind B.V.")
	p, err := a.People.Person(t.Context(), a.personID("maria@nordwind.example"))
	a.must(err)
	list, err := a.Sessions.List(t.Context(), p.ID)
	a.must(err)
	if len(list) != 1 || !list[0].MFA || !slices.Contains(list[0].Methods, "fed") || p.Password != "" {
		t.Errorf("%+v", list)
	}
	// Signing in again gives the same person.
	c := a.browser()
	c.get(atProvider(c, "maria@nordwind.example")).follow().want(200, "Your account")
	if again := a.personID("maria@nordwind.example"); again != p.ID {
		t.Errorf("another person: %s", again)
	}

	// An answer counts once, in the browser that asked.
	answer := atProvider(c, "maria@nordwind.example")
	a.browser().get(answer).want(http.StatusForbidden, "not the browser it was started in")
	c.get(answer)
	c.get(answer).want(http.StatusForbidden, "not the browser it was started in")
	d := a.browser()
	answer = atProvider(d, "maria@nordwind.example")
	d.get(strings.Replace(answer, "iss=", "iss=https%3A%2F%2Fevil.example%2F", 1)).want(http.StatusForbidden, "start again")

	// A person who is disabled here cannot sign in, whatever the provider says.
	a.must(a.People.Enable(t.Context(), p.ID, false))
	e := a.browser()
	e.get(atProvider(e, "maria@nordwind.example")).want(http.StatusForbidden, "not right")
	a.must(a.People.Enable(t.Context(), p.ID, true))
	a.attempted(p.ID, "nordwind", "signed_in fed mfa", "signed_in fed mfa", "signed_in fed mfa", "sign_in_refused fed")

	// A provider can only sign in people of its own domains.
	_, stranger := theirs.person("contoso", "eve@contoso.example")
	a.person("contoso", "eve@contoso.example")
	at = theirs.browser().signIn("eve@contoso.example", stranger)
	f := a.browser()
	f.get(atProvider(f, "eve@nordwind.example")).want(http.StatusForbidden, "not right")
}

// TestProvidersOfOthersAreNotOffered: an organisation that claims a mail domain cannot take over the sign-in of other
// organisations' people with addresses of that domain, neither before nor instead of their password.
func TestProvidersOfOthersAreNotOffered(t *testing.T) {
	a, evil := newAuthority(t), newAuthority(t)
	a.HTTP = evil.web.Client()
	us, clientSecret := evil.program("contoso", a.Base+"/login/elsewhere/callback")
	_, secret := a.person("contoso", "maria@contoso.example")
	a.must(a.Federations.Set(t.Context(), "c0002", federation.Federation{
		Issuer: evil.Base + "/" + evil.tenantOf("contoso") + "/v2.0", ClientID: us.AppID(), Domains: []string{"contoso.example"}, Create: true,
	}, clientSecret))
	a.browser().get("/login").submit("/login", "mail", "Maria@contoso.example").want(200, "Enter your password")
	a.browser().signIn("maria@contoso.example", secret).follow().want(200, "Contoso GmbH")
	a.browser().get("/login").submit("/login", "mail", "nobody@contoso.example").want(200, "Go on to "+evil.Base)
}

// TestAnotherProviderAfterAReset: after a reset, a person is no longer bound to a provider that their organisation
// has left.
func TestAnotherProviderAfterAReset(t *testing.T) {
	a := newAuthority(t)
	ctx := t.Context()
	person := people.Personal{Name: "Maria", Mail: "maria@nordwind.example"}
	old := federation.Federation{Realm: org.OrganisationID("nordwind"), Issuer: "https://old.example", ClientID: "us", Domains: []string{"nordwind.example"}, Create: true}
	p, err := a.People.SignInFederated(ctx, old, "maria", person)
	a.must(err)
	next := old
	next.Issuer = "https://next.example"
	if _, err := a.People.SignInFederated(ctx, next, "maria", person); fault.KindOf(err) != fault.Denied {
		t.Errorf("another provider speaks for them at once: %v", err)
	}
	_, err = a.People.Reset(ctx, p.ID)
	a.must(err)
	if again, err := a.People.SignInFederated(ctx, next, "maria", person); err != nil || again.ID != p.ID {
		t.Errorf("after a reset: %+v, %v", again, err)
	}
	if _, err := a.People.SignInFederated(ctx, old, "maria", person); fault.KindOf(err) != fault.Denied {
		t.Errorf("the provider before still speaks for them: %v", err)
	}
}

// TestPasswordsOfFederatedPeople: a person removed from their organisation's provider cannot sign in with the
// password they had here before.
func TestPasswordsOfFederatedPeople(t *testing.T) {
	a := newAuthority(t)
	_, secret := a.person("nordwind", "ines@nordwind.example")
	b := a.browser().get("/login").submit("/login", "mail", "ines@nordwind.example").want(200, "Enter your password")
	a.must(a.Federations.Set(t.Context(), "nordwind", federation.Federation{Issuer: "https://theirs.example", ClientID: "us", Domains: []string{"nordwind.example"}}, "s"))
	b.submit("/login/password", "password", password).want(http.StatusForbidden, "not right")
	a.must(a.Federations.Remove(t.Context(), "nordwind"))
	a.browser().signIn("ines@nordwind.example", secret).follow().want(200, "Nordwind B.V.")
}

// TestTheFirstFederatedPersonIsAdmin: the first person of an organisation becomes its global admin, and ends the other
// invitations to it, which may be from above, also when it is their own provider that signs them in.
func TestTheFirstFederatedPersonIsAdmin(t *testing.T) {
	a := newAuthority(t)
	ctx := t.Context()
	var admins []id.Principal
	a.roles.granted = func(who id.Principal) { admins = append(admins, who) }
	first, _, err := a.People.Invite(ctx, "c0002", people.Personal{Name: "Maria", Mail: "maria@tailspin.example"})
	a.must(err)
	_, another, err := a.People.Invite(ctx, "c0002", people.Personal{Name: "Eve", Mail: "eve@contoso.example"})
	a.must(err)
	f := federation.Federation{Realm: org.OrganisationID("c0002"), Issuer: "https://theirs.example", ClientID: "us", Domains: []string{"tailspin.example"}}
	for range 2 {
		if p, err := a.People.SignInFederated(ctx, f, "maria", people.Personal{Name: "Maria", Mail: "maria@tailspin.example"}); err != nil || p.ID != first.ID {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	if !slices.Equal(admins, []id.Principal{first.ID}) {
		t.Errorf("led by %v", admins)
	}
	if _, err := a.People.SetUp(ctx, another, people.Personal{Name: "Eve"}, password); fault.CodeOf(err) != "ticket_spent" {
		t.Errorf("an invitation from before the first still lets in: %v", err)
	}
}
