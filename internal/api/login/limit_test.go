package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// answered counts what happened to many forms that were sent at once, by status.
func (b *browser) answered(n int, path string, pairs ...string) map[int]int {
	b.a.t.Helper()
	form := url.Values{}
	for _, m := range fields.FindAllStringSubmatch(b.page, -1) {
		form.Set(m[1], m[2])
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	statuses := make(chan int, n)
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			r, err := http.NewRequest(http.MethodPost, b.address(path), strings.NewReader(form.Encode()))
			if err != nil {
				b.a.t.Error(err)
				return
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", b.a.web.URL)
			res, err := b.http.Do(r)
			if err != nil {
				b.a.t.Error(err)
				return
			}
			_ = res.Body.Close()
			statuses <- res.StatusCode
		})
	}
	all.Wait()
	close(statuses)
	count := map[int]int{}
	for s := range statuses {
		count[s]++
	}
	return count
}

// TestTriesAreCountedBeforeTheyAreWorkedOn sends 200 wrong passwords at once from one address: no more are verified than it
// may send, and the rest is refused. The same of client secrets.
func TestTriesAreCountedBeforeTheyAreWorkedOn(t *testing.T) {
	a := newAuthority(t)
	a.still = time.Now() // no try comes back meanwhile
	b := a.browser().get("/login").submit("/login", "mail", "nobody@contoso.example")
	got := b.answered(200, "/login/password", "password", "a wrong password")
	if got[http.StatusForbidden] != 30 || got[http.StatusTooManyRequests] != 170 {
		t.Errorf("passwords: %v", got)
	}
	if unknown, _ := a.Sessions.Unrecorded(); unknown != 30 {
		t.Errorf("%d passwords were verified", unknown)
	}
	got = a.browser().answered(200, "/common/oauth2/v2.0/token", "grant_type", "client_credentials", "client_id", "00000000-0000-4000-8000-000000000000", "client_secret", "x")
	if got[http.StatusUnauthorized] != 30 || got[http.StatusTooManyRequests] != 170 {
		t.Errorf("client secrets: %v", got)
	}
}

// TestRightTriesAreGivenBack sends more right forms than an address may send wrong ones: none is refused.
func TestRightTriesAreGivenBack(t *testing.T) {
	a := newAuthority(t)
	b := a.browser().get("/login")
	for range 100 {
		b.submit("/login", "mail", "nobody@contoso.example").want(http.StatusOK, "Enter your password").get("/login")
		a.advance(time.Second) // a try is given back also when its instant has passed
	}
	got := b.answered(20, "/login", "mail", "nobody@contoso.example")
	if got[http.StatusOK] != 20 {
		t.Errorf("at once: %v", got)
	}
}

// TestKnownDevices: where somebody has signed in, wrong tries from elsewhere neither lock them out nor use up their
// address. The device has few wrong tries of its own, and it is known for one person, for a time, and as it was given.
func TestKnownDevices(t *testing.T) {
	a := newAuthority(t)
	a.still = time.Now()
	a.Address = func(*http.Request) string { return "one address" }
	_, app := a.person("contoso", "maria@contoso.example")
	a.person("c0001", "kim@fabrikam.example")
	known := a.browser().signIn("maria@contoso.example", app)
	if c := known.header.Get("Set-Cookie"); c == "" {
		t.Fatal("no cookie was given")
	}
	lock := func() *browser {
		stranger := a.browser().get("/login").submit("/login", "mail", "maria@contoso.example")
		stranger.answered(100, "/login/password", "password", "a wrong password")
		return stranger.submit("/login/password", "password", password).want(http.StatusTooManyRequests, "")
	}
	stranger := lock()
	known.get("/login?again=1").submit("/login", "mail", "kim@fabrikam.example").want(http.StatusTooManyRequests, "") // for one person alone
	known.get("/login?again=1").signIn("maria@contoso.example", app)                                                  // locked elsewhere, and from an address without a try left

	// few wrong tries
	lock()
	known.get("/login?again=1").submit("/login", "mail", "maria@contoso.example").want(http.StatusOK, "Enter your password")
	for range 5 {
		known.submit("/login/password", "password", "a wrong password").want(http.StatusForbidden, "not right")
	}
	known.submit("/login/password", "password", password).want(http.StatusTooManyRequests, "")

	// one try comes back after an hour; the lock of a person lasts as long
	a.advance(time.Hour + time.Second)
	stranger.get("/login").submit("/login", "mail", "maria@contoso.example").submit("/login/password", "password", "a wrong password")
	stranger.submit("/login/password", "password", password).want(http.StatusForbidden, "not right")
	known.get("/login?again=1").signIn("maria@contoso.example", app)

	// a cookie that was changed, or is too old, is worth nothing
	at, err := url.Parse(a.web.URL)
	a.must(err)
	for _, change := range []func(string) string{
		func(v string) string { return "x" + v[1:] },
		func(v string) string { a.advance(181 * 24 * time.Hour); return v },
	} {
		a.advance(2 * time.Hour)
		b := a.browser().signIn("maria@contoso.example", app)
		for _, c := range b.http.Jar.Cookies(at) {
			if strings.HasSuffix(c.Name, "purveyor-device") {
				c.Value, c.Path, c.Secure = change(c.Value), "/", true
				b.http.Jar.SetCookies(at, []*http.Cookie{c})
			}
		}
		lock()
		b.get("/login?again=1").submit("/login", "mail", "maria@contoso.example").want(http.StatusTooManyRequests, "")
	}
}
