package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/vault"
)

// serving runs serve over TLS on a free port of this machine until the test ends, and returns the port.
func serving(t *testing.T, dir string, o installation.Options) (port string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Listen = free.Addr().String()
	_, port, _ = net.SplitHostPort(o.Listen)
	_ = free.Close()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, dir, o) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	socket := filepath.Join(dir, installation.SocketName)
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		if c, err := net.Dial("unix", socket); err == nil { // created last, so that it is removed first
			_ = c.Close()
			return port
		}
		select {
		case err := <-done:
			done <- nil
			t.Fatalf("serve ended: %v", err)
		case <-tick.C:
		}
	}
}

func get(t *testing.T, trip http.RoundTripper, url, host string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	answer, err := trip.RoundTrip(r)
	if err == nil {
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
	return answer, err
}

// TestServeTLS calls a server over TLS with clients of every kind.
func TestServeTLS(t *testing.T) {
	dir := t.TempDir()
	s := config.Settings{Memory: "512MB", TLSHost: []string{"localhost", "portal.example"}}
	port := serving(t, dir, installation.Options{Settings: s, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	trust, err := trusting(filepath.Join(dir, "vault", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	defer trust.CloseIdleConnections()
	at := "https://localhost:" + port
	answer, err := get(t, trust, at+"/healthz", "")
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 200 || answer.TLS.Version != tls.VersionTLS13 || answer.ProtoMajor != 2 || answer.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s over %s, %s, HSTS %q", answer.Status, tls.VersionName(answer.TLS.Version), answer.Proto, answer.Header.Get("Strict-Transport-Security"))
	}
	for name, status := range map[string]int{"portal.example": 200, "PORTAL.example": 200, "evil.example": 403, "10.0.0.1": 403} {
		if answer, err := get(t, trust, at+"/healthz", name); err != nil || answer.StatusCode != status {
			t.Errorf("as %s: %v, %v, want %d", name, answer, err, status)
		}
	}
	if answer, err := get(t, trust, at+kernel.Prefix+"/status", ""); err != nil || answer.StatusCode != 401 || !strings.Contains(answer.Header.Get("WWW-Authenticate"), at+"/common") {
		t.Errorf("without a sign-in: %v, %v", answer, err)
	}
	local, closing, err := installation.Connect(t.Context(), dir, installation.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := get(t, local, "http://localhost"+kernel.Prefix+"/status", ""); err != nil || answer.StatusCode != 200 {
		t.Errorf("the local operator over the socket: %v, %v", answer, err)
	}
	if err := closing(); err != nil {
		t.Error(err)
	}
	refusedTLS(t, at, trust.TLSClientConfig.RootCAs)
}

// refusedTLS tries connections that must be refused.
func refusedTLS(t *testing.T, at string, pool *x509.CertPool) {
	t.Helper()
	good := func(change func(*tls.Config)) *tls.Config {
		c := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS10}
		change(c)
		return c
	}
	for name, c := range map[string]struct {
		*tls.Config
		ok bool
	}{
		"TLS 1.2": {good(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), true},
		"TLS 1.1": {good(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }), false},
		"no forward secrecy": {good(func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}
		}), false},
		"no authenticated encryption": {good(func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
		}), false},
		"another authority": {good(func(c *tls.Config) { c.RootCAs = x509.NewCertPool() }), false},
		"another name":      {good(func(c *tls.Config) { c.ServerName = "evil.example" }), false},
		"a second name":     {good(func(c *tls.Config) { c.ServerName = "portal.example" }), true},
	} {
		trip := &http.Transport{TLSClientConfig: c.Config}
		if _, err := get(t, trip, at+"/healthz", ""); (err == nil) != c.ok {
			t.Errorf("%s: %v, want it to work: %t", name, err, c.ok)
		}
		trip.CloseIdleConnections()
	}
	if answer, err := get(t, &http.Transport{}, "http"+strings.TrimPrefix(at, "https")+"/healthz", ""); err == nil && answer.StatusCode != 400 {
		t.Errorf("in the clear: %s", answer.Status)
	}
}

// TestListenAddresses: without TLS a server listens on addresses of this machine only.
func TestListenAddresses(t *testing.T) {
	for _, c := range []struct{ address, host, code string }{
		{"127.0.0.1:0", "", ""}, {"localhost:0", "", ""}, {"127.0.0.1:0", "localhost", ""}, {"0.0.0.0:0", "portal.example", ""},
		{"0.0.0.0:0", "", "no_tls"}, {":0", "", "no_tls"}, {"nonsense", "x", "no_address"},
	} {
		o := installation.Options{Settings: config.Settings{Listen: c.address}}
		if c.host != "" {
			o.TLSHost = []string{c.host}
		}
		l, err := listen(o)
		if got := fault.CodeOf(err); err != nil && got != c.code || err == nil && c.code != "" {
			t.Errorf("%+v: %v", c, err)
		}
		if err == nil {
			_ = l.Close()
		}
	}
}

// TestCertificates renews a certificate of the own authority before it expires, and reads a given one again when its
// file changes.
func TestCertificates(t *testing.T) {
	v, err := vault.Open(t.TempDir(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	a, err := v.Authority(now)
	if err != nil {
		t.Fatal(err)
	}
	own := &certificates{authority: a, hosts: []string{"a.example", "10.0.0.7"}, now: func() time.Time { return now }}
	first, err := own.get()
	if err != nil {
		t.Fatal(err)
	}
	now = now.AddDate(0, 0, 59)
	if same, err := own.get(); err != nil || same != first {
		t.Errorf("another certificate after 59 days of 90: %v", err)
	}
	now = now.AddDate(0, 0, 2)
	next, err := own.get()
	if err != nil || next == first || next.Leaf.NotAfter.Before(now.AddDate(0, 0, 80)) {
		t.Errorf("the same certificate after 61 days of 90: %v", err)
	}
	if !own.named("a.example:443") || !own.named("10.0.0.7") || own.named("b.example") {
		t.Error("the certificate is for other names")
	}
	given(t, first, next)
	for _, s := range []config.Settings{{TLSCert: "x"}, {TLSKey: "x"}, {TLSCert: "x", TLSKey: "y", TLSHost: []string{"h"}}, {TLSCert: "/nowhere", TLSKey: "/nowhere"}, {TLSHost: []string{""}}} {
		if _, err := newCertificates(v, s); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if c, err := newCertificates(v, config.Settings{}); c != nil || err != nil {
		t.Errorf("TLS without being configured: %v", err)
	}
}

// given writes a certificate and its key into files and reads them back.
func given(t *testing.T, first, next *tls.Certificate) {
	t.Helper()
	dir := t.TempDir()
	c := &certificates{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	put := func(one *tls.Certificate, age time.Duration) {
		key, err := x509.MarshalECPrivateKey(one.PrivateKey.(*ecdsa.PrivateKey))
		err = errors.Join(err,
			os.WriteFile(c.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one.Certificate[0]}), 0o600),
			os.WriteFile(c.key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: key}), 0o600),
			os.Chtimes(c.cert, time.Time{}, time.Now().Add(-age)))
		if err != nil {
			t.Fatal(err)
		}
	}
	put(first, time.Hour)
	got, err := c.get()
	if err != nil || !got.Leaf.Equal(first.Leaf) {
		t.Fatalf("not the certificate in the file: %v", err)
	}
	put(next, time.Minute)
	if got, err = c.get(); err != nil || !got.Leaf.Equal(next.Leaf) {
		t.Errorf("not the new certificate in the file: %v", err)
	}
	if err := os.WriteFile(c.cert, []byte("half of"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err = c.get(); err != nil || !got.Leaf.Equal(next.Leaf) {
		t.Errorf("a damaged file replaced the certificate that worked: %v", err)
	}
}

// trusting is a transport that trusts certificates of the authority in a file, and no others.
func trusting(caFile string) (*http.Transport, error) {
	text, err := os.ReadFile(caFile)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		return nil, errors.Join(err, errors.New("no certificate of an authority in "+caFile))
	}
	return &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, ForceAttemptHTTP2: true}, nil
}
