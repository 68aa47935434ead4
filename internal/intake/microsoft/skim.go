package microsoft

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// fieldRun is a run of neighbouring fields that a row is skimmed by: one field whose value is wanted, or any number
// that rows share or that are not needed.
type fieldRun struct {
	fields int
	column int // of the one value wanted, or one of the two below
}

// What a stretch is when it is no single value.
const (
	sharedText = -1 - iota
	unneeded
)

// fieldRuns divides the fields of a file by what skimming does with them.
func fieldRuns(of []int) (out []fieldRun) {
	for _, c := range of {
		kind := sharedText
		switch {
		case c < 0:
			kind = unneeded
		case c < int(usage.NumColumns) && usage.PartOf(usage.Column(c)) == usage.PartFact:
			kind = c
		}
		if n := len(out); n > 0 && kind < 0 && out[n-1].column == kind {
			out[n-1].fields++
			continue
		}
		out = append(out, fieldRun{1, kind})
	}
	return out
}

// skim reads one record that stands on one line as far as most rows need: the values of its fact, and the text that it
// shares with other rows in one piece. It is false, and has read nothing, when there is anything unusual about it.
func (w *walk) skim() bool {
	text := w.b.text
	s := skimming{text: text, start: w.at, at: w.at, eol: lineEnd(text, w.at)}
	if s.eol-s.at > maxRecord {
		return false
	}
	s.quote = s.next(s.at)
	shared, plan := w.text[:0], w.b.d.layout.plan
	w.row.Runs = w.row.Runs[:0]
	for i := range plan {
		p := &plan[i]
		from, last := s.at, i == len(plan)-1
		ok := s.skip(p.fields-boolInt(last), w.leaps[i])
		end := s.at - 1
		if ok && last {
			ok = s.last()
			end = s.at
		}
		if !ok {
			return false
		}
		switch {
		case p.column >= 0 && text[from] == '"':
			return false
		case p.column >= 0:
			w.row.Values[p.column] = text[from:end]
		case p.column == sharedText:
			shared = append(append(shared, text[from:end]...), ',')
			w.row.Runs = append(w.row.Runs, intake.Run{From: int32(from), To: int32(end)})
		}
		w.leaps[i] = s.at - from - leapShort
	}
	w.text, w.row.Shared = shared, shared
	w.start, w.at = w.at, min(s.eol+1, len(text))
	w.quotes += s.quotes
	w.next++
	return true
}

// whole fills in every value of the record that was skimmed last.
func (w *walk) whole() {
	at, next, quotes := w.at, w.next, w.quotes
	w.at = w.start
	if w.record() == nil { // skim refused what record would
		shared, runs := w.row.Shared, w.row.Runs
		w.fill()
		w.row.Shared, w.row.Runs = shared, runs
	}
	w.at, w.next, w.quotes = at, next, quotes
}

// skimming is a place within one line.
type skimming struct {
	text   []byte
	start  int // of the line
	at     int // start of a field
	eol    int // end of the line
	quote  int // the first quote from at on; eol when there is none
	quotes int // passed
}

// next is the position of the next quote on the line, or its end.
func (s *skimming) next(from int) int {
	if i := bytes.IndexByte(s.text[from:s.eol], '"'); i >= 0 {
		return from + i
	}
	return s.eol
}

// A stretch is about as long as it was in the record before: most of it is leapt over, with its commas counted at once.
// What differs by less than leapShort does not spoil that; leaping less than leapLeast is not worth it.
const leapShort, leapLeast = 32, 64

// skip passes fields and the comma behind each; most of them lie within the leap.
func (s *skimming) skip(fields, leap int) bool {
	if end := s.at + leap; leap >= leapLeast && end <= s.quote {
		if n := bytes.Count(s.text[s.at:end], []byte{','}); n < fields {
			s.at, fields = end, fields-n // in the middle of a field, but of one that is not quoted
		}
	}
	for fields > 0 {
		at, left := commas(s.text, s.at, s.quote, fields)
		if left == 0 {
			s.at = at
			return true
		}
		if s.quote == s.eol || s.quote > s.start && s.text[s.quote-1] != ',' {
			return false
		}
		s.at = s.quote
		if !s.quoted() || s.at >= s.eol || s.text[s.at] != ',' {
			return false
		}
		s.at++
		fields = left - 1
	}
	return true
}

// quoted passes a quoted field.
func (s *skimming) quoted() bool {
	for at := s.at + 1; ; {
		i := bytes.IndexByte(s.text[at:s.eol], '"')
		if i < 0 {
			return false
		}
		at += i + 1
		s.quotes += 2
		if at >= s.eol || s.text[at] != '"' {
			s.at, s.quote = at, s.next(at)
			return true
		}
		at++
	}
}

// last passes the last field, up to the end of the line; a carriage return is no part of it.
func (s *skimming) last() bool {
	if s.quote == s.at && s.quote < s.eol && !s.quoted() {
		return false
	}
	end := s.eol
	if end > s.at && s.text[end-1] == '\r' {
		end--
	}
	if s.quote < s.eol || s.text[s.at-1] == '"' && s.at != end || bytes.IndexByte(s.text[s.at:end], ',') >= 0 {
		return false
	}
	s.at = end
	return true
}

// commas is the position behind the n-th comma from at on, or how many of n were not found before to. It looks at
// eight bytes at a time.
func commas(text []byte, at, to, n int) (behind, left int) {
	const low, high = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	for ; at+8 <= to; at += 8 {
		x := binary.LittleEndian.Uint64(text[at:]) ^ 0x2c2c2c2c2c2c2c2c
		found := ^((x&low + low) | x) & high // the highest bit of each byte that is a comma
		c := bits.OnesCount64(found)
		if c >= n {
			for ; n > 1; n-- {
				found &= found - 1
			}
			return at + bits.TrailingZeros64(found)>>3 + 1, 0
		}
		n -= c
	}
	for ; at < to; at++ {
		if text[at] == ',' {
			if n--; n == 0 {
				return at + 1, 0
			}
		}
	}
	return to, n
}
