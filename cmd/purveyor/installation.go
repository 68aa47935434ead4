package main

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/filestore"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/recon"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/microsoft"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
)

// installation is every part, built by hand over one data directory.
type installation struct {
	lock     *flock.Flock
	db       *sqlstore.DB
	rows     *duckdb.Store
	files    *filestore.Store
	orgs     *org.Service
	books    *pricing.Service
	usage    *usage.Service
	invoices *invoice.Service
	recon    *recon.Service
	events   event.Log
}

// open opens a data directory, which belongs to one process at a time.
func open(ctx context.Context, dir string, now func() time.Time) (*installation, error) {
	n := &installation{lock: flock.New(filepath.Join(dir, "lock"))}
	locked, err := n.lock.TryLock()
	if err != nil || !locked {
		return nil, fault.New(fault.Unavailable, "in_use", "%s is in use by another process; stop it, or use another directory", dir).Because(err)
	}
	if n.db, err = sqlstore.Open(ctx, filepath.Join(dir, "ledger.db")); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	if n.rows, err = duckdb.Open(filepath.Join(dir, "usage.duckdb"), duckdb.Options{MemoryLimit: "1GB"}); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	if n.files, err = filestore.Open(filepath.Join(dir, "files")); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	n.build(now)
	return n, n.usage.Recover(ctx)
}

func (n *installation) build(now func() time.Time) {
	guard := access.Local{}
	n.events = event.Log{Store: sqlstore.Events{DB: n.db}, Now: now}
	usages, orgs, books := sqlstore.Usage{DB: n.db}, sqlstore.Orgs{DB: n.db}, sqlstore.Books{DB: n.db}
	n.orgs = &org.Service{DB: n.db, Store: orgs, Access: guard, Events: n.events, Now: now}
	n.books = &pricing.Service{DB: n.db, Store: books, Access: guard, Events: n.events, Now: now}
	n.usage = &usage.Service{
		DB: n.db, Store: usages, Rows: n.rows, Files: archives{n.files}, Access: guard, Events: n.events, Now: now,
		Format: microsoft.Open, ParseDay: microsoft.ParseDay, ColumnName: microsoft.ColumnName,
	}
	reader, rater, invoices := rating.Reader{Usage: usages, Orgs: orgs, Books: books}, rating.Rater{Rows: n.rows}, sqlstore.Invoices{DB: n.db}
	n.invoices = &invoice.Service{
		DB: n.db, Store: invoices, Access: guard, Events: n.events, Files: n.files, Now: now, Reader: reader, Rater: rater,
	}
	n.recon = &recon.Service{DB: n.db, Access: guard, Reader: reader, Rater: rater, Invoices: invoices}
}

// Close closes what was opened.
func (n *installation) Close() error {
	var errs []error
	if n.rows != nil {
		errs = append(errs, n.rows.Close())
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	return errors.Join(append(errs, n.lock.Unlock())...)
}

// archives hands the file store to usage, which knows archives by what they do.
type archives struct{ files *filestore.Store }

func (a archives) NewArchive() (usage.Archiver, error) { return a.files.NewArchive() }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
