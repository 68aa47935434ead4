package usage

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

func TestResolver(t *testing.T) {
	day := period.NewDate(2026, 9, 15)
	w := org.World{Organisations: []org.Organisation{
		{ID: "org_a", Key: "a", Kind: org.Customer, Tenant: "T-A", Entitlements: []org.Entitlement{
			{Provider: "E-1", Period: period.Period{End: day}}}},
		{ID: "org_b", Key: "b", Kind: org.Customer, Tenant: "T-B", Entitlements: []org.Entitlement{
			{Provider: "E-1", Period: period.Period{Start: day}}}},
		{ID: "org_c", Key: "c", Kind: org.Customer, Tenant: "T-C"},
		{ID: "org_r", Key: "r", Kind: org.Reseller},
	}}
	v := Resolver{Index: w.Index(), Resolutions: []Resolution{
		{Kind: "entitlement", Ref: "E-9", Target: "a"}, {Kind: "customer", Ref: "T-X", Target: "c"},
		{Kind: "customer", Ref: "T-R", Target: "r"},
	}}
	for name, c := range map[string]struct {
		entitlement, tenant string
		on                  period.Date
		key, reason         string
	}{
		"listed, the day before it moves":       {"e-1", "T-A", day.AddDays(-1), "a", ""},
		"listed, the day it moves":              {"E-1", "T-A", day, "b", ""},
		"answered entitlement":                  {"E-9", "T-B", day, "a", ""},
		"unlisted, and its customer lists some": {"E-7", "T-A", day, "", UnknownEntitlement},
		"unlisted, and its customer lists none": {"E-7", "t-c", day, "c", ""},
		"answered tenant":                       {"E-7", "T-X", day, "c", ""},
		"nobody's tenant":                       {"E-7", "T-Y", day, "", UnknownCustomer},
		"blank tenant":                          {"", "", day, "", UnknownCustomer},
		"an answer must name a customer":        {"", "T-R", day, "", UnknownCustomer},
		"a charge has no entitlement":           {"", "T-A", day, "a", ""},
		"a row without a tenant":                {"E-8", "", day, "", UnknownEntitlement},
	} {
		t.Run(name, func(t *testing.T) {
			o, reason := v.Customer(c.entitlement, c.tenant, c.on)
			key := ""
			if o != nil {
				key = o.Key
			}
			if key != c.key || reason != c.reason {
				t.Errorf("%q (%s), want %q (%s)", key, reason, c.key, c.reason)
			}
		})
	}
}

func TestFamily(t *testing.T) {
	end := period.NewDate(2026, 9, 30)
	for want, l := range map[string]StatementLine{
		pricing.FamilyMarketplace: {PublisherName: "Fabrikam", PublisherID: "28503520", TermAndBillingCycle: "1 Year Reservation"},
		pricing.FamilyReservation: {PublisherName: "Microsoft", TermAndBillingCycle: "1 Year Reservation, One-Year"},
		pricing.FamilySavingsPlan: {TermAndBillingCycle: "1 Year Savings Plan"},
		pricing.FamilySoftware:    {TermAndBillingCycle: "1 Year Subscription"},
		pricing.FamilyLicence:     {TermAndBillingCycle: "One-Month commitment for trial"},
		pricing.FamilyPerpetual:   {},
		pricing.FamilyAzure:       {ChargeEnd: end, SubscriptionDescription: "Azure Plan"},
		"":                        {ChargeEnd: end, SubscriptionDescription: "something else"},
	} {
		if got := Family(&l); got != want {
			t.Errorf("%+v is %s, want %s", l, got, want)
		}
	}
}

// A line with daily rows behind it is never charged; an Azure line without them is neither charged nor dropped;
// identical lines are two charges.
func TestCharges(t *testing.T) {
	line := func(meter, term string) SealedLine {
		return SealedLine{StatementLine: StatementLine{
			InvoiceNumber: "G1", SubscriptionID: "s", ProductID: "p", SkuID: "k", MeterDescription: meter,
			TermAndBillingCycle: term, Subtotal: money.MustParse("10.00"), Currency: "EUR",
			ChargeStart: period.NewDate(2026, 9, 1), ChargeEnd: period.NewDate(2026, 9, 30),
		}}
	}
	lines := []SealedLine{line("backed", ""), line("lost", ""), line("", "One-Year commitment"), line("", "One-Year commitment")}
	lines[1].SkuID, lines[3].Line = "lost", 4
	var behind Behind
	behind.Of(&Entry{InvoiceNumber: "G1", SubscriptionID: "S", ProductID: "p", SkuID: "k"})(money.MustParse("10.004"))
	charges, controls, orphans := behind.Charges(lines)
	if len(charges) != 2 || len(controls) != 1 || len(orphans) != 1 || orphans[0].MeterDescription != "lost" {
		t.Fatalf("%d charges, %d controls, %d orphans", len(charges), len(controls), len(orphans))
	}
	if charges[0].ID == charges[1].ID {
		t.Error("two identical lines are two charges, with two ids")
	}
	if got := charges[0].Service.End; got != period.NewDate(2026, 10, 1) {
		t.Errorf("printed ends are inclusive, ours are not: %s", got)
	}
}

// The provider prints what it takes back with the quantity as it was and a negative price: 10 seats cancelled at −9.42
// are −94.20 (worked example W10). Sold by the seat, that is −10 seats.
func TestCreditsTakeBack(t *testing.T) {
	for _, c := range []struct{ quantity, billable, subtotal, want string }{
		{"10", "10", "100.80", "10"}, {"10", "10", "-94.20", "-10"}, {"2", "", "-10.42", "-2"}, {"-2", "-2", "-10.42", "-2"}, {"25", "25", "0", "25"},
	} {
		number := func(s string) (d money.Decimal) {
			if s != "" {
				d = money.MustParse(s)
			}
			return d
		}
		l := SealedLine{StatementLine: StatementLine{
			TermAndBillingCycle: "One-Year commitment", Quantity: number(c.quantity), BillableQuantity: number(c.billable), Subtotal: number(c.subtotal),
		}}
		charges, _, _ := (*Behind)(nil).Charges([]SealedLine{l})
		if got := charges[0].Quantity.String(); got != c.want {
			t.Errorf("%s for %s is a quantity of %s, want %s", c.quantity, c.subtotal, got, c.want)
		}
	}
}
