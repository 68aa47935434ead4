package world

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

var (
	//go:embed init_books.yaml
	initBooks []byte
	//go:embed init_logo.png
	initLogo []byte
)

// Options choose the world Init writes.
type Options struct {
	// Edges is the length of every customer's chain; 0 mixes three edges for most, two for some and one for a few.
	Edges int
	// People says who the made-up customers are: package sample, so that generated usage fits.
	People People
}

// People answers by ordinal: customers from 1; resellers from 1, and the partner's own number as 0.
type People struct {
	Partner                               string // tenant of the partner account
	ResellerMPN                           func(n int) string
	Tenant, Domain, Country, CustomerName func(n int) string
	Entitlements                          func(n int) []string
}

// maxCustomers is what four digits of a key can name, and then some.
const maxCustomers = 100_000

// Init writes the commented files of a new installation: a partner, two resellers, a sub-reseller and so many
// customers, with price books for all of them. Everything about a customer follows from its ordinal, so generated
// usage fits. Faults: Invalid for fewer than 1 or more than 100,000 customers, or chains longer than three.
func Init(customers int, o Options) (worldYAML, bookYAML []byte, err error) {
	if customers < 1 || customers > maxCustomers {
		return nil, nil, fault.New(fault.Invalid, "bad_customers", "a world has 1 to %d customers, not %d", maxCustomers, customers)
	}
	if o.Edges < 0 || o.Edges > 3 {
		return nil, nil, fault.New(fault.Invalid, "bad_edges", "chains of 1 to 3 edges can be made, not of %d", o.Edges)
	}
	w := org.World{Organisations: founders(o.People), Taxes: []org.Tax{}}
	w.Edges = []org.Edge{
		buys("nordwind", "contoso", org.Terms{Book: "wholesale", Currency: "EUR", PaymentDays: 30, Series: "WS", CustomerNumber: "R-101", PurchaseOrder: "4500018234"}),
		buys("alpenwerk", "contoso", org.Terms{Book: "wholesale", Currency: "EUR", PaymentDays: 30, Series: "WS", CustomerNumber: "R-102", Language: "de"}),
		buys("polderwolk", "nordwind", org.Terms{Book: "reseller", Currency: "EUR", PaymentDays: 30, Series: "NR", CustomerNumber: "PW-7"}),
	}
	for n := 1; n <= customers; n++ {
		c := newCustomer(o.People, n)
		terms := org.Terms{Book: "retail", Currency: currencyOf(c.Legal.Country), PaymentDays: 14, Series: "INV", Grouping: "service"}
		terms.Language, terms.CustomerNumber = languageOf(c.Legal.Country), fmt.Sprintf("K-%d", 10_000+n)
		if n%3 == 1 {
			terms.PurchaseOrder = fmt.Sprintf("PO-2026-%04d", 300+n)
		}
		w.Organisations = append(w.Organisations, c)
		w.Edges = append(w.Edges, buys(c.Key, sellerOf(n, o.Edges), terms))
	}
	w.Rates = demoRates()
	if err := org.Validate(w); err != nil {
		return nil, nil, err
	}
	return withBlankLines(encode(withComments(worldNode(w)))), initBooks, nil
}

// airy puts an empty line before each block and organisation, and its comment.
func withBlankLines(text []byte) []byte {
	var out bytes.Buffer
	before := []byte("#")
	for line := range bytes.Lines(text) {
		starts := line[0] != ' ' || bytes.HasPrefix(line, []byte("  - key:")) || bytes.HasPrefix(line, []byte("  #"))
		follows := before[0] == '#' || before[0] == '\n' || bytes.HasPrefix(before, []byte("  #")) || // a comment belongs to what it is about
			line[0] == ' ' && before[0] != ' ' // the first of a block
		if starts && !follows {
			out.WriteByte('\n')
		}
		out.Write(line)
		before = line
	}
	return out.Bytes()
}

// sellerOf is who a customer buys from: at the end of a chain of three for most.
func sellerOf(n, edges int) string {
	switch {
	case edges == 1 || edges == 0 && n%10 == 0:
		return "contoso"
	case edges == 0 && n%10 == 7:
		return "alpenwerk"
	case edges == 2 || edges == 0 && n%10 == 3:
		return "nordwind"
	}
	return "polderwolk"
}

// opened is when everything in a new world begins.
func opened() period.Period { return period.Period{Start: period.NewDate(2026, 1, 1)} }

func buys(buyer, seller string, terms org.Terms) org.Edge {
	s, b := org.OrganisationID(seller), org.OrganisationID(buyer)
	return org.Edge{ID: org.EdgeID(s, b, opened().Start), Seller: s, Buyer: b, Period: opened(), Terms: terms}
}

func founders(people People) []org.Organisation {
	founder := func(n int, kind org.Kind, key, name, country, iban, bic, bank string) org.Organisation {
		p := placeOf(country, n)
		o := org.Organisation{ID: org.OrganisationID(key), Key: key, Kind: kind, Legal: org.LegalEntity{
			Name: name, Street: p.street, PostalCode: p.code, City: p.city, Country: country, VATID: vatID(country, 9000+n),
			Email: "billing@" + key + ".example", IBAN: iban, BIC: bic, Bank: bank,
		}}
		if kind == org.Reseller {
			o.MPN = people.ResellerMPN(n)
		}
		return o
	}
	// The account numbers are the published examples of their countries' banks.
	all := []org.Organisation{
		founder(0, org.Partner, "contoso", "Contoso Cloud Distribution GmbH", "DE", "DE89370400440532013000", "COBADEFFXXX", "Commerzbank"),
		founder(1, org.Reseller, "nordwind", "Nordwind ICT BV", "BE", "BE68539007547034", "GKCCBEBB", "Belfius"),
		founder(2, org.Reseller, "alpenwerk", "Alpenwerk Informatik GmbH", "AT", "AT611904300234573201", "BKAUATWW", "Bank Austria"),
		founder(3, org.Reseller, "polderwolk", "Polderwolk B.V.", "NL", "NL91ABNA0417164300", "ABNANL2A", "ABN AMRO"),
	}
	all[0].Tenant, all[0].MPN = people.Partner, people.ResellerMPN(0)
	partner := &all[0].Legal
	partner.Registration, partner.Register, partner.Directors = "HRB 148211", "Amtsgericht Hamburg", "Johanna Petersen, Emre Yıldız"
	partner.Logo = base64.StdEncoding.EncodeToString(initLogo)
	all[2].Legal.Registration, all[2].Legal.Register = "FN 312456k", "Landesgericht Graz"
	all[3].Legal.Registration = "KvK 30184556"
	return all
}

func newCustomer(people People, n int) org.Organisation {
	country := people.Country(n)
	p := placeOf(country, n)
	key := fmt.Sprintf("c%04d", n)
	c := org.Organisation{ID: org.OrganisationID(key), Key: key, Kind: org.Customer, Tenant: people.Tenant(n), Legal: org.LegalEntity{
		Name: people.CustomerName(n), Street: p.street, PostalCode: p.code, City: p.city, Country: country, VATID: vatID(country, n),
		Email: "invoices@" + people.Domain(n),
	}}
	if c.Legal.VATID != "" {
		c.Legal.VATCheckedOn = opened().Start.AddDays(n % 28).String()
	}
	for _, e := range people.Entitlements(n) {
		c.Entitlements = append(c.Entitlements, org.Entitlement{Provider: e, Period: opened()})
	}
	return c
}

// demoRates are made up, and near what the months before looked like.
func demoRates() []org.Rate {
	var rates []org.Rate
	for _, pair := range []struct {
		from, to money.Currency
		values   [12]string
	}{
		{"USD", "EUR", [12]string{"0.8512", "0.8468", "0.8655", "0.8721", "0.8690", "0.8634", "0.8617", "0.8594", "0.8541", "0.8566", "0.8602", "0.8583"}},
		{"USD", "CHF", [12]string{"0.7924", "0.7891", "0.8072", "0.8139", "0.8117", "0.8061", "0.8050", "0.8045", "0.7990", "0.7982", "0.8023", "0.8017"}},
		{"USD", "GBP", [12]string{"0.7391", "0.7355", "0.7508", "0.7566", "0.7541", "0.7489", "0.7469", "0.7436", "0.7432", "0.7464", "0.7478", "0.7472"}},
		{"EUR", "CHF", [12]string{"0.9309", "0.9318", "0.9327", "0.9333", "0.9341", "0.9337", "0.9342", "0.9361", "0.9355", "0.9318", "0.9327", "0.9340"}},
		{"EUR", "GBP", [12]string{"0.8683", "0.8686", "0.8675", "0.8676", "0.8678", "0.8674", "0.8668", "0.8652", "0.8701", "0.8714", "0.8693", "0.8705"}},
	} {
		for i, v := range pair.values {
			rates = append(rates, org.Rate{From: pair.from, To: pair.to, Month: period.NewDate(2026, 1, 1).Month() + period.Month(i),
				Value: money.MustParse(v), Source: "demo", Rule: "monthly average"})
		}
	}
	return rates
}

// commented puts before each block of a world what a stranger needs to know about it.
func withComments(root *yaml.Node) *yaml.Node {
	for i := 0; i < len(root.Content); i += 2 {
		name, value := root.Content[i], root.Content[i+1]
		name.HeadComment = blockComment(name.Value)
		if value.Kind != yaml.SequenceNode {
			continue
		}
		for _, item := range value.Content {
			if len(item.Content) > 1 {
				item.HeadComment = itemComment(item.Content[1].Value)
			}
		}
	}
	return root
}

func itemComment(key string) string {
	return map[string]string{
		"nordwind":   "Nordwind buys from Contoso and sells to customers, and to Polderwolk.",
		"alpenwerk":  "Alpenwerk buys from Contoso and sells to customers.",
		"polderwolk": "Polderwolk buys from Nordwind: resellers may stand behind resellers, to any depth.",
		"c0001":      "The first customer. Everything about it is made up, and fits the usage that usage generate makes.",
	}[key]
}

func blockComment(name string) string {
	return map[string]string{
		"partner": `The organisations of this installation, and who buys from whom.

Change this file and run "purveyor apply -f world.yaml": it shows what differs and writes it, all or nothing;
--dry-run only shows it. Nothing is ever deleted: what you take out of the file is kept, and said. Days are
written 2026-01-31. since is the first day on which something holds, until the first day on which it no longer does.

The partner runs this installation and buys from the provider. There is exactly one. Its tenant is the partner
account in the provider's files. What is used under it, under more tenants: and under its own entitlements: is billed to
nobody. legal is what invoices print, its register, registration and directors at the foot of the page. logo is a PNG or
JPEG picture as base64 (base64 -w0 logo.png); without one the name is printed.`,
		"resellers": `Resellers buy from the partner, or from another reseller, and sell on under their own name. Each purchase
relation is an edge, and every edge gets an invoice of its own:
  from          who sells
  book          the price book of the seller that applies, see book.yaml
  currency      what the invoice is in; amounts in another currency are converted by the rates below
  payment_days  days until the invoice is due
  series        what the seller's invoice numbers begin with; a series belongs to its seller
  grouping      what makes an invoice line: service (the default), resource_group, product, or tag:NAME
  zero_documents  a document over 0.00: issue (the default), or hold, which leaves its amounts for a later one
What only the print needs, and may be left out:
  language         en (the default) or de
  customer_number  of the buyer, in the seller's books
  purchase_order, buyer_reference   the buyer's, printed on each invoice
  subtotals        by subscription, resource_group or customer; by customer for resellers if not said
  zero_lines       count (the default) leaves lines of 0.00 out and says how many; print prints them
A buyer has one seller on any day. To move it, end the old edge with until and add a new one with since.`,
		"customers": `Customers use the cloud and sell nothing. The tenant finds their rows in the provider's files. Entitlements are
their Azure subscriptions: one that changes hands ends here with until and begins there with since.`,
		"rates": `Exchange rates for each month: 1 of from is rate of to. They apply where an edge's currency is not the one
the amount is in. Inverses are never derived: a missing rate leaves usage waiting, and says so.`,
		"taxes": `Tax rows come before the built-in table of standard rates; this list is the whole list. For example:
  - {territory: JE, category: standard, percent: 5, name: GST, since: 2026-01-01}`,
	}[name]
}
