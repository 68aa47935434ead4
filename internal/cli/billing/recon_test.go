package billing

import (
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/recon"
)

// What to do is said by whose mistake a difference is: nothing is claimed from the provider that is ours.
func TestDisagreementSaysWhatToDo(t *testing.T) {
	for code, want := range map[recon.Code]string{
		recon.WrongPrice: "claim", recon.DoubledLine: "claim", recon.NoRows: "import", recon.NotImported: "import", recon.RowsOff: "check",
		recon.OtherMonth: "month or invoice", recon.MissingInvoice: "month or invoice", recon.OtherPartner: "another partner",
	} {
		err := Disagreement(recon.Result{Differences: []recon.Difference{{Code: code}}})
		if err == nil || !strings.Contains(err.Error(), want) || want != "claim" && strings.Contains(err.Error(), "claim") {
			t.Errorf("%s: %v", code, err)
		}
	}
	both := Disagreement(recon.Result{Differences: []recon.Difference{{Code: recon.Cent}, {Code: recon.NoRows}}})
	if s := both.Error(); !strings.Contains(s, "claim") || !strings.Contains(s, "import") {
		t.Errorf("both: %s", s)
	}
	if err := Disagreement(recon.Result{}); err != nil {
		t.Errorf("nothing is wrong: %v", err)
	}
}
