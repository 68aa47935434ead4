package microsoft

import (
	"bytes"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/intake/microsoft/malformed"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// drain reads a file to its end: how many rows there were, and why it stopped.
func drain(b []byte, want usage.Dataset) (rows int64, warnings []usage.Problem, err error) {
	dec, _, err := Open("f.csv", want, usage.Reading, bytes.NewReader(b))
	if err != nil {
		return 0, nil, err
	}
	for {
		block, err := dec.Next()
		if err != nil {
			if err.Error() == "EOF" {
				err = nil
			}
			return rows, dec.Warnings(), err
		}
		if err := block.Rows(func(*intake.Row) error { rows++; return nil }); err != nil {
			return rows, nil, err
		}
	}
}

// The decoder refuses what is no file of rows; everything else it delivers, row by row. What becomes of the rows is
// the importer's part of the same table.
func TestMalformedFiles(t *testing.T) {
	for _, f := range malformed.Files() {
		t.Run(f.Name, func(t *testing.T) {
			rows, _, err := drain(f.Bytes, usage.DailyUsage)
			if f.Verdict == malformed.Refused && !f.Read {
				if code := fault.CodeOf(err); err == nil || code != f.Code {
					t.Fatalf("%d rows, %v (%s); want it refused as %s", rows, err, code, f.Code)
				}
				return
			}
			if err != nil || rows != f.Rows.In {
				t.Fatalf("%d rows, %v; want %d rows", rows, err, f.Rows.In)
			}
		})
	}
}
