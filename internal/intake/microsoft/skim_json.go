package microsoft

import (
	"bytes"
	"encoding/json"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// template is what the records of a JSON file have the same: the text before each value, and what the value is for.
type template []templateMember

type templateMember struct {
	before string // from the end of the last value: `, "unitPrice": `
	column int    // wanted, or sharedText, or unneeded
}

// with adds a member to the template of a record that is being read in full.
func (m template) with(before []byte, column int) template {
	switch {
	case column < 0:
		column = unneeded
	case column >= int(usage.NumColumns) || usage.PartOf(usage.Column(column)) != usage.PartFact:
		column = sharedText
	}
	return append(m, templateMember{string(before), column})
}

// jsonRows goes through the JSON lines of a block.
type jsonRows struct {
	walk
	s      scanner
	record []byte
}

// rows decodes JSON lines of daily rated usage.
func (b *block) rows(yield func(*intake.Row) error) error {
	w := &jsonRows{walk: walk{b: b, values: make([][]byte, numUsage)}}
	w.s = scanner{b: b, columns: map[string]int{}, values: w.values}
	w.row.Whole = w.whole
	return b.lined(func(record []byte, at int, line int64) error {
		w.record, w.start, w.row.Line = record, at, line
		if !w.skim() {
			if err := w.s.object(record, line); err != nil {
				return err
			}
			w.fill()
		}
		return yield(&w.row)
	})
}

// whole fills in every value of the record that was skimmed last.
func (w *jsonRows) whole() {
	if w.s.object(w.record, w.row.Line) == nil { // skim refused what object would
		shared, runs := w.row.Shared, w.row.Runs
		w.fill()
		w.row.Shared, w.row.Runs = shared, runs
	}
}

// skim reads a record that has the template of the first: the values of its fact, and the text of what it shares
// with other rows. It is false when there is anything unusual about it.
func (w *jsonRows) skim() bool {
	if w.s.template == nil {
		return false
	}
	for _, c := range [...]usage.Column{usage.UsageDate, usage.Quantity, usage.EffectiveUnitPrice, usage.BillingPreTaxTotal, usage.PricingPreTaxTotal} {
		w.row.Values[c] = nil // the record may lack it
	}
	s := skimJSON{text: w.record}
	s.slash = s.nextSlash(0)
	w.row.Runs = w.row.Runs[:0]
	shared, from, end := w.text[:0], -1, 0 // from: of a run of shared members
	for i := range w.s.template {
		m := &w.s.template[i]
		start := s.at + len(m.before)
		if start >= len(s.text) || string(s.text[s.at:start]) != m.before {
			return false
		}
		if m.column == sharedText && from < 0 {
			from = s.at
		}
		if m.column != sharedText && from >= 0 {
			shared, from = w.share(shared, from, end), -1
		}
		s.at = start
		value, ok := s.value(m.column >= 0)
		if !ok {
			return false
		}
		if end = s.at; m.column >= 0 {
			w.row.Values[m.column] = value
		}
	}
	if from >= 0 {
		shared = w.share(shared, from, end)
	}
	if s.at != len(s.text)-1 || s.text[s.at] != '}' {
		return false
	}
	w.text, w.row.Shared = shared, shared
	return true
}

// share takes a run of shared members over.
func (w *jsonRows) share(shared []byte, from, end int) []byte {
	w.row.Runs = append(w.row.Runs, intake.Run{From: int32(w.start + from), To: int32(w.start + end)})
	return append(shared, w.record[from:end]...)
}

// skimJSON is a place within one record.
type skimJSON struct {
	text  []byte
	at    int
	slash int // the next backslash from at on, or the end
}

func (s *skimJSON) nextSlash(from int) int {
	if i := bytes.IndexByte(s.text[from:], '\\'); i >= 0 {
		return from + i
	}
	return len(s.text)
}

// value passes one value. What is wanted must stand there as it is: a number, or text without escapes.
func (s *skimJSON) value(wanted bool) ([]byte, bool) {
	from := s.at
	switch c := s.text[from]; {
	case c == '"':
		slash := s.slash
		if !s.string() || wanted && slash < s.at {
			return nil, false
		}
		return s.text[from+1 : s.at-1], true
	case c == '{' || c == '[':
		return nil, !wanted && s.nested()
	case c == '-' || c-'0' < 10:
		return s.word(), true
	case wanted:
		return nil, false
	}
	word := string(s.word())
	return nil, word == "null" || word == "true" || word == "false"
}

// word passes what has neither quotes nor brackets.
func (s *skimJSON) word() []byte {
	from := s.at
	for s.at < len(s.text) {
		if c := s.text[s.at]; c == ',' || c == '}' || c == ' ' || c == '\t' {
			break
		}
		s.at++
	}
	return s.text[from:s.at]
}

// string passes text with the escapes of one letter that unescape knows.
func (s *skimJSON) string() bool {
	at := s.at + 1
	end := bytes.IndexByte(s.text[at:], '"')
	if end < 0 {
		return false
	}
	if end += at; end < s.slash {
		s.at = end + 1
		return true
	}
	for at = s.slash; at < len(s.text); at++ {
		switch s.text[at] {
		case '"':
			s.at, s.slash = at+1, s.nextSlash(at+1)
			return true
		case '\\':
			if at++; at >= len(s.text) || !short(s.text[at]) {
				return false
			}
		}
	}
	return false
}

// short says whether a backslash and this letter are an escape that unescape knows.
func short(c byte) bool {
	return c == '"' || c == '\\' || c == '/' || c == 'n' || c == 't' || c == 'r'
}

// nested passes an object or an array.
func (s *skimJSON) nested() bool {
	from, depth := s.at, 0
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '"':
			if !s.string() {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.at++
		if depth == 0 {
			return json.Valid(s.text[from:s.at])
		}
	}
	return false
}
