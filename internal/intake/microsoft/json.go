package microsoft

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// objects walks JSON lines and fills values, one per known member, for each object. Numbers keep their literal;
// strings lose their quotes and escapes; objects and arrays stay as text; null is blank.
func (b *block) objects(values [][]byte, each func(line int64) error) error {
	s := scanner{b: b, columns: map[string]int{}, values: values}
	return b.lined(func(record []byte, _ int, line int64) error {
		if err := s.object(record, line); err != nil {
			return err
		}
		return each(line)
	})
}

// lined goes through the lines of a block that are not blank; at is where a record starts.
func (b *block) lined(each func(record []byte, at int, line int64) error) error {
	line := b.first
	for at := 0; at < len(b.text); line++ {
		end := lineEnd(b.text, at)
		from := end - len(bytes.TrimLeftFunc(b.text[at:end], unicode.IsSpace))
		record := bytes.TrimSpace(b.text[at:end])
		if at = end + 1; len(record) == 0 {
			continue
		}
		if len(record) > maxRecord {
			return b.d.refuse(line, "", "record_too_long", "the record is longer than %d bytes", maxRecord)
		}
		if err := each(record, from, line); err != nil {
			return err
		}
	}
	return nil
}

// scanner reads flat objects. Members come in the same order in every record, so the key after the last one is
// guessed before it is looked up.
type scanner struct {
	b        *block
	columns  map[string]int // member name as printed → column, −1 for unknown
	order    []member       // members of the last record
	values   [][]byte
	scratch  []byte
	seen     [128]bool
	null     bool     // a text with U+0000 was found, which no store holds
	template template // of the first record
}

type member struct {
	name   string
	column int
}

func (s *scanner) object(t []byte, line int64) error {
	s.scratch = s.scratch[:0]
	clear(s.seen[:])
	clear(s.values)
	first, read := s.template == nil, template{}
	behind := 0 // the last value
	if t[0] != '{' || t[len(t)-1] != '}' {
		return s.bad(line, "")
	}
	i := skip(t, 1)
	for n := 0; i < len(t) && t[i] != '}'; n++ {
		if t[i] != '"' {
			return s.bad(line, "")
		}
		end := bytes.IndexByte(t[i+1:], '"')
		if end < 0 {
			return s.bad(line, "")
		}
		name := t[i+1 : i+1+end]
		column := s.column(n, name)
		i = skip(t, i+end+2)
		if i >= len(t) || t[i] != ':' {
			return s.bad(line, string(name))
		}
		from := skip(t, i+1)
		value, next, ok := s.value(t, from)
		if s.null {
			return s.b.d.refuse(line, string(name), "binary", "a text holds the character U+0000 (\\u0000): it is damaged. Download the file again")
		}
		if !ok {
			return s.bad(line, string(name))
		}
		if column >= 0 {
			if s.seen[column] {
				return s.b.d.refuse(line, string(name), "duplicate_member", "the member occurs twice in one object")
			}
			s.seen[column] = true
			s.values[column] = value
		}
		if first {
			read = read.with(t[behind:from], column)
		}
		behind = next
		i = skip(t, next)
		if i < len(t) && t[i] == ',' {
			i = skip(t, i+1)
			if i < len(t) && t[i] == '}' {
				return s.bad(line, "")
			}
		} else if i >= len(t) || t[i] != '}' {
			return s.bad(line, string(name))
		}
	}
	if i != len(t)-1 {
		return s.bad(line, "")
	}
	if first {
		s.template = read
	}
	return nil
}

func (s *scanner) bad(line int64, member string) error {
	return s.b.d.refuse(line, member, "json", "the line is not one JSON object")
}

func skip(t []byte, i int) int {
	for i < len(t) && (t[i] == ' ' || t[i] == '\t' || t[i] == '\r') {
		i++
	}
	return i
}

func (s *scanner) column(n int, name []byte) int {
	if n < len(s.order) && s.order[n].name == string(name) {
		return s.order[n].column
	}
	c, known := s.columns[string(name)]
	if !known {
		c = s.lookUp(string(name))
		s.columns[string(name)] = c
	}
	if n == len(s.order) && n < 256 {
		s.order = append(s.order, member{string(name), c})
	}
	return c
}

// lookUp finds the column of a member; the names that carry fractions say so to the layout.
func (s *scanner) lookUp(name string) int {
	d := s.b.d
	lower := strings.ToLower(name)
	c, ok := d.layout.names[lower]
	d.mu.Lock()
	defer d.mu.Unlock()
	if ok {
		return c
	}
	if d.unknown == nil {
		d.unknown = map[string]bool{}
	}
	if !d.unknown[lower] {
		d.unknown[lower] = true
		d.warn("unknown_column", name, "nobody knows this member; it is ignored")
	}
	return -1
}

func (s *scanner) value(t []byte, i int) (value []byte, next int, ok bool) {
	if i >= len(t) {
		return nil, i, false
	}
	switch t[i] {
	case '"':
		return s.text(t, i)
	case '{', '[':
		return nested(t, i)
	}
	j := i
	for j < len(t) && t[j] != ',' && t[j] != '}' && t[j] != ' ' && t[j] != '\t' {
		j++
	}
	value = t[i:j]
	switch {
	case len(value) == 0:
		return nil, j, false
	case string(value) == "null":
		return nil, j, true
	case string(value) == "true", string(value) == "false", value[0] == '-', value[0] >= '0' && value[0] <= '9':
		return value, j, true
	}
	return nil, j, false
}

func (s *scanner) text(t []byte, i int) ([]byte, int, bool) {
	end := bytes.IndexByte(t[i+1:], '"')
	if end < 0 {
		return nil, i, false
	}
	if bytes.IndexByte(t[i+1:i+1+end], '\\') < 0 {
		return t[i+1 : i+1+end], i + end + 2, true
	}
	j := i + 1
	for j < len(t) && t[j] != '"' {
		if t[j] == '\\' {
			j++
		}
		j++
	}
	if j >= len(t) {
		return nil, i, false
	}
	from := len(s.scratch)
	var ok bool
	if s.scratch, ok = unescape(s.scratch, t[i+1:j]); !ok {
		var text string
		if json.Unmarshal(t[i:j+1], &text) != nil {
			return nil, i, false
		}
		s.scratch = append(s.scratch[:from], text...)
	}
	if bytes.IndexByte(s.scratch[from:], 0) >= 0 {
		s.null = true
		return nil, i, false
	}
	return s.scratch[from:len(s.scratch):len(s.scratch)], j + 1, true
}

// unescape handles the escapes of one letter; ok is false for \u, which the caller leaves to the library.
func unescape(out, t []byte) ([]byte, bool) {
	for i := 0; i < len(t); i++ {
		if t[i] != '\\' {
			out = append(out, t[i])
			continue
		}
		i++
		if i >= len(t) {
			return out, false
		}
		switch t[i] {
		case '"', '\\', '/':
			out = append(out, t[i])
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		default:
			return out, false
		}
	}
	return out, true
}

func nested(t []byte, i int) ([]byte, int, bool) {
	dec := json.NewDecoder(bytes.NewReader(t[i:]))
	var raw json.RawMessage
	if dec.Decode(&raw) != nil {
		return nil, i, false
	}
	end := i + int(dec.InputOffset())
	return t[i:end], end, true
}
