package installation

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/filestore"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
	"github.com/purveyor-csp/purveyor/internal/vault"
)

// Installation is every part of the program over one data directory.
type Installation struct {
	Stores
	Services
	Runner *job.Runner
	API    *native.Server

	OnlyRead bool // this account cannot write to the directory, so nothing is written

	dir          string // the data directory
	lock         *flock.Flock
	newWork      chan struct{}
	storesDiffer error // why the usage store differs from what the ledger sealed, as CompareStores found
}

// Stores hold what an installation knows; they are opened from its data directory.
type Stores struct {
	DB    *sqlstore.DB
	Rows  *duckdb.Store
	Files *filestore.Store
	Vault *vault.Vault
}

// Options says how a data directory is opened. Temporary data is deleted in the end: no document is archived, and its
// clock is passed in.
type Options struct {
	config.Settings
	Version   string // of the program, for descriptions of the API
	Log       *slog.Logger
	Temporary bool
	Now       func() time.Time  // the machine's clock
	Threads   int               // of the usage store; 0 is its default
	Named     bool              // callers in this process say who they are, by the context of their requests
	Warn      func(text string) // warns the operator; nil writes warnings to the log
	Wrap      Wrap

	rebuild  bool                                       // the usage store is one that holds nothing, beside the old one
	restored bool                                       // it is being restored, from the backup that it is
	built    func(context.Context, *Installation) error // sees every part before anything is repaired; nil for nothing to do
}

// Wrap lets tests and measurements replace parts. Each function, if set, gets a part and returns what is used
// instead.
type Wrap struct {
	Rating func(usage.RowStore) usage.RowStore // what documents are rated from
	Files  func(invoice.Files) invoice.Files   // where worksheets and documents are put
	Wired  func(*Installation)                 // sees every part before it is verified that none is missing
}

// Open opens a data directory, which one process at a time may write, and removes what interrupted imports left. A directory
// that can only be read may be open in many processes; nothing in it is repaired.
func Open(ctx context.Context, dir string, o Options) (*Installation, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		why := ""
		if w := disk.Why(err); w != "" {
			why = ": " + w
		}
		return nil, fault.New(fault.Unavailable, "no_data_directory", "%s cannot be made%s; name a folder that can be written", dir, why).Because(err)
	}
	n := &Installation{dir: dir, newWork: make(chan struct{}, 1), OnlyRead: !writable(dir)}
	if n.OnlyRead && o.rebuild {
		return nil, ReadOnly(dir)
	}
	if !n.OnlyRead {
		_ = os.Chmod(dir, 0o700) // other accounts cannot read it; where another account owns it, its permissions stay
	}
	if err := n.lockDirectory(dir); err != nil {
		return nil, err
	}
	if err := n.openParts(ctx, dir, o); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	if o.Temporary || n.OnlyRead {
		return n, nil
	}
	if err := n.Upkeep.Begin(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// lockDirectory takes the lock of a directory: exclusively, or shared with other processes that only read. A directory that
// can only be read and has no lock file was never written to: it needs none.
func (n *Installation) lockDirectory(dir string) error {
	path := filepath.Join(dir, "lock")
	n.lock = flock.New(path)
	lock := n.lock.TryLock
	if n.OnlyRead {
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

// openParts opens the stores, builds every part over them, and repairs what an interrupted process left.
func (n *Installation) openParts(ctx context.Context, dir string, o Options) error {
	ledger, err := ledgerAddress(dir, o.Ledger)
	if err != nil {
		return err
	}
	openFiles := filestore.Open
	if n.OnlyRead {
		openFiles = filestore.OpenToRead
	}
	if n.DB, err = n.openLedger(ctx, dir, ledger, o); err != nil {
		return byNewer(dir, o.Version, err)
	}
	if n.Rows, err = n.openRows(ctx, dir, o); err != nil {
		return byNewer(dir, o.Version, err)
	}
	if n.Files, err = openFiles(filepath.Join(dir, "files")); err != nil {
		return err
	}
	if n.Vault, err = n.openVault(ctx, filepath.Join(dir, "vault"), o); err != nil {
		return err
	}
	if err := n.build(o); err != nil {
		return err
	}
	if err := n.requireMatchingStores(ctx, dir); err != nil {
		return err
	}
	if o.built != nil {
		if err := o.built(access.AtDirectory(ctx), n); err != nil {
			return err
		}
	}
	if err := n.recoverInterrupted(access.AsLocalOperator(ctx)); err != nil || n.OnlyRead {
		return err
	}
	return recordProgram(dir, o.Version)
}

// requireMatchingStores is an error when the ledger is empty and the usage store is not: then the ledger is another one, such
// as another database on the same server, or it was lost.
func (n *Installation) requireMatchingStores(ctx context.Context, dir string) error {
	loads, err := n.Rows.Loads(ctx)
	if err != nil || len(loads) == 0 {
		return err
	}
	empty := false
	err = n.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		empty, err = ledgerIsEmpty(n.Events)(ctx, r)
		return err
	})
	if err != nil || !empty {
		return err
	}
	return noLedger("the ledger of %s is empty, and its usage store has rows of %d imports: it is not the ledger that belongs to them, and nothing was imported or taken out. "+
		"Name the right one in %s (or PURVEYOR_LEDGER), or restore it from a backup", dir, len(loads), filepath.Join(dir, AddressName))
}

// warn warns the operator.
func (o Options) warn(text string) {
	if o.Warn != nil {
		o.Warn(text)
		return
	}
	o.Log.Warn(text)
}

// openVault opens the vault of a ledger. A new vault is created for a new ledger only. With an existing ledger, a new
// vault would hide that encrypted values can no longer be decrypted and that removed records of the event log can no
// longer be detected.
func (n *Installation) openVault(ctx context.Context, dir string, o Options) (*vault.Vault, error) {
	if !vault.Exists(dir) && !o.NewVault {
		empty := false
		err := n.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
			empty, err = ledgerIsEmpty(event.Log{Store: operations.Events{DB: n.DB}})(ctx, r)
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

// ledgerAddress is the address of the ledger: the setting, else what the directory says, else a file in the directory.
func ledgerAddress(dir, asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	text, err := os.ReadFile(filepath.Join(dir, AddressName))
	if errors.Is(err, os.ErrNotExist) {
		return filepath.Join(dir, LedgerName), nil
	}
	return strings.TrimSpace(string(text)), disk.Refused(err, filepath.Join(dir, AddressName)+" cannot be read", "nothing was done")
}

// recoverInterrupted loads the clock and the roles, and repairs what an interrupted process left.
func (n *Installation) recoverInterrupted(ctx context.Context) error {
	if err := n.Clock.Load(ctx); err != nil {
		return err
	}
	if err := n.Guard.Load(ctx); err != nil {
		return err
	}
	if n.OnlyRead {
		return nil
	}
	if err := n.Intake.Recover(ctx); err != nil {
		return err
	}
	if err := n.Invoices.FixEarlier(ctx, billing.Invoices{DB: n.DB}); err != nil {
		return err
	}
	if _, err := n.Runner.Recover(ctx); err != nil {
		return err
	}
	return n.Check.Record(ctx)
}

// CompareStores compares the usage store with the ledger, and logs a warning when rows that were sealed are missing. The
// server goes on: documents can be read, and requests that need the rows are refused.
func (n *Installation) CompareStores(ctx context.Context) {
	n.storesDiffer = n.Intake.VerifyRows(access.AsLocalOperator(ctx))
	if n.storesDiffer != nil {
		n.API.Log.WarnContext(ctx, n.storesDiffer.Error(), "code", fault.CodeOf(n.storesDiffer))
	}
}

// dropExpired removes expired sessions, tickets, and answers to commands.
func (n *Installation) dropExpired(ctx context.Context) error {
	return errors.Join(n.Sessions.Prune(ctx), n.API.ForgetAnswers(ctx))
}

// Drain runs the jobs that are due, as the local operator.
func (n *Installation) Drain(ctx context.Context) error {
	_, err := n.Runner.Drain(access.AsLocalOperator(ctx))
	return err
}

// Anchor signs the state of the event log and keeps the signature outside the database. It is an error when the log no
// longer contains what was signed before.
func (n *Installation) Anchor(ctx context.Context) error {
	last, err := n.Vault.LastAnchor()
	if err != nil {
		return err
	}
	var a event.Anchor
	err = n.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		if err = n.Events.Extends(ctx, r, last); err == nil {
			a, err = n.Events.Anchor(ctx, r)
		}
		return err
	})
	if err != nil || a.Count == 0 {
		return err
	}
	return n.Vault.AddAnchor(a)
}

func (n *Installation) wakeWorker() {
	select {
	case n.newWork <- struct{}{}:
	default:
	}
}

// retryEvery is how often the worker looks for due jobs when no command wakes it.
const retryEvery = 5 * time.Second

// Work runs due jobs and anchors the event log until the context ends, each time after it called before.
func (n *Installation) Work(ctx context.Context, before func(context.Context) error) {
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := before(ctx); err != nil && ctx.Err() == nil {
			n.API.Log.ErrorContext(ctx, "the first person could not be invited", "error", err)
		}
		if err := n.Drain(ctx); err != nil && ctx.Err() == nil {
			n.API.Log.ErrorContext(ctx, "jobs could not be worked off", "error", err)
		}
		if err := n.Anchor(ctx); err != nil && ctx.Err() == nil {
			n.API.Log.ErrorContext(ctx, "the event log could not be anchored", "error", err)
		}
		select {
		case <-n.newWork:
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

func (n *Installation) ready(ctx context.Context) error { return n.DB.Ping(ctx) }

// Close closes what was opened.
func (n *Installation) Close() error {
	var errs []error
	if n.Rows != nil {
		errs = append(errs, n.Rows.Close())
	}
	if n.DB != nil {
		errs = append(errs, n.DB.Close())
	}
	if n.lock == nil {
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, n.lock.Unlock())...)
}
