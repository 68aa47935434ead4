package microsoft

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

const (
	blockSize = 1 << 20 // what one worker gets at a time
	maxRecord = 1 << 20 // a record or field beyond this is no usage
	// A file that inflates more than 1,000-fold beyond 64 MiB is made to harm.
	maxRatio, freeInflation = 1000, 64 << 20
)

// Open is the intake.Format of the provider's files.
func Open(name string, want usage.Dataset, reading int, r io.Reader) (intake.Decoder, usage.Dataset, error) {
	d := &decoder{file: name, reading: reading, free: make(chan []byte, 8)}
	in, err := d.plain(r)
	if err != nil {
		return nil, "", err
	}
	d.in = in
	head, err := in.Peek(8 << 10)
	if err != nil && err != io.EOF {
		return nil, "", d.unreadable(err)
	}
	if err := d.sniff(head); err != nil {
		return nil, "", err
	}
	d.line = 1
	head, _ = in.Peek(32 << 10)
	if k, ok := kindByMarkup(head); ok {
		return nil, "", d.refuseAs(k)
	}
	if bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{")) && isManifest(head) {
		m, err := d.manifest()
		return m, usage.Manifest, err
	}
	if err := d.begin(want); err != nil {
		return nil, "", err
	}
	return d, d.layout.dataset, nil
}

// refuse is a fault about the whole file.
func (d *decoder) refuse(line int64, column, code, format string, args ...any) error {
	f := fault.New(fault.Invalid, code, format, args...)
	where := d.file
	if line > 0 {
		where = usage.Problem{File: d.file, Line: line, Column: column}.Where()
	}
	f.Text = where + ": " + f.Text
	return f
}

// plain undoes compression, overlapping inflation with what follows.
func (d *decoder) plain(r io.Reader) (*bufio.Reader, error) {
	packed := &counter{r: r}
	raw := bufio.NewReaderSize(packed, 256<<10)
	magic, err := raw.Peek(2)
	if err != nil && err != io.EOF {
		return nil, d.unreadable(err)
	}
	if len(magic) == 0 {
		return nil, d.refuse(0, "", "empty_file", "the file is empty; nothing was read. Download it again")
	}
	if magic[0] != 0x1f || magic[1] != 0x8b {
		return raw, nil
	}
	z, err := gzip.NewReader(raw)
	if err != nil {
		return nil, d.unreadable(err)
	}
	z.Multistream(false)
	return bufio.NewReaderSize(&boundedGzip{z: z, raw: raw, packed: packed, d: d}, 256<<10), nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// boundedGzip is an inflated stream, member after member, that stops when it grows out of proportion.
type boundedGzip struct {
	z      *gzip.Reader
	raw    *bufio.Reader
	packed *counter
	n      int64
	d      *decoder
}

func (g *boundedGzip) Read(p []byte) (int, error) {
	n, err := g.z.Read(p)
	g.n += int64(n)
	if g.n > freeInflation && g.n/maxRatio > g.packed.n {
		return n, g.d.refuse(0, "", "gzip_bomb", "inflates more than %d-fold and was not read further", maxRatio)
	}
	if err == io.EOF {
		err = g.member()
	}
	return n, err
}

// member goes on to the next gzip member, if one follows; anything else that follows is garbage.
func (g *boundedGzip) member() error {
	magic, err := g.raw.Peek(2)
	switch {
	case err == io.EOF && len(magic) == 0:
		return io.EOF
	case len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b:
		return gzip.ErrHeader
	}
	if err := g.z.Reset(g.raw); err != nil {
		return err
	}
	g.z.Multistream(false)
	return nil
}

// unreadable turns what a reader says into what a person can act on.
func (d *decoder) unreadable(err error) error {
	var f *fault.Fault
	switch {
	case errors.As(err, &f):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return d.refuse(d.line, "", "truncated", "the file ends in the middle of its compressed data. Download it again")
	case errors.Is(err, gzip.ErrHeader):
		return d.refuse(d.line, "", "gzip_garbage", "what follows the compressed data is not gzip. Download it again")
	case errors.Is(err, gzip.ErrChecksum):
		return d.refuse(d.line, "", "gzip_checksum", "the compressed data is damaged. Download it again")
	}
	return d.refuse(d.line, "", "unreadable", "cannot be read: %v", err)
}

// sniff refuses what is no text of the provider's, by what it is.
func (d *decoder) sniff(head []byte) error {
	if len(head) == 0 {
		return d.refuse(0, "", "empty_file", "the file is empty; nothing was read. Download it again")
	}
	if k, ok := kindBySignature(head); ok {
		return d.refuseAs(k)
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}),
		bytes.HasPrefix(head, []byte{0, 0, 0xfe}), len(head) > 1 && (head[0] == 0) != (head[1] == 0):
		if k, ok := kindOf(bytes.TrimLeft(head, "\xff\xfe\x00")); ok {
			return d.refuseAs(k)
		}
		return d.refuse(1, "", "utf16", "the text is UTF-16 or UTF-32; %s in UTF-8. Save it as UTF-8, or download it again", acceptedFiles)
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		d.head = append(d.head, head[:3]...)
		_, err := d.in.Discard(3)
		return err
	case bytes.IndexByte(head, 0) >= 0:
		return d.refuse(1, "", "binary", "this is binary data and no text; %s. Choose the file that holds the rows, or download it again", acceptedFiles)
	}
	return nil
}
