package intake

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// rebuildManifest is what, beside its archived files, a load is made of again: the numbers by which worksheets refer to its
// dictionaries, and what of its files does not count, because it was sealed before or stands twice.
//
// In the file store it is a byte of 0 and the version of its form, which the first builds left out; then varints, and bytes
// as they are: of entries, tag sets and variants how many there are, then the
// number and hash of each; how many files are left out, and their numbers; how many rows, and file and line of each; how
// many batches and entitlements of which days are left out, and of each the batch, the length of the entitlement and its
// text, how many days there are, and the days.
type rebuildManifest struct {
	entries, tags, variants map[usage.Hash]uint32
	files                   []uint16
	rows                    []usage.Place
	cells                   []usage.Cell // batch, entitlement and day of each
}

// rebuildManifestVersion is the version of the form in which rebuild manifests are written. In the first version they
// begin with the number of their entries, which is never 0, in place of a version.
//
//	version  what it changed
//	1        as they were before they kept a version
//	2        the version stands before the rest
const rebuildManifestVersion = 2

// keepRebuildManifest writes the rebuild manifest of the load into the file store.
func (s *sealing) keepRebuildManifest(ctx context.Context) (err error) {
	if !s.sealsRows() {
		return nil
	}
	out, in := io.Pipe()
	go func() { in.CloseWithError(s.writeRebuildManifest(in)) }()
	s.out.Load.RebuildManifest, _, err = s.service.Files.Put(ctx, out)
	return errors.Join(err, out.Close())
}

func (s *sealing) writeRebuildManifest(to io.Writer) error {
	w := numbers{bufio.NewWriterSize(to, 1<<16)}
	w.number(0)
	w.number(rebuildManifestVersion)
	for _, d := range [...]*star.Dictionary{s.entries, s.tags, s.variants} {
		w.number(uint64(d.Count()))
		for it := range d.All() {
			w.number(uint64(it.Number))
			_, _ = w.Write(it.Hash[:])
		}
	}
	files := slices.DeleteFunc(slices.Clone(s.files), (*sourceFile).counts)
	w.number(uint64(len(files)))
	for _, f := range files {
		w.number(uint64(f.number))
	}
	w.number(uint64(len(s.drop)))
	for _, p := range s.drop {
		w.number(uint64(p.File))
		w.number(uint64(p.Line))
	}
	w.cells(s.removed)
	return w.Flush() // the first error sticks
}

// numbers writes varints.
type numbers struct{ *bufio.Writer }

func (w numbers) number(n uint64) {
	_, _ = w.Write(binary.AppendUvarint(w.AvailableBuffer(), n))
}

func (w numbers) cells(list []usage.Cell) {
	days := map[usage.Cell][]period.Date{} // by batch and entitlement
	for _, c := range list {
		at := usage.Cell{Batch: c.Batch, Entitlement: c.Entitlement}
		days[at] = append(days[at], c.Day)
	}
	w.number(uint64(len(days)))
	for _, at := range slices.SortedFunc(maps.Keys(days), star.Compare) {
		w.number(uint64(at.Batch))
		w.number(uint64(len(at.Entitlement)))
		_, _ = w.WriteString(at.Entitlement)
		w.number(uint64(len(days[at])))
		for _, d := range days[at] {
			w.number(uint64(d))
		}
	}
}

// errRebuildManifest says that a rebuild manifest does not read as one.
var errRebuildManifest = errors.New("the rebuild manifest is damaged")

// errLaterManifest says that a rebuild manifest is of a version that only a newer build knows.
var errLaterManifest = errors.New("the rebuild manifest is of a later version")

func readRebuildManifest(from io.Reader) (*rebuildManifest, error) {
	in := &numbersRead{in: bufio.NewReaderSize(from, 1<<16)}
	if first, err := in.in.Peek(1); err == nil && first[0] == 0 {
		if in.number(); in.number() > rebuildManifestVersion && in.err == nil {
			return nil, errLaterManifest
		}
	}
	r := &rebuildManifest{entries: in.dictionary(), tags: in.dictionary(), variants: in.dictionary()}
	for range in.count() {
		r.files = append(r.files, uint16(in.number()))
	}
	for range in.count() {
		r.rows = append(r.rows, usage.Place{File: uint16(in.number()), Line: uint32(in.number())})
	}
	for range in.count() {
		batch, entitlement := uint32(in.number()), in.text()
		for range in.count() {
			r.cells = append(r.cells, usage.Cell{Batch: batch, Entitlement: entitlement, Day: period.Date(in.number())})
		}
	}
	if in.err == nil {
		if _, err := in.in.ReadByte(); err != io.EOF {
			in.err = errors.Join(errRebuildManifest, err)
		}
	}
	return r, in.err
}

// numbersRead reads varints; after the first error everything is 0.
type numbersRead struct {
	in  *bufio.Reader
	err error
}

func (r *numbersRead) number() uint64 {
	if r.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(r.in)
	r.failed(err)
	return n
}

func (r *numbersRead) failed(err error) {
	if err != nil && r.err == nil {
		r.err = errors.Join(errRebuildManifest, err)
	}
}

// count yields as often as the number that is read, while reading goes well.
func (r *numbersRead) count() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		n := r.number()
		for i := range n {
			if r.err != nil || !yield(i) {
				return
			}
		}
	}
}

func (r *numbersRead) text() string {
	var b []byte
	for range r.count() {
		c, err := r.in.ReadByte()
		r.failed(err)
		b = append(b, c)
	}
	return string(b)
}

func (r *numbersRead) dictionary() map[usage.Hash]uint32 {
	out := map[usage.Hash]uint32{}
	for range r.count() {
		n := uint32(r.number())
		var h usage.Hash
		_, err := io.ReadFull(r.in, h[:])
		r.failed(err)
		out[h] = n
	}
	return out
}
