package check_test

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/installtest"
)

// TestOtherRowsOfAGroup: the rows of a batch that count change; first unbilled rows replace some of them, then a
// correction replaces others. Two worksheets with the same number of rows need not have the same rows.
func TestOtherRowsOfAGroup(t *testing.T) {
	n := installtest.New(t)
	n.OtherRowsCount(t)
	r, err := service(n, n.Rows).Run(installtest.Operator(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Violations {
		t.Errorf("%s: %s: %s", v.Check, v.Subject, v.Text)
	}
}
