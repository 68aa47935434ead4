package remote

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// doorman is a server that signs in after being asked a few times, and takes each refresh token once.
type doorman struct {
	*httptest.Server
	mu      sync.Mutex
	pending []string // errors to answer first
	serial  int      // of the newest tokens
	reused  bool
	asked   []string // bearer tokens of calls
}

func newDoorman(t *testing.T, pending ...string) *doorman {
	d := &doorman{pending: pending}
	d.Server = httptest.NewServer(http.HandlerFunc(d.answer))
	t.Cleanup(d.Close)
	return d
}

func (d *doorman) answer(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	refuse := func(code string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": "AADSTS1: " + code + ". Trace ID: x"})
	}
	switch r.URL.Path {
	case "/organizations/oauth2/v2.0/devicecode":
		_ = json.NewEncoder(w).Encode(map[string]any{"device_code": "device", "message": "open the page and enter the code BCDF-GHJK", "interval": 5})
	case "/organizations/oauth2/v2.0/token":
		if r.FormValue("client_id") != identity.CLI {
			refuse("invalid_client")
			return
		}
		if len(d.pending) > 0 {
			refuse(d.pending[0])
			d.pending = d.pending[1:]
			return
		}
		if r.FormValue("grant_type") == "refresh_token" && r.FormValue("refresh_token") != fmt.Sprint("refresh", d.serial) {
			d.reused = true
			refuse("invalid_grant")
			return
		}
		d.serial++
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprint("access", d.serial), "refresh_token": fmt.Sprint("refresh", d.serial), "expires_in": 3599})
	default:
		d.asked = append(d.asked, r.URL.Path+" "+r.Header.Get("Authorization"))
	}
}

func TestLoginWithADeviceCode(t *testing.T) {
	for _, c := range []struct {
		pending []string
		code    string
		waits   string
	}{
		{[]string{"authorization_pending", "slow_down", "authorization_pending"}, "", "[5s 5s 10s 10s]"},
		{[]string{"access_denied"}, "sign_in_refused", "[5s]"},
		{[]string{"expired_token"}, "sign_in_refused", "[5s]"},
	} {
		d := newDoorman(t, c.pending...)
		said := ""
		var waits []time.Duration
		l := Login{Server: d.URL, Tenant: "organizations"}
		err := l.SignIn(t.Context(), func(m string) { said += m }, func(d time.Duration) <-chan time.Time {
			waits = append(waits, d)
			now := make(chan time.Time, 1)
			now <- time.Time{}
			return now
		})
		if got := fault.CodeOf(err); err == nil && c.code != "" || err != nil && got != c.code || strings.Contains(fmt.Sprint(err), "Trace") {
			t.Errorf("%v: %v", c.pending, err)
		}
		if fmt.Sprint(waits) != c.waits || !strings.Contains(said, "BCDF-GHJK") || err == nil && l.Access != "access1" {
			t.Errorf("%v: waited %v, said %q, got %+v", c.pending, waits, said, l)
		}
	}
	d := newDoorman(t)
	l := Login{Server: d.URL + "/elsewhere", Tenant: "organizations"}
	if err := l.SignIn(t.Context(), func(string) {}, time.After); fault.CodeOf(err) != "no_sign_in_there" {
		t.Errorf("a server without sign-ins: %v", err)
	}
	l.Server = "http://127.0.0.1:1"
	if err := l.SignIn(t.Context(), func(string) {}, time.After); fault.CodeOf(err) != "no_answer" {
		t.Errorf("no server: %v", err)
	}
}

// Many commands at once renew a token once: the second use of a refresh token would end the session.
func TestOneProcessRenews(t *testing.T) {
	d := newDoorman(t)
	file := filepath.Join(t.TempDir(), "purveyor", "login.json")
	d.serial = 1
	if err := (Login{Server: d.URL, Tenant: "organizations", Access: "old", Refresh: "refresh1", Expires: time.Now().Add(early - time.Second)}).Save(file); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v %v", info, err)
	}
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			c := http.Client{Transport: Way{File: file, Now: time.Now, Under: http.DefaultTransport}}
			if _, err := c.Get("http://localhost/api/v1/status"); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if d.serial != 2 || d.reused || len(d.asked) != 8 {
		t.Errorf("%d renewals, reused %v, %d calls", d.serial-1, d.reused, len(d.asked))
	}
	for _, call := range d.asked {
		if call != "/api/v1/status Bearer access2" {
			t.Errorf("called %s", call)
		}
	}
	// A sign-in that was ended there says so.
	d.serial = 7
	l, _, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	l.Expires = time.Time{}
	if err := l.Save(file); err != nil {
		t.Fatal(err)
	}
	if _, err := (Way{File: file, Now: time.Now}).fresh(t.Context()); fault.CodeOf(err) != "sign_in_refused" {
		t.Errorf("got %v", err)
	}
}
