package microsoft

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/intake/microsoft/malformed"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// endless repeats a text for gigabytes, and counts what was read of it.
type endless struct {
	text string
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.read > 4<<30 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.text)
	}
	e.read += int64(n)
	return n, nil
}

// A record without an end is refused by the line on which it begins, after a few megabytes and in the memory of a few.
func TestRecordWithoutAnEnd(t *testing.T) {
	good := ""
	for _, f := range malformed.Files() {
		if f.Name == "reordered columns" {
			good = string(f.Bytes) // a header and a row
		}
	}
	line := strings.SplitAfter(good, "\n")[1]
	for name, c := range map[string]struct {
		begins, repeats string
		line            string
	}{
		"quote":             {good + `"`, line, "line 3"},
		"line":              {good, "x", "line 3"},
		"header":            {"", "x", "line 1"},
		"JSON line":         {`{"usageDate":"2026-09-01","billingPreTaxTotal":1}` + "\n", `{"x":"`, "line 2"},
		"item of a page":    {"{\n\"items\":[\n{\"usageDate\":\"", "x", "line 3"},
		"member of a page":  {"{\n\"totalCount\":[", "1,", "line 1"},
		"array in an array": {"\n[\n{\"usageDate\":", "[", "line 3"},
	} {
		t.Run(name, func(t *testing.T) {
			source := &endless{text: c.repeats}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			dec, _, err := Open("f", usage.DailyUsage, usage.Reading, io.MultiReader(strings.NewReader(c.begins), source))
			for err == nil {
				var b intake.RawBlock
				if b, err = dec.Next(); err == nil {
					err = b.Rows(func(*intake.Row) error { return nil })
				}
			}
			runtime.ReadMemStats(&after)
			if fault.CodeOf(err) != "record_too_long" || !strings.Contains(err.Error(), c.line+":") {
				t.Errorf("%v (%s); want it refused at %s", err, fault.CodeOf(err), c.line)
			}
			if source.read > 8<<20 || after.TotalAlloc-before.TotalAlloc > 32<<20 {
				t.Errorf("%d bytes read and %d allocated", source.read, after.TotalAlloc-before.TotalAlloc)
			}
		})
	}
}

// What a long file holds is read in the same memory, also where its lines are very long and where they are blank.
func TestLongRecordsAreRead(t *testing.T) {
	for name, text := range map[string]string{
		"records of nearly a megabyte": strings.Repeat(`{"usageDate":"2026-09-01","billingPreTaxTotal":1,"tags":"`+strings.Repeat("x", 1<<20-100)+`"}`+"\n", 6),
		"page of them":                 "{\"totalCount\":6,\n\"items\":[" + strings.TrimSuffix(strings.Repeat(`{"usageDate":"2026-09-01","billingPreTaxTotal":1,"tags":"`+strings.Repeat("x", 1<<20-100)+`"},`, 6), ",") + "]}",
		"blank lines between items":    "[" + strings.TrimSuffix(strings.Repeat(`{"usageDate":"2026-09-01","billingPreTaxTotal":1},`+strings.Repeat("\n", 1<<20), 6), ","+strings.Repeat("\n", 1<<20)) + "]",
	} {
		rows, _, err := drain([]byte(text), usage.DailyUsage)
		if err != nil || rows != 6 {
			t.Errorf("%s: %d rows, %v", name, rows, err)
		}
	}
}

// The lines into which a page is made give the same rows on the same lines when they are read again.
func TestPagesAreKeptAsLines(t *testing.T) {
	tell := func(b []byte) (kept []byte, lines []int64) {
		t.Helper()
		dec, _, err := Open("f", usage.DailyUsage, usage.Reading, bytes.NewReader(b))
		for err == nil {
			var block intake.RawBlock
			if block, err = dec.Next(); err == nil {
				kept = append(kept, block.Bytes()...)
				err = block.Rows(func(r *intake.Row) error { lines = append(lines, r.Line); return nil })
			}
		}
		if err != io.EOF {
			t.Fatal(err)
		}
		return kept, lines
	}
	item := `{"usageDate": "2026-09-01", "billingPreTaxTotal": 1}`
	for text, want := range map[string][]int64{
		`{"items":[` + item + `,` + item + `,` + item + `]}`:                                {1, 2, 3},
		"{\"totalCount\": 2,\n\"items\": [\n" + item + ",\n\n\n" + item + "\n],\n\"x\": 1}": {3, 6},
		"[\n" + item + "," + item + ",\n" + item + "]":                                      {2, 3, 4},
		strings.ReplaceAll(item, ", ", ",\n") + "\n" + item:                                 {1, 3},
	} {
		kept, lines := tell([]byte(text))
		again, twice := tell(kept)
		if !equal(lines, want) || !equal(twice, want) || !bytes.Equal(kept, again) {
			t.Errorf("%q: lines %v, and %v when read again; want %v", text, lines, twice, want)
		}
	}
}

func equal(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
