package intake_test

import (
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// Covered is who names a benefit and prints an amount of 0, however long its other amounts are; and 0 with more zeros
// than a column holds is 0.
func TestCovered(t *testing.T) {
	const columns = header + ",BenefitType\n"
	for row, want := range map[string]bool{
		"p,t,G1,A,B,s,9/1/2026,m,1,2,0,EUR,0,EUR,1,e,SavingsPlan":                              true,
		"p,t,G1,A,B,s,9/1/2026,m,1,0.1234567890123456789,0.00,EUR,0,EUR,1,e,reservation":       true,
		"p,t,G1,A,B,s,9/1/2026,m,1,2,0.0000000000000000000000,EUR,0,EUR,1,e,SavingsPlan":       true,
		"p,t,G1,A,B,s,9/1/2026,m,1,2,0.0000000000000000001,EUR,0,EUR,1,e,SavingsPlan":          false,
		"p,t,G1,A,B,s,9/1/2026,m,1,2,0,EUR,0,EUR,1,e,Charge":                                   false,
		"p,t,G1,A,B,s,9/1/2026,m,1,2,1.50000000000000000000000000,EUR,1.5,EUR,1,e,SavingsPlan": false,
	} {
		v := open(t)
		load := v.mustImport(t, intake.Request{}, []byte(columns+row+"\n"))
		list, err := v.Rows.Variants(t.Context(), scope.All(), load.Number)
		if err != nil || len(list) != 1 || list[0].Value.Covered != want {
			t.Errorf("%s: %+v, %v; want covered %t", row, list, err, want)
		}
		if strings.Contains(row, "1.5000") {
			v.mustImport(t, intake.Request{}, []byte(columns+strings.Replace(row, "1.50000000000000000000000000", "1.5", 1)+"\n"))
			v.expect(t, "1.5", 1)
		}
	}
}
