package command

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/remote"
)

// Commands go to the server one is signed in to, unless a data directory is named.
func TestWhereCommandsGo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "login.json")
	t.Setenv("PURVEYOR_LOGIN", file)
	t.Setenv("PURVEYOR_DATA", "")
	opened := ""
	e := &Env{Open: func(_ context.Context, dir string, _ OpenOptions) (http.RoundTripper, func() error, error) {
		opened = dir
		return http.DefaultTransport, func() error { return nil }, nil
	}}
	where := func() string {
		opened = "the server"
		if err := e.With(t.Context(), func(*call.Client) error { return nil }); err != nil {
			t.Fatal(err)
		}
		with := opened
		opened = "the server"
		if err := e.Begin(t.Context(), func(*call.Client) error { return nil }); err != nil || opened != with {
			t.Fatalf("a command that begins goes to %s, others to %s: %v", opened, with, err)
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
	e.Data = "mine"
	if got := where(); got != "mine" {
		t.Errorf("with --data: %s", got)
	}
	e.Data = ""
	if err := remote.Forget(file); err != nil {
		t.Fatal(err)
	}
	if got := where(); got != defaultData {
		t.Errorf("signed out: %s", got)
	}
}
