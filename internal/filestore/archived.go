package filestore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/s2"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// archived is an archive being read: its items of the present epoch, as far as they were met.
type archived struct {
	in     io.ReadSeeker
	blocks []blockHead
	items  map[uint32][][]byte
}

// blockHead is what stands before a block, and where the block is.
type blockHead struct {
	offset             int64
	firstLine, lines   int64
	size, first, epoch uint32
}

// errDamaged says that an archive does not read as one. Its name says what it should hold, so Verify tells more.
var errDamaged = errors.New("the archive is damaged")

// next reads the head of the block that follows, or io.EOF.
func (v *archived) next() (b blockHead, err error) {
	var head [headBytes]byte
	if _, err := io.ReadFull(v.in, head[:]); err != nil {
		return b, err
	}
	b.firstLine, b.lines = int64(binary.LittleEndian.Uint64(head[:])), int64(binary.LittleEndian.Uint32(head[8:]))
	b.size, b.first, b.epoch = binary.LittleEndian.Uint32(head[12:]), binary.LittleEndian.Uint32(head[16:]), binary.LittleEndian.Uint32(head[20:])
	b.offset, err = v.in.Seek(0, io.SeekCurrent)
	return b, err
}

// unpack reads a block: its items are known from then on, and what is left is its body.
func (v *archived) unpack(b blockHead) (body []byte, err error) {
	if _, err := v.in.Seek(b.offset, io.SeekStart); err != nil {
		return nil, err
	}
	packed, err := io.ReadAll(io.LimitReader(v.in, int64(b.size)))
	if err != nil {
		return nil, err
	}
	if body, err = s2.Decode(nil, packed); err != nil {
		return nil, err
	}
	r := varints{body, true}
	r.items(func(int, [][]byte) {})
	kept := varints{bytes.Clone(body[:len(body)-len(r.rest)]), true} // items outlive the body behind them
	kept.items(func(n int, item [][]byte) { v.items[b.first+uint32(n)] = item })
	return r.rest, r.err()
}

// text is the original bytes of a block. find makes items known that are not.
func (v *archived) text(body []byte, find func(item uint32) error) ([]byte, error) {
	var out []byte
	r, last := varints{body, true}, int64(0)
	for {
		out = append(out, r.bytes()...)
		if len(r.rest) == 0 {
			return out, r.err()
		}
		last += r.signed() + 1
		if v.items[uint32(last)] == nil {
			if err := find(uint32(last)); err != nil {
				return nil, err
			}
		}
		for i, run := range v.items[uint32(last)] {
			if i > 0 {
				out = append(out, r.bytes()...)
			}
			out = append(out, run...)
		}
	}
}

// varints reads numbers and texts one after the other; ok ends with the first that is none.
type varints struct {
	rest []byte
	ok   bool
}

// items reads the items of a block.
func (r *varints) items(yield func(n int, item [][]byte)) {
	for n := range min(r.number(), uint64(len(r.rest))) {
		item := make([][]byte, min(r.number(), uint64(len(r.rest))))
		for i := range item {
			item[i] = r.bytes()
		}
		yield(int(n), item)
	}
}

func (r *varints) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	return r.advance(n, size)
}

func (r *varints) signed() int64 {
	n, size := binary.Varint(r.rest)
	return int64(r.advance(uint64(n), size))
}

func (r *varints) advance(n uint64, size int) uint64 {
	if size <= 0 {
		r.rest, r.ok = nil, false
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *varints) bytes() []byte {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.rest, r.ok = nil, false
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *varints) err() error {
	if !r.ok {
		return errDamaged
	}
	return nil
}

func (s *Store) archived(archive string) (*archived, io.Closer, error) {
	f, err := s.Get(archive)
	if err != nil {
		return nil, nil, err
	}
	in, ok := f.(io.ReadSeeker)
	if !ok {
		return nil, nil, errors.Join(errDamaged, f.Close())
	}
	return &archived{in: in, items: map[uint32][][]byte{}}, f, nil
}

// Line reads one line of an archived source as it was printed, or NotFound. Records that span lines are read from
// their first line on, for as many lines as asked.
func (s *Store) Line(archive string, line int64, count int) (string, error) {
	v, f, err := s.archived(archive)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for {
		b, err := v.next()
		if err == io.EOF {
			return "", fault.New(fault.NotFound, "no_such_line", "the source has no line %d", line)
		} else if err != nil {
			return "", err
		}
		v.blocks = append(v.blocks, b)
		if line < b.firstLine || line >= b.firstLine+b.lines {
			if _, err := v.in.Seek(int64(b.size), io.SeekCurrent); err != nil {
				return "", err
			}
			continue
		}
		body, err := v.unpack(b)
		if err != nil {
			return "", err
		}
		text, err := v.text(body, v.readItem)
		if err != nil {
			return "", err
		}
		all := bytes.SplitAfter(text, []byte{'\n'})
		at := int(line - b.firstLine)
		if at >= len(all) {
			return "", errDamaged
		}
		return string(bytes.TrimRight(bytes.Join(all[at:min(at+count, len(all))], nil), "\r\n")), nil
	}
}

// readItem makes an item of an earlier block known, with all others of that block.
func (v *archived) readItem(item uint32) error {
	for i := len(v.blocks) - 1; i >= 0; i-- {
		if v.blocks[i].first <= item {
			if _, err := v.unpack(v.blocks[i]); err != nil {
				return err
			}
			break
		}
	}
	if v.items[item] == nil {
		return errDamaged
	}
	return nil
}

// Original writes an archived source as it was read, uncompressed: what the usage store can be made from again.
func (s *Store) Original(w io.Writer, archive string) error {
	v, f, err := s.archived(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	epoch := uint32(1)
	for {
		b, err := v.next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if b.epoch != epoch { // what came before is never referred to again
			epoch = b.epoch
			clear(v.items)
		}
		body, err := v.unpack(b)
		if err != nil {
			return err
		}
		text, err := v.text(body, func(uint32) error { return errDamaged })
		if err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
}
