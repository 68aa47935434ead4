package intake_test

import (
	"bytes"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/intake"
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
	load = v.mustImport(t, intake.Request{}, text(line("G2", 1, 1, 100)))
	if load.Rows.Sealed != 1 || load.Files[0].Reading != strict {
		t.Errorf("without the fault: %+v", load.Files)
	}
	v.expect(t, "4", 3)
}
