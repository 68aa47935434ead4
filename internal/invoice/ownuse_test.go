package invoice_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// ownLines is a licence of customer b, one of the partner's own tenant, and a support plan without a customer.
func ownLines() string {
	lines := installtest.LineFile(installtest.Line{Tenant: "t-b", Subtotal: "50.00"}, installtest.Line{Tenant: "p-1", Subtotal: "70.00"},
		installtest.Line{Tenant: "nobody", Subtotal: "100.00", Product: "SUPPORT"})
	return strings.Replace(lines, "p-1,nobody,", "p-1,,", 1)
}

func owned(t *testing.T, run invoice.Run, rows int64, cost string) {
	t.Helper()
	if run.Tally.OwnUse.Rows != rows || rows > 0 && run.Tally.OwnUse.Cost["EUR"].String() != cost {
		t.Errorf("own use: %+v, want %d over %s", run.Tally.OwnUse, rows, cost)
	}
}

// TestOwnUse: the partner's own use counts as cost, is billed to nobody and is not on the worklist: use of its
// tenant, and a line without a customer once it was resolved as own use, by its charge or by its product.
func TestOwnUse(t *testing.T) {
	for _, kind := range []string{usage.ChargeRef, usage.ProductRef} {
		n := installtest.New(t)
		ctx := installtest.Operator(t.Context())
		n.Import(t, intake.Request{Period: installtest.September}, ownLines())
		run := n.Draft(t)
		owned(t, run, 1, "70")
		if run.Tally.Unresolved != 1 || len(run.Unresolved) != 1 || run.Unresolved[0].Kind != usage.ChargeRef {
			t.Fatalf("unresolved: %+v", run.Unresolved)
		}
		ref := "support"
		for r := range run.Unresolved[0].Refs {
			if kind == usage.ChargeRef {
				ref = r
			}
			if !strings.Contains(run.Unresolved[0].Names[r], "SUPPORT") {
				t.Errorf("nobody can tell what %s is: %v", r, run.Unresolved[0].Names)
			}
		}
		if err := n.Usage.Resolve(ctx, usage.Resolution{Kind: kind, Ref: ref, Target: "own_use"}, n.Known); err != nil {
			t.Fatal(err)
		}
		run = n.Draft(t)
		owned(t, run, 2, "170")
		if run.Tally.Unresolved != 0 || run.Tally.Cost["EUR"].String() != "220" {
			t.Errorf("%d unresolved, cost %v", run.Tally.Unresolved, run.Tally.Cost)
		}
		if got, want := nets(n.Bill(t)), []string{"p→b 1: 60"}; !slices.Equal(got, want) {
			t.Errorf("issued %v, want %v", got, want)
		}
	}
}

// TestAnsweredCharge: a charge without a customer can be resolved to a customer; a charge with a customer cannot be resolved to another.
func TestAnsweredCharge(t *testing.T) {
	n := installtest.New(t)
	ctx := installtest.Operator(t.Context())
	n.Import(t, intake.Request{Period: installtest.September}, ownLines())
	charge := ""
	for r := range n.Draft(t).Unresolved[0].Refs {
		charge = r
	}
	if err := n.Usage.Resolve(ctx, usage.Resolution{Kind: "charge", Ref: charge, Target: "b"}, n.Known); err != nil {
		t.Fatal(err)
	}
	if got, want := nets(n.Bill(t)), []string{"p→b 1: 180"}; !slices.Equal(got, want) { // (50 + 100) × 1.2
		t.Errorf("issued %v, want %v", got, want)
	}
	err := n.Usage.Resolve(ctx, usage.Resolution{Kind: "charge", Ref: "chg_other", Target: "own_use"}, n.Known)
	if fault.CodeOf(err) != "reference_not_found" {
		t.Errorf("a charge there is not: %v", err)
	}
	err = n.Usage.Resolve(ctx, usage.Resolution{Kind: "charge", Ref: charge, Target: "software"}, n.Known)
	if fault.CodeOf(err) != "unknown_target" {
		t.Errorf("a family for a charge: %v", err)
	}
}

// TestOwnUsage: rows of the partner's entitlements, of its further tenants and of resolved references are its own
// use; a customer's rows stay the customer's.
func TestOwnUsage(t *testing.T) {
	n := installtest.New(t)
	ctx := installtest.Operator(t.Context())
	w := installtest.Small()
	w.Organisations[0].Tenants = []string{"T-Lab"}
	w.Organisations[0].Entitlements = []org.Entitlement{{Provider: "E-Own"}}
	n.Settle(t, w)
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(
		installtest.Row{Tenant: "t-b", Cost: "10"}, installtest.Row{Tenant: "t-b", Entitlement: "e-own", Cost: "1"},
		installtest.Row{Tenant: "t-lab", Entitlement: "e-lab", Cost: "2"}, installtest.Row{Tenant: "p-1", Entitlement: "e-p", Cost: "3"},
		installtest.Row{Tenant: "t-x", Entitlement: "e-x", Cost: "4"}, installtest.Row{Entitlement: "e-loose", Cost: "5"}))
	run := n.Draft(t)
	owned(t, run, 3, "6")
	if run.Tally.Unresolved != 2 {
		t.Errorf("unresolved: %+v", run.Unresolved)
	}
	for _, x := range []usage.Resolution{{Kind: "customer", Ref: "t-x", Target: "own_use"}, {Kind: "entitlement", Ref: "e-loose", Target: "Own_Use"}} {
		if err := n.Usage.Resolve(ctx, x, n.Known); err != nil {
			t.Fatal(err)
		}
	}
	run = n.Draft(t)
	owned(t, run, 5, "15")
	if run.Tally.Unresolved != 0 {
		t.Errorf("unresolved: %+v", run.Unresolved)
	}
	if got, want := nets(n.Bill(t)), []string{"p→b 1: 12"}; !slices.Equal(got, want) {
		t.Errorf("issued %v, want %v", got, want)
	}
}
