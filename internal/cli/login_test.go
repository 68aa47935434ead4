package cli

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/remote"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// One signs in to a server by its address, over TLS or on this machine; signing out forgets it.
func TestLogin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "login.json")
	t.Setenv("PURVEYOR_LOGIN", file)
	e := &command.Env{Err: &bytes.Buffer{}}
	for _, server := range []string{"", "purveyor.example", "http://purveyor.example", "ftp://x"} {
		if err := (&loginCommand{Server: server}).Run(t.Context(), e); fault.CodeOf(err) != "no_server" {
			t.Errorf("%q: %v", server, err)
		}
	}
	if err := (remote.Login{Server: "https://purveyor.example", Expires: time.Now().Add(time.Hour)}).Save(file); err != nil {
		t.Fatal(err)
	}
	if err := (logoutCommand{}).Run(e); err != nil {
		t.Fatal(err)
	}
	if _, there, err := remote.Read(file); there || err != nil {
		t.Errorf("signed out, and there is a sign-in: %v", err)
	}
}
