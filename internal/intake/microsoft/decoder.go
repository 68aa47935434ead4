package microsoft

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// decoder cuts a file into blocks of whole records.
type decoder struct {
	file     string
	reading  int // version of the rules by which it is read: usage.Reading
	in       *bufio.Reader
	head     []byte // what stood before the first record
	layout   *layout
	json     bool
	line     int64  // of the next byte
	carry    []byte // the start of a record that the last block did not hold whole
	eof      bool
	pages    *pages // nil when the file is not read by pages
	warnings []usage.Problem
	unknown  map[string]bool
	mu       sync.Mutex
	free     chan []byte // memory of blocks given back
}

func (d *decoder) Head() []byte { return d.head }

func (d *decoder) Warnings() []usage.Problem {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.warnings
}

func (d *decoder) warn(code, column, reason string) {
	d.warnings = append(d.warnings, usage.Problem{File: d.file, Column: column, Code: code, Reason: reason, Verdict: usage.Warned})
}

// begin finds out what the file is: JSON lines tell by their first record, CSV by its header. Pages of the provider's
// interface, arrays and objects over several lines become JSON lines on the way in.
func (d *decoder) begin(want usage.Dataset) error {
	head, err := d.in.Peek(maxRecord / 4)
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return d.unreadable(err)
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	if !bytes.HasPrefix(text, []byte("{")) && !bytes.HasPrefix(text, []byte("[")) {
		return d.beginCSV(head, want)
	}
	d.json = true
	if !isJSONLines(text) {
		d.pages = &pages{in: d.in, refuse: d.refuse, line: 1, out: 1}
		d.in = bufio.NewReaderSize(d.pages, maxRecord/4)
		if head, err = d.in.Peek(maxRecord / 4); err != nil && err != io.EOF && err != bufio.ErrBufferFull {
			return d.unreadable(err)
		}
		if text = bytes.TrimLeft(head, "\n"); len(text) == 0 {
			d.warn("no_rows", "", "the file holds no items")
			d.layout = layoutFor(orDataset(want, usage.DailyUsage))
			return nil
		}
	}
	return d.beginJSON(text, want)
}

func (d *decoder) beginJSON(text []byte, want usage.Dataset) error {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	lower := bytes.ToLower(first)
	is := datasetByNames(func(n string) bool { return bytes.Contains(lower, []byte(`"`+n+`"`)) })
	if k, ok := kindByNames(members(first)); ok && is == "" {
		return d.refuseAs(k)
	}
	if is == "" && !anyOf(lowered(members(first)), usageNames()) && !anyOf(lowered(members(first)), statementNames()) {
		want = ""
	}
	d.layout = layoutFor(orDataset(is, want))
	return d.agree(want, is)
}

func orDataset(a, b usage.Dataset) usage.Dataset {
	if a == "" {
		return b
	}
	return a
}

// agree refuses a file that is of the other kind, or of none.
func (d *decoder) agree(want, is usage.Dataset) error {
	switch {
	case is == "" && want == "":
		return d.refuse(1, "", "unknown_format", "neither daily rated usage (UsageDate, BillingPreTaxTotal) nor reconciliation lines (Subtotal, TaxTotal); %s. Choose the file that holds the rows", acceptedFiles)
	case is != "" && want != "" && is != want:
		return d.refuse(1, "", "other_dataset", "these are %s lines, and %s was asked for", is, want)
	}
	return nil
}

// beginCSV reads the header; head is the beginning of the file.
func (d *decoder) beginCSV(head []byte, want usage.Dataset) error {
	line, err := d.in.ReadSlice('\n')
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return d.unreadable(err)
	}
	header := string(line)
	d.line, d.head = 2, append(d.head, header...)
	if !utf8.ValidString(header) {
		if k, ok := kindOf(head); ok {
			return d.refuseAs(k)
		}
		return d.refuse(1, "", "not_utf8", "the text is not UTF-8 (perhaps Latin-1); save it as UTF-8, or download it again")
	}
	if strings.IndexByte(header, 0) >= 0 {
		return d.refuse(1, "", "binary", "this is binary data and no text")
	}
	trimmed := strings.TrimRight(header, "\r\n")
	if strings.ContainsRune(trimmed, '\r') {
		return d.refuse(1, "", "line_ends", "lines end with a carriage return alone; save the file with LF or CRLF")
	}
	if err == bufio.ErrBufferFull {
		return d.refuse(1, "", "record_too_long", "the first line does not end within %d bytes, so it names no columns. Nothing of the file was kept; download it again", len(line))
	}
	names := strings.Split(trimmed, ",")
	for i := range names {
		names[i] = strings.ToLower(strings.Trim(strings.TrimSpace(names[i]), `"`))
	}
	has := map[string]bool{}
	for _, n := range names {
		has[n] = true
	}
	is := datasetByNames(func(n string) bool { return has[n] })
	if k, ok := kindOf(head); ok && is == "" {
		return d.refuseAs(k)
	}
	if err := d.delimiter(trimmed); err != nil {
		return err
	}
	if is == "" && !anyOf(has, usageNames()) && !anyOf(has, statementNames()) {
		want = ""
	}
	if err := d.agree(want, is); err != nil {
		return err
	}
	d.layout = layoutFor(orDataset(is, want))
	if err := d.assign(names); err != nil {
		return err
	}
	if _, err := d.in.Peek(1); err == io.EOF {
		d.warn("no_rows", "", "the file has a header and no rows")
	}
	return nil
}

// lowered is names as a set, in lower case.
func lowered(names []string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[strings.ToLower(n)] = true
	}
	return out
}

// anyOf says whether at least three of the names are known: less is no header.
func anyOf(has map[string]bool, names map[string]int) bool {
	n := 0
	for name := range names {
		n += boolInt(has[name])
	}
	return n >= 3
}

// delimiter refuses a header whose fields are divided by another sign than a comma.
func (d *decoder) delimiter(header string) error {
	names, by := fields(header)
	if strings.HasPrefix(header, "sep=") {
		names, by = nil, strings.TrimPrefix(header, "sep=")
	} else if by == "," || len(names) <= 4 {
		return nil
	}
	return d.refuse(1, "", "delimiter",
		"fields are separated by %q, as spreadsheets write them; the provider's files use commas, and decimal points. Download the file again and import it as it is", by)
}

// assign leads each field to its column, and says which are missing, doubled or unknown.
func (d *decoder) assign(names []string) error {
	l := d.layout
	seen := map[int]string{}
	for i, n := range names {
		c, ok := l.names[n]
		if !ok || c == ignored {
			l.of = append(l.of, -1)
			if n != "" && !ok {
				d.warn("unknown_column", n, "nobody knows this column; it is ignored")
			}
			continue
		}
		if other, twice := seen[c]; twice {
			return d.refuse(1, n, "duplicate_column", "the column occurs twice (fields %q and %d)", other, i+1)
		}
		seen[c] = n
		l.of = append(l.of, c)
	}
	var missing []string
	if l.dataset == usage.DailyUsage {
		for _, c := range usageRequired() {
			if _, ok := seen[int(c)]; !ok {
				missing = append(missing, ColumnName(c))
			}
		}
	} else {
		for _, c := range statementRequired() {
			if _, ok := seen[c]; !ok {
				missing = append(missing, nameOf(l.names, c))
			}
		}
	}
	if len(missing) > 0 {
		return d.refuse(1, missing[0], "missing_column", "the file lacks %s", strings.Join(missing, ", "))
	}
	l.plan = fieldRuns(l.of)
	return nil
}

func nameOf(names map[string]int, c int) string {
	for n, at := range names {
		if at == c && n != "totalforcustomer" {
			return n
		}
	}
	return fmt.Sprint(c)
}

// Next reads on to the next end of a record. It never holds more than the longest record there may be and a block: a
// record that does not end by then, because a quote is never closed or a line never ends, is refused by the line on
// which it begins.
func (d *decoder) Next() (intake.RawBlock, error) {
	for !d.eof || len(d.carry) > 0 {
		b := d.carry
		d.carry = nil
		cut, quotes := -1, 0
		for size := blockSize; cut < 0; size += blockSize {
			if len(b) > maxRecord+blockSize {
				return nil, d.refuse(d.line, "", "record_too_long", "the record that begins here does not end within %d bytes: a quote is never closed, or the line never ends. Nothing of the file was kept; download it again", maxRecord)
			}
			var err error
			if b, err = d.fill(b, size); err != nil {
				return nil, err
			}
			cut, quotes = d.recordEnd(b)
		}
		block := &block{d: d, text: b[:cut:cut], memory: b[:0], first: d.line, quotes: quotes}
		block.lines = int64(bytes.Count(block.text, []byte{'\n'}))
		d.line += block.lines
		if cut > 0 && block.text[cut-1] != '\n' {
			block.lines++
		}
		if cut < len(b) {
			d.carry = append(d.memory(len(b)-cut), b[cut:]...)
		}
		if err := block.valid(); err != nil {
			return nil, err
		}
		if len(block.text) > 0 {
			return block, nil
		}
	}
	return nil, io.EOF
}

// fill reads on until there are so many bytes, or no more.
func (d *decoder) fill(b []byte, size int) ([]byte, error) {
	if cap(b) < size+64<<10 {
		b = append(d.memory(size+256<<10), b...)
	}
	for len(b) < size && !d.eof {
		n, err := d.in.Read(b[len(b):min(cap(b), len(b)+256<<10)])
		b = b[:len(b)+n]
		if err == io.EOF {
			d.eof = true
		} else if err != nil {
			return nil, d.unreadable(err)
		}
	}
	return b, nil
}

// recordEnd is the position behind the last whole record, or −1, and how many quotes there are in CSV before it: at the
// end of the file, in all. In CSV a line end counts only outside quotes: when the number of quotes before it is even.
func (d *decoder) recordEnd(b []byte) (end, quotes int) {
	if d.json {
		if d.eof {
			return len(b), 0
		}
		if end = bytes.LastIndexByte(b, '\n') + 1; end == 0 {
			end = -1
		}
		return end, 0
	}
	quote := []byte{'"'}
	quotes = bytes.Count(b, quote)
	if d.eof {
		return len(b), quotes
	}
	for end = len(b); ; {
		i := bytes.LastIndexByte(b[:end], '\n')
		if i < 0 {
			return -1, 0
		}
		if quotes -= bytes.Count(b[i:end], quote); quotes%2 == 0 {
			return i + 1, quotes
		}
		end = i
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// block is a run of whole records.
type block struct {
	d      *decoder
	text   []byte
	memory []byte
	first  int64
	lines  int64
	quotes int // in CSV
}

func (b *block) Bytes() []byte    { return b.text }
func (b *block) FirstLine() int64 { return b.first }
func (b *block) Lines() int64     { return b.lines }

func (b *block) Release() {
	memory := b.memory
	b.text, b.memory = nil, nil
	select {
	case b.d.free <- memory:
	default:
	}
}

// memory is room for a block, used before or not.
func (d *decoder) memory(size int) []byte {
	size = max(size, blockSize+256<<10)
	select {
	case b := <-d.free:
		if cap(b) >= size {
			return b
		}
	default:
	}
	return make([]byte, 0, size)
}

// valid refuses text in another encoding, and binary data.
func (b *block) valid() error {
	if i := bytes.IndexByte(b.text, 0); i >= 0 {
		return b.d.refuse(b.lineAt(i), "", "binary", "there is a zero byte: this is no text, or it is damaged")
	}
	if utf8.Valid(b.text) {
		return nil
	}
	for i := 0; i < len(b.text); {
		r, n := utf8.DecodeRune(b.text[i:])
		if r == utf8.RuneError && n == 1 {
			return b.d.refuse(b.lineAt(i), "", "not_utf8", "byte %#x is not UTF-8 (perhaps Latin-1); save the file as UTF-8", b.text[i])
		}
		i += n
	}
	return nil
}

func (b *block) lineAt(i int) int64 { return b.first + int64(bytes.Count(b.text[:i], []byte{'\n'})) }
