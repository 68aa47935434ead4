package backup

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Service makes backups of an installation, and finishes the ledger of one that was restored.
type Service struct {
	DB       tx.DB
	Access   access.Guard
	Events   event.Log
	Orgs     org.Source
	Books    pricing.Store
	Usage    usage.Store
	Invoices invoice.Store
	Sessions *sessions.Service

	Ledger  Ledger
	Files   Files
	Vault   Vault
	Rows    Rows
	Folders Folders
	Machine func() time.Time // the machine's clock
	Program string           // the version of the program

	mu      sync.Mutex
	running chan struct{} // of the backup that is being made: closed to end it; nil while there is none
	stopped bool
}

// Stop ends a backup that is being made, which then leaves nothing, and lets no further one begin: the program is ending.
func (v *Service) Stop() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.stopped = true; v.running != nil {
		close(v.running)
		v.running = nil
	}
}

// start lets one backup run at a time. Its context ends with the caller's, or when the program is ending.
func (v *Service) start(ctx context.Context) (context.Context, func(), error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.stopped {
		return nil, nil, fault.New(fault.Unavailable, "stopping", "the server is being stopped: nothing was done; give the command again when it runs")
	}
	if v.running != nil {
		return nil, nil, fault.New(fault.Conflict, "backup_running", "another backup is being made: nothing was done; wait until it is finished")
	}
	end := make(chan struct{})
	v.running = end
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-end:
			cancel(fault.New(fault.Unavailable, "stopping", "the server was stopped: no backup was made; give the command again when it runs"))
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.running == end {
			v.running = nil
		}
		cancel(nil)
	}, nil
}

// Request asks for a backup.
type Request struct {
	Folder     string         // where, absolute; nothing of that name may be there
	Vault      string         // the same for the vault, "" for the folder vault of the backup
	UsageStore bool           // the usage store too
	Progress   func(Progress) // is told how far it is
}

// Progress is how far making, verifying or restoring a backup is.
type Progress struct {
	Step       string `json:"step"`
	Bytes      int64  `json:"bytes"`
	TotalBytes int64  `json:"total_bytes"`
}

// The steps that progress names.
const (
	StepLedger = "ledger"
	StepFiles  = "files"
	StepRows   = "usage store"
	StepVerify = "verify"
)

// Make makes a backup. Whatever ends it before it is whole leaves nothing behind.
func (v *Service) Make(ctx context.Context, r Request) (Summary, error) {
	grant, err := v.Access.Require(ctx, access.BackupMake)
	if err != nil {
		return Summary{}, err
	}
	if err := r.valid(); err != nil {
		return Summary{}, err
	}
	ctx, done, err := v.start(ctx)
	if err != nil {
		return Summary{}, err
	}
	defer done()
	b, err := v.begin(r)
	if err != nil {
		return Summary{}, err
	}
	var c contents
	moment := func(ctx context.Context, t tx.Read) (err error) {
		if c, err = v.read(ctx, t, grant.Scope); err == nil && !r.UsageStore {
			err = c.needRows()
		}
		return err
	}
	err = b.make(ctx, v, moment, &c)
	if b.Totals = &c.totals; err == nil {
		err = b.finish(ctx)
	}
	if err != nil {
		if why := context.Cause(ctx); why != nil { // whatever it says, this is why
			err = why
		}
		if errors.Is(err, context.Canceled) {
			err = fault.New(fault.Unavailable, "interrupted", "interrupted; no backup was made, and what was written of it is removed").Because(err)
		}
		return Summary{}, errors.Join(err, b.discard())
	}
	return b.Summary(r.Folder, r.Vault), nil
}

// valid is Invalid for folders that a backup cannot be made in.
func (r *Request) valid() error {
	for _, folder := range [...]string{r.Folder, cmp.Or(r.Vault, r.Folder)} {
		if !filepath.IsAbs(folder) || filepath.Clean(folder) != folder || strings.ContainsRune(folder, 0) {
			return fault.New(fault.Invalid, "bad_folder", "%q is not the full path of a folder: nothing was done", folder)
		}
	}
	if r.Vault == "" {
		return nil
	}
	for _, pair := range [...][2]string{{r.Vault, r.Folder}, {r.Folder, r.Vault}} {
		if rel, err := filepath.Rel(pair[0], pair[1]); err == nil && filepath.IsLocal(rel) {
			return fault.New(fault.Invalid, "bad_folder", "the folder of the vault and that of the backup lie in one another: nothing was done; name another with --vault, best on another disk")
		}
	}
	return nil
}

// making is a backup that is being made.
type making struct {
	Manifest
	Request
	main, vault Folder // vault is main, or the folder of the vault
	prefix      string // of the vault's files in their folder
}

func (v *Service) begin(r Request) (*making, error) {
	b := &making{Manifest: Manifest{Version: Version, Made: v.Machine().UTC(), Program: v.Program, UsageStore: r.UsageStore, VaultApart: r.Vault != ""}, Request: r}
	var err error
	if b.main, err = v.Folders.Create(r.Folder); err != nil {
		return nil, err
	}
	b.vault, b.prefix = b.main, VaultName
	if r.Vault != "" {
		b.prefix = ""
		if b.vault, err = v.Folders.Create(r.Vault); err != nil {
			return nil, errors.Join(err, b.main.Discard())
		}
	}
	return b, nil
}

// make writes everything but the manifest. The anchors come first and the keys last: then no anchor is of a record that
// the ledger lacks, and no value of the ledger is sealed with a key that is missing. Files are never removed from the
// store, and loads are sealed when all their rows are there, so what the ledger names can be copied after it.
func (b *making) make(ctx context.Context, v *Service, moment func(context.Context, tx.Read) error, c *contents) error {
	anchors, err := v.Vault.Anchors()
	if err == nil && len(anchors) > 0 {
		err = b.keep(ctx, map[string][]byte{AnchorsName: anchors})
	}
	if err != nil {
		return err
	}
	if err := b.copyLedger(ctx, v.Ledger, moment); err != nil {
		return err
	}
	if err := b.copyFiles(ctx, v.Files, slices.Sorted(maps.Keys(c.files))); err != nil {
		return err
	}
	if b.Manifest.UsageStore {
		if err := b.copyRows(ctx, v.Rows, c.loads); err != nil {
			return err
		}
	}
	keys, err := v.Vault.Keys()
	if err != nil {
		return err
	}
	return b.keep(ctx, keys)
}

// AnchorsName is the file of the vault that is copied before the ledger.
const AnchorsName = "anchors.jsonl"

// keep writes files of the vault.
func (b *making) keep(ctx context.Context, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := b.vault.Write(ctx, path.Join(b.prefix, name), bytes.NewReader(files[name]))
		if err != nil {
			return err
		}
		f.Name = name
		b.Manifest.Vault = append(b.Manifest.Vault, f)
	}
	return nil
}

// tell tells how far a step is, and is an error when there is no room for the rest of it or the context has ended.
func (b *making) tell(ctx context.Context, step string) func(done, total int64) error {
	return func(done, total int64) error {
		b.Progress(Progress{step, done, total})
		return cmp.Or(ctx.Err(), b.main.Room(max(total-done, 0)))
	}
}

func (b *making) copyLedger(ctx context.Context, ledger Ledger, moment func(context.Context, tx.Read) error) error {
	name := ledger.CopyName()
	at, err := b.main.Path(name)
	if err != nil {
		return err
	}
	if b.Ledger, err = ledger.Snapshot(ctx, at, b.tell(ctx, StepLedger), moment); err != nil {
		return err
	}
	b.Ledger.File = name
	return b.take(ctx, name)
}

// take takes in a file that somebody else wrote into the folder.
func (b *making) take(ctx context.Context, name string) error {
	f, err := b.main.Add(ctx, name)
	b.Manifest.Files = append(b.Manifest.Files, f)
	return err
}

func (b *making) copyFiles(ctx context.Context, files Files, digests []string) error {
	total, done := int64(0), int64(0)
	for _, d := range digests {
		n, err := files.Size(d)
		if err != nil {
			return err
		}
		total += n
	}
	tell := b.tell(ctx, StepFiles)
	for _, d := range digests {
		if err := tell(done, total); err != nil {
			return err
		}
		f, err := b.copyFile(ctx, files, d)
		if err != nil {
			return err
		}
		done += f.Bytes
	}
	return nil
}

func (b *making) copyFile(ctx context.Context, files Files, digest string) (f File, err error) {
	in, err := files.Get(digest)
	if err != nil {
		return f, err
	}
	defer in.Close()
	if f, err = b.main.Write(ctx, FileName(digest), in); err != nil {
		return f, err
	}
	if f.SHA256 != digest {
		return f, fault.New(fault.Conflict, "file_damaged", "file %s no longer holds what its name says, so nothing was backed up; restore it from an earlier backup, \"purveyor check\" says what it belongs to", digest)
	}
	b.Manifest.Files = append(b.Manifest.Files, f)
	return f, nil
}

// FileName is where a content-addressed file stands in a backup, as it does in a data directory.
func FileName(digest string) string { return path.Join(FilesName, digest[:2], digest) }

func (b *making) copyRows(ctx context.Context, rows Rows, loads []uint32) error {
	if err := b.tell(ctx, StepRows)(0, 0); err != nil {
		return err
	}
	at, err := b.main.Path(RowsName)
	if err != nil {
		return err
	}
	if err := rows.CopyTo(ctx, at, loads); err != nil {
		return err
	}
	return b.take(ctx, RowsName)
}

// finish writes the manifest and gives the folders their names, that of the vault first: where the backup has its name,
// everything is there.
func (b *making) finish(ctx context.Context) error {
	text, digest, err := b.encode()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{ManifestName: text, DigestName: digest} {
		if _, err := b.main.Write(ctx, name, bytes.NewReader(content)); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.VaultApart {
		if err := b.vault.Finish(); err != nil {
			return err
		}
	}
	return b.main.Finish()
}

func (b *making) discard() error {
	err := b.main.Discard()
	if b.VaultApart {
		err = errors.Join(err, b.vault.Discard())
	}
	return err
}
