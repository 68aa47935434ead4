package backup

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Directory is a data directory whose ledger this program cannot read yet, for it has to migrate it first. All its files
// are backed up, whichever the ledger names. Nobody else uses the directory meanwhile.
type Directory struct {
	Ledger  Ledger
	Vault   Vault
	Files   StoredFiles
	Rows    map[string]func() (io.ReadCloser, error) // the files of the usage store, by name; nobody has it open
	Folders Folders
	Program string
	Made    time.Time
}

// StoredFiles are all content-addressed files that there are.
type StoredFiles interface {
	List() ([]string, error)
	// Path is where the file of a digest lies. Such a file never changes.
	Path(digest string) string
}

// Make makes a backup of the directory.
func (d Directory) Make(ctx context.Context, folder string) (Summary, error) {
	main, err := d.Folders.Create(folder)
	if err != nil {
		return Summary{}, err
	}
	_, hasRows := d.Rows[RowsName]
	b := &making{
		Manifest: Manifest{Version: Version, Made: d.Made.UTC(), Program: d.Program, UsageStore: hasRows},
		Request:  Request{Folder: folder, Progress: func(Progress) {}},
		main:     main, vault: main, prefix: VaultName,
	}
	err = d.write(ctx, b)
	if err == nil {
		err = b.finish(ctx)
	}
	if err != nil {
		return Summary{}, errors.Join(err, b.discard())
	}
	return b.Summary(folder, ""), nil
}

func (d Directory) write(ctx context.Context, b *making) error {
	vault, err := d.Vault.Keys()
	if err != nil {
		return err
	}
	anchors, err := d.Vault.Anchors()
	if err != nil {
		return err
	}
	if len(anchors) > 0 {
		vault[AnchorsName] = anchors
	}
	if err := b.keep(ctx, vault); err != nil {
		return err
	}
	if err := b.copyLedger(ctx, d.Ledger, func(context.Context, tx.Read) error { return nil }); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(d.Rows)) {
		if err := d.copyRows(ctx, b, name); err != nil {
			return err
		}
	}
	list, err := d.Files.List()
	if err != nil {
		return err
	}
	for _, digest := range list {
		f, err := b.main.Link(ctx, FileName(digest), d.Files.Path(digest))
		if err != nil {
			return err
		}
		f.SHA256 = digest
		b.Manifest.Files = append(b.Manifest.Files, f)
	}
	return nil
}

func (d Directory) copyRows(ctx context.Context, b *making, name string) error {
	in, err := d.Rows[name]()
	if err != nil {
		return err
	}
	defer in.Close()
	f, err := b.main.Write(ctx, name, in)
	b.Manifest.Files = append(b.Manifest.Files, f)
	return err
}
