package cli

import (
	"context"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/purveyor-csp/purveyor/internal/cli/command"
)

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(p Program) error {
	_, err := fmt.Fprintln(p.Out, "purveyor "+p.Version)
	return err
}

type serveCommand struct {
	kong.Plugins // the settings of the main package
}

// Help is the long help.
func (serveCommand) Help() string {
	return `Over plain HTTP the server answers this machine only: requests from this machine need no sign-in and run as the local
operator. Over TLS people sign in, and the server may listen anywhere; once there is a partner it prints the one-time link
of the first person. While it runs, every other command goes through it.

  purveyor serve
  purveyor serve --tls-host localhost    TLS; clients trust vault/ca.pem of the data directory`
}

// Run serves until it is interrupted.
func (c *serveCommand) Run(ctx context.Context, p Program, e *command.Env) error {
	return p.Serve(ctx, e.Dir())
}
