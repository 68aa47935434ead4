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
	kong.Plugins // the settings of whoever builds the program
}

// Help is the long help.
func (serveCommand) Help() string {
	return `On plain HTTP the server answers to this machine only, and whoever shows nothing is the local operator. Over TLS people sign
in, and it may listen anywhere; it prints the link of the first person once there is a partner. While it runs, every other command goes through it.

  purveyor serve
  purveyor serve --tls-host localhost    TLS; clients trust vault/ca.pem of the data directory`
}

// Run serves until it is interrupted.
func (c *serveCommand) Run(ctx context.Context, p Program, e *command.Env) error {
	return p.Serve(ctx, e.Dir())
}
