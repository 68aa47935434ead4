package check_test

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/installtest"
)

// Which rows of a batch count changes: first unbilled ones stand in for some, then a correction replaces others. As many
// rows on two worksheets need not be the same ones.
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
