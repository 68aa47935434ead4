package intake_test

import (
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
)

// namedText is rows with the names of their entitlement and customer.
func namedText(lines ...string) []byte {
	return []byte(header + ",EntitlementDescription,CustomerName\n" + strings.Join(lines, ",Shop production,Alpine GmbH\n") + ",Shop production,Alpine GmbH\n")
}

// Refusals name the entitlement beside its id, where the rows do.
func TestRefusalsNameTheEntitlement(t *testing.T) {
	a, other := line("G1", 1, 1, 100), line("G1", 1, 1, 250)
	for code, files := range map[string][2][]string{
		"rows_differ":     {{a}, {other}},
		"repeats_invoice": {{a}, {line("G2", 1, 1, 100)}},
	} {
		for _, named := range []bool{true, false} {
			v, make, want := open(t), text, "entitlement e-1 "
			if named {
				make, want = namedText, "entitlement e-1 (Shop production, Alpine GmbH) "
			}
			v.mustImport(t, intake.Request{}, make(files[0]...))
			if _, err := v.try(t, intake.Request{}, make(files[1]...)); fault.CodeOf(err) != code || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", code, err)
			}
		}
	}
	v := open(t)
	_, err := v.try(t, intake.Request{}, namedText(a, line("G1", 2, 1, 300)), namedText(a, line("G1", 2, 1, 400)))
	if fault.CodeOf(err) != "rows_repeated" || !strings.Contains(err.Error(), "e-1 (Shop production, Alpine GmbH)") {
		t.Errorf("%v", err)
	}
}
