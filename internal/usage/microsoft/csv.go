package microsoft

import (
	"bytes"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Rows decodes a block of daily rated usage.
func (b *block) Rows(yield func(*usage.Row) error) error {
	var row usage.Row
	var values [numUsage][]byte
	var scratch [2][]byte
	each := func(line int64) error {
		row.Line = line
		copy(row.Values[:], values[:usage.NumColumns])
		for i, c := range [2]usage.Column{usage.EarnedCredit, usage.Credit} {
			if f := values[int(earnedFraction)+i]; len(f) > 0 && len(row.Values[c]) == 0 {
				scratch[i] = timesHundred(scratch[i][:0], f)
				row.Values[c] = scratch[i]
			}
		}
		return yield(&row)
	}
	if b.d.json {
		return b.objects(values[:], each)
	}
	return b.records(values[:], each)
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

// records walks CSV records and fills values, one per column, for each.
func (b *block) records(values [][]byte, each func(line int64) error) error {
	of, text, line := b.d.layout.of, b.text, b.first
	var scratch []byte
	quotes := 0
	for at := 0; at < len(text); {
		if text[at] == '\n' || text[at] == '\r' && at+1 < len(text) && text[at+1] == '\n' {
			at += 1 + boolInt(text[at] == '\r') // a blank line is no record
			line++
			continue
		}
		start, startLine := at, line
		scratch = scratch[:0]
		eol := lineEnd(text, at)
		for n := 0; ; n++ {
			var value []byte
			if at < len(text) && text[at] == '"' {
				var q int
				var ok bool
				value, scratch, q, at, ok = quoted(text, at, scratch)
				if !ok {
					return b.d.refuse(startLine, b.field(n), "quote", "a quote is never closed, or text follows it before the comma")
				}
				quotes += q
				if at > eol {
					line += int64(bytes.Count(text[eol:at], []byte{'\n'}))
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
			if n < len(of) {
				if of[n] >= 0 {
					values[of[n]] = value
				}
			} else {
				return b.d.refuse(startLine, "", "field_count", "the record has more fields than the header's %d", len(of))
			}
			if at < eol && text[at] == ',' {
				at++
				continue
			}
			if n+1 < len(of) {
				return b.d.refuse(startLine, "", "field_count", "the record has %d fields and the header %d", n+1, len(of))
			}
			break
		}
		if at-start > maxRecord {
			return b.d.refuse(startLine, "", "record_too_long", "the record is longer than %d bytes", maxRecord)
		}
		if err := each(startLine); err != nil {
			return err
		}
		at = min(eol+1, len(text))
		line++
	}
	if quotes != bytes.Count(text, []byte{'"'}) {
		return b.strayQuote()
	}
	return nil
}

func lineEnd(text []byte, at int) int {
	if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(text)
}

// quoted reads a quoted field that starts at its quote; doubled quotes become one, in scratch. It hands back how many
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

// strayQuote finds the line of a quote inside an unquoted field: nobody can say where such a record ends.
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
