// Package charge owns what is owed without being usage: licences, reservations, savings plans, software, credits. A
// charge is not yet priced and not yet invoiced.
//
// It does not own the selling price (rating finds it along the chain) nor the line it ends up on (invoice). Always
// true: the base amount is as the provider printed it; usage is never a charge.
package charge

import (
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Charge is one amount owed for a customer, keyed by the source line it comes from.
type Charge struct {
	ID           id.Charge     `json:"id"` // derived from the source line's content and position
	Period       period.Month  `json:"period"`
	Invoice      string        `json:"invoice"`  // the provider's invoice number
	Customer     string        `json:"customer"` // the provider's tenant id
	Subscription string        `json:"subscription"`
	Family       string        `json:"family"`
	RowsFamily   string        `json:"rows_family,omitempty"` // of daily rows of its product; counts where neither the line nor an answer tells
	Product      string        `json:"product"`
	SKU          string        `json:"sku"`
	Name         string        `json:"name"` // product and SKU as people read it
	Meter        string        `json:"meter,omitempty"`
	Publisher    string        `json:"publisher"`
	Plan         string        `json:"plan"`        // subscription description
	Type         string        `json:"charge_type"` // new, cycleCharge, customerCredit …
	Service      period.Period `json:"service"`     // the time it is for
	Quantity     money.Decimal `json:"quantity"`    // below 0 where Amount is: a credit takes back
	Unit         string        `json:"unit,omitempty"`
	Amount       money.Amount  `json:"amount"` // Subtotal as printed
	Source       Source        `json:"source"`
}

// Source is where a charge was read: the digest of the file and the line in it.
type Source struct {
	File string `json:"file"`
	Line int64  `json:"line"`
}
