package intake

import (
	"io"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Lister is what the decoder of a manifest also is.
type Lister interface {
	// Blobs names the files of the export; it is known once the decoder is open.
	Blobs() []string
}

// Decoder reads one source in blocks. Next is called by one goroutine; the blocks it returns may be decoded by
// others, at the same time.
type Decoder interface {
	// Head is the original bytes before the first record, such as the line that names the columns: the archive keeps
	// them, so that what was read can be read again.
	Head() []byte
	// Next is the next run of whole records, or io.EOF. Errors are faults that name file, line, column and reason.
	Next() (RawBlock, error)
	// Warnings lists what was odd but harmless, such as unknown columns, once each.
	Warnings() []usage.Problem
}

// RawBlock is a run of whole records in their original bytes.
type RawBlock interface {
	// Bytes is the original text, uncompressed: what the archive keeps.
	Bytes() []byte
	// FirstLine is the 1-based line on which the block starts; Lines the number of lines in it.
	FirstLine() int64
	Lines() int64
	// Rows decodes the block, record by record. A record that cannot be read as a record of the file's columns
	// is an error, and fails the whole file. The row is reused between calls.
	Rows(yield func(*Row) error) error
	// Statement decodes a block of reconciliation lines. A line of which a number, day or currency cannot be read comes
	// with the problem for which it is to be kept aside.
	Statement(yield func(*usage.StatementLine, *usage.Problem) error) error
	// Release gives the memory of the block back to the decoder: nothing of it may be looked at afterwards.
	Release()
}

// Format opens a source: it looks at the first bytes, undoes compression, finds the header and says which dataset it
// is. want may be empty: then the header decides. Reading is the version of the rules to read by (usage.Reading). It
// reads no further than it must.
type Format func(name string, want usage.Dataset, reading int, r io.Reader) (Decoder, usage.Dataset, error)

// Row is one data record as a decoder reached it: the text of every column, unquoted, not otherwise touched. The
// bytes are only valid until the next row.
type Row struct {
	Line   int64 // 1-based line in the file on which the record starts
	Values [usage.NumColumns][]byte

	// Shared is, where a decoder can say, the text of every column that is no part of the fact: rows of one file with
	// equal Shared have equal values there. Then only the columns of the fact are in Values; Whole fills in the others.
	// Runs are where its pieces stand in the block.
	Shared []byte
	Runs   []Run
	Whole  func()
}

// Run is a piece of a block, from one byte to before another.
type Run struct{ From, To int32 }
