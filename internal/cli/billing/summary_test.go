package billing

import (
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/recon"
)

// The month is not well billed when its statement and the books differ.
func TestVerdictSaysWhatTheStatementSays(t *testing.T) {
	euros := func(s string) money.Totals { return money.Totals{"EUR": money.MustParse(s)} }
	difference := func(c recon.Code) []recon.Difference {
		return []recon.Difference{{Code: c, Invoice: "G1", Currency: "EUR", Amount: money.FromInt(5)}}
	}
	for name, c := range map[string]struct {
		r    *recon.Result
		want []string
	}{
		"no statement":   {nil, nil},
		"it agrees":      {&recon.Result{Unexplained: euros("0")}, nil},
		"truncation":     {&recon.Result{Unexplained: euros("0"), Parts: []recon.Part{{Code: recon.PartTruncation, Currency: "EUR", Amount: money.MustParse("-0.93")}}}, nil},
		"unexplained":    {&recon.Result{Unexplained: euros("0.01")}, []string{"an unexplained difference of 0.01 EUR"}},
		"a claim":        {&recon.Result{Differences: difference(recon.WrongPrice)}, []string{"the provider is wrong in 1 place"}},
		"other partner":  {&recon.Result{Differences: difference(recon.OtherPartner)}, []string{"the statement of another partner, month or invoice in 1 place"}},
		"a missing file": {&recon.Result{Differences: difference(recon.NoRows)}, []string{"bills 5.00 EUR that is sold to nobody"}},
	} {
		s := summary{}
		if c.r != nil {
			s.reconciled(*c.r)
		}
		err := s.verdict("out")
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", name, err)
		}
		for _, text := range c.want {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v, want %q", name, err, text)
			}
		}
		if err != nil && strings.Count(err.Error(), "statement") > 1 {
			t.Errorf("%s: said twice: %v", name, err)
		}
	}
}
