package installation

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/backup/folder"
	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/filestore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/vault"
)

// beforeMigration is what the names of backups begin with that are made before a migration; the number of the schema that
// the ledger is migrated to follows.
const beforeMigration = "backup-before-schema-"

// openLedger opens the ledger. One that an earlier program made is backed up before it is migrated, unless a setting says no.
func (n *Installation) openLedger(ctx context.Context, dir, dsn string, o Options) (*sqlstore.DB, error) {
	if n.OnlyRead {
		return sqlstore.OpenToRead(ctx, dsn)
	}
	return sqlstore.OpenAfter(ctx, dsn, func(ctx context.Context, d *sqlstore.DB, newest int64) error {
		if o.NoBackup || o.restored {
			return nil
		}
		at, err := backUpBefore(ctx, dir, d, newest, o)
		if f, ok := errors.AsType[*fault.Fault](err); ok {
			return fault.New(f.Kind, f.Code, "%s has to be migrated to this version, and no backup could be made before: %s. Nothing was migrated; to migrate without a backup, set PURVEYOR_NO_MIGRATION_BACKUP=true for one command",
				dir, f.Text).Because(err)
		}
		if err == nil {
			o.warn(fmt.Sprintf("the data directory is migrated to this version; a backup of before is in %s: delete it when you need it no more", at))
		}
		return err
	})
}

// backUpBefore makes a backup of a directory whose ledger is to be migrated.
func backUpBefore(ctx context.Context, dir string, ledger *sqlstore.DB, newest int64, o Options) (at string, err error) {
	keys := filepath.Join(dir, "vault")
	if !vault.Exists(keys) { // opening fails afterwards, or begins a new one: what there is, is backed up without
		return "", fault.New(fault.Unavailable, "vault_missing", "%s has no keys", keys)
	}
	v, err := vault.Open(keys, rand.Reader)
	if err != nil {
		return "", err
	}
	files, err := filestore.Open(filepath.Join(dir, "files"))
	if err != nil {
		return "", err
	}
	rows := map[string]func() (io.ReadCloser, error){}
	for _, name := range [...]string{RowsName, RowsName + ".wal"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			rows[name] = func() (io.ReadCloser, error) { return os.Open(path) }
		}
	}
	b := backup.Directory{Ledger: ledger, Vault: v, Files: files, Rows: rows, Folders: folder.Disk{Free: disk.Free}, Program: o.Version, Made: o.Now()}
	if at, err = freeName(filepath.Join(dir, fmt.Sprint(beforeMigration, newest))); err != nil {
		return "", err
	}
	_, err = b.Make(ctx, at)
	return at, err
}

// freeName is a name that nothing has yet: with a number behind it where something has it.
func freeName(path string) (string, error) {
	for i := 1; i < 100; i++ {
		name := path
		if i > 1 {
			name = fmt.Sprintf("%s-%d", path, i)
		}
		if _, err := os.Lstat(name); errors.Is(err, os.ErrNotExist) {
			return filepath.Abs(name)
		}
	}
	return "", fault.New(fault.Conflict, "folder_exists", "%s exists already, and so do many more of that name; delete those that are not needed", path)
}
