package cli

import (
	"bytes"
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/cli/remote"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Commands go to the server one is signed in to, unless a data directory is named.
func TestWhereCommandsGo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "login.json")
	t.Setenv("PURVEYOR_LOGIN", file)
	t.Setenv("PURVEYOR_DATA", "")
	opened := ""
	e := &env{Program: Program{Err: &bytes.Buffer{}, Open: func(_ context.Context, dir string, _ OpenOptions) (http.RoundTripper, func() error, error) {
		opened = dir
		return http.DefaultTransport, func() error { return nil }, nil
	}}}
	where := func() string {
		opened = "the server"
		if err := e.with(t.Context(), OpenOptions{}, func(*client) error { return nil }); err != nil {
			t.Fatal(err)
		}
		return opened
	}
	if got := where(); got != defaultData {
		t.Errorf("not signed in: %s", got)
	}
	if err := (remote.Login{Server: "https://purveyor.example", Expires: time.Now().Add(time.Hour)}).Save(file); err != nil {
		t.Fatal(err)
	}
	if got := where(); got != "the server" {
		t.Errorf("signed in: %s", got)
	}
	e.data = "mine"
	if got := where(); got != "mine" {
		t.Errorf("with --data: %s", got)
	}
	e.data = ""
	if err := (logoutCommand{}).Run(e); err != nil {
		t.Fatal(err)
	}
	if got := where(); got != defaultData {
		t.Errorf("signed out: %s", got)
	}
	for _, server := range []string{"", "purveyor.example", "http://purveyor.example", "ftp://x"} {
		if err := (&loginCommand{Server: server}).Run(t.Context(), e); fault.CodeOf(err) != "no_server" {
			t.Errorf("%q: %v", server, err)
		}
	}
}
