package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/check"
	"github.com/purveyor-csp/purveyor/internal/clock"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/cost"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/filestore"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/intake/microsoft"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/notice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/recon"
	"github.com/purveyor-csp/purveyor/internal/resource"
	"github.com/purveyor-csp/purveyor/internal/safe"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/secret"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
	"github.com/purveyor-csp/purveyor/internal/usagestore/runs"
	"github.com/purveyor-csp/purveyor/internal/vault"
)

// installation is every part, built by hand over one data directory.
type installation struct {
	lock   *flock.Flock
	db     *sqlstore.DB
	rows   *duckdb.Store
	files  *filestore.Store
	vault  *vault.Vault
	safe   *safe.Service
	clock  *clock.Service
	runner *job.Runner
	api    *native.Server
	upkeep *job.Daily
	wake   chan struct{}
	notice func(context.Context) error // what else a server looks at when something was done

	behind   error // why the usage store is not the ledger's, as far as a server found at its start
	onlyRead bool  // nothing of the directory is written
}

// opening says how a data directory is opened. Temporary data is thrown away: nothing is archived, and its clock is
// handed in.
type opening struct {
	config.Settings
	log       *slog.Logger
	temporary bool
	now       func() time.Time
	named     bool              // callers in this process say who they are, by the context of their requests
	rebuild   bool              // the usage store is one that holds nothing, beside the old one
	warn      func(text string) // told what whoever runs the installation should know; nil: the log is
}

// open opens a data directory, which belongs to one process at a time, and drops what interrupted imports left. One that
// can only be read is opened by many, and nothing is put right.
func open(ctx context.Context, dir string, o opening) (*installation, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		why := ""
		if w := disk.Why(err); w != "" {
			why = ": " + w
		}
		return nil, fault.New(fault.Unavailable, "no_data_directory", "%s cannot be made%s; name a folder that can be written", dir, why).Because(err)
	}
	n := &installation{wake: make(chan struct{}, 1), onlyRead: onlyRead(dir)}
	if n.onlyRead && o.rebuild {
		return nil, readOnly(dir)
	}
	if !n.onlyRead {
		_ = os.Chmod(dir, 0o700) // not everybody's to read; where it is not ours to say, whoever made it has said
	}
	if err := n.take(dir); err != nil {
		return nil, err
	}
	if err := n.openParts(ctx, dir, o); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	if o.temporary || n.onlyRead {
		return n, nil
	}
	if err := n.upkeep.Begin(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// take takes the lock of a directory: alone, or with others who only read. Where there is no lock and none can be made,
// nobody ever wrote.
func (n *installation) take(dir string) error {
	path := filepath.Join(dir, "lock")
	n.lock = flock.New(path)
	lock := n.lock.TryLock
	if n.onlyRead {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		n.lock = flock.New(path, flock.SetFlag(os.O_RDONLY))
		lock = n.lock.TryRLock
	}
	locked, err := lock()
	if err == nil && locked {
		return nil
	}
	if err := disk.Refused(err, dir+" cannot be locked", "nothing was done"); err != nil && disk.Why(err) != "" {
		return err
	}
	return fault.New(fault.Unavailable, "in_use",
		"%s is in use by another process, and nothing was done; wait until it has finished, or use another directory", dir).Because(err)
}

// openParts opens the stores, builds everything over them, and puts right what an interrupted process left.
func (n *installation) openParts(ctx context.Context, dir string, o opening) error {
	ledger, err := ledgerOf(dir, o.Ledger)
	if err != nil {
		return err
	}
	openLedger, openFiles := sqlstore.Open, filestore.Open
	if n.onlyRead {
		openLedger, openFiles = sqlstore.OpenToRead, filestore.OpenToRead
	}
	if n.db, err = openLedger(ctx, ledger); err != nil {
		return err
	}
	if n.rows, err = n.openRows(ctx, dir, o); err != nil {
		return err
	}
	if n.files, err = openFiles(filepath.Join(dir, "files")); err != nil {
		return err
	}
	if n.vault, err = n.openVault(ctx, filepath.Join(dir, "vault"), o); err != nil {
		return err
	}
	if err := n.build(o); err != nil {
		return err
	}
	if err := n.belongs(ctx, dir); err != nil {
		return err
	}
	return n.recover(access.AsLocalOperator(ctx))
}

// belongs is an error when the ledger is a new one and the usage store is not: then it is the ledger of something else, such as
// another database on the same server, or it was lost.
func (n *installation) belongs(ctx context.Context, dir string) error {
	loads, err := n.rows.Loads(ctx)
	if err != nil || len(loads) == 0 {
		return err
	}
	empty := false
	err = n.db.View(ctx, func(ctx context.Context, r tx.Read) error {
		empty, err = unrecorded(n.api.Events)(ctx, r)
		return err
	})
	if err != nil || !empty {
		return err
	}
	return noLedger("the ledger of %s is empty, and its usage store has rows of %d imports: it is not the ledger that belongs to them, and nothing was imported or taken out. "+
		"Name the right one in %s (or PURVEYOR_LEDGER), or restore it from a backup", dir, len(loads), filepath.Join(dir, addressName))
}

// tell hands on what whoever runs the installation should know.
func (o opening) tell(text string) {
	if o.warn != nil {
		o.warn(text)
		return
	}
	o.log.Warn(text)
}

// openVault opens the vault of a ledger. A new one is made for a new ledger only: beside an old one it would hide that
// what was sealed cannot be opened any more, and that nothing tells whether the event log was cut off.
func (n *installation) openVault(ctx context.Context, dir string, o opening) (*vault.Vault, error) {
	if !vault.Exists(dir) && !o.NewVault {
		empty := false
		err := n.db.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
			empty, err = unrecorded(event.Log{Store: sqlstore.Events{DB: n.db}})(ctx, r)
			return err
		})
		if err != nil {
			return nil, err
		}
		if !empty {
			return nil, fault.New(fault.Unavailable, "vault_missing",
				"%s has no keys, and the ledger is not new: nothing was done; restore the vault from a backup, or set PURVEYOR_NEW_VAULT=true if it is lost for good", dir)
		}
	}
	return vault.Open(dir, rand.Reader)
}

// ledgerOf is the address of the ledger: what was asked for, else what the directory says, else a file in it.
func ledgerOf(dir, asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	text, err := os.ReadFile(filepath.Join(dir, addressName))
	if errors.Is(err, os.ErrNotExist) {
		return filepath.Join(dir, ledgerName), nil
	}
	return strings.TrimSpace(string(text)), disk.Refused(err, filepath.Join(dir, addressName)+" cannot be read", "nothing was done")
}

func (n *installation) build(o opening) error {
	ring, err := n.vault.Ring()
	if err != nil {
		return err
	}
	digests, err := ring.Derive("request digests", secret.KeySize)
	if err != nil {
		return err
	}
	guard := &access.Roles{DB: n.db, Store: sqlstore.Access{DB: n.db}}
	n.clock = &clock.Service{DB: n.db, Store: sqlstore.Clock{DB: n.db}, Jobs: sqlstore.Jobs{DB: n.db}, Access: guard, Machine: o.now}
	now := n.clock.Now
	guard.Now = now
	events := event.Log{Store: sqlstore.Events{DB: n.db}, Now: now, Genuine: n.vault.Genuine}
	usages, orgs, books := sqlstore.Usage{DB: n.db}, sqlstore.Orgs{DB: n.db}, sqlstore.Books{DB: n.db}
	invoices := sqlstore.Invoices{DB: n.db}
	reader, rater := rating.Reader{Usage: usages, Orgs: orgs, Books: books, Issued: invoices}, rating.Rater{Rows: n.rows, Sums: n.rows}
	jobs := sqlstore.Jobs{DB: n.db}
	documents := &invoice.Service{
		DB: n.db, Store: invoices, Access: guard, Events: events, Files: n.files, Lines: n.files, Now: now, Reader: reader, Rater: rater,
	}
	if !o.temporary {
		documents.Jobs = job.Queue{Store: jobs}
	}
	archive := &document.Archive{DB: n.db, Invoices: documents, Files: n.files, Access: guard}
	delegated := &delegation.Service{
		DB: n.db, Store: sqlstore.Delegation{DB: n.db}, Orgs: orgs, Access: guard, Events: events, Jobs: job.Queue{Store: jobs},
		Roles: delegation.BuiltIn(), Now: now, Secret: rand.Text,
	}
	n.safe = n.keepSafe(events, guard)
	n.upkeep = &job.Daily{DB: n.db, Queue: job.Queue{Store: jobs}, Kind: job.DailyUpkeep, Machine: time.Now, Work: n.keepUp}
	n.runner = &job.Runner{
		Store: jobs, DB: n.db, Handlers: map[job.Kind]job.Handler{
			job.RenderDocument: archive.Render, job.SettleRelationship: delegated.Settle, job.NoticeRelationship: delegated.Notice, job.FinishActivation: delegated.Finish,
			job.ResealValues: n.safe.Reseal, job.ScrubErased: n.safe.ScrubErased, job.DailyUpkeep: n.upkeep.Run,
		},
		Workers: o.Workers, Now: now, Machine: time.Now, Owner: rand.Text(), // of this process: what another one left running is given back
	}
	if n.runner.Workers <= 0 {
		n.runner.Workers = runtime.GOMAXPROCS(0)
	}
	n.clock.Events, n.clock.Drain, n.clock.Empty = events, n.drain, unrecorded(events)
	roles := &access.Service{DB: n.db, Store: guard.Store, Roles: guard, Events: events, Now: now}
	organisations := &org.Service{DB: n.db, Store: orgs, Access: guard, Events: events, Places: guard, Now: now, Books: books.Published}
	if !n.onlyRead { // or they stand where they stood when somebody wrote last
		guard.Place = organisations.Place
	}
	who, err := n.people(ring, events, roles)
	if err != nil {
		return err
	}
	n.safe.Sources = append(n.safe.Sources, safe.Source{Name: "identity", Export: who.Export, Erase: who.Erase},
		safe.Source{Name: "access", Export: roles.Export}, safe.Source{Name: "delegated_access", Export: delegated.Export, Erase: delegated.Erase})
	delegated.Given = givenTo(roles)
	guard.Record = intoTrail(n.db, delegated)
	n.api = &native.Server{
		DB: n.db, Access: guard, Clock: n.clock, Events: events, Jobs: jobs, Invoices: documents, Archive: archive, Log: o.log, Version: version,
		Roles:      roles,
		Orgs:       organisations,
		Books:      &pricing.Service{DB: n.db, Store: books, Access: guard, Events: events, Now: now, Owner: hasOrganisation(orgs)},
		Delegation: delegated,
		Notices:    &notice.Service{Delegated: delegated, Now: now},
		Resources:  &resource.Service{DB: n.db, Usage: usages, Rows: n.rows, Orgs: orgs, Access: guard},
		Usage:      &usage.Service{DB: n.db, Store: usages, Rows: n.rows, Access: guard, Events: events},
		Intake: &intake.Service{
			DB: n.db, Store: usages, Rows: n.rows, Files: archives{n.files}, Access: guard, Events: events, Now: now,
			Preview: func(ctx context.Context, s usage.Seal) (any, error) {
				return documents.Impact(ctx, rating.Proposal{Seal: &s})
			},
			Format: microsoft.Open, ParseDay: microsoft.ParseDay, ColumnName: microsoft.ColumnName, Warn: o.tell,
		},
		Costs:     &cost.Service{DB: n.db, Access: guard, Reader: reader, Rater: inMemory(rater, n.rows)},
		Recon:     &recon.Service{DB: n.db, Access: guard, Reader: reader, Rater: rater, Invoices: documents},
		Check:     &check.Service{DB: n.db, Access: guard, Events: events, Usage: usages, Rows: n.rows, Invoices: invoices, Documents: documents, Files: n.files, Orgs: orgs, Books: books},
		Statement: microsoft.Statement, Known: isCustomer(orgs), Anchors: n.vault.LastAnchor, Sign: n.vault.Sign, KeepDays: cmp.Or(o.AuditDays, config.AuditDays),
		Ready: n.ready, Concern: func() error { return n.behind }, Wake: n.poke, Machine: time.Now, Safe: n.safe, Identity: who, DigestKey: digests,
	}
	return nil
}

// recover reads the clock and puts right what an interrupted process left behind.
func (n *installation) recover(ctx context.Context) error {
	if err := n.clock.Load(ctx); err != nil {
		return err
	}
	if err := n.api.Roles.Roles.Load(ctx); err != nil {
		return err
	}
	if n.onlyRead {
		return nil
	}
	if err := n.api.Intake.Recover(ctx); err != nil {
		return err
	}
	if err := n.api.Invoices.FixEarlier(ctx, sqlstore.Invoices{DB: n.db}); err != nil {
		return err
	}
	if _, err := n.runner.Recover(ctx); err != nil {
		return err
	}
	return n.api.Check.Record(ctx)
}

// keepUp drops what has expired: sessions, tickets, and answers to commands.
func (n *installation) keepUp(ctx context.Context) error {
	return errors.Join(n.api.Identity.Prune(ctx), n.api.ForgetAnswers(ctx))
}

// drain works off the jobs that are due, as the local operator.
func (n *installation) drain(ctx context.Context) error {
	_, err := n.runner.Drain(access.AsLocalOperator(ctx))
	return err
}

// anchor signs what the event log is now, outside the database, unless it is not what was anchored before.
func (n *installation) anchor(ctx context.Context) error {
	last, err := n.vault.LastAnchor()
	if err != nil {
		return err
	}
	var a event.Anchor
	err = n.db.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		if err = n.api.Events.Extends(ctx, r, last); err == nil {
			a, err = n.api.Events.Anchor(ctx, r)
		}
		return err
	})
	if err != nil || a.Count == 0 {
		return err
	}
	return n.vault.AddAnchor(a)
}

func (n *installation) poke() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// retryEvery is how often waiting jobs are looked at when nothing else causes it.
const retryEvery = 5 * time.Second

// work drains jobs until the context ends, and notices what was done.
func (n *installation) work(ctx context.Context) {
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := n.notice(ctx); err != nil && ctx.Err() == nil {
			n.api.Log.ErrorContext(ctx, "the first person could not be invited", "error", err)
		}
		if err := n.drain(ctx); err != nil && ctx.Err() == nil {
			n.api.Log.ErrorContext(ctx, "jobs could not be worked off", "error", err)
		}
		if err := n.anchor(ctx); err != nil && ctx.Err() == nil {
			n.api.Log.ErrorContext(ctx, "the event log could not be anchored", "error", err)
		}
		select {
		case <-n.wake:
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

func (n *installation) ready(ctx context.Context) error { return n.db.Ping(ctx) }

// Close closes what was opened.
func (n *installation) Close() error {
	var errs []error
	if n.rows != nil {
		errs = append(errs, n.rows.Close())
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	if n.lock == nil {
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, n.lock.Unlock())...)
}

// archives hands the file store to intake, which knows archives by what they do.
type archives struct{ *filestore.Store }

func (a archives) NewArchive() (intake.Archiver, error) { return a.Store.NewArchive() }

// The questions that go up from lower areas are answered here.

func unrecorded(events event.Log) func(context.Context, tx.Read) (bool, error) {
	return func(ctx context.Context, r tx.Read) (bool, error) {
		last, err := events.Store.Last(ctx, r)
		return last.Number == 0, err
	}
}

func hasOrganisation(orgs org.Source) func(context.Context, tx.Read, string) (bool, error) {
	return func(ctx context.Context, r tx.Read, key string) (bool, error) {
		o, err := find(ctx, orgs, r, key)
		return o != nil, err
	}
}

func isCustomer(orgs org.Source) func(context.Context, tx.Read, string) (bool, error) {
	return func(ctx context.Context, r tx.Read, key string) (bool, error) {
		o, err := find(ctx, orgs, r, key)
		return o != nil && o.Kind == org.Customer, err
	}
}

func discardLog() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func find(ctx context.Context, orgs org.Source, r tx.Read, key string) (*org.Organisation, error) {
	x, err := orgs.Index(ctx, r, scope.All())
	if err != nil {
		return nil, err
	}
	return x.ByKey(key), nil
}

// inMemory is a rater that keeps the months that are looked at in memory.
func inMemory(rater rating.Rater, rows *duckdb.Store) rating.Rater {
	rater.Runs, rater.Memory = runs.New(rows, viewMemory), &rating.Memory{}
	return rater
}
