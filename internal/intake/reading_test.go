package intake_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// strict is the version of rules that tests try out: it takes no day that has a time behind it.
const strict = usage.Reading + 1

func readStrictly(v installation) {
	before := v.ParseDay
	v.ParseDay = func(reading int, text []byte) (period.Date, bool) {
		if reading >= strict && bytes.ContainsAny(text, "T ") {
			return 0, false
		}
		return before(reading, text)
	}
}

// Each file keeps by which rules it was read, and a usage store is rebuilt by them: opening an installation rebuilds it
// at the end and compares.
func TestFilesKeepTheirReading(t *testing.T) {
	v := open(t)
	readStrictly(v)
	timed := bytes.ReplaceAll(text(line("G1", 1, 1, 100), line("G1", 1, 2, 200)), []byte("/2026,"), []byte("/2026 01:00:00,"))
	load := v.mustImport(t, intake.Request{}, timed)
	if load.Rows.Sealed != 2 || load.Files[0].Reading != usage.Reading {
		t.Errorf("read by today's rules: %+v", load.Files)
	}
	v.Service.Reading = strict
	load = v.mustImport(t, intake.Request{}, bytes.ReplaceAll(timed, []byte("G1"), []byte("G2")))
	if load.Rows.Quarantined != 2 || load.Files[0].Reading != strict {
		t.Errorf("read by later rules: %+v", load.Files)
	}
	load = v.mustImport(t, intake.Request{}, text(line("G2", 2, 1, 100)))
	if load.Rows.Sealed != 1 || load.Files[0].Reading != strict {
		t.Errorf("without the fault: %+v", load.Files)
	}
	v.expect(t, "4", 3)
}

// A file that was imported by earlier rules is known again, whatever today's rules would make of it; what is new is read
// by today's.
func TestKnownFilesAreReadAsBefore(t *testing.T) {
	for name, rows := range map[string]int{"some rows": 2, "so many that today's rules would refuse the file": 150} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			readStrictly(v)
			var lines []string
			for i := range rows {
				lines = append(lines, line("G1", i, 1+i%30, 100))
			}
			plain := text(append(slices.Clone(lines), line("G3", 1, 1, 5))...)
			timed := bytes.ReplaceAll(text(lines...), []byte("/2026,"), []byte("/2026 01:00:00,"))
			first := v.mustImport(t, intake.Request{}, timed)
			cost := money.FromInt(int64(rows))
			v.expect(t, cost.String(), int64(rows))
			v.Service.Reading = strict
			again := v.mustImport(t, intake.Request{}, timed)
			if again.Rows.Skipped != int64(rows) || again.Rows.In != int64(rows) || again.Files[0].Reading != usage.Reading || again.Files[0].Digest != first.Files[0].Digest {
				t.Errorf("the same file again: %+v", again)
			}
			again = v.mustImport(t, intake.Request{Supersede: true}, bytes.ReplaceAll(timed, []byte("G1"), []byte("G2")), timed)
			if again.Rows.Skipped != int64(rows) || again.Rows.Sealed != 0 {
				t.Errorf("beside a new file with the fault: %+v", again.Rows)
			}
			again = v.mustImport(t, intake.Request{}, plain)
			if again.Rows.Sealed != 1 || again.Rows.Skipped != int64(rows) || again.Files[0].Reading != strict {
				t.Errorf("the same rows in another file, and one more: %+v", again)
			}
			v.expect(t, cost.Add(money.MustParse("0.05")).String(), int64(rows)+1)
		})
	}
}
