package filestore

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"

	"github.com/klauspost/compress/s2"
	"github.com/zeebo/blake3"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Archive is a source being kept: its blocks, compressed one by one, so that a single line can be read again. In the
// file each block stands as first line, number of lines, packed size (little endian, 8 + 4 + 4 bytes) and the packed
// bytes; the digest of the original bytes is known when it is closed. That digest is BLAKE3, for originals are many
// times as long as what is kept of them.
type Archive struct {
	w        *Writer
	original *blake3.Hasher
	buf      []byte
}

// NewArchive starts keeping a source.
func (s *Store) NewArchive() (*Archive, error) {
	w, err := s.Create()
	if err != nil {
		return nil, err
	}
	return &Archive{w: w, original: blake3.New()}, nil
}

// Add keeps the next block, which starts on the given line.
func (a *Archive) Add(text []byte, firstLine, lines int64) error {
	_, _ = a.original.Write(text) // a hash does not fail
	a.buf = s2.Encode(a.buf[:cap(a.buf)], text)
	var head [16]byte
	binary.LittleEndian.PutUint64(head[:], uint64(firstLine))
	binary.LittleEndian.PutUint32(head[8:], uint32(lines))
	binary.LittleEndian.PutUint32(head[12:], uint32(len(a.buf)))
	if _, err := a.w.Write(head[:]); err != nil {
		return err
	}
	_, err := a.w.Write(a.buf)
	return err
}

// Close makes the archive durable: its own name, and the digest of the original bytes of all blocks.
func (a *Archive) Close() (archive, original string, err error) {
	archive, err = a.w.Commit()
	return archive, hex.EncodeToString(a.original.Sum(nil)), err
}

// Abort gives the archive up.
func (a *Archive) Abort() { a.w.Abort() }

// Line reads one line of an archived source as it was printed, or NotFound. Records that span lines are read from
// their first line on, for as many lines as asked.
func (s *Store) Line(archive string, line int64, count int) (string, error) {
	f, err := s.Get(archive)
	if err != nil {
		return "", err
	}
	defer f.Close()
	seek, _ := f.(io.ReadSeeker)
	var head [16]byte
	for {
		if _, err := io.ReadFull(seek, head[:]); err == io.EOF {
			return "", fault.New(fault.NotFound, "no_such_line", "the source has no line %d", line)
		} else if err != nil {
			return "", err
		}
		first, lines := int64(binary.LittleEndian.Uint64(head[:])), int64(binary.LittleEndian.Uint32(head[8:]))
		size := int64(binary.LittleEndian.Uint32(head[12:]))
		if line < first || line >= first+lines {
			if _, err := seek.Seek(size, io.SeekCurrent); err != nil {
				return "", err
			}
			continue
		}
		packed := make([]byte, size)
		if _, err := io.ReadFull(seek, packed); err != nil {
			return "", err
		}
		text, err := s2.Decode(nil, packed)
		if err != nil {
			return "", err
		}
		all := bytes.SplitAfter(text, []byte{'\n'})
		at := int(line - first)
		return string(bytes.TrimRight(bytes.Join(all[at:min(at+count, len(all))], nil), "\r\n")), nil
	}
}

// Original writes an archived source as it was read, uncompressed: what the usage store can be made from again.
func (s *Store) Original(w io.Writer, archive string) error {
	f, err := s.Get(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	var head [16]byte
	for {
		if _, err := io.ReadFull(f, head[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		packed := make([]byte, binary.LittleEndian.Uint32(head[12:]))
		if _, err := io.ReadFull(f, packed); err != nil {
			return err
		}
		text, err := s2.Decode(nil, packed)
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
}
