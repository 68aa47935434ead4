package cli

import (
	"bytes"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// What a text tells of a field line by line is not printed a second time; a field that it does not tell of is.
func TestReportSaysEachProblemOnce(t *testing.T) {
	var out bytes.Buffer
	report(&out, fault.New(fault.Invalid, "world_refused", "refused:\n  rate: it is -1; a rate is above 0").With("rate", "it is -1; a rate is above 0"))
	report(&out, fault.New(fault.Conflict, "period_invoiced", "not published: days are invoiced").With("from", "lies in an invoiced period"))
	want := "purveyor: refused:\n  rate: it is -1; a rate is above 0\npurveyor: not published: days are invoiced\n  from: lies in an invoiced period\n"
	if out.String() != want {
		t.Errorf("printed\n%swant\n%s", out.String(), want)
	}
}
