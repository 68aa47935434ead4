package upkeep

import (
	"context"
	"encoding/json"

	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Backup is what there is for backups.
type Backup struct {
	Make   backupMake   `cmd:"" default:"withargs" help:"Make a backup of the data directory. \"backup FOLDER\" does the same."`
	Verify backupVerify `cmd:"" help:"Verify that no file of a backup was changed, removed or added."`
}

type backupMake struct {
	Folder string `arg:"" type:"path" help:"The folder of the backup, which does not exist yet."`
	Vault  string `type:"path" placeholder:"FOLDER" help:"Put the vault (the keys) into this folder instead, best on another disk."`
	Usage  bool   `help:"Back up the usage store too; without it, restoring makes it again from the imported files, which takes longer."`
	command.Shown
}

// Help is the long help.
func (backupMake) Help() string {
	return `Works while a server runs on the data directory, over its socket: everything in the backup is of one moment of the
ledger. The folder has its name only when the backup is complete. A ledger on PostgreSQL needs pg_dump of its version.

  purveyor backup /backups/2026-10-01 --vault /keys/2026-10-01
  purveyor backup verify /backups/2026-10-01 --vault /keys/2026-10-01
  purveyor restore /backups/2026-10-01 --vault /keys/2026-10-01 --into restored`
}

// Run makes a backup.
func (c *backupMake) Run(ctx context.Context, e *command.Env) error {
	made, raw, err := e.MakeBackup(ctx, call.BackupOrder{Folder: c.Folder, Vault: c.Vault, UsageStore: c.Usage})
	if err != nil {
		return err
	}
	return e.Show(c.Shown, raw, summaryTable(made).Titled("the backup is complete"))
}

func summaryTable(s backup.Summary) *table.Table {
	t := table.New("folder", "made", ">files", ">bytes", ">events", ">documents", ">batches", "usage store", "vault")
	var events, documents, batches any = "", "", ""
	if s.Totals != nil {
		d, b := int64(0), int64(0)
		for _, x := range s.Totals.Documents {
			d += x.Documents
		}
		for _, x := range s.Totals.Batches {
			b += x.Batches
		}
		events, documents, batches = s.Totals.Events, d, b
	}
	vault := "in the folder"
	if s.Vault != "" {
		vault = s.Vault
	}
	t.Add(s.Folder, table.Second(s.Made), s.Files, s.Bytes, events, documents, batches, table.YesNo(s.UsageStore), vault)
	return t
}

type backupVerify struct {
	Folder string `arg:"" type:"path" help:"The folder of the backup."`
	Vault  string `type:"path" placeholder:"FOLDER" help:"The folder of its vault, where that is apart."`
	command.Shown
}

// Help is the long help.
func (backupVerify) Help() string {
	return `Reads every file and compares it with the manifest: one that was changed in a single bit, is missing or was added is named.
Needs no data directory.

  purveyor backup verify /backups/2026-10-01 --vault /keys/2026-10-01`
}

// Run verifies.
func (c *backupVerify) Run(ctx context.Context, e *command.Env) error {
	found, err := e.VerifyBackup(ctx, c.Folder, c.Vault)
	if err != nil {
		return err
	}
	s := found.Manifest.Summary(c.Folder, c.Vault)
	raw, err := json.Marshal(struct {
		backup.Summary
		VaultVerified bool `json:"vault_verified"`
	}{s, found.Vault})
	if err != nil {
		return err
	}
	if !found.Vault {
		e.Note("note: the vault of this backup is in a folder of its own and was not verified; name the folder with --vault")
	}
	return e.Show(c.Shown, raw, summaryTable(s).Titled("every file is as it was when the backup was made"))
}

// Restore makes a data directory of a backup.
type Restore struct {
	Folder string `arg:"" type:"path" help:"The folder of the backup."`
	Into   string `required:"" type:"path" placeholder:"DIR" help:"The data directory to make, which does not exist yet."`
	Vault  string `type:"path" placeholder:"FOLDER" help:"The folder of its vault, where that is apart."`
	Ledger string `placeholder:"DSN" help:"An empty PostgreSQL database (postgres://…), for a backup of a ledger on PostgreSQL."`
	Accept bool   `name:"accept-violations" help:"Restore it although check finds violations: the installation had them when it was backed up."`
	command.Shown
}

// Help is the long help.
func (Restore) Help() string {
	return `Verifies every file, restores, and compares the ledger with the control totals of the manifest; then the audit log must be
intact and check must find no violation. Only then the directory has its name. Everybody has to sign in again: sessions,
tokens and one-time links of the backup no longer count. The event log records the restore.

  purveyor restore /backups/2026-10-01 --vault /keys/2026-10-01 --into restored
  purveyor restore /backups/2026-10-01 --into restored --ledger "host=db dbname=restored"`
}

// Run restores.
func (c *Restore) Run(ctx context.Context, e *command.Env) error {
	if e.Data != "" {
		return fault.New(fault.Invalid, "no_data", "a backup is restored into the directory that --into names: nothing was done; leave --data out")
	}
	made, err := e.RestoreBackup(ctx, command.RestoreRequest{Backup: c.Folder, Vault: c.Vault, Into: c.Into, Ledger: c.Ledger, Accept: c.Accept})
	if err != nil {
		return err
	}
	title := "the backup is restored: totals and audit log are as they were, all checks passed"
	if made.Wrong > 0 {
		title = "the backup is restored, with " + table.Count(made.Wrong, "violation") + ": \"purveyor check\" lists them"
	}
	t := table.New("directory", "backup made", ">records", ">checked", ">sessions ended", ">tokens and links ended").Titled("%s", title)
	t.Add(made.Directory, made.Restored.Made, made.Records, made.Checked, made.Restored.Sessions, made.Restored.Tickets)
	return e.Show(c.Shown, made.Raw, t)
}
