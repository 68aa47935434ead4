package installation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/backup/folder"
	"github.com/purveyor-csp/purveyor/internal/check"
	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// RestoreRequest says which backup is restored, and where to.
type RestoreRequest struct {
	Backup   string // its folder
	Vault    string // the folder of its vault, when that is apart
	Into     string // the data directory to make; nothing of that name may be there
	Ledger   string // the address of an empty database, for a ledger on PostgreSQL
	Accept   bool   // violations that check finds do not end it: an installation that had them when it was backed up
	Progress func(backup.Progress)

	filled bool // the database was empty, and is not any more
}

// Restoration is what came of restoring a backup.
type Restoration struct {
	Directory string             `json:"directory"`
	Backup    backup.Summary     `json:"backup"`
	Restored  backup.Restored    `json:"restored"`
	Audit     event.Verification `json:"audit"`
	Check     check.Report       `json:"check"`
}

// VerifyBackup compares every file of a backup with its manifest. Vault is the folder of a vault that is apart, "" where it is
// not at hand.
func VerifyBackup(ctx context.Context, at, vault string, progress func(backup.Progress)) (backup.Verified, error) {
	var apart backup.Source
	if vault != "" {
		apart = folder.Read(vault)
	}
	return backup.Verify(ctx, folder.Read(at), apart, progress)
}

// Restore makes a data directory of a backup. It has its name only once the ledger comes to what the manifest says, the audit
// log is intact and check finds no violation. What signed people in before ends.
func Restore(ctx context.Context, r RestoreRequest, o Options) (out Restoration, err error) {
	v, err := VerifyBackup(ctx, r.Backup, r.Vault, r.Progress)
	if err != nil {
		return out, err
	}
	m := &v.Manifest
	if err := r.fits(m, v.Vault); err != nil {
		return out, err
	}
	if r.Into, err = filepath.Abs(r.Into); err != nil {
		return out, err
	}
	making, err := folder.Disk{Free: disk.Free}.Create(r.Into)
	if err != nil {
		return out, err
	}
	out.Directory, out.Backup = r.Into, m.Summary(r.Backup, r.Vault)
	o.Ledger, o.restored = "", true
	if err := r.restore(ctx, making, m, o, &out); err != nil {
		return out, errors.Join(err, making.Discard(), r.clear(context.WithoutCancel(ctx)))
	}
	return out, nil
}

// fits is an error when a backup cannot be restored as it was asked for.
func (r *RestoreRequest) fits(m *backup.Manifest, vault bool) error {
	newest, err := sqlstore.Newest()
	switch {
	case err != nil:
		return err
	case m.Ledger.Schema > newest:
		return fault.New(fault.Conflict, "backup_too_new", "the backup was made by purveyor %s, whose ledger (schema %d) this version does not know (%d): nothing was done; restore it with that version or a later one",
			m.Program, m.Ledger.Schema, newest)
	case !vault:
		return fault.New(fault.Invalid, "no_vault", "the vault of this backup is in a folder of its own: nothing was done; name the folder with --vault")
	case m.Ledger.Engine == backup.Server && r.Ledger == "":
		return fault.New(fault.Invalid, "no_database", "the ledger of this backup is on PostgreSQL: nothing was done; name an empty database with --ledger")
	case m.Ledger.Engine != backup.Server && r.Ledger != "":
		return fault.New(fault.Invalid, "no_dump", "the ledger of this backup is an SQLite file and is restored into the data directory: nothing was done; leave --ledger out")
	}
	return nil
}

func (r *RestoreRequest) restore(ctx context.Context, making backup.Folder, m *backup.Manifest, o Options, out *Restoration) error {
	if err := making.Room(m.Bytes()); err != nil {
		return err
	}
	if err := r.copy(ctx, making, m); err != nil {
		return err
	}
	dir, err := making.Path("")
	if err != nil {
		return err
	}
	if err := r.restoreLedger(ctx, making, dir, m); err != nil {
		return err
	}
	compared := false
	o.built = func(ctx context.Context, n *Installation) error {
		if compared {
			return nil
		}
		compared = true
		return n.Backups.RequireTotals(ctx, m)
	}
	if !m.UsageStore {
		_, err := Rebuild(ctx, dir, o, func(p intake.Progress) {
			r.Progress(backup.Progress{Step: backup.StepRows, Bytes: p.Bytes, TotalBytes: p.TotalBytes})
		})
		if err != nil {
			return err
		}
	}
	if err := r.open(ctx, dir, m, o, out); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return making.Finish()
}

// copy copies every file of the backup, and compares it with the manifest once more on the way.
func (r *RestoreRequest) copy(ctx context.Context, making backup.Folder, m *backup.Manifest) error {
	vault, prefix := folder.Read(r.Backup), backup.VaultName
	if m.VaultApart {
		vault, prefix = folder.Read(r.Vault), ""
	}
	done := int64(0)
	one := func(from backup.Source, at, to string, want backup.File) error {
		in, err := from.Open(at)
		if err != nil {
			return err
		}
		defer in.Close()
		f, err := making.Write(ctx, to, in)
		if err == nil && f.SHA256 != want.SHA256 {
			err = fault.New(fault.Conflict, "backup_damaged", "%s of the backup was changed meanwhile: nothing was kept", at)
		}
		done += f.Bytes
		r.Progress(backup.Progress{Step: "copy", Bytes: done, TotalBytes: m.Bytes()})
		return err
	}
	for _, f := range m.Files {
		to := f.Name
		if f.Name == m.Ledger.File && m.Ledger.Engine == backup.Embedded {
			to = LedgerName
		}
		if err := one(folder.Read(r.Backup), f.Name, to, f); err != nil {
			return err
		}
	}
	for _, f := range m.Vault {
		if err := one(vault, path.Join(prefix, f.Name), path.Join("vault", f.Name), f); err != nil {
			return err
		}
	}
	return nil
}

// restoreLedger puts the ledger where the directory finds it, and compares the rows of its tables with the manifest before
// anything writes to it.
func (r *RestoreRequest) restoreLedger(ctx context.Context, making backup.Folder, dir string, m *backup.Manifest) error {
	address := filepath.Join(dir, LedgerName)
	if m.Ledger.Engine == backup.Server {
		dump := filepath.Join(dir, m.Ledger.File)
		if err := sqlstore.RestoreDump(ctx, dump, r.Ledger, m.Ledger.Server); err != nil {
			return err
		}
		address, r.filled = r.Ledger, true
		if err := os.Remove(dump); err != nil {
			return err
		}
		if _, err := making.Write(ctx, AddressName, strings.NewReader(r.Ledger+"\n")); err != nil {
			return err
		}
	}
	schema, rows, err := sqlstore.Contents(ctx, address)
	if err != nil {
		return err
	}
	if schema != m.Ledger.Schema {
		return backup.RequireNone([]string{fmt.Sprintf("schema: %d in the manifest, %d in the ledger", m.Ledger.Schema, schema)})
	}
	return backup.RequireNone(m.Ledger.RowDifferences(rows))
}

// open opens the restored directory, ends what signed people in, and verifies the audit log and everything else.
func (r *RestoreRequest) open(ctx context.Context, dir string, m *backup.Manifest, o Options, out *Restoration) (err error) {
	n, err := Open(ctx, dir, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	operator := access.AtDirectory(ctx)
	if out.Restored, err = n.Backups.Restored(operator, m); err != nil {
		return err
	}
	anchor, err := n.Vault.LastAnchor()
	if err != nil {
		return err
	}
	err = n.DB.View(ctx, func(ctx context.Context, t tx.Read) error {
		out.Audit, err = n.Events.Verification(ctx, t, anchor)
		return err
	})
	if err != nil {
		return err
	}
	if !out.Audit.Holds {
		return fault.New(fault.Conflict, event.CodeChainBroken, "the audit log of the backup is not intact: %s. Nothing was kept; use another backup", out.Audit.Broken)
	}
	r.Progress(backup.Progress{Step: "check"})
	if out.Check, err = n.Check.Run(operator); err != nil {
		return err
	}
	if bad := out.Check.Violations; len(bad) > 0 && !r.Accept {
		return fault.New(fault.Conflict, "check_failed", "check finds %d violations in the backup, the first: %s, %s: %s. Nothing was kept. If the installation had them when it was backed up, restore it with --accept-violations",
			len(bad), bad[0].Check, bad[0].Subject, bad[0].Text)
	}
	return n.Anchor(ctx)
}

// clear empties the database that was empty before this filled it.
func (r *RestoreRequest) clear(ctx context.Context) error {
	if !r.filled {
		return nil
	}
	return sqlstore.Clear(ctx, r.Ledger)
}
