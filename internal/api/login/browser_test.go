package login_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
)

// needBrowser skips a test, with a message, if a browser or its driver is not installed.
func needBrowser(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is slow")
	}
	for _, program := range []string{"chromium", "node"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIPPED, no page was tried in a browser: no %s in PATH; \"make browser\" installs what that needs", program)
		}
	}
	if _, err := os.Stat("browser/node_modules"); err != nil {
		t.Skip("SKIPPED, no page was tried in a browser: its packages are not installed; \"make browser\" does that")
	}
}

// TestBrowser opens every page in a real Chromium: with passkeys on a virtual authenticator, without JavaScript, in
// light and dark mode, and runs axe on each.
func TestBrowser(t *testing.T) {
	needBrowser(t)
	a := newAuthority(t)
	a.Address = nil
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	a.must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	a.must(err)
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	a.must(err)
	sum := sha256.Sum256(spki)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	a.must(err)
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: a.Handler()}, TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}}
	server.StartTLS()
	defer server.Close()
	a.Base = fmt.Sprintf("https://localhost:%d", l.Addr().(*net.TCPAddr).Port)

	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>app</title><p>back with "+map[bool]string{true: "a code", false: "no code"}[r.FormValue("code") != ""])
	}))
	defer app.Close()
	back := strings.Replace(app.URL, "127.0.0.1", "localhost", 1) + "/back"
	p, _ := a.program("contoso", back)
	first, err := a.People.FirstLink(t.Context())
	a.must(err)
	invite := func(realm, name, mail string) string {
		_, link, err := a.People.Invite(t.Context(), realm, people.Personal{Name: name, Mail: mail})
		a.must(err)
		return link
	}
	a.must(a.Federations.Set(t.Context(), "nordwind", federation.Federation{Issuer: a.Base + "/" + a.tenantOf("contoso") + "/v2.0", ClientID: p.AppID(), Domains: []string{"abroad.example"}}, "s"))
	a.HTTP = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // ourselves
	pages := os.Getenv("PURVEYOR_PAGES")
	if pages == "" {
		pages = t.TempDir()
	}
	a.must(os.MkdirAll(pages, 0o755))
	_, asked := a.invite("c0001", "Support 2026", "Service Support Administrator", string(delegation.GlobalAdministrator))
	_, unwanted := a.invite("c0001", "Unwanted", "Global Reader")
	world, err := json.Marshal(map[string]string{
		"asked": a.Base + asked, "unwanted": a.Base + unwanted,
		"base": a.Base, "spki": base64.StdEncoding.EncodeToString(sum[:]), "pages": pages, "first": first,
		"reseller": invite("nordwind", "Ines Duarte", "ines@nordwind.example"), "customer": invite("c0001", "Kim Okafor", "kim@fabrikam.example"),
		"consent": a.Base + authorization("common", p.AppID(), back, "openid offline_access "+arm+"/user_impersonation"), "password": password, "client": azureCLI,
	})
	a.must(err)
	c := exec.CommandContext(t.Context(), "node", "browser/run.mjs")
	c.Env = append(os.Environ(), "WORLD="+string(world))
	out, err := c.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
