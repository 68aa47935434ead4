package usage

import (
	"io"
	"strconv"
)

// Dataset is what a file holds.
type Dataset string

// The datasets: daily rated usage; invoice reconciliation lines; the provider's list of the files of one export.
const (
	DailyUsage     Dataset = "usage"
	Reconciliation Dataset = "reconciliation"
	Manifest       Dataset = "manifest"
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
	Warnings() []Problem
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
	// Statement decodes a block of reconciliation lines.
	Statement(yield func(*StatementLine) error) error
	// Release gives the memory of the block back to the decoder: nothing of it may be looked at afterwards.
	Release()
}

// Format opens a source: it looks at the first bytes, undoes compression, finds the header and says which dataset it
// is. want may be empty: then the header decides. It reads no further than it must.
type Format func(name string, want Dataset, r io.Reader) (Decoder, Dataset, error)

// Problem is one thing wrong or odd in a source: where, what, and with which consequence.
type Problem struct {
	File    string  `json:"file"`
	Line    int64   `json:"line,omitempty"`
	Column  string  `json:"column,omitempty"`
	Code    string  `json:"code"` // stable: not_a_number, too_long, impossible_date …
	Reason  string  `json:"reason"`
	Value   string  `json:"value,omitempty"` // clipped
	Verdict Verdict `json:"verdict"`
	Rows    int64   `json:"rows,omitempty"` // how many rows it concerns, when more than one
}

// Verdict is what happens because of a problem.
type Verdict string

// The verdicts: all is as it should be, and worth saying; the row counts but somebody should look; the row is kept
// aside; the whole file is refused.
const (
	Noted       Verdict = "noted"
	Warned      Verdict = "warned"
	Quarantined Verdict = "quarantined"
	Refused     Verdict = "refused"
)

// Where is the place of a problem as people read it: file, line, column.
func (p Problem) Where() string {
	s := p.File
	if p.Line > 0 {
		s += ", line " + strconv.FormatInt(p.Line, 10)
	}
	if p.Column != "" {
		s += ", column " + p.Column
	}
	return s
}
