package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/safe"
)

// keysCommands is what there is for the keys of an installation.
type keysCommands struct {
	Rotate keysRotate `cmd:"" help:"Add a key to the vault, and seal everything with it again."`
}

type keysRotate struct{}

// Help is the long help.
func (keysRotate) Help() string {
	return `The new key seals at once; a job seals again what older keys did ("purveyor jobs list" says when it is done). Older keys
stay in the vault, for backups. Back the vault up afterwards.`
}

// Run rotates.
func (c *keysRotate) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		var r safe.Rotation
		if _, err := api.post(ctx, "/keys/rotations", nil, nil, &r); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.Out, "key %d seals from now on; %s seals everything with it\n", r.Key, r.Job)
		return err
	})
}

// privacyCommands is what a person may ask for.
type privacyCommands struct {
	Export privacyExport `cmd:"" help:"Print everything about a person, as JSON."`
	Erase  privacyErase  `cmd:"" help:"Destroy a person's key: nothing personal of theirs can be read any more."`
}

type privacyExport struct {
	Person string `arg:"" help:"Id of the person."`
}

// Run exports.
func (c *privacyExport) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		raw, err := api.get(ctx, path("privacy", c.Person), nil, nil)
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
	Yes    bool   `help:"Really: it cannot be undone."`
}

// Help is the long help.
func (privacyErase) Help() string {
	return `Issued documents and the event log stay as they are and name the person by id only. Backups made before still hold the
key: keep them no longer than you must.`
}

// Run erases.
func (c *privacyErase) Run(ctx context.Context, e *env) error {
	if !c.Yes {
		return fault.New(fault.Invalid, "not_confirmed", "erasing %s cannot be undone, and nothing was done; add --yes", c.Person)
	}
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		if _, err := api.post(ctx, path("privacy", c.Person, "erasure"), nil, nil, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.Out, "%s is erased: their key is destroyed\n", c.Person)
		return err
	})
}
