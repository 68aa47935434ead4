package cli

import (
	"bytes"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// TestReportSaysEachProblemOnce: a field that the text has a line about is not printed again; other fields are.
func TestReportSaysEachProblemOnce(t *testing.T) {
	var out bytes.Buffer
	report(&out, fault.New(fault.Invalid, "world_refused", "refused:\n  rate: it is -1; a rate is above 0").With("rate", "it is -1; a rate is above 0"))
	report(&out, fault.New(fault.Conflict, "period_invoiced", "not published: days are invoiced").With("from", "lies in an invoiced period"))
	want := "purveyor: refused:\n  rate: it is -1; a rate is above 0\npurveyor: not published: days are invoiced\n  from: lies in an invoiced period\n"
	if out.String() != want {
		t.Errorf("printed\n%swant\n%s", out.String(), want)
	}
}
