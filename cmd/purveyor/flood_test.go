package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/callers"
	"github.com/purveyor-csp/purveyor/internal/api/limits"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/installation"
)

// TestConcurrentCommandsWithOneKeyRunOnce: a command whose idempotency key is in use by a running command is not run
// a second time. Each command that runs leaves its record.
func TestConcurrentCommandsWithOneKeyRunOnce(t *testing.T) {
	s := newStaffScenario(t)
	s.as("")
	anchors, inner := s.n.API.Anchors, 0
	s.n.API.Anchors = func() (event.Anchor, error) { // sent while the first command is running
		s.n.API.Anchors = anchors
		a, _ := s.send(http.MethodPost, "/roles", asJSON, strings.NewReader(`{"name":"clerk","realm":"partner","owner":"contoso","actions":["invoice.read"]}`), "Idempotency-Key", "one")
		inner = a.StatusCode
		return anchors()
	}
	s.want(200, nil, http.MethodPost, "/audit/verification", asJSON, "{}", "Idempotency-Key", "one")
	if inner != http.StatusConflict || len(s.records("&action=audit-verify")) != 1 || len(s.records("&action=role-define")) != 0 {
		t.Errorf("the other command under the key: %d; %d and %d records", inner, len(s.records("&action=audit-verify")), len(s.records("&action=role-define")))
	}
	s.want(200, nil, http.MethodPost, "/audit/verification", asJSON, "{}", "Idempotency-Key", "one")
}

// TestDeniedReplaysAreRecorded: repeating a command whose permission was taken away meanwhile is denied, and recorded
// like any other denial.
func TestDeniedReplaysAreRecorded(t *testing.T) {
	s := newStaffScenario(t)
	s.at("agent", "contoso", access.PartnerAdminAgent, "contoso")
	policy := func(status int) {
		s.as("agent")
		s.want(status, nil, http.MethodPut, "/customers/c0001/policy/usage-charges", asJSON, `{"usage_charges":"list"}`, "Idempotency-Key", "one")
	}
	policy(200)
	s.as("")
	for _, a := range s.assignments("agent") {
		s.want(200, nil, http.MethodDelete, "/role-assignments/"+string(a), "", "")
	}
	policy(403)
	s.as("")
	list := s.records("&action=policy-charges")
	if len(list) != 2 || !strings.Contains(string(list[len(list)-1].Data), "refused") {
		t.Errorf("%d recorded: %+v", len(list), list)
	}
}

// assignments are the ids of what somebody was given.
func (s *staffScenario) assignments(name string) (ids []string) {
	var list struct{ Items []access.Assignment }
	s.want(200, &list, http.MethodGet, "/role-assignments?subject="+string(s.people[name]), "", "")
	for _, a := range list.Items {
		ids = append(ids, string(a.ID))
	}
	return ids
}

// TestReadinessRevealsNothing: the readiness probe does not reveal where the stores are.
func TestReadinessRevealsNothing(t *testing.T) {
	s := newStaffScenario(t)
	var log bytes.Buffer
	s.n.API.Log = slog.New(slog.NewTextHandler(&log, nil))
	s.n.API.Ready = func(context.Context) error {
		return errors.New("failed to connect to host=ledger.internal user=purveyor")
	}
	w := httptest.NewRecorder()
	s.n.API.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/readyz", nil))
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "ledger") || !strings.Contains(log.String(), "ledger.internal") {
		t.Errorf("%d %q; the log: %s", w.Code, w.Body, log.String())
	}
}

// TestAddressesAreBounded: one request cannot write more into the log than the maximum length of an address.
func TestAddressesAreBounded(t *testing.T) {
	at := "http://127.0.0.1:" + serving(t, t.TempDir(), installation.Options{Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	for length, want := range map[int]int{1 << 10: http.StatusNotFound, 300 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		res, err := http.Get(at + "/" + strings.Repeat("x", length))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("an address of %d bytes: %d, want %d", length, res.StatusCode, want)
		}
	}
}

// slow is a response writer that notes the read deadline of its request.
type slow struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (s *slow) SetReadDeadline(t time.Time) error { s.until = t; return nil }

// TestUnauthenticatedRequestsTimeOut: a request without valid credentials must be sent within half a minute; a
// request with them may take longer.
func TestUnauthenticatedRequestsTimeOut(t *testing.T) {
	s := newStaffScenario(t)
	authority, err := s.n.ServeAt(siteOf(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8443}, nil))
	if err != nil {
		t.Fatal(err)
	}
	reached := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		path             string
		overTLS, bounded bool
	}{
		{"/common/oauth2/v2.0/token", true, true}, {"/login", false, true}, {"/api/v1/imports", true, true}, {"/api/v1/imports", false, false},
	} {
		w := &slow{ResponseRecorder: httptest.NewRecorder()}
		callers.Entrance{Authority: authority, TLS: c.overTLS, Limiter: limits.New(limits.Limits{}, time.Now)}.SignIn(reached).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8443"+c.path, strings.NewReader("")))
		if w.until.IsZero() == c.bounded || c.bounded && time.Until(w.until) > time.Minute {
			t.Errorf("%s: read until %s", fmt.Sprint(c), w.until)
		}
	}
}
