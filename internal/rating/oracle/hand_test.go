package oracle_test

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating/oracle"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// byHand is partner → reseller → customer; the reseller pays in EUR, the customer in CHF.
func byHand(first, second pricing.Rule) *oracle.World {
	return &oracle.World{
		World: org.World{
			Organisations: []org.Organisation{
				{ID: "p", Key: "p", Kind: org.Partner}, {ID: "r", Key: "r", Kind: org.Reseller}, {ID: "c", Key: "c", Kind: org.Customer, Tenant: "T"},
			},
			Edges: []org.Edge{
				{ID: "1", Seller: "p", Buyer: "r", Terms: org.Terms{Book: "b", Currency: "EUR"}},
				{ID: "2", Seller: "r", Buyer: "c", Terms: org.Terms{Book: "b", Currency: "CHF"}},
			},
			Rates: []org.Rate{{From: "EUR", To: "CHF", Month: september, Value: money.MustParse("0.9431")}},
		},
		Books: []pricing.Book{
			{Owner: "p", Key: "b", Version: 1, From: day(1), Rules: []pricing.Rule{first}},
			{Owner: "r", Key: "b", Version: 1, From: day(1), Rules: []pricing.Rule{second}},
		},
	}
}

// sampled is a row as the provider publishes one: 23.200004 hours at 0.868 USD, less 15 %.
func sampled() *oracle.Row {
	var r oracle.Row
	for c, text := range map[usage.Column]string{
		usage.PartnerID: "A", usage.CustomerID: "t", usage.EntitlementID: "e", usage.UsageDate: "9/13/2026", usage.UnitPrice: "0.868",
		usage.Quantity: "23.200004", usage.BillingPreTaxTotal: "14.484664541", usage.PricingPreTaxTotal: "17.1169629512", usage.BillingCurrency: "EUR",
		usage.PricingCurrency: "USD", usage.ExchangeRate: "0.846202666", usage.EarnedCredit: "15", usage.MeterCategory: "Virtual Machines",
	} {
		r[c] = text
	}
	return &r
}

// What the oracle says of one row, worked out by hand from money-path §4.
func TestByHand(t *testing.T) {
	price := func(kind pricing.PriceKind, factor string) pricing.Rule {
		return pricing.Rule{Key: "all", Price: pricing.Price{Kind: kind, Factor: money.MustParse(factor)}}
	}
	unit := pricing.Rule{Key: "all", Price: pricing.Price{Kind: pricing.UnitPrice, Unit: money.MustParse("0.7"), Currency: "CHF"}}
	benefit := func(r *oracle.Row) { r[usage.BenefitType], r[usage.BillingPreTaxTotal] = "SavingsPlan", "0.00" }
	forCovered := func(r pricing.Rule) pricing.Rule { r.Covered = true; return r }
	cost := price(pricing.CostFactor, "1")
	for name, c := range map[string]struct {
		first, second pricing.Rule
		change        func(*oracle.Row)
		sold          []string
		reason        string
	}{
		// 14.484664541 × 1.12 = 16.22282428592; × 1.003 × 0.9431 = 15.345644820803305456
		"markup on markup, converted once": {price(pricing.CostFactor, "1.12"), price(pricing.CostFactor, "1.003"), nil,
			[]string{"16.22282428592", "15.345644820803305456"}, ""},
		// 23.200004 × 0.868 × 0.846202666 = 17.040785946…
		"before credit":                      {price(pricing.CostBeforeCreditFactor, "1"), cost, nil, []string{"17.040493744857256352", "16.0708896507748784655712"}, ""},
		"a unit price in its own currency":   {cost, unit, nil, []string{"14.484664541", "16.2400028"}, ""},
		"free, and sold on at 0":             {price(pricing.Free, "0"), price(pricing.CostFactor, "2"), nil, []string{"0", "0"}, ""},
		"covered, and nobody asks":           {cost, unit, benefit, []string{"0", "0"}, ""},
		"covered, and the customer pays":     {cost, forCovered(unit), benefit, []string{"0", "16.2400028"}, ""},
		"covered, at list":                   {forCovered(price(pricing.ListFactor, "1")), cost, benefit, []string{"17.040493744857256352", "0"}, ""},
		"a benefit with an amount":           {cost, cost, func(r *oracle.Row) { r[usage.BenefitType] = "SavingsPlan" }, []string{"14.484664541", "13.6604871286171"}, ""},
		"no exchange rate printed":           {price(pricing.ListFactor, "1"), cost, func(r *oracle.Row) { r[usage.ExchangeRate] = "" }, nil, oracle.MissingRate},
		"the wrong month":                    {cost, cost, func(r *oracle.Row) { r[usage.UsageDate] = "10/13/2026" }, nil, oracle.MissingRate},
		"nothing, and still no rate for it":  {cost, cost, func(r *oracle.Row) { r[usage.UsageDate], r[usage.BillingPreTaxTotal] = "10/13/2026", "0" }, nil, oracle.MissingRate},
		"before any version":                 {cost, cost, func(r *oracle.Row) { r[usage.UsageDate] = "8/31/2026" }, nil, oracle.NoBook},
		"nobody's tenant":                    {cost, cost, func(r *oracle.Row) { r[usage.CustomerID] = "t2" }, nil, oracle.UnknownCustomer},
		"no rule":                            {cost, pricing.Rule{Match: pricing.Match{Category: []string{"Storage"}}}, nil, nil, oracle.NoRate},
		"a rule that matches in other cases": {cost, pricing.Rule{Match: pricing.Match{Category: []string{"x", "VIRTUAL machines"}}, Price: unit.Price}, nil, []string{"14.484664541", "16.2400028"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := byHand(c.first, c.second), sampled()
			if c.change != nil {
				c.change(r)
			}
			o := w.Usage(r)
			if o.Reason != c.reason || len(o.Steps) != len(c.sold) {
				t.Fatalf("%d steps, %q; want %d, %q", len(o.Steps), o.Reason, len(c.sold), c.reason)
			}
			for i, s := range o.Steps {
				if s.Sold.Value.String() != c.sold[i] || s.Sold.Currency != s.Edge.Terms.Currency {
					t.Errorf("edge %d sells for %s %s, want %s", i+1, s.Sold.Value, s.Sold.Currency, c.sold[i])
				}
			}
		})
	}
}

// Excluded on an edge is excluded on every edge below it, and sold above it.
func TestExcludedByHand(t *testing.T) {
	cost := pricing.Rule{Price: pricing.Price{Kind: pricing.CostFactor, Factor: money.FromInt(1)}}
	w := byHand(cost, pricing.Rule{Price: pricing.Price{Kind: pricing.Excluded}})
	if o := w.Usage(sampled()); o.ExcludedOn == nil || o.ExcludedOn.ID != "2" || len(o.Steps) != 1 || o.Reason != "" {
		t.Errorf("%+v", o)
	}
}

func TestNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0.00": "0", "12.50": "12.5", "-.5": "-0.5", "1E-7": "0.0000001", "1.5e3": "1500", "+7.": "7", "007": "7",
		"0.0000000000000000000000000000000000000000000000001": "0.0000000000000000000000000000000000000000000000001",
	} {
		if n, ok := oracle.Parse(in); !ok || n.String() != want {
			t.Errorf("%q is %s, want %s", in, n, want)
		}
	}
	for _, in := range []string{"", ".", "-", "1,5", "1.2.3", "1e", "--1", "1-", "NaN", "1 ", "1.-5", "0x1"} {
		if n, ok := oracle.Parse(in); ok {
			t.Errorf("%q is %s, and should be no number", in, n)
		}
	}
}

// A charge is priced by its tenant, on its first day inside the month, and has no list price.
func TestChargeByHand(t *testing.T) {
	cost := pricing.Rule{Price: pricing.Price{Kind: pricing.CostFactor, Factor: money.MustParse("1.1")}}
	w := byHand(cost, cost)
	w.Edges[1].Start = day(10)
	for start, want := range map[string]string{"8/1/2026": oracle.NoChain, "9/9/2026": oracle.NoChain, "9/10/2026": "", "10/1/2026": oracle.NoChain} {
		l := &oracle.Line{Text: map[string]string{"CustomerId": "T", "Subtotal": "-8.40", "Currency": "EUR", "ChargeStartDate": start}}
		o := w.Charge(l, september, "")
		if o.Reason != want || want == "" && o.Steps[1].Sold.Value.String() != "-9.5856684" {
			t.Errorf("from %s: %+v", start, o)
		}
	}
	w.Books[0].Rules[0].Price.Kind = pricing.ListFactor
	l := &oracle.Line{Text: map[string]string{"CustomerId": "T", "Subtotal": "8.40", "Currency": "EUR", "ChargeStartDate": "9/20/2026", "ProductId": "CFQ7", "SkuId": "0001"}}
	w.Books[0].Rules[0].Key = "public"
	if o := w.Charge(l, september, ""); o.Reason != oracle.MissingList || o.Ref != "CFQ7/0001 2026-09 (rule public)" {
		t.Errorf("on list: %+v", o)
	}
}
