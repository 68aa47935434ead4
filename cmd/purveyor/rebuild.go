package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
)

// The usage store of a data directory; one that is being made beside it; and one that was made and verified, but is not
// in its place yet.
const (
	rowsName    = "usage.duckdb"
	makingName  = rowsName + ".making"
	rebuiltName = rowsName + ".rebuilt"
)

// openRows opens the usage store, or makes a new one beside it. A rebuilding that ended between its last two steps is
// finished first; one that ended before left nothing but what is thrown away here.
func openRows(dir string, o opening) (*duckdb.Store, error) {
	if err := takeRebuilt(dir); err != nil {
		return nil, err
	}
	if err := removeStore(filepath.Join(dir, makingName)); err != nil {
		return nil, err
	}
	name := rowsName
	if o.rebuild {
		name = makingName
	}
	rows, err := duckdb.Open(filepath.Join(dir, name), duckdb.Options{MemoryLimit: o.Memory})
	if !o.rebuild && fault.KindOf(err) == fault.Internal {
		return nil, fault.New(fault.Unavailable, "usage_store_unreadable",
			"%s cannot be opened; nothing was changed: \"purveyor usage rebuild\" makes it again from the archived files", filepath.Join(dir, name)).Because(err)
	}
	return rows, err
}

// takeRebuilt puts a rebuilt usage store in place of the old one. The log of the old one goes first: beside another file
// it would be read as that file's. The rebuilt one is whole, so whatever ends this is finished by the next who opens the directory.
func takeRebuilt(dir string) error {
	rebuilt := filepath.Join(dir, rebuiltName)
	if _, err := os.Stat(rebuilt); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	old := filepath.Join(dir, rowsName)
	if err := removeStore(old); err != nil {
		return err
	}
	if err := os.Rename(rebuilt, old); err != nil {
		return notPlaced(old, err)
	}
	return syncDir(dir)
}

// removeStore removes a usage store and what stands beside it.
func removeStore(path string) error {
	for _, name := range []string{path + ".wal", path + ".tmp", path} {
		if err := os.RemoveAll(name); err != nil {
			return notPlaced(name, err)
		}
	}
	return nil
}

func notPlaced(name string, err error) error {
	return fault.New(fault.Unavailable, "usage_store_not_placed", "%s cannot be replaced; make the data directory writable, and give the command again", name).Because(err)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// rebuild makes the usage store of a data directory again, which no other process may have open meanwhile.
func rebuild(ctx context.Context, dir string, o opening, progress func(intake.Progress)) (made intake.Rebuilt, err error) {
	o.rebuild = true
	n, err := open(ctx, dir, o)
	if err != nil {
		return made, err
	}
	defer func() {
		end := context.WithoutCancel(ctx)
		err = errors.Join(err, n.anchor(end), n.Close(), removeStore(filepath.Join(dir, makingName)))
	}()
	return n.api.Intake.Rebuild(access.AsLocalOperator(ctx), func() error { return n.place(dir) }, progress)
}

// place closes the usage store that was made, and puts it in place of the old one.
func (n *installation) place(dir string) error {
	rows := n.rows
	n.rows = nil
	if err := rows.Close(); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(dir, makingName), filepath.Join(dir, rebuiltName)); err != nil {
		return notPlaced(filepath.Join(dir, rowsName), err)
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	return takeRebuilt(dir)
}
