package cli

import (
	"github.com/alecthomas/kong"

	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/completion"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is the long help.
func (completionCommand) Help() string {
	return `  bash:  purveyor completion bash > ~/.local/share/bash-completion/completions/purveyor
  zsh:   purveyor completion zsh > "${fpath[1]}/_purveyor"
  fish:  purveyor completion fish > ~/.config/fish/completions/purveyor.fish`
}

// Run prints the script, made from the commands there are.
func (c *completionCommand) Run(k *kong.Kong, e *command.Env) error {
	script, err := completion.Script(c.Shell, k.Model)
	if err != nil {
		return err
	}
	_, err = e.Out.Write(script)
	return err
}
