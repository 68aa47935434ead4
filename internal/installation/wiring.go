package installation

import (
	"cmp"
	"context"
	"crypto/rand"
	"runtime"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/callers"
	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/backup/folder"
	"github.com/purveyor-csp/purveyor/internal/check"
	"github.com/purveyor-csp/purveyor/internal/clock"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/cost"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/filestore"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
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
	"github.com/purveyor-csp/purveyor/internal/secret"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/parties"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/runs"
)

// Services are the use cases of every area, each built once.
type Services struct {
	Guard       *access.Roles
	Events      event.Log
	Jobs        operations.Jobs
	Clock       *clock.Service
	Upkeep      *job.Daily
	Safe        *safe.Service
	Directory   *identity.Directory
	People      *people.Service
	Sessions    *sessions.Service
	Programs    *programs.Service
	Federations *federation.Service
	Roles       *access.Service
	Orgs        *org.Service
	Books       *pricing.Service
	Usage       *usage.Service
	Intake      *intake.Service
	Resources   *resource.Service
	Invoices    *invoice.Service
	Archive     *document.Archive
	Recon       *recon.Service
	Check       *check.Service
	Costs       *cost.Service
	Delegation  *delegation.Service
	Notices     *notice.Service
	Backups     *backup.Service
}

// build builds every part over the stores. It is an error if a part is missing.
func (n *Installation) build(o Options) error {
	ring, err := n.Vault.Ring()
	if err != nil {
		return err
	}
	n.buildLog(o)
	n.buildSales(o)
	n.buildDelegation()
	if err := n.buildPeople(ring); err != nil {
		return err
	}
	n.buildBackups(o)
	n.buildJobs(o)
	if err := n.buildAPI(o, ring); err != nil {
		return err
	}
	if o.Wrap.Wired != nil {
		o.Wrap.Wired(n)
	}
	return complete(n)
}

// buildLog builds what every other part needs: the guard, the clock and the event log.
func (n *Installation) buildLog(o Options) {
	n.Jobs = operations.Jobs{DB: n.DB}
	n.Guard = &access.Roles{DB: n.DB, Store: organisations.Access{DB: n.DB}}
	n.Clock = &clock.Service{DB: n.DB, Store: operations.Clock{DB: n.DB}, Jobs: n.Jobs, Access: n.Guard, Machine: o.Now, Drain: n.Drain}
	n.Events = event.Log{Store: operations.Events{DB: n.DB}, Now: n.Clock.Now, Genuine: n.Vault.Genuine}
	n.Guard.Now, n.Clock.Events, n.Clock.Empty = n.Clock.Now, n.Events, ledgerIsEmpty(n.Events)
}

// buildSales builds the areas from organisations and usage to documents.
func (n *Installation) buildSales(o Options) {
	guard, events, now := n.Guard, n.Events, n.Clock.Now
	usages, orgs, books, invoices := billing.Usage{DB: n.DB}, organisations.Orgs{DB: n.DB}, billing.Books{DB: n.DB}, billing.Invoices{DB: n.DB}
	rows, files := wrapped[usage.RowStore](n.Rows, o.Wrap.Rating), wrapped[invoice.Files](n.Files, o.Wrap.Files)
	reader, rater := rating.Reader{Usage: usages, Orgs: orgs, Books: &pricing.Library{Store: books}, Issued: invoices}, rating.Rater{Rows: rows, Sums: n.Rows}
	n.Orgs = &org.Service{DB: n.DB, Store: orgs, Access: guard, Events: events, Places: guard, Now: now, Books: books.Published}
	n.Orgs.UsedBy = usedBy(n.DB, orgs, usages, n.Rows)
	n.Books = &pricing.Service{DB: n.DB, Store: books, Access: guard, Events: events, Now: now, Owner: hasOrganisation(orgs)}
	n.Usage = &usage.Service{DB: n.DB, Store: usages, Rows: n.Rows, Access: guard, Events: events}
	n.Invoices = &invoice.Service{
		DB: n.DB, Store: invoices, Access: guard, Events: events, Files: files, Lines: n.Files, Now: now, Reader: reader, Rater: rater, Jobs: job.Queue{Store: n.Jobs},
	}
	if o.Temporary {
		n.Invoices.Jobs = noArchive{}
	}
	n.Archive = &document.Archive{DB: n.DB, Invoices: n.Invoices, Files: files, Access: guard}
	n.Intake = &intake.Service{
		DB: n.DB, Store: usages, Rows: n.Rows, Files: archives{n.Files}, Access: guard, Events: events, Now: now,
		Preview: func(ctx context.Context, s usage.Seal) (any, error) {
			return n.Invoices.Impact(ctx, rating.Proposal{Seal: &s})
		},
		Format: microsoft.Open, ParseDay: microsoft.ParseDay, ColumnName: microsoft.ColumnName, Room: disk.Room(n.dir, int64(o.Reserve)<<20), Warn: o.warn,
	}
	n.Resources = &resource.Service{DB: n.DB, Usage: usages, Rows: n.Rows, Orgs: orgs, Access: guard}
	n.Recon = &recon.Service{DB: n.DB, Access: guard, Reader: reader, Rater: rater, Invoices: n.Invoices}
	n.Check = &check.Service{DB: n.DB, Access: guard, Events: events, Usage: usages, Rows: n.Rows, Invoices: invoices, Documents: n.Invoices, Files: n.Files, Orgs: orgs, Books: books}
	rater.Runs, rater.Memory = runs.New(n.Rows, viewMemory), &rating.Memory{}
	n.Costs = &cost.Service{DB: n.DB, Access: guard, Reader: reader, Rater: rater}
}

// viewMemory is the maximum memory for the usage of months that views read: about 18 million rows.
const viewMemory = 512 << 20

// wrapped is a part, or what a test puts in its place.
func wrapped[P any](part P, wrap func(P) P) P {
	if wrap == nil {
		return part
	}
	return wrap(part)
}

// archives adapts the file store to intake's interface.
type archives struct{ *filestore.Store }

func (a archives) NewArchive() (intake.Archiver, error) { return a.Store.NewArchive() }

// noArchive ignores orders to archive documents: temporary data is deleted in the end.
type noArchive struct{}

func (noArchive) Enqueue(context.Context, tx.Tx, job.Job) error { return nil }

// buildDelegation builds delegated access and the notices before it ends.
func (n *Installation) buildDelegation() {
	n.Delegation = &delegation.Service{
		DB: n.DB, Store: parties.Delegation{DB: n.DB}, Orgs: organisations.Orgs{DB: n.DB}, Access: n.Guard, Events: n.Events, Jobs: job.Queue{Store: n.Jobs},
		Roles: delegation.BuiltIn(), Now: n.Clock.Now, Secret: rand.Text,
	}
	n.Guard.Record = recordUse(n.DB, n.Delegation)
	n.Notices = &notice.Service{Delegated: n.Delegation, Now: n.Clock.Now}
}

// buildPeople builds identity, role assignments, and the encryption, export and erasure of personal data.
func (n *Installation) buildPeople(ring secret.Ring) error {
	n.Safe = n.newSafe(n.Events, n.Guard)
	n.Directory = &identity.Directory{DB: n.DB, Store: parties.Identity{DB: n.DB}}
	n.Roles = &access.Service{DB: n.DB, Store: n.Guard.Store, Roles: n.Guard, Events: n.Events, Now: n.Clock.Now, Directory: n.Directory}
	n.Delegation.SetAssignments = delegatedAssignments(n.Roles)
	n.Guard.Place = n.Orgs.Place
	if n.OnlyRead { // a process that only reads moves no organisations
		n.Guard.Place = func(context.Context) error { return nil }
	}
	if err := n.buildSignIn(ring); err != nil {
		return err
	}
	n.Safe.Sources = append(n.Safe.Sources,
		safe.Source{Name: "identity", Export: n.People.Export, Erase: n.People.Erase},
		safe.Source{Name: "access", Export: n.Roles.Export, Erase: nothingToErase},
		safe.Source{Name: "delegated_access", Export: n.Delegation.Export, Erase: n.Delegation.Erase})
	return nil
}

// buildBackups builds the service that makes backups.
func (n *Installation) buildBackups(o Options) {
	n.Backups = &backup.Service{
		DB: n.DB, Access: n.Guard, Events: n.Events, Orgs: organisations.Orgs{DB: n.DB}, Books: billing.Books{DB: n.DB}, Usage: billing.Usage{DB: n.DB},
		Invoices: billing.Invoices{DB: n.DB}, Sessions: n.Sessions, Ledger: n.DB, Files: n.Files, Vault: n.Vault, Rows: n.Rows,
		Folders: folder.Disk{Free: disk.Free}, Machine: o.Now, Program: o.Version,
	}
}

// buildJobs builds the runner of jobs, with a handler for every kind.
func (n *Installation) buildJobs(o Options) {
	n.Upkeep = &job.Daily{DB: n.DB, Queue: job.Queue{Store: n.Jobs}, Kind: job.DailyUpkeep, Machine: time.Now, Work: n.dropExpired}
	n.Runner = &job.Runner{
		Store: n.Jobs, DB: n.DB, Handlers: map[job.Kind]job.Handler{
			job.RenderDocument: n.Archive.Render, job.SettleRelationship: n.Delegation.Settle, job.NoticeRelationship: n.Delegation.Notice,
			job.FinishActivation: n.Delegation.Finish, job.ResealValues: n.Safe.Reseal, job.ScrubErased: n.Safe.ScrubErased, job.DailyUpkeep: n.Upkeep.Run,
		},
		Workers: o.Workers, Now: n.Clock.Now, Machine: time.Now, Owner: rand.Text(), // of this process: what another one left running is given back
	}
	if n.Runner.Workers <= 0 {
		n.Runner.Workers = runtime.GOMAXPROCS(0)
	}
}

// buildAPI builds the native API. Until it is served at an address, its callers are those that requests in this process name.
func (n *Installation) buildAPI(o Options, ring secret.Ring) error {
	digests, err := ring.Derive("request digests", secret.KeySize)
	if err != nil {
		return err
	}
	n.API = &native.Server{
		DB: n.DB, Access: n.Guard, Clock: n.Clock, Events: n.Events, Jobs: n.Jobs, Invoices: n.Invoices, Archive: n.Archive, Log: o.Log, Version: o.Version,
		Roles: n.Roles, Orgs: n.Orgs, Books: n.Books, Delegation: n.Delegation, Notices: n.Notices, Resources: n.Resources, Usage: n.Usage, Intake: n.Intake,
		Costs: n.Costs, Recon: n.Recon, Check: n.Check, Safe: n.Safe, Sessions: n.Sessions, People: n.People, Programs: n.Programs, Federations: n.Federations, Backups: n.Backups,
		Statement: microsoft.Statement, Known: isCustomer(organisations.Orgs{DB: n.DB}), Anchors: n.Vault.LastAnchor, Sign: n.Vault.Sign,
		KeepDays: cmp.Or(o.AuditDays, config.AuditDays), DigestKey: digests, Machine: time.Now,
		Ready: n.ready, Concern: func() error { return n.storesDiffer }, Wake: n.wakeWorker, Named: func(string) bool { return false }, Callers: callers.InProcess,
	}
	return nil
}
