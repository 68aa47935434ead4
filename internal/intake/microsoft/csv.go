package microsoft

import (
	"bytes"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Rows decodes a block of daily rated usage.
func (b *block) Rows(yield func(*intake.Row) error) error {
	if b.d.json {
		return b.rows(yield)
	}
	w := &walk{b: b, values: make([][]byte, numUsage), leaps: make([]int, len(b.d.layout.plan))}
	w.row.Whole = w.whole
	for w.more() {
		w.row.Line = w.line
		if !w.skim() {
			if err := w.record(); err != nil {
				return err
			}
			w.fill()
		}
		if err := yield(&w.row); err != nil {
			return err
		}
	}
	return w.end()
}

// fill returns every value, with credits in percent and days in one form.
func (w *walk) fill() {
	w.row.Shared, w.row.Runs = nil, nil
	copy(w.row.Values[:], w.values)
	for i, c := range [3]usage.Column{usage.ChargeStartDate, usage.ChargeEndDate, usage.ExchangeRateDate} {
		w.row.Values[c] = w.days[i].of(w.b.d.reading, w.row.Values[c])
	}
	for i, c := range [2]usage.Column{usage.EarnedCredit, usage.Credit} {
		if f := w.values[int(earnedFraction)+i]; len(f) > 0 && len(w.row.Values[c]) == 0 {
			w.percent[i] = timesHundred(w.percent[i][:0], f)
			w.row.Values[c] = w.percent[i]
		}
	}
}

// timesHundred moves the decimal point of a literal two places to the right; what is no plain number stays as it is.
func timesHundred(out, b []byte) []byte {
	whole, part, _ := bytes.Cut(b, []byte{'.'})
	for _, c := range append(append([]byte{}, bytes.TrimPrefix(whole, []byte{'-'})...), part...) {
		if c < '0' || c > '9' {
			return append(out, b...)
		}
	}
	if len(whole) == 0 && len(part) == 0 {
		return out
	}
	from := len(out)
	out = append(out, whole...)
	for i := range 2 {
		if i < len(part) {
			out = append(out, part[i])
		} else {
			out = append(out, '0')
		}
	}
	for from < len(out)-1 && out[from] == '0' {
		out = append(out[:from], out[from+1:]...)
	}
	if len(part) > 2 {
		out = append(append(out, '.'), part[2:]...)
	}
	return out
}

// walk goes through the CSV records of a block.
type walk struct {
	b      *block
	at     int      // where the next record starts
	line   int64    // its line; after record or skim, of the record read
	next   int64    // line of the next record
	values [][]byte // by column
	quotes int      // passed so far

	scratch []byte // values with doubled quotes, made single
	percent [2][]byte
	days    [3]plainDays

	row   intake.Row
	start int // of the record that was skimmed
	text  []byte
	leaps []int // by stretch
}

// records walks CSV records and fills values, one per column, for each.
func (b *block) records(values [][]byte, each func(line int64) error) error {
	w := &walk{b: b, values: values}
	for w.more() {
		if err := w.record(); err != nil {
			return err
		}
		if err := each(w.line); err != nil {
			return err
		}
	}
	return w.end()
}

// more passes blank lines, which are no records, and says whether a record follows.
func (w *walk) more() bool {
	text := w.b.text
	if w.next == 0 {
		w.next = w.b.first
	}
	for w.at < len(text) && (text[w.at] == '\n' || text[w.at] == '\r' && w.at+1 < len(text) && text[w.at+1] == '\n') {
		w.at += 1 + boolInt(text[w.at] == '\r')
		w.next++
	}
	w.line = w.next
	return w.at < len(text)
}

// end makes sure that every quote was where a quote may be.
func (w *walk) end() error {
	if w.quotes != w.b.quotes {
		return w.b.strayQuote()
	}
	return nil
}

// record splits one record into values.
func (w *walk) record() error {
	of, text, b := w.b.d.layout.of, w.b.text, w.b
	start, at := w.at, w.at
	w.scratch = w.scratch[:0]
	eol := lineEnd(text, at)
	for n := 0; ; n++ {
		var value []byte
		if at < len(text) && text[at] == '"' {
			var q int
			var ok bool
			value, w.scratch, q, at, ok = quoted(text, at, w.scratch)
			if !ok {
				return b.d.refuse(w.line, b.field(n), "quote", "a quote is never closed, or text follows it before the comma")
			}
			w.quotes += q
			if at > eol {
				w.next += int64(bytes.Count(text[eol:at], []byte{'\n'}))
				eol = lineEnd(text, at)
			}
		} else {
			end := bytes.IndexByte(text[at:eol], ',')
			if end < 0 {
				value = bytes.TrimSuffix(text[at:eol], []byte{'\r'})
				at = eol
			} else {
				value = text[at : at+end]
				at += end
			}
		}
		if n >= len(of) {
			return b.d.refuse(w.line, "", "field_count", "the record has more fields than the header's %d", len(of))
		}
		if of[n] >= 0 {
			w.values[of[n]] = value
		}
		if at < eol && text[at] == ',' {
			at++
			continue
		}
		if n+1 < len(of) {
			return b.d.refuse(w.line, "", "field_count", "the record has %d fields and the header %d", n+1, len(of))
		}
		break
	}
	if at-start > maxRecord {
		return b.d.refuse(w.line, "", "record_too_long", "the record is longer than %d bytes", maxRecord)
	}
	w.at = min(eol+1, len(text))
	w.next++
	return nil
}

func lineEnd(text []byte, at int) int {
	if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(text)
}

// quoted reads a quoted field that starts at its quote; doubled quotes become one, in scratch. It returns how many
// quotes it passed and where the field ends; ok is false for a quote that is not closed before a comma or line end.
func quoted(text []byte, at int, scratch []byte) (value, grown []byte, quotes, end int, ok bool) {
	from := at + 1
	keep := len(scratch)
	quotes = 1
	for {
		i := bytes.IndexByte(text[from:], '"')
		if i < 0 {
			return nil, scratch, quotes, at, false
		}
		quotes++
		if from+i+1 < len(text) && text[from+i+1] == '"' {
			scratch = append(scratch, text[from:from+i+1]...)
			quotes++
			from += i + 2
			continue
		}
		if len(scratch) == keep {
			value = text[from : from+i]
		} else {
			scratch = append(scratch, text[from:from+i]...)
			value = scratch[keep:]
		}
		end = from + i + 1
		if end < len(text) && text[end] == '\r' {
			end++
		}
		ok = end >= len(text) || text[end] == ',' || text[end] == '\n'
		return value, scratch, quotes, end, ok
	}
}

// strayQuote finds the line of a quote inside an unquoted field: where such a record ends is not defined.
func (b *block) strayQuote() error {
	line := b.first
	for _, l := range bytes.Split(b.text, []byte{'\n'}) {
		if bytes.Count(l, []byte{'"'})%2 == 1 || bytes.Contains(l, []byte(`" `)) {
			break
		}
		line++
	}
	return b.d.refuse(min(line, b.first+b.lines-1), "", "quote", "there is a quote inside a field that is not quoted")
}

func (b *block) field(n int) string {
	of := b.d.layout.of
	if n < len(of) && of[n] >= 0 && b.d.layout.dataset == usage.DailyUsage {
		return ColumnName(usage.Column(of[n]))
	}
	return ""
}
