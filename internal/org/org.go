package org

import (
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Kind is what an organisation is in the chain.
type Kind string

// The kinds: exactly one partner, resellers to any depth, customers as leaves.
const (
	Partner  Kind = "partner"
	Reseller Kind = "reseller"
	Customer Kind = "customer"
)

// Organisation is the partner, a reseller or a customer. Key is its stable name in world files, unique.
type Organisation struct {
	ID           id.Organisation `json:"id"`
	Key          string          `json:"key"`
	Kind         Kind            `json:"kind"`
	Legal        LegalEntity     `json:"legal"`
	Tenant       string          `json:"tenant,omitempty"` // the provider's tenant id: customer, or partner account
	MPN          string          `json:"mpn,omitempty"`    // the provider's number of a partner or reseller
	Entitlements []Entitlement   `json:"entitlements,omitempty"`
	// Tenants are more tenants of the partner's own: like those under Tenant, what they use is billed to nobody.
	Tenants []string `json:"tenants,omitempty"`
}

// Entitlement is an Azure subscription of a customer, or of the partner's own, by the provider's id, for a dated time.
type Entitlement struct {
	Provider string `json:"provider_id"`
	Name     string `json:"name,omitempty"`
	period.Period
}

// LegalEntity is a party as documents name it. Documents hold copies, so it may change.
type LegalEntity struct {
	Name         string `json:"name" yaml:"name"`
	Street       string `json:"street,omitempty" yaml:"street,omitempty"`
	PostalCode   string `json:"postal_code,omitempty" yaml:"postal_code,omitempty"`
	City         string `json:"city,omitempty" yaml:"city,omitempty"`
	Region       string `json:"region,omitempty" yaml:"region,omitempty"` // special tax territory, such as "ES-CN"
	Country      string `json:"country" yaml:"country"`                   // ISO 3166-1 alpha-2
	VATID        string `json:"vat_id,omitempty" yaml:"vat_id,omitempty"`
	TaxID        string `json:"tax_id,omitempty" yaml:"tax_id,omitempty"` // national tax number, where there is no VAT id
	VATCheckedOn string `json:"vat_checked_on,omitempty" yaml:"vat_checked_on,omitempty"`
	Registration string `json:"registration,omitempty" yaml:"registration,omitempty"`
	Register     string `json:"register,omitempty" yaml:"register,omitempty"`   // who keeps the register that Registration is of: "Amtsgericht Hamburg"
	Directors    string `json:"directors,omitempty" yaml:"directors,omitempty"` // who represents it, as letters have to name them
	Email        string `json:"email,omitempty" yaml:"email,omitempty"`
	IBAN         string `json:"iban,omitempty" yaml:"iban,omitempty"`
	BIC          string `json:"bic,omitempty" yaml:"bic,omitempty"`
	Bank         string `json:"bank,omitempty" yaml:"bank,omitempty"`
	Endpoint     string `json:"endpoint,omitempty" yaml:"endpoint,omitempty"` // electronic address, scheme:id
	Logo         string `json:"logo,omitempty" yaml:"logo,omitempty"`         // PNG or JPEG as base64; empty prints the name
}

// Edge is one seller → buyer relation in force for a dated time. Everything billing does, it does on an edge.
type Edge struct {
	ID     id.Edge         `json:"id"`
	Seller id.Organisation `json:"seller"`
	Buyer  id.Organisation `json:"buyer"`
	period.Period
	Terms Terms        `json:"terms"`                 // from its first day on
	Later []DatedTerms `json:"later_terms,omitempty"` // that replace them from a day on, by day

	// Earlier are the books that price the days before those of Terms.Book, by day. Index.During alone sets it.
	Earlier []BookUntil `json:"-"`
}

// DatedTerms are the terms of an edge from a day on, until the next ones.
type DatedTerms struct {
	Since period.Date `json:"since"`
	Terms Terms       `json:"terms"`
}

// TermsOn are the terms in force on a day.
func (e *Edge) TermsOn(on period.Date) Terms {
	t := e.Terms
	for _, l := range e.Later {
		if l.Since > on {
			break
		}
		t = l.Terms
	}
	return t
}

// Dated are the terms of the edge with the days on which they are in force, in order.
func (e *Edge) Dated() []period.Dated[Terms] {
	list := []period.Dated[Terms]{{Of: e.Terms, Days: e.Period}}
	for _, l := range e.Later {
		list[len(list)-1].Days.End = l.Since
		list = append(list, period.Dated[Terms]{Of: l.Terms, Days: period.Period{Start: l.Since, End: e.End}})
	}
	return list
}

// settled is the edge without terms that never come into force or that change nothing.
func (e Edge) settled() Edge {
	var later []DatedTerms
	was := e.Terms
	for _, l := range e.Later {
		if l.Terms == was || e.End != 0 && l.Since >= e.End {
			continue
		}
		later, was = append(later, l), l.Terms
	}
	e.Later = later
	return e
}

// Terms are what an edge's invoices are made by.
type Terms struct {
	Book           string         `json:"book" yaml:"book"` // key of the price book
	Currency       money.Currency `json:"currency" yaml:"currency"`
	PaymentDays    int            `json:"payment_days" yaml:"payment_days"`
	Series         string         `json:"series" yaml:"series"`                         // name of the seller's number series
	Grouping       Grouping       `json:"grouping,omitempty" yaml:"grouping,omitempty"` // "" is by service
	PurchaseOrder  string         `json:"purchase_order,omitempty" yaml:"purchase_order,omitempty"`
	BuyerReference string         `json:"buyer_reference,omitempty" yaml:"buyer_reference,omitempty"`
	CustomerNumber string         `json:"customer_number,omitempty" yaml:"customer_number,omitempty"` // of the buyer in the seller's books
	Language       string         `json:"language,omitempty" yaml:"language,omitempty"`               // of its documents; "" is English
	ZeroLines      ZeroLines      `json:"zero_lines,omitempty" yaml:"zero_lines,omitempty"`
	Subtotals      Subtotals      `json:"subtotals,omitempty" yaml:"subtotals,omitempty"`
	ZeroDocuments  string         `json:"zero_documents,omitempty" yaml:"zero_documents,omitempty"` // "" issues them
}

// What becomes of a document over 0.00: it is issued, or held until there is an amount.
const (
	IssueZero = "issue"
	HoldZero  = "hold"
)

// ZeroLines says what the print does with lines of 0.00: "count" (the default) leaves them out and says how many there
// are, "print" prints them. The detail has them in either case.
type ZeroLines string

// Subtotals says what the print adds lines up by: "subscription", "resource_group" or "customer". By default it is the
// customer where the buyer sells on, and the subscription where not.
type Subtotals string

// Grouping says what makes an invoice line besides the customer and the subscription: "service" (the default),
// "resource_group", "product", or "tag:NAME".
type Grouping string

// ByService is the grouping of terms that name none.
const ByService Grouping = "service"

// Rate is a monthly exchange rate: Value is the multiplier from From to To. Inverses and crosses are never derived.
type Rate struct {
	From   money.Currency `json:"from" yaml:"from"`
	To     money.Currency `json:"to" yaml:"to"`
	Month  period.Month   `json:"month" yaml:"month"`
	Value  money.Decimal  `json:"rate" yaml:"rate"`
	Source string         `json:"source" yaml:"source"` // who fixed it: "ECB"
	Rule   string         `json:"rule" yaml:"rule"`     // how: "last working day", "monthly average"
}

// Tax is a dated row of the tax table: the rate a country takes for a category. Rows in a world file come before
// the built-in table.
type Tax struct {
	Territory string        `json:"territory" yaml:"territory"` // country, or special territory such as "ES-CN"
	Category  string        `json:"category" yaml:"category"`   // "standard", "reduced" …
	Percent   money.Decimal `json:"percent" yaml:"percent"`
	Name      string        `json:"name,omitempty" yaml:"name,omitempty"` // as printed: "VAT", "MwSt."
	period.Period
}
