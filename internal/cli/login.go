package cli

import (
	"context"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/native/status"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/remote"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

type loginCommand struct {
	Server string `arg:"" optional:"" placeholder:"URL" help:"Where the server is, like https://purveyor.example.com."`
	Tenant string `default:"organizations" help:"The tenant to sign in to, when it is not your own."`
	CA     string `name:"ca" placeholder:"FILE" type:"existingfile" help:"Certificate of the authority that issued the server's certificate, in PEM."`
	Client string `placeholder:"ID" help:"Sign in as a program, by its client id; its secret is read from standard input."`
	Local  bool   `help:"Use a data directory of your own again, as its local operator, without a sign-in."`
}

// Run signs in with a code that is typed in a browser, on this machine or another.
func (c *loginCommand) Run(ctx context.Context, e *command.Env) error {
	file, err := remote.File()
	if err != nil {
		return err
	}
	if c.Local {
		if err := remote.Forget(file); err != nil {
			return err
		}
		return e.With(ctx, func(api *call.Client) error {
			var s status.Status
			if _, err := api.Get(ctx, "/status", nil, &s); err != nil {
				return err
			}
			e.Note("commands go to %s, as the local operator", e.Dir())
			return nil
		})
	}
	u, err := url.Parse(c.Server)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")) {
		return fault.New(fault.Invalid, "no_server", "name the server, like \"purveyor login https://purveyor.example.com\"; or --local for a data directory of your own")
	}
	l := remote.Login{Server: u.Scheme + "://" + u.Host, Tenant: c.Tenant, CA: c.CA}
	if l.CA != "" {
		if l.CA, err = filepath.Abs(l.CA); err != nil {
			return err
		}
	}
	if err := c.signIn(ctx, e, &l); err != nil {
		return err
	}
	if err := l.Save(file); err != nil {
		return err
	}
	e.Note("signed in; commands go to %s from now on, except those with --data. \"purveyor logout\" ends that", l.Server)
	return nil
}

// signIn signs a person in with a code, or a program with its secret.
func (c *loginCommand) signIn(ctx context.Context, e *command.Env, l *remote.Login) error {
	if c.Client == "" {
		return l.SignIn(ctx, func(message string) { e.Note("%s", message) }, time.After)
	}
	secret, err := io.ReadAll(io.LimitReader(e.In, 1<<12))
	if err != nil {
		return err
	}
	l.Client, l.Secret = c.Client, strings.TrimSpace(string(secret))
	return l.SignInProgram(ctx)
}

type logoutCommand struct{}

// Run forgets the sign-in of this machine.
func (logoutCommand) Run(e *command.Env) error {
	file, err := remote.File()
	if err != nil {
		return err
	}
	if err := remote.Forget(file); err != nil {
		return err
	}
	e.Note("signed out on this machine. To end the session on the server too, use its account page")
	return nil
}

// signedIn is the way to the server this machine is signed in to; nil when there is none, or a data directory was named.
