package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/signintest"
)

// TestSDK signs in with @azure/identity at an installation that is served over TLS with a certificate of its own
// authority: a program with its secret, and a person with a device code. Both tokens are used to call the API.
func TestSDK(t *testing.T) {
	if testing.Short() {
		t.Skip("the library is slow")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("SKIPPED, @azure/identity was not tried: no node in PATH; \"make sdk\" says what that needs")
	}
	if _, err := os.Stat("sdk/node_modules"); err != nil {
		t.Skip("SKIPPED, @azure/identity was not tried: it is not installed; \"make sdk\" does that")
	}
	x := newSignedIn(t)
	c := exec.CommandContext(t.Context(), "node", "run.mjs")
	c.Dir = "sdk"
	c.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+filepath.Join(x.local.dir, "vault", "ca.pem"), "AT="+x.at,
		"TENANT="+x.tenant, "PROGRAM="+x.program.AppID(), "SECRET="+x.secret, "CLIENT="+identity.CLI)
	output, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	who := signintest.Demo("global-admin@c0001.example")
	who.Transport = x.web
	for lines := bufio.NewScanner(output); lines.Scan(); {
		page, code, ok := signintest.DevicePrompt(lines.Text())
		if !ok {
			t.Log(lines.Text())
			continue
		}
		if err := who.AllowDevice(page, code); err != nil {
			t.Error(err)
			_ = c.Process.Kill()
		}
	}
	type answer struct {
		Who       string
		Status    int
		Documents int
		Parties   []string
	}
	var got []answer
	for d := json.NewDecoder(out); ; {
		var a answer
		if d.Decode(&a) != nil {
			break
		}
		got = append(got, a)
	}
	if err := c.Wait(); err != nil || len(got) != 2 {
		t.Fatalf("node: %v, after %+v", err, got)
	}
	for i, side := range []string{"nordwind", "c0001"} {
		if a := got[i]; a.Status != 200 || a.Documents == 0 || !slices.Contains(a.Parties, side) || slices.Contains(a.Parties, "contoso") != (i == 0) {
			t.Errorf("as the %s: %+v", a.Who, a)
		}
	}
}
