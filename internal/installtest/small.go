package installtest

import (
	"fmt"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// Small is a partner "p", a reseller "r" who buys from it, a customer "a" (tenant t-a, entitlement e-a) of the
// reseller and a customer "b" (t-b, no entitlements listed) of the partner.
func Small() org.World {
	since := period.Period{Start: period.NewDate(2026, 1, 1)}
	one := func(key string, kind org.Kind, tenant string) org.Organisation {
		return org.Organisation{ID: org.OrganisationID(key), Key: key, Kind: kind, Tenant: tenant,
			Legal: org.LegalEntity{Name: "The " + key + " GmbH", Street: "Weg 1", City: "Berlin", PostalCode: "10115", Country: "DE", VATID: "DE11" + strings.ToUpper(key)}}
	}
	edge := func(seller, buyer, book string) org.Edge {
		s, b := org.OrganisationID(seller), org.OrganisationID(buyer)
		return org.Edge{ID: org.EdgeID(s, b, since.Start), Seller: s, Buyer: b, Period: since,
			Terms: org.Terms{Book: book, Currency: "EUR", PaymentDays: 14, Series: strings.ToUpper(seller)}}
	}
	a := one("a", org.Customer, "t-a")
	a.Entitlements = []org.Entitlement{{Provider: "e-a", Period: since}}
	return org.World{
		Organisations: []org.Organisation{one("p", org.Partner, "p-1"), one("r", org.Reseller, ""), a, one("b", org.Customer, "t-b")},
		Edges:         []org.Edge{edge("p", "r", "wholesale"), edge("p", "b", "retail"), edge("r", "a", "retail")},
	}
}

// SmallBooks price it: the partner adds 10 % for resellers and 20 % for customers, the reseller 25 %.
func SmallBooks() []pricing.Book {
	book := func(owner, key, factor string) pricing.Book {
		return pricing.Book{Owner: owner, Key: key, From: period.NewDate(2026, 1, 1), Currency: "EUR",
			Rules: []pricing.Rule{{Key: "all", Price: pricing.Price{Kind: pricing.CostFactor, Factor: money.MustParse(factor)}}}}
	}
	return []pricing.Book{book("p", "wholesale", "1.1"), book("p", "retail", "1.2"), book("r", "retail", "1.25")}
}

// Row is one row of daily usage; fields left out are those of customer a on 1 September, billed on G1.
type Row struct {
	Tenant, Entitlement, Invoice, Day, Meter, Quantity, Price, Cost string
	Unbilled                                                        bool
}

// UsageFile is rows as a CSV file. Cost is quantity × price unless given.
func UsageFile(rows ...Row) string {
	var b strings.Builder
	b.WriteString("PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,SubscriptionId,SubscriptionDescription,UsageDate,MeterId,MeterName,MeterCategory,UnitPrice,Quantity,BillingPreTaxTotal,BillingCurrency,PricingPreTaxTotal,PricingCurrency,PCToBCExchangeRate,EntitlementId\n")
	for _, r := range rows {
		or := func(s *string, other string) {
			if *s == "" {
				*s = other
			}
		}
		or(&r.Tenant, "t-a")
		or(&r.Entitlement, "e-"+strings.TrimPrefix(r.Tenant, "t-"))
		or(&r.Day, "9/1/2026")
		or(&r.Meter, "Meter")
		or(&r.Quantity, "1")
		or(&r.Price, "1")
		or(&r.Cost, money.MustParse(r.Quantity).Mul(money.MustParse(r.Price)).String())
		if or(&r.Invoice, "G1"); r.Unbilled {
			r.Invoice = ""
		}
		fmt.Fprintf(&b, "p-1,%s,%s,DZH1,0001,plan-%s,Azure plan,%s,m-1,%s,Compute,%s,%s,%s,EUR,%s,EUR,1,%s\n",
			r.Tenant, r.Invoice, r.Tenant, r.Day, r.Meter, r.Price, r.Quantity, r.Cost, r.Cost, r.Entitlement)
	}
	return b.String()
}

// Line is one reconciliation line; fields left out are those of a licence of customer a on G1.
type Line struct {
	Tenant, Invoice, Product, Meter, Plan, Term, Subtotal, Type string
	From, To                                                    string // first and last day; September without any
}

// LineFile is lines as a CSV file.
func LineFile(lines ...Line) string {
	var b strings.Builder
	b.WriteString("PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,ProductName,ChargeType,UnitPrice,Quantity,Subtotal,TaxTotal,Total,Currency,PublisherName,SubscriptionDescription,SubscriptionId,ChargeStartDate,ChargeEndDate,TermAndBillingCycle,PCToBCExchangeRate,MeterDescription\n")
	for _, l := range lines {
		or := func(s, other string) string {
			if s == "" {
				return other
			}
			return s
		}
		tenant := or(l.Tenant, "t-a")
		term := or(l.Term, "One-Year commitment")
		if term == "none" {
			term = ""
		}
		fmt.Fprintf(&b, "p-1,%s,%s,%s,0001,Product %s,%s,%s,1,%s,0.00,%s,EUR,Microsoft,%s,plan-%s,%s,%s,%s,1,%s\n",
			tenant, or(l.Invoice, "G1"), or(l.Product, "CFQ7"), or(l.Product, "CFQ7"), or(l.Type, "new"), l.Subtotal, l.Subtotal, l.Subtotal,
			l.Plan, tenant, or(l.From, "9/1/2026"), or(l.To, "9/30/2026"), term, l.Meter)
	}
	return b.String()
}
