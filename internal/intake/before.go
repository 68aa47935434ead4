package intake

import (
	"cmp"
	"context"
	"io"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// recall remembers which files were read by earlier rules than today's.
func (l *loading) recall(ctx context.Context, grant access.Grant) error {
	l.before = map[string]int{}
	today := cmp.Or(l.service.Reading, usage.Reading)
	return l.service.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		loads, err := l.service.Store.Loads(ctx, r, grant.Scope)
		for _, x := range loads {
			for _, f := range x.Files {
				if f.Digest != "" && f.ReadBy() < today {
					l.before[f.Digest] = f.ReadBy()
				}
			}
		}
		return err
	})
}

// asBefore reads a file once more if an earlier load read it by earlier rules, now by those: its rows are those that are
// sealed already, and importing it again changes nothing. Only at its end is it known which file it is.
func (l *loading) asBefore(ctx context.Context, i int) error {
	f := l.files[i]
	reading, known := l.before[f.Digest]
	if f.failed != nil || !known || reading >= f.ReadBy() {
		return nil
	}
	if err := l.writer.RemoveFiles(ctx, []uint16{f.number}); err != nil {
		return err
	}
	again := &sourceFile{
		File: usage.File{Number: f.Number, Name: f.Name, Archive: f.Archive, Digest: f.Digest, Reading: reading},
		name: f.name, number: f.number, cells: star.Cells{},
	}
	l.files[i] = again
	l.rows.Add(-f.in)
	l.total += f.Bytes
	first := l.archive
	l.archive = archivedAlready
	defer func() { l.archive = first }()
	kept := Source{Name: f.name, Open: func() (io.ReadCloser, error) { return l.service.original(f.Archive), nil }}
	return l.read(ctx, again, kept, f.Dataset)
}
