package installation

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/vault"
)

// A folder is a data directory if it holds one of these files: the ledger, or the address of one.
const (
	LedgerName  = "ledger.db"
	AddressName = "ledger.dsn"
)

// RequireDirectory is an error unless a folder is a data directory: it says what is there instead, and what to do.
// The folder needs no ledger if a setting names one.
func RequireDirectory(dir, ledger string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return noData("there is no folder %s, and nothing was made; make a data directory with \"purveyor init %s\" or \"purveyor demo --data %s\", or name the right one with --data", dir, dir, dir)
	case err != nil:
		return disk.Refused(err, dir+" cannot be looked into", "nothing was done")
	case !info.IsDir():
		return noData("%s is a file and no data directory; name the folder that it lies in, or another, with --data", dir)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return disk.Refused(err, dir+" cannot be looked into", "nothing was done")
	}
	has := map[string]bool{}
	for _, e := range list {
		has[e.Name()] = true
	}
	held := vault.Exists(filepath.Join(dir, "vault")) || has[RowsName] || has[RebuiltName]
	switch {
	case has[AddressName] || ledger != "" && held:
		return nil
	case has[LedgerName]:
		return ledgerKept(filepath.Join(dir, LedgerName), held)
	case held:
		return noLedger("%s has usage or keys and no %s: the ledger is gone, and nothing was done. Restore %s from a backup; or, if it is a PostgreSQL, write its address into %s",
			dir, LedgerName, LedgerName, filepath.Join(dir, AddressName))
	case len(list) == 0:
		return noData("%s is an empty folder and no data directory, and nothing was made in it; make one of it with \"purveyor init %s\", or name the right one with --data", dir, dir)
	}
	return noData("%s is a folder of something else and no data directory, and nothing was made in it; name the right one with --data, or make one with \"purveyor init DIR\" or \"purveyor demo --data DIR\"", dir)
}

func noData(format string, args ...any) error {
	return fault.New(fault.NotFound, "no_data_directory", format, args...)
}

func noLedger(format string, args ...any) error {
	return fault.New(fault.Unavailable, "ledger_lost", format, args...)
}

// ledgerKept is an error if a ledger's file is empty although other parts of its data exist, or if it is not a
// database. Opening it would create a new ledger, which knows none of the rows and documents.
func ledgerKept(path string, held bool) error {
	f, err := os.Open(path)
	if err != nil {
		return disk.Refused(err, path+" cannot be read", "nothing was done")
	}
	defer f.Close()
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	n, err := io.ReadFull(f, head)
	switch {
	case n == 0 && errors.Is(err, io.EOF) && !held:
		return nil // created, and nothing else yet
	case n == 0 && errors.Is(err, io.EOF):
		return noLedger("%s is empty, though usage or keys stand beside it: nothing was done. Restore it from a backup", path)
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return disk.Refused(err, path+" cannot be read", "nothing was done")
	case !bytes.Equal(head, []byte(magic)):
		return noLedger("%s is no ledger: it is damaged, or another file. Nothing was done; restore it from a backup", path)
	}
	return nil
}

// RequireCreatable is an error if a new ledger would be created beside data of another ledger.
func RequireCreatable(dir, ledger string) error {
	err := RequireDirectory(dir, ledger)
	if fault.KindOf(err) == fault.NotFound {
		if info, e := os.Stat(dir); e == nil && !info.IsDir() {
			return err
		}
		return nil
	}
	return err
}

// writable says whether this process can write everything of a data directory; otherwise it writes nothing of it.
func writable(dir string) bool {
	for _, name := range []string{"", LedgerName, RowsName, "files", "vault"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil && !disk.Writable(path) {
			return false
		}
	}
	return true
}

// ReadOnly is the error for commands that would have to write to a directory that can only be read.
func ReadOnly(dir string) error {
	return fault.New(fault.Unavailable, "read_only",
		"%s can only be read by the account that runs this: nothing was changed. Lists, explanations, costs and checks work; to change something make it writable, or work on a copy", dir)
}
