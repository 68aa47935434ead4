package people

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Privacy is what a person may ask for.
type Privacy struct {
	Export privacyExport `cmd:"" help:"Print everything about a person, as JSON."`
	Erase  privacyErase  `cmd:"" help:"Erase a person: destroy their key, so that nothing personal of theirs can be read any more."`
}

type privacyExport struct {
	Person string `arg:"" help:"Id of the person."`
}

// Run exports.
func (c *privacyExport) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		raw, err := api.Get(ctx, call.Path("privacy", c.Person), nil, nil)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := json.Indent(&out, raw, "", "  "); err != nil {
			return err
		}
		_, err = fmt.Fprintln(e.Out, out.String())
		return err
	})
}

type privacyErase struct {
	Person string `arg:"" help:"Id of the person."`
	Yes    bool   `help:"Confirm it: erasing cannot be undone."`
}

// Help is the long help.
func (privacyErase) Help() string {
	return `Issued documents and the event log stay as they are and name the person by id only. Earlier backups still hold the
key: keep them no longer than you must.`
}

// Run erases.
func (c *privacyErase) Run(ctx context.Context, e *command.Env) error {
	if !c.Yes {
		return fault.New(fault.Invalid, "not_confirmed", "erasing %s cannot be undone; nothing was done. Add --yes to confirm", c.Person)
	}
	return e.With(ctx, func(api *call.Client) error {
		if _, err := api.Post(ctx, call.Path("privacy", c.Person, "erasure"), nil, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.Out, "%s is erased: their key is destroyed\n", c.Person)
		return err
	})
}
