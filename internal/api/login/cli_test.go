package login_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/cli/remote"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// TestCommandLineSignsIn: the command line signs in with a device code, over TLS with a certificate of the own authority, and its calls are made as the person.
func TestCommandLineSignsIn(t *testing.T) {
	a := newAuthority(t)
	p, secret := a.person("contoso", "maria@contoso.example")
	api := httptest.NewServer(a.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who, _ := identity.Caller(r.Context()); who.ID == p.ID && who.MFA {
			w.WriteHeader(http.StatusNoContent)
		}
	}), func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, err.Error(), http.StatusUnauthorized)
	}, a.Audiences[0]))
	defer api.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	a.must(os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.web.Certificate().Raw}), 0o600))
	l := remote.Login{Server: a.web.URL, Tenant: "organizations", CA: ca}
	now := make(chan time.Time)
	close(now)
	a.must(l.SignIn(t.Context(), func(message string) {
		typed := regexp.MustCompile(`[B-Z]{4}-[B-Z]{4}`).FindString(message)
		b := a.browser().signIn("maria@contoso.example", secret)
		b.get("/devicelogin").follow().submit("/login/device", "code", typed).want(200, "Purveyor command line").submit("/login/device/answer", "answer", "allow").want(200, "signed in")
	}, func(time.Duration) <-chan time.Time { return now }))
	file := filepath.Join(t.TempDir(), "login.json")
	for _, expires := range []time.Time{l.Expires, {}} { // as it is, and renewed
		l.Expires = expires
		a.must(l.Save(file))
		way := remote.Way{File: file, Now: a.now, Under: rewriteHost(api.URL)}
		res, err := (&http.Client{Transport: way}).Get("http://localhost/api/v1/status")
		a.must(err)
		if res.Body.Close(); res.StatusCode != http.StatusNoContent {
			t.Errorf("answered %d", res.StatusCode)
		}
	}
}

// rewriteHost sends every request to one server.
type rewriteHost string

func (to rewriteHost) RoundTrip(r *http.Request) (*http.Response, error) {
	next, err := http.NewRequestWithContext(r.Context(), r.Method, string(to)+r.URL.Path, nil)
	if err != nil {
		return nil, err
	}
	next.Header = r.Header
	return http.DefaultTransport.RoundTrip(next)
}
