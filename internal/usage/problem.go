package usage

import "strconv"

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

// The codes of what keeps files from being all of what they are part of: pages of an answer, and files of an export.
const (
	PagesMissing       = "pages_missing"
	ManifestIncomplete = "manifest_incomplete"
)

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
