package filestore

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/klauspost/compress/s2"
	"github.com/zeebo/blake3"

	"github.com/purveyor-csp/purveyor/internal/intake"
)

// Archive is a source being kept, so that a single line can be read again: block by block, each compressed by itself.
//
// Rows repeat most of their text day after day, mostly further apart than a compressor looks. What a row repeats is
// written once, as an item of the block where it first stands; the row refers to it, also from later blocks. Items are
// forgotten after a while: no reference reaches further back than to the beginning of an epoch.
//
// In the file each block stands as first line, number of lines, packed size, number of its first item and first item
// of its epoch (little endian, 8 + 4 + 4 + 4 + 4 bytes) and the packed bytes. Unpacked they are the number of items;
// each item as the number of its runs, and length and bytes of each; then, until the end, the length of a literal and
// its bytes and, unless that is the end, a reference with length and bytes of the text between any two of its runs.
// Numbers are varints; a reference is the signed distance from the item behind the last one referred to.
//
// The digest of the original bytes is known when the archive is closed. It is BLAKE3, for originals are many times as
// long as what is kept of them.
type Archive struct {
	w        *Writer
	original *blake3.Hasher

	items, epoch uint32 // the last item there is, and the first that may be referred to
	held         int    // bytes of items of the epoch
	fresh, body  []byte // of the block being written
	text, packed []byte
}

// epochBytes is how much text of items an epoch holds: what has to be remembered to read the archive again.
const epochBytes = 128 << 20

const headBytes = 24

// NewArchive starts keeping a source.
func (s *Store) NewArchive() (*Archive, error) {
	w, err := s.Create()
	if err != nil {
		return nil, err
	}
	return &Archive{w: w, original: blake3.New(), epoch: 1}, nil
}

// Add keeps the next block, which starts on the given line. Repeats are rows of it, in their order.
func (a *Archive) Add(text []byte, firstLine, lines int64, repeats []intake.Repeat) error {
	_, _ = a.original.Write(text) // a hash does not fail
	if a.held >= epochBytes {
		a.epoch, a.held = a.items+1, 0
	}
	first := a.items + 1
	a.fresh, a.body = a.fresh[:0], a.body[:0]
	at, last := 0, int64(0)
	for i := range repeats {
		r := &repeats[i]
		if !within(r.Runs, at, len(text)) {
			continue
		}
		if *r.Place < a.epoch {
			a.define(text, r)
		}
		from := int(r.Runs[0].From)
		a.body = append(binary.AppendUvarint(a.body, uint64(from-at)), text[at:from]...)
		a.body = binary.AppendVarint(a.body, int64(*r.Place)-last-1)
		last, at = int64(*r.Place), int(r.Runs[0].To)
		for _, run := range r.Runs[1:] {
			a.body = append(binary.AppendUvarint(a.body, uint64(int(run.From)-at)), text[at:run.From]...)
			at = int(run.To)
		}
	}
	a.body = append(binary.AppendUvarint(a.body, uint64(len(text)-at)), text[at:]...)
	return a.write(firstLine, lines, first)
}

// within says whether runs stand one behind the other in what is left of a block.
func within(runs []intake.Run, at, end int) bool {
	for _, r := range runs {
		if int(r.From) < at || r.To < r.From || int(r.To) > end {
			return false
		}
		at = int(r.To)
	}
	return len(runs) > 0
}

// define makes an item of the runs of a row.
func (a *Archive) define(text []byte, r *intake.Repeat) {
	a.items++
	*r.Place = a.items
	a.fresh = binary.AppendUvarint(a.fresh, uint64(len(r.Runs)))
	for _, run := range r.Runs {
		a.fresh = append(binary.AppendUvarint(a.fresh, uint64(run.To-run.From)), text[run.From:run.To]...)
		a.held += int(run.To - run.From)
	}
}

// write packs the block and writes it.
func (a *Archive) write(firstLine, lines int64, first uint32) error {
	a.text = append(append(binary.AppendUvarint(a.text[:0], uint64(a.items+1-first)), a.fresh...), a.body...)
	a.packed = s2.Encode(a.packed[:cap(a.packed)], a.text)
	var head [headBytes]byte
	binary.LittleEndian.PutUint64(head[:], uint64(firstLine))
	binary.LittleEndian.PutUint32(head[8:], uint32(lines))
	binary.LittleEndian.PutUint32(head[12:], uint32(len(a.packed)))
	binary.LittleEndian.PutUint32(head[16:], first)
	binary.LittleEndian.PutUint32(head[20:], a.epoch)
	if _, err := a.w.Write(head[:]); err != nil {
		return err
	}
	_, err := a.w.Write(a.packed)
	return err
}

// Close makes the archive durable: its own name, and the digest of the original bytes of all blocks.
func (a *Archive) Close() (archive, original string, err error) {
	archive, err = a.w.Commit()
	return archive, hex.EncodeToString(a.original.Sum(nil)), err
}

// Abort gives the archive up.
func (a *Archive) Abort() { a.w.Abort() }
