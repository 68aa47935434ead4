package login_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

var (
	secretText = regexp.MustCompile(`<code class="secret">([A-Z2-7]+)</code>`)
	recovery   = regexp.MustCompile(`<li><code>([a-z2-7-]{19})</code></li>`)
)

// TestFirstStart goes from the first link to a person, a second factor, recovery codes and the account page.
func TestFirstStart(t *testing.T) {
	a := newAuthority(t)
	stale, err := a.People.FirstLink(t.Context())
	a.must(err)
	link, err := a.People.FirstLink(t.Context())
	a.must(err)
	a.browser().get("/login/setup?ticket="+stale).want(http.StatusForbidden, "not known, was used, or has expired")
	b := a.browser().get("/login/setup?ticket="+link).want(200, "Contoso GmbH")
	fill := func(pairs ...string) *browser {
		return b.submit("/login/setup", append([]string{"name", "Maria Fontaine", "mail", "maria@contoso.example", "password", password, "again", password}, pairs...)...)
	}
	fill("again", "another").want(422, "not the same")
	fill("password", "short", "again", "short").want(422, "at least 12")
	fill("mail", "maria").want(422, "no mail address")
	fill().follow().want(200, "Add a second factor")
	if !strings.Contains(b.page, "<svg") {
		t.Error("no picture for the app")
	}
	b.get("/login/account")
	if b.status != http.StatusSeeOther || !strings.HasPrefix(b.to, "/login?") {
		t.Fatal("in without a second factor")
	}
	b.get("/login/enrol")
	b.submit("/login/enrolled").want(http.StatusForbidden, "not right")
	b.get("/login/enrol")
	secret := secretText.FindStringSubmatch(b.page)[1]
	b.submit("/login/enrol", "code", "000000").want(422, "not the code")
	b.submit("/login/enrol", "code", totp(secret, a.now())).want(200, "Recovery codes")
	codes := recovery.FindAllStringSubmatch(b.page, -1)
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes", len(codes))
	}
	b.submit("/login/enrolled").follow().want(200, "Your account")
	if again, err := a.People.FirstLink(t.Context()); err != nil || again != "" {
		t.Errorf("a link although somebody is there: %q %v", again, err)
	}
	a.browser().get("/login/setup?ticket="+link).want(http.StatusForbidden, "not known, was used, or has expired")

	// A recovery code replaces the app, once.
	for i, want := range []int{http.StatusSeeOther, http.StatusForbidden} {
		c := a.browser().get("/login").submit("/login", "mail", "MARIA@contoso.example").submit("/login/password", "password", password).follow()
		if c.submit("/login/second", "code", strings.ToUpper(codes[0][1])); c.status != want {
			t.Errorf("use %d of a recovery code: %d", i+1, c.status)
		}
	}
}

// TestUnknownAddressAndWrongPasswordLookAlike: the pages do not reveal whether a person has a mail address.
func TestUnknownAddressAndWrongPasswordLookAlike(t *testing.T) {
	a := newAuthority(t)
	a.person("c0001", "kim@fabrikam.example")
	page := func(mail string) string {
		b := a.browser().get("/login").submit("/login", "mail", mail)
		first := strings.ReplaceAll(b.page, mail, "")
		b.submit("/login/password", "password", "not the password").want(http.StatusForbidden, "not right")
		return regexp.MustCompile(`value="[^"]{20,}"`).ReplaceAllString(first+strings.ReplaceAll(b.page, mail, ""), "")
	}
	if page("kim@fabrikam.example") != page("nobody@fabrikam.example") {
		t.Error("the pages differ")
	}
}

func TestLockOut(t *testing.T) {
	a := newAuthority(t)
	p, secret := a.person("contoso", "maria@contoso.example")
	try := func(password string) error {
		_, err := a.People.SignIn(t.Context(), factor.Origin{}, "maria@contoso.example", password)
		return err
	}
	for range 5 {
		if try("wrong") == nil {
			t.Fatal("a wrong password was taken")
		}
	}
	if try(password) == nil {
		t.Error("right, but too soon, and taken")
	}
	a.advance(time.Minute + time.Second)
	a.must(try(password))
	// A correct password gives no further attempts at the second factor.
	if _, err := a.People.Prove(t.Context(), factor.Origin{}, p.ID, "000000"); err == nil {
		t.Fatal("a wrong code was taken")
	}
	if _, err := a.People.Prove(t.Context(), factor.Origin{}, p.ID, totp(secret, a.now())); err == nil {
		t.Error("the sixth failure did not make them wait")
	}
	a.advance(3 * time.Minute)
	a.browser().signIn("maria@contoso.example", secret)
	if q, err := a.People.Person(t.Context(), p.ID); err != nil || q.Failures != 0 {
		t.Errorf("a whole sign-in left %d failures, %v", q.Failures, err)
	}
}

func TestTooManyFailuresFromOneAddress(t *testing.T) {
	a := newAuthority(t)
	b := a.browser().get("/login").submit("/login", "mail", "nobody@contoso.example")
	n := 0
	for ; n < 100 && b.status != http.StatusTooManyRequests; n++ {
		b.submit("/login/password", "mail", "nobody@contoso.example", "password", "guess")
		if b.status != http.StatusForbidden && b.status != http.StatusTooManyRequests {
			t.Fatalf("%d\n%s", b.status, b.page)
		}
		b.get("/login").submit("/login", "mail", "nobody@contoso.example")
		b.submit("/login/password", "password", "guess")
	}
	if b.status != http.StatusTooManyRequests || b.header.Get("Retry-After") == "" {
		t.Fatalf("%d tries and still %d", n, b.status)
	}
	a.advance(time.Minute)
	b.get("/login").submit("/login", "mail", "nobody@contoso.example").submit("/login/password", "password", "guess").want(http.StatusForbidden, "not right")
}

func TestFormsAndCookies(t *testing.T) {
	a := newAuthority(t)
	b := a.browser().get("/login")
	csp := b.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
		if !strings.Contains(csp, part) {
			t.Errorf("the policy lacks %s: %s", part, csp)
		}
	}
	if strings.Contains(csp, "unsafe") || strings.Contains(b.page, "<style") || strings.Contains(b.page, "style=") || strings.Contains(b.page, "onclick") {
		t.Error("something is inline")
	}
	for name, want := range map[string]string{
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
		"Strict-Transport-Security": "max-age=31536000", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := b.header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	for _, c := range b.header.Values("Set-Cookie") {
		if !strings.HasPrefix(c, "__Host-") || !strings.Contains(c, "; Secure") || !strings.Contains(c, "; HttpOnly") || !strings.Contains(c, "SameSite=Lax") || strings.Contains(c, "Domain") || !strings.Contains(c, "Path=/") {
			t.Errorf("a cookie of another kind: %s", c)
		}
	}
	mail := url.Values{"mail": {"kim@fabrikam.example"}, "next": {"/login/account"}}
	b.send("/login", mail).want(http.StatusForbidden, "came from elsewhere")
	mail.Set("csrf", strings.Repeat("A", 43))
	b.send("/login", mail).want(http.StatusForbidden, "came from elsewhere")
	other := a.browser().get("/login")
	mail.Set("csrf", fields.FindStringSubmatch(other.page)[2])
	b.send("/login", mail).want(http.StatusForbidden, "came from elsewhere") // another browser's
	mail.Set("csrf", fields.FindStringSubmatch(b.get("/login").page)[2])
	r, err := http.NewRequest(http.MethodPost, a.web.URL+"/login", strings.NewReader(mail.Encode()))
	a.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://evil.example")
	b.do(r).want(http.StatusForbidden, "came from elsewhere")
	b.send("/login", mail).want(200, "Enter your password")
}

// On plain http of this machine, browsers refuse what they want TLS for.
func TestCookiesOfPlainLoopback(t *testing.T) {
	a := newAuthority(t)
	a.Base = "http://localhost:8080"
	b := a.browser().get("/login")
	c := b.header.Get("Set-Cookie")
	if strings.HasPrefix(c, "__Host-") || strings.Contains(c, "Secure") || !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || b.header.Get("Strict-Transport-Security") != "" {
		t.Errorf("got %s", c)
	}
}

// TestRedirectsStayLocal: after a sign-in the browser is redirected to our own pages only, whatever the request says.
func TestRedirectsStayLocal(t *testing.T) {
	a := newAuthority(t)
	a.person("c0001", "kim@fabrikam.example")
	for _, next := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil", "/a\nb", "https:/evil.example", "\\\\evil.example"} {
		b := a.browser().get("/login?next="+url.QueryEscape(next)).submit("/login", "mail", "kim@fabrikam.example").submit("/login/password", "password", password, "next", next)
		if b.status != http.StatusSeeOther || b.to != "/login/account" {
			t.Errorf("%q leads to %d %q", next, b.status, b.to)
		}
	}
}

func TestAccount(t *testing.T) {
	a := newAuthority(t)
	p, secret := a.person("nordwind", "ines@nordwind.example")
	b := a.browser().signIn("ines@nordwind.example", secret).follow().want(200, "Nordwind B.V.").want(200, "Firefox on Linux")
	other := a.browser().signIn("ines@nordwind.example", secret)

	// Staff keep a second factor.
	b.submit("/login/account/totp/remove").want(http.StatusForbidden, "always have a second factor")

	// A new app: the old one stops, other sessions end.
	b.submit("/login/account/totp").want(200, "Authenticator app")
	next := secretText.FindStringSubmatch(b.page)[1]
	b.submit("/login/account/totp/accept", "code", totp(next, a.now())).want(200, "Recovery codes")
	if codes := recovery.FindAllString(b.page, -1); len(codes) != 10 {
		t.Errorf("%d codes", len(codes))
	}
	if other.get("/login/account"); other.status != http.StatusSeeOther {
		t.Error("another browser stays signed in after the credentials changed")
	}
	a.advance(time.Minute)

	// A new password, given the old one.
	b.get("/login/account").submit("/login/account/password", "old", "wrong", "password", "seven green umbrellas", "again", "seven green umbrellas").want(http.StatusForbidden, "not right")
	b.submit("/login/account/password", "old", password, "password", "tiny", "again", "tiny").want(422, "at least 12")
	b.submit("/login/account/password", "old", password, "password", "seven green umbrellas", "again", "seven green umbrellas").follow().want(200, "password was changed")
	if _, err := a.People.SignIn(t.Context(), factor.Origin{}, "ines@nordwind.example", password); err == nil {
		t.Error("the old password is taken")
	}

	// One session is ended, then all.
	third, token, err := a.People.OpenSession(t.Context(), sessions.Session{Person: p.ID, Agent: "Safari on macOS", MFA: true})
	a.must(err)
	b.get("/login/account").want(200, "Safari on macOS").submit("/login/account/sessions/end", "session", string(third.ID)).follow().want(200, "signed out")
	if _, _, err := a.Sessions.ByCookie(t.Context(), token); fault.CodeOf(err) != "session_ended" {
		t.Errorf("an ended session: %v", err)
	}
	b.submit("/login/account/sessions/all").want(200, "signed out everywhere")
	if b.get("/login/account"); b.status != http.StatusSeeOther {
		t.Error("still signed in")
	}
}

// TestOldSessionsChangeNothing: credentials can only be changed shortly after a sign-in.
func TestOldSessionsChangeNothing(t *testing.T) {
	a := newAuthority(t)
	_, secret := a.person("nordwind", "ines@nordwind.example")
	b := a.browser().signIn("ines@nordwind.example", secret).follow()
	a.advance(11 * time.Minute)
	for _, path := range []string{"password", "totp", "totp/accept", "totp/remove", "passkey/remove", "recovery"} {
		b.get("/login/account").want(200, "Your account").submit("/login/account/" + path)
		if b.status != http.StatusSeeOther || !strings.Contains(b.to, "again=1") {
			t.Errorf("%s: %d to %q", path, b.status, b.to)
		}
	}
	a.advance(31 * time.Minute)
	if b.get("/login/account"); b.status != http.StatusSeeOther {
		t.Error("signed in although nothing was asked for half an hour")
	}
}

func TestStaffWithoutSecondFactorInDemoData(t *testing.T) {
	a := newAuthority(t)
	_, link, err := a.People.Invite(t.Context(), "contoso", people.Personal{Name: "D Emo", Mail: "demo@contoso.example"})
	a.must(err)
	p, err := a.People.SetUp(t.Context(), link, people.Personal{Name: "D Emo"}, password)
	a.must(err)
	if _, _, err := a.People.OpenSession(t.Context(), sessions.Session{Person: p.ID}); fault.KindOf(err) != fault.Denied {
		t.Errorf("a session without a second factor: %v", err)
	}
	a.demo = true
	a.browser().signIn("demo@contoso.example", "").follow().want(200, "Your account")
}

// TestSignInsMakeNewSessions: a sign-in ends the previous session of the browser, whosever it was.
func TestSignInsMakeNewSessions(t *testing.T) {
	a := newAuthority(t)
	_, secret := a.person("nordwind", "ines@nordwind.example")
	a.person("c0001", "kim@fabrikam.example")
	b := a.browser().signIn("ines@nordwind.example", secret)
	kept := a.browser()
	u, err := url.Parse(a.web.URL)
	a.must(err)
	kept.http.Jar.SetCookies(u, b.http.Jar.Cookies(u)) // a copy of the earlier cookie
	kept.get("/login/account").want(200, "Nordwind B.V.")
	b.signIn("kim@fabrikam.example", "").get("/login/account").want(200, "Fabrikam S.A.")
	if kept.get("/login/account"); kept.status != http.StatusSeeOther {
		t.Errorf("the session before still holds: %d", kept.status)
	}
}

// TestSecretFieldsOfForms: every field for a secret declares its purpose, so that password managers can fill it in, and no script reads it.
func TestSecretFieldsOfForms(t *testing.T) {
	pages, err := filepath.Glob("pages/*.html")
	a := regexp.MustCompile(`<input[^>]*type="password"[^>]*>`)
	found := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range a.FindAllString(string(text), -1) {
			found++
			if !strings.Contains(field, `autocomplete="new-password"`) && !strings.Contains(field, `autocomplete="current-password"`) || strings.Contains(field, " on") {
				t.Errorf("%s: %s", page, field)
			}
		}
	}
	if err != nil || found < 5 {
		t.Errorf("%d fields, %v", found, err)
	}
}

// TestStartsPerAddress: sign-ins that are begun and never completed cannot fill the ledger.
func TestStartsPerAddress(t *testing.T) {
	a := newAuthority(t)
	begun := func(n int) (got int) {
		for range n {
			if status, _ := a.call("/common/oauth2/v2.0/devicecode", url.Values{"client_id": {azureCLI}}); status == http.StatusOK {
				got++
			}
		}
		return got
	}
	if got := begun(60); got != 30 {
		t.Errorf("one address begins %d devices at once", got)
	}
	a.advance(time.Minute)
	if got := begun(60); got != 30 {
		t.Errorf("and %d a minute later", got)
	}
}
