package upkeep

import (
	"context"
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/safe"
)

// Keys is what there is for the keys of an installation.
type Keys struct {
	Rotate keysRotate `cmd:"" help:"Add a key to the vault, and encrypt everything again with it."`
}

type keysRotate struct{}

// Help is the long help.
func (keysRotate) Help() string {
	return `New data is encrypted with the new key immediately; a job encrypts the rest again ("purveyor jobs list" shows when it is
done). Older keys stay in the vault, for backups. Back up the vault afterwards.`
}

// Run rotates.
func (c *keysRotate) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		var r safe.Rotation
		if _, err := api.Post(ctx, "/keys/rotations", nil, &r); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.Out, "key %d encrypts from now on; job %s encrypts everything again with it\n", r.Key, r.Job)
		return err
	})
}
