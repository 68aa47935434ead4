package vault

import (
	"crypto/rand"
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
