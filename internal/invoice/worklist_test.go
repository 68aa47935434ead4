package invoice_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// waiting is the worklist: kind, reference and cost.
func waiting(list []invoice.Unresolved) (out []string) {
	for _, u := range list {
		for ref, cost := range u.Refs {
			out = append(out, fmt.Sprintf("%s %s %s %s", u.Reason, u.Kind, ref, cost["EUR"]))
		}
	}
	slices.Sort(out)
	return out
}

func nets(list []invoice.Summary) (out []string) {
	for _, s := range list {
		out = append(out, fmt.Sprintf("%s→%s %d: %s", s.Seller, s.Buyer, s.Ordinal, s.Net))
	}
	slices.Sort(out)
	return out
}

// TestWorklist: rows of unknown customers, entitlements and products wait and block nothing else; rows resolved after
// the invoices were issued go on the next draft.
func TestWorklist(t *testing.T) {
	n := installtest.New(t)
	ctx := installtest.Operator(t.Context())
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(
		installtest.Row{Cost: "100"}, installtest.Row{Entitlement: "e-new", Cost: "10"},
		installtest.Row{Tenant: "t-x", Entitlement: "e-x", Cost: "20"}, installtest.Row{Tenant: "t-b", Cost: "40"},
	))
	n.Import(t, intake.Request{}, installtest.LineFile(
		installtest.Line{Subtotal: "8.00", Tenant: "t-b"},
		installtest.Line{Subtotal: "5.00", Product: "ODD1", Term: "none"}, installtest.Line{Subtotal: "3.00", Product: "odd1", Tenant: "t-b", Term: "none"},
		installtest.Line{Subtotal: "2.00", Tenant: "t-x"},
	))
	want := []string{
		"unknown_customer customer t-x 22", "unknown_entitlement entitlement e-new 10", "unknown_product product ODD1 5", "unknown_product product odd1 3",
	}
	list, err := n.Invoices.Unresolved(ctx, installtest.September)
	if err != nil || !slices.Equal(waiting(list), want) {
		t.Fatalf("%v, %v; want %v", waiting(list), err, want)
	}
	// a: 100 × 1.1 to r, × 1.25 to a; b: (40 + 8) × 1.2.
	if got, want := nets(n.Bill(t)), []string{"p→b 1: 57.6", "p→r 1: 110", "r→a 1: 137.5"}; !slices.Equal(got, want) {
		t.Errorf("issued %v, want %v", got, want)
	}
	for _, x := range []usage.Resolution{
		{Kind: "customer", Ref: "T-X", Target: "b"}, {Kind: "entitlement", Ref: " E-New", Target: "a"}, {Kind: "product", Ref: "Odd1", Target: "Software"},
	} {
		if err := n.Usage.Resolve(ctx, x, n.Known); err != nil {
			t.Fatal(err)
		}
	}
	list, err = n.Invoices.Unresolved(ctx, installtest.September)
	if err != nil || len(list) != 0 {
		t.Errorf("still waiting: %v, %v", waiting(list), err)
	}
	// a: (10 + 5) × 1.1 × 1.25; b: (22 + 3) × 1.2.
	if got, want := nets(n.Bill(t)), []string{"p→b 2: 30", "p→r 2: 16.5", "r→a 2: 20.63"}; !slices.Equal(got, want) {
		t.Errorf("issued next %v, want %v", got, want)
	}
	if got := n.Bill(t); len(got) != 0 {
		t.Errorf("issued once more: %v", nets(got))
	}
}

// TestResolutionsDecidePrices: the family given by a resolution decides which rule prices a charge, and a row without
// a tenant can be resolved by its entitlement.
func TestResolutionsDecidePrices(t *testing.T) {
	n := installtest.New(t)
	ctx := installtest.Operator(t.Context())
	file := installtest.UsageFile(installtest.Row{Tenant: "t-b", Cost: "40"})
	n.Import(t, intake.Request{Complete: true}, strings.Replace(file, "p-1,t-b,", "p-1,,", 1))
	list, err := n.Invoices.Unresolved(ctx, installtest.September)
	if want := []string{"unknown_entitlement entitlement e-b 40"}; err != nil || !slices.Equal(waiting(list), want) {
		t.Fatalf("%v, %v; want %v", waiting(list), err, want)
	}
	if err := n.Usage.Resolve(ctx, usage.Resolution{Kind: "entitlement", Ref: "e-b", Target: "b"}, n.Known); err != nil {
		t.Fatal(err)
	}
	books := installtest.SmallBooks()
	retail := books[1]
	retail.Rules[0].Match.Family = []string{"azure"}
	software := retail.Rules[0]
	software.Key, software.Match.Family, software.Price.Factor = "software", []string{"software"}, software.Price.Factor.Mul(software.Price.Factor)
	retail.Rules = append(retail.Rules, software)
	retail.From++
	n.Settle(t, installtest.Small(), retail)
	n.Import(t, intake.Request{}, installtest.LineFile(installtest.Line{Tenant: "t-b", Subtotal: "100.00", Product: "ODD1", Term: "none"}))
	if err := n.Usage.Resolve(ctx, usage.Resolution{Kind: "product", Ref: "ODD1", Target: "software"}, n.Known); err != nil {
		t.Fatal(err)
	}
	if got, want := nets(n.Bill(t)), []string{"p→b 1: 192"}; !slices.Equal(got, want) { // 40 × 1.2 + 100 × 1.2 × 1.2
		t.Errorf("%v, want %v", got, want)
	}
}

// TestInvalidResolutions: an invalid resolution is refused, and the error says why.
func TestInvalidResolutions(t *testing.T) {
	n := installtest.New(t)
	n.Import(t, intake.Request{}, installtest.UsageFile(installtest.Row{}))
	n.Import(t, intake.Request{}, installtest.LineFile(installtest.Line{Subtotal: "5.00", Product: "ODD1", Term: "none"}))
	for name, c := range map[string]struct {
		x    usage.Resolution
		kind fault.Kind
		code string
		says string
	}{
		"another kind":             {usage.Resolution{Kind: "meter", Ref: "e-a", Target: "a"}, fault.Invalid, "bad_resolution", "a product"},
		"no reference":             {usage.Resolution{Kind: "customer", Ref: " ", Target: "a"}, fault.Invalid, "bad_resolution", "reference"},
		"nobody's tenant":          {usage.Resolution{Kind: "customer", Ref: "t-zz", Target: "a"}, fault.NotFound, "reference_not_found", `customer "t-zz"`},
		"nobody's entitlement":     {usage.Resolution{Kind: "entitlement", Ref: "t-a", Target: "a"}, fault.NotFound, "reference_not_found", "entitlement"},
		"a product nobody printed": {usage.Resolution{Kind: "product", Ref: "DZH1", Target: "azure"}, fault.NotFound, "reference_not_found", "product"},
		"no customer":              {usage.Resolution{Kind: "entitlement", Ref: "e-a", Target: "zz"}, fault.Invalid, "unknown_target", `customer "zz"`},
		"a reseller":               {usage.Resolution{Kind: "customer", Ref: "t-a", Target: "r"}, fault.Invalid, "unknown_target", "customer"},
		"no family":                {usage.Resolution{Kind: "product", Ref: "odd1", Target: "a"}, fault.Invalid, "unknown_target", "savings_plan"},
	} {
		t.Run(name, func(t *testing.T) {
			err := n.Usage.Resolve(installtest.Operator(t.Context()), c.x, n.Known)
			if fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("%v (%s)", err, fault.CodeOf(err))
			}
		})
	}
	if list, err := n.Usage.Resolved(installtest.Operator(t.Context())); err != nil || len(list) != 0 {
		t.Errorf("kept %v, %v", list, err)
	}
	if rating.NoBook.Answerable() != "" {
		t.Error("a missing book is answered in the books")
	}
}
