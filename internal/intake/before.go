package intake

import (
	"cmp"
	"context"
	"io"

	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// today is the version of the rules by which new files are read.
func (v *Service) today() int { return cmp.Or(v.Reading, usage.Reading) }

// readingOf is the version of earlier rules than today's by which an earlier load read a file; 0 when there is none. It is
// a Conflict when it was read by rules that only a newer build knows.
func (l *loading) readingOf(ctx context.Context, digest string) (reading int, err error) {
	if digest == "" {
		return 0, nil
	}
	err = l.service.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		loads, err := l.service.Store.LoadsOf(ctx, r, l.scope, nil, []string{digest})
		if err != nil {
			return err
		}
		if err := l.service.refuseNewer(loads); err != nil {
			return err
		}
		for _, x := range loads {
			for _, f := range x.Files {
				if f.Digest == digest && f.ReadBy() < l.service.today() {
					reading = f.ReadBy()
				}
			}
		}
		return nil
	})
	return reading, err
}

// asBefore reads a file once more if an earlier load read it by earlier rules, now by those: its rows are those that are
// sealed already, and importing it again changes nothing. Only at its end is it known which file it is.
func (l *loading) asBefore(ctx context.Context, i int) error {
	f := l.files[i]
	if f.failed != nil {
		return nil
	}
	reading, err := l.readingOf(ctx, f.Digest)
	if err != nil || reading == 0 || reading >= f.ReadBy() {
		return err
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
