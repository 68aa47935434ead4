package installation

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
)

// The names of the usage store of a data directory, of one that is being rebuilt, and of one that is rebuilt and
// verified but has not replaced the old one yet.
const (
	RowsName       = "usage.duckdb"
	UnfinishedName = RowsName + ".making"
	RebuiltName    = RowsName + ".rebuilt"
)

// openRows opens the usage store, or creates a new one beside it for a rebuild. A rebuild that was stopped between
// its last two steps is completed first; what one left that was stopped earlier is removed. A missing usage store is
// created only if nothing was sealed yet.
func (n *Installation) openRows(ctx context.Context, dir string, o Options) (*duckdb.Store, error) {
	name, opts := RowsName, duckdb.Options{MemoryLimit: o.Memory, Threads: o.Threads, ReadOnly: n.OnlyRead}
	switch {
	case n.OnlyRead:
		if _, err := os.Stat(filepath.Join(dir, RebuiltName)); err == nil {
			name = RebuiltName
		}
	default:
		if err := errors.Join(replaceWithRebuilt(dir), removeStore(filepath.Join(dir, UnfinishedName))); err != nil {
			return nil, err
		}
	}
	path := filepath.Join(dir, name)
	if o.rebuild {
		path = filepath.Join(dir, UnfinishedName)
	} else if err := n.requireRows(ctx, path); err != nil {
		return nil, err
	}
	rows, err := duckdb.Open(path, opts)
	if !o.rebuild && fault.KindOf(err) == fault.Internal {
		return nil, fault.New(fault.Unavailable, "usage_store_unreadable",
			"%s cannot be opened; nothing was changed: \"purveyor usage rebuild\" makes it again from the archived files", path).Because(err)
	}
	return rows, err
}

// requireRows is an error when there is no usage store, and the ledger says that there was one.
func (n *Installation) requireRows(ctx context.Context, path string) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return disk.Refused(err, path+" cannot be read", "nothing was done")
	}
	sealed := 0
	err := n.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err := billing.Usage{DB: n.DB}.Batches(ctx, r, scope.All(), usage.BatchFilter{Dataset: usage.DailyUsage, Superseded: true})
		sealed = len(list)
		return err
	})
	if err != nil || sealed == 0 && !n.OnlyRead {
		return err
	}
	return fault.New(fault.Unavailable, "usage_store_missing",
		"%s is missing, and the ledger has %d batches of usage: nothing was done, and no empty one was made. \"purveyor usage rebuild\" makes it again from the archived files; or restore it from the backup that belongs to this ledger",
		path, sealed)
}

// replaceWithRebuilt puts a rebuilt usage store in place of the old one. The log of the old one goes first: beside another file
// it would be read as that file's. The rebuilt one is complete, so if this is interrupted, the next process that opens the directory completes it.
func replaceWithRebuilt(dir string) error {
	rebuilt := filepath.Join(dir, RebuiltName)
	if _, err := os.Stat(rebuilt); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	old := filepath.Join(dir, RowsName)
	if err := removeStore(old); err != nil {
		return err
	}
	if err := os.Rename(rebuilt, old); err != nil {
		return notReplaced(old, err)
	}
	return syncDir(dir)
}

// removeStore removes a usage store with its log and temporary files.
func removeStore(path string) error {
	for _, name := range []string{path + ".wal", path + ".tmp", path} {
		if err := os.RemoveAll(name); err != nil {
			return notReplaced(name, err)
		}
	}
	return nil
}

func notReplaced(name string, err error) error {
	return fault.New(fault.Unavailable, "usage_store_not_placed", "%s cannot be replaced; make the data directory writable, and give the command again", name).Because(err)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Rebuild creates the usage store of a data directory again. No other process may have the directory open.
func Rebuild(ctx context.Context, dir string, o Options, progress func(intake.Progress)) (made intake.Rebuilt, err error) {
	o.rebuild = true
	n, err := Open(ctx, dir, o)
	if err != nil {
		return made, err
	}
	if err := n.reserveNumbers(ctx, dir, o); err != nil {
		return made, errors.Join(err, n.Close())
	}
	defer func() {
		end := context.WithoutCancel(ctx)
		err = errors.Join(err, n.Anchor(end), n.Close(), removeStore(filepath.Join(dir, UnfinishedName)))
	}()
	return n.Intake.Rebuild(access.AsLocalOperator(ctx), func() error { return n.replaceRows(dir) }, progress)
}

// reserveNumbers reserves numbers that the old usage store has and the ledger does not know (the ledger is older
// then), so that they are never used for other rows. If the old store cannot be read, nothing is reserved.
func (n *Installation) reserveNumbers(ctx context.Context, dir string, o Options) error {
	path := filepath.Join(dir, RowsName)
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	old, err := duckdb.Open(path, duckdb.Options{MemoryLimit: o.Memory, ReadOnly: true})
	if err != nil {
		return nil
	}
	err = n.Intake.ReserveNumbers(access.AsLocalOperator(ctx), old)
	if fault.CodeOf(err) == "usage_store_failed" { // damaged further in
		err = nil
	}
	return errors.Join(err, old.Close())
}

// replaceRows closes the rebuilt usage store and replaces the old one with it.
func (n *Installation) replaceRows(dir string) error {
	rows := n.Rows
	n.Rows = nil
	if err := rows.Close(); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(dir, UnfinishedName), filepath.Join(dir, RebuiltName)); err != nil {
		return notReplaced(filepath.Join(dir, RowsName), err)
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	return replaceWithRebuilt(dir)
}
