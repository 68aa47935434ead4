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
	RowsFamily   string        `json:"rows_family,omitempty"` // family of daily rows of its product; used if neither the line nor a resolution names one
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

// Priced is the days a charge of a month is priced for; the first of them decides whose it is, whose chain it goes down and
// at which prices. What takes earlier service back goes back to whom sold it then, at the prices of its first day. Else it
// is the part of the service period that lies in the month, and all of the month when none does.
func (c *Charge) Priced(m period.Month) period.Period {
	days, from := m.Period(), c.Service.Start
	switch {
	case from > days.Start && from < days.End:
		days.Start = from
	case from > 0 && from < days.Start && c.Amount.Value.Sign() < 0:
		days.Start = from
		if c.Service.End > from {
			days.End = min(days.End, c.Service.End)
		}
	}
	return days
}

// Source is where a charge was read: the digest of the file and the line in it.
type Source struct {
	File string `json:"file"`
	Line int64  `json:"line"`
}
