package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	peopleapi "github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/cli/remote"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/matrix"
	"github.com/purveyor-csp/purveyor/internal/signintest"
)

// TestSignedInPeopleReadNoForeignMoney serves the matrix's world, signs in a person of every built-in role with a
// device code, and searches everything that each can read for canaries.
func TestSignedInPeopleReadNoForeignMoney(t *testing.T) {
	if testing.Short() {
		t.Skip("every person reads everything: not with -short")
	}
	dir := t.TempDir()
	settings := config.Settings{Memory: "512MB"}
	way, done, err := installation.Connect(t.Context(), dir, installation.Options{Settings: settings, Log: slog.New(slog.DiscardHandler), Now: october, Named: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &signing{t: t, tokens: map[id.Principal]string{}, answers: map[int]int{}}
	r, err := matrix.Search(context.Background(), way, func() (http.RoundTripper, error) {
		if err := done(); err != nil {
			return nil, err
		}
		s.at = "http://127.0.0.1:" + serving(t, dir, installation.Options{Settings: settings, Log: slog.New(slog.DiscardHandler), Now: time.Now})
		return s, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Leaked > 0 {
		t.Errorf("%d leaks:\n%s", r.Leaked, strings.Join(r.Leaks[:min(len(r.Leaks), 60)], "\n"))
	}
	if roles := len(access.BuiltIn()); len(s.tokens) != roles || r.Bodies < 5000 || s.answers[http.StatusOK] < 1000 || s.answers[http.StatusUnauthorized] > 0 {
		t.Errorf("%d people signed in for %d roles and read %d bodies: %v", len(s.tokens), roles, r.Bodies, s.answers)
	}
	t.Logf("%d people signed in and read %d bodies: %v", len(s.tokens), r.Bodies, s.answers)
}

// signing sends requests to a server with a token of the person in their context, who signs in for the first request;
// without a person it sends them as the local operator.
type signing struct {
	t       *testing.T
	at      string
	mails   map[id.Principal]string
	tokens  map[id.Principal]string
	answers map[int]int // number of answers to people who signed in, by status
}

func (s *signing) RoundTrip(r *http.Request) (*http.Response, error) {
	who, named := identity.Caller(r.Context())
	to, err := url.Parse(s.at)
	if err != nil {
		return nil, err
	}
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.Host = to.Scheme, to.Host, ""
	if !named {
		return http.DefaultTransport.RoundTrip(out)
	}
	if s.tokens[who.ID] == "" {
		if s.tokens[who.ID], err = s.signIn(who.ID); err != nil {
			return nil, err
		}
	}
	out.Header.Set("Authorization", "Bearer "+s.tokens[who.ID])
	answer, err := http.DefaultTransport.RoundTrip(out)
	if err == nil {
		s.answers[answer.StatusCode]++
	}
	return answer, err
}

// signIn begins a sign-in with a device code and completes it at the sign-in page.
func (s *signing) signIn(who id.Principal) (token string, err error) {
	if s.mails == nil {
		s.mails = map[id.Principal]string{}
		res, err := http.Get(s.at + kernel.Prefix + "/people?limit=1000")
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		var list kernel.List[peopleapi.Person]
		if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
			return "", err
		}
		for _, p := range list.Items {
			s.mails[p.ID] = p.Mail
		}
	}
	var atPage error
	l := remote.Login{Server: s.at, Tenant: "organizations"}
	err = l.SignIn(s.t.Context(), func(message string) {
		page, code, ok := signintest.DevicePrompt(message)
		if !ok {
			atPage = fmt.Errorf("no page and code in %q", message)
			return
		}
		atPage = signintest.Person{Mail: s.mails[who], Password: "brown kettle morning"}.AllowDevice(page, code)
	}, func(time.Duration) <-chan time.Time {
		now := make(chan time.Time, 1)
		now <- time.Time{}
		return now
	})
	return l.Access, cmp.Or(atPage, err)
}
