package command

import (
	"context"
	"encoding/json"

	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
)

// Backups are the ways to backups that lie in folders, without any data directory.
type Backups struct {
	// Verify compares every file of a backup with its manifest; vault is "" where the vault's folder is not at hand.
	Verify func(ctx context.Context, folder, vault string, progress func(backup.Progress)) (backup.Verified, error)
	// Restore makes a data directory of a backup. What it answers is printed as JSON too.
	Restore func(ctx context.Context, r RestoreRequest, progress func(backup.Progress)) (RestoreAnswer, error)
}

// RestoreRequest says which backup is restored, and where to.
type RestoreRequest struct {
	Backup, Vault, Into, Ledger string
	Accept                      bool
}

// RestoreAnswer is what came of restoring a backup.
type RestoreAnswer struct {
	Directory string
	Restored  backup.Restored
	Records   int64
	Checked   int64
	Wrong     int // violations that were accepted
	Raw       json.RawMessage
}

// MakeBackup makes a backup of the data directory, through the server that runs on it or in this process, and shows how far
// it is. Where this machine is signed in to does not matter.
func (e *Env) MakeBackup(ctx context.Context, order call.BackupOrder) (made backup.Summary, raw []byte, err error) {
	b := &bar{out: e.Err, what: "backup"}
	defer b.done()
	err = e.At(ctx, e.Dir(), OpenOptions{}, func(api *call.Client) (err error) {
		made, raw, err = api.Backup(ctx, order, b.step)
		return err
	})
	return made, raw, err
}

// VerifyBackup compares every file of a backup with its manifest, and shows how far it is.
func (e *Env) VerifyBackup(ctx context.Context, folder, vault string) (backup.Verified, error) {
	b := &bar{out: e.Err, what: "verify"}
	defer b.done()
	found, err := e.Backups.Verify(ctx, folder, vault, b.step)
	if ctx.Err() != nil {
		err = fault.New(fault.Unavailable, "interrupted", "interrupted; the backup was not verified").Because(context.Cause(ctx))
	}
	return found, err
}

// RestoreBackup makes a data directory of a backup, and shows how far it is.
func (e *Env) RestoreBackup(ctx context.Context, r RestoreRequest) (RestoreAnswer, error) {
	b := &bar{out: e.Err, what: "restore"}
	defer b.done()
	made, err := e.Backups.Restore(ctx, r, b.step)
	if err != nil && ctx.Err() != nil { // whatever it says, this is why
		err = fault.New(fault.Unavailable, "interrupted", "interrupted; nothing was restored, and what was written of it is removed").Because(context.Cause(ctx))
	}
	return made, err
}

// step shows how far a step is.
func (b *bar) step(p backup.Progress) {
	b.what = p.Step
	b.show(intake.Progress{Bytes: p.Bytes, TotalBytes: p.TotalBytes})
}
