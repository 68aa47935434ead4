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
	stopped := a.now() // no try comes back meanwhile
	a.Now = func() time.Time { return stopped }
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
