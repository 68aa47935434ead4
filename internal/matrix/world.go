package matrix

import (
	"fmt"
	"strings"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// organisation is one of the test's world. Its key occurs in no other text, so an answer that contains it reveals that the
// organisation exists.
type organisation struct {
	key, seller      string
	kind             org.Kind
	listPrice        string // of its usage, the provider's public price: a canary
	until, newSeller string // the day it left its seller, and the key of the new one; "" for none
}

// The world: a partner, a reseller with customers and a reseller of its own, and another reseller with a customer. One
// customer went to the other reseller when the month was over, and one left for good.
var world = []organisation{
	{key: "zpartner", kind: org.Partner},
	{key: "zreseller", seller: "zpartner", kind: org.Reseller},
	{key: "zunder", seller: "zreseller", kind: org.Reseller},
	{key: "zother", seller: "zpartner", kind: org.Reseller},
	{key: "zdirect", seller: "zpartner", kind: org.Customer, listPrice: "72130.8164"},
	{key: "zcustomer", seller: "zreseller", kind: org.Customer, listPrice: "86036.8396"},
	{key: "zsecond", seller: "zreseller", kind: org.Customer, listPrice: "99754.9612"},
	{key: "zdeep", seller: "zunder", kind: org.Customer, listPrice: "68204.1638"},
	{key: "zforeign", seller: "zother", kind: org.Customer, listPrice: "109079.1668"},
	{key: "zmoved", seller: "zreseller", kind: org.Customer, listPrice: "56938.2048", until: "2026-10-01", newSeller: "zother"},
	{key: "zended", seller: "zreseller", kind: org.Customer, listPrice: "43263.3392", until: "2026-10-01"},
}

// unknownKey is the key of an organisation that does not exist.
const unknownKey = "zmissing"

// nonexistent is an organisation like this one that does not exist.
func (p organisation) nonexistent() organisation {
	return organisation{key: unknownKey, kind: p.kind, seller: p.seller, newSeller: p.newSeller}
}

// cost is what the provider charges for its usage: the public price less the credit it gives the partner.
func (p organisation) cost() money.Decimal {
	return money.MustParse(p.listPrice).Mul(money.FromMinor(100-credit, 2))
}

// credit is the partner's earned credit, in percent.
const credit = 15

func (p organisation) entitlement() string { return "ent-" + p.key }
func (p organisation) id() id.Organisation { return org.OrganisationID(p.key) }

// identifiers are the texts by which an answer mentions the organisation.
func (p organisation) identifiers() []string { return []string{p.key, string(p.id())} }

func organisationByKey(key string) organisation {
	for _, p := range world {
		if p.key == key {
			return p
		}
	}
	return organisation{key: unknownKey, kind: org.Customer}
}

// relations are those an organisation can have to a caller's, in the order of the letters in the table.
var relations = []string{"own", "child", "sibling", "parent", "other", "moved", "ended"}

// related is the organisation in each relation to the callers of a kind; "" for none.
var related = map[org.Kind][]string{
	org.Partner:  {"zpartner", "zreseller", "", "", "zforeign", "zmoved", "zended"},
	org.Reseller: {"zreseller", "zcustomer", "zdirect", "zpartner", "zforeign", "zmoved", "zended"},
	org.Customer: {"zcustomer", "", "zsecond", "zreseller", "zforeign", "zmoved", "zended"},
}

func worldYAML() string {
	var b strings.Builder
	for _, kind := range []org.Kind{org.Partner, org.Reseller, org.Customer} {
		if kind != org.Partner {
			fmt.Fprintf(&b, "%ss:\n", kind)
		}
		for _, p := range world {
			if p.kind == kind {
				p.write(&b)
			}
		}
	}
	return b.String()
}

// partYAML is a world file about a place: of all that there is for the partner, which runs it; else of the place alone, as
// who may change a part of the tree writes it.
func (p organisation) partYAML() string {
	if p.kind == org.Partner {
		return worldYAML()
	}
	text := fmt.Sprintf("%ss:\n  - key: %s\n", p.kind, p.key)
	if p.kind == org.Customer {
		text += fmt.Sprintf("    tenant: ten-%s\n    entitlements: [{id: %s, since: 2026-01-01}]\n", p.key, p.entitlement())
	}
	return text + "    " + p.legal()
}

// legal is the line of a place's legal entity.
func (p organisation) legal() string {
	return fmt.Sprintf("legal: {name: The %s GmbH, street: Weg 1, postal_code: \"10115\", city: Berlin, country: DE, vat_id: DE11%s, iban: DE89370400440532013000, bic: COBADEFFXXX, bank: Bank}\n", p.key, strings.ToUpper(p.key))
}

func (p organisation) write(b *strings.Builder) {
	legal := p.legal()
	if p.kind == org.Partner {
		fmt.Fprintf(b, "partner:\n  key: %s\n  tenant: ten-%s\n  %s", p.key, p.key, legal)
		return
	}
	fmt.Fprintf(b, "  - key: %s\n", p.key)
	if p.kind == org.Customer {
		fmt.Fprintf(b, "    tenant: ten-%s\n    entitlements: [{id: %s, since: 2026-01-01}]\n", p.key, p.entitlement())
	}
	fmt.Fprintf(b, "    %s    buys:\n", legal)
	edge := func(from, since, until string) {
		if until != "" {
			until = ", until: " + until
		}
		fmt.Fprintf(b, "      - {from: %s, since: %s%s, book: book, currency: EUR, payment_days: 14, series: %s}\n", from, since, until, strings.ToUpper(from[1:4]))
	}
	edge(p.seller, "2026-01-01", p.until)
	if p.newSeller != "" {
		edge(p.newSeller, p.until, "")
	}
}

// booksYAML has another markup for every seller, so that each amount is a canary of its own.
func booksYAML(owners ...string) string {
	var b strings.Builder
	b.WriteString("books:\n")
	for _, s := range owners {
		fmt.Fprintf(&b, "  - owner: %s\n    key: book\n    from: 2026-01-01\n    currency: EUR\n    rules:\n      - {key: all, price: {markup: %d%%}}\n", s, markup(s))
	}
	return b.String()
}

func sellers() []string { return []string{"zpartner", "zreseller", "zunder", "zother"} }

func markup(seller string) int64 {
	return map[string]int64{"zpartner": 13, "zreseller": 27, "zunder": 31, "zother": 17}[seller]
}

// statementCSV is the provider's statement of the month.
var statementCSV = sync.OnceValue(func() string {
	var b strings.Builder
	b.WriteString("PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,ProductName,ChargeType,UnitPrice,Quantity,Subtotal,TaxTotal,Total,Currency,PublisherName,SubscriptionDescription,SubscriptionId,ChargeStartDate,ChargeEndDate,TermAndBillingCycle,PCToBCExchangeRate,MeterDescription\n")
	for _, p := range world {
		if p.listPrice != "" {
			fmt.Fprintf(&b, "ten-zpartner,ten-%[1]s,G1,DZH1,0001,Azure plan,new,%[2]s,1,%[2]s,0.00,%[2]s,EUR,Microsoft,Azure plan,plan-%[1]s,9/1/2026,9/30/2026,,1,\n", p.key, p.cost())
		}
	}
	return b.String()
})

// usageCSV is a month of the provider's usage.
var usageCSV = sync.OnceValue(func() string {
	var b strings.Builder
	b.WriteString("PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,SubscriptionId,SubscriptionDescription,UsageDate,MeterId,MeterName,MeterCategory,UnitPrice,Quantity,BillingPreTaxTotal,BillingCurrency,PricingPreTaxTotal,PricingCurrency,PCToBCExchangeRate,PartnerEarnedCreditPercentage,ResourceGroup,EntitlementId,ResourceURI\n")
	for _, p := range world {
		if p.listPrice != "" {
			fmt.Fprintf(&b, "ten-zpartner,ten-%[1]s,G1,DZH1,0001,plan-%[1]s,Azure plan,9/1/2026,m-1,Meter,Compute,%[2]s,1,%[3]s,EUR,%[3]s,EUR,1,%[4]d,group,%[5]s,/subscriptions/%[5]s/resourceGroups/group/providers/Microsoft.Compute/virtualMachines/vm\n",
				p.key, p.listPrice, p.cost(), credit, p.entitlement())
		}
	}
	return b.String()
})
