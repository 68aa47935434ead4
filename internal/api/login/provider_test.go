package login_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
)

func (a *authority) federates(issuer string) error {
	return a.Federations.Set(a.t.Context(), "c0002", federation.Federation{Issuer: issuer, ClientID: "us", Domains: []string{"tailspin.example"}}, "s")
}

// TestProvidersOnThisMachineAreRefused: an organisation cannot make us call addresses of this machine or its local network, under whatever name.
func TestProvidersOnThisMachineAreRefused(t *testing.T) {
	a := newAuthority(t)
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	a.must(err)
	defer inner.Close()
	var called atomic.Int64
	go func() {
		for {
			c, err := inner.Accept()
			if err != nil {
				return
			}
			called.Add(1)
			_ = c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(inner.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		a.must(a.federates("https://" + host + ":" + port))
		a.browser().get("/login").submit("/login", "mail", "somebody@tailspin.example").want(http.StatusServiceUnavailable, "cannot be reached")
	}
	if n := called.Load(); n > 0 {
		t.Errorf("%d calls reached this machine", n)
	}
	for _, issuer := range []string{"", "http://login.tailspin.example", "file:///etc/passwd", "https://us:secret@login.tailspin.example", "login.tailspin.example"} {
		if err := a.federates(issuer); fault.CodeOf(err) != "federation_incomplete" {
			t.Errorf("%q is a provider: %v", issuer, err)
		}
	}
}

// TestAnswersOfProvidersAreBounded: a provider that answers without end is cut off.
func TestAnswersOfProvidersAreBounded(t *testing.T) {
	a := newAuthority(t)
	var sent atomic.Int64
	endless := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat("x", 1<<20))
		_, _ = w.Write([]byte(`{"issuer":"`))
		for range 64 {
			n, err := w.Write(chunk)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}))
	a.HTTP = endless.Client()
	a.must(a.federates(endless.URL))
	a.browser().get("/login").submit("/login", "mail", "somebody@tailspin.example").want(http.StatusServiceUnavailable, "cannot be reached")
	endless.Close() // once every answer has ended
	if got := sent.Load(); got > 32<<20 {
		t.Errorf("%d MiB were taken", got>>20)
	}
}
