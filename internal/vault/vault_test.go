package vault

import (
	"crypto/rand"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

func TestKeysOutliveTheProcessAndRotate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	v, err := Open(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := v.Ring()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := ring.Seal("p", []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Rotate(); err != nil {
		t.Fatal(err)
	}
	v, err = Open(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if ring, err = v.Ring(); err != nil || ring.Newest() != 2 {
		t.Fatalf("newest key %d, %v", ring.Newest(), err)
	}
	if got, err := ring.Open("p", sealed); err != nil || string(got) != "value" {
		t.Fatalf("got %q, %v", got, err)
	}
	info, err := os.Stat(filepath.Join(dir, keysFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("keys are readable by others: %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, keysFile), []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, rand.Reader); fault.CodeOf(err) != "keys_damaged" {
		t.Fatalf("a damaged key file was taken: %v", err)
	}
}

func TestAnchors(t *testing.T) {
	dir := t.TempDir()
	v, err := Open(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := v.LastAnchor(); err != nil || a.Count != 0 {
		t.Fatalf("an anchor before the first: %+v, %v", a, err)
	}
	at := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	for n := int64(1); n <= 3; n++ {
		if err := v.AddAnchor(event.Anchor{Count: n, Head: "h", At: at}); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Rotate(); err != nil { // anchors outlive a rotation
		t.Fatal(err)
	}
	if a, err := v.LastAnchor(); err != nil || a.Count != 3 {
		t.Fatalf("%+v, %v", a, err)
	}
	path := filepath.Join(dir, anchorsFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	forged := append([]byte(nil), text...)
	for i := range forged { // the newest anchor claims fewer records
		if string(forged[i:min(i+9, len(forged))]) == `"count":3` {
			forged[i+8] = '2'
		}
	}
	if err := os.WriteFile(path, forged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := v.LastAnchor(); fault.CodeOf(err) != "anchor_not_genuine" {
		t.Fatalf("a forged anchor was taken: %v", err)
	}
	if err := os.WriteFile(path, append(text, `{"count":9,"he`...), 0o600); err != nil {
		t.Fatal(err)
	}
	if a, err := v.LastAnchor(); err != nil || a.Count != 3 {
		t.Fatalf("after a line that was cut off: %+v, %v", a, err)
	}
}

// The authority is made once, its key is its owner's alone, and what it issues is trusted by its certificate.
func TestAuthority(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	open := func() *Authority {
		v, err := Open(dir, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		a, err := v.Authority(now)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := open()
	if !open().Certificate.Equal(a.Certificate) {
		t.Error("the authority was made twice")
	}
	if info, err := os.Stat(filepath.Join(dir, caKeyFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its key is readable by others: %v, %v", info.Mode(), err)
	}
	cert, err := a.Issue([]string{"a.example", "::1"}, now)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate)
	for name, want := range map[string]bool{"a.example": true, "[::1]": true, "b.example": false} {
		_, err := cert.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: pool, CurrentTime: now})
		if (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: now.AddDate(0, 0, serverDays+1)}); err == nil {
		t.Error("valid after its end")
	}
	if _, err := a.Issue(nil, now); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a certificate for nobody: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, caFile)); err != nil {
		t.Fatal(err)
	}
	v, err := Open(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Authority(now); fault.CodeOf(err) != "authority_damaged" {
		t.Errorf("an authority that lost its certificate: %v", err)
	}
}
