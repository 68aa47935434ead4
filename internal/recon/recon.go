package recon

import (
	"encoding/json"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Result is one comparison. Unexplained is the amount that no part and no difference accounts for: 0 in every currency when
// all is well.
type Result struct {
	Statement   money.Totals `json:"statement"`         // the provider's invoice total, with tax
	Imported    money.Totals `json:"imported"`          // Σ rows + Σ charges, at the provider's prices, exact
	Sold        money.Totals `json:"sold"`              // what the rows that count cost, on the lines that issued documents bill
	OwnUse      money.Totals `json:"own_use,omitempty"` // what the partner uses itself: imported, and sold to nobody
	Parts       []Part       `json:"parts"`             // Σ parts per currency + unexplained = statement
	Differences []Difference `json:"differences"`
	Unexplained money.Totals `json:"unexplained"`
	Notes       []Note       `json:"notes,omitempty"` // worth knowing, without an amount

	// Problems of the file itself: lines that cannot be read are not compared.
	Problems []usage.Problem `json:"problems,omitempty"`

	Aside       *aside.Open        `json:"aside,omitempty"`        // rows and files of the month that do not count
	OtherMonths []aside.OtherMonth `json:"other_months,omitempty"` // of its imported rows, those for other months
}

// Unread is how many lines of the statement could not be read.
func (r *Result) Unread() (n int) {
	for _, p := range r.Problems {
		if p.Verdict == usage.Quarantined {
			n++
		}
	}
	return n
}

// Partial says which pages are missing of the statement, or "".
func (r *Result) Partial() string {
	for _, p := range r.Problems {
		if p.Code == usage.PagesMissing {
			return p.Reason
		}
	}
	return ""
}

// Note is something odd that changes no amount.
type Note struct {
	Code        NoteCode `json:"code"`
	Invoice     string   `json:"invoice"`
	Line        int64    `json:"line,omitempty"` // of the statement
	Explanation string   `json:"explanation"`
}

// NoteCode says what is odd.
type NoteCode string

// The codes of notes.
const (
	LeadingZeros NoteCode = "leading_zeros"    // an id lost its leading zeros, and matches all the same
	Doubtful     NoteCode = "doubtful_line"    // a line does not come to what it prints, or its dates cannot be
	RowsDoubtful NoteCode = "doubtful_pricing" // rows print amounts in the pricing currency that do not lead to what they cost
)

// Part is one reasoned share of the way from the imported rows to the statement's total.
type Part struct {
	Code     string         `json:"code"`
	Currency money.Currency `json:"currency"`
	Amount   money.Decimal  `json:"amount"`
}

// MarshalJSON prints the amount exactly, with at least the decimals of its currency's minor unit, as statements do.
func (p Part) MarshalJSON() ([]byte, error) {
	type plain Part
	return json.Marshal(struct {
		plain
		Amount string `json:"amount"`
	}{plain(p), p.Amount.Fixed(p.Currency.Digits())})
}

// The codes of parts that are no differences.
const (
	PartRows       = "rows"       // Σ daily rated rows, exact
	PartCharges    = "charges"    // Σ subtotals of charges
	PartTruncation = "truncation" // the provider's documented truncation of usage lines, and the rows' own rounding
	PartTax        = "tax_total"  // tax as it should be on the correct subtotals
)

// Code says what is wrong with a statement.
type Code string

// The codes of differences.
const (
	WrongPrice    Code = "wrong_price"
	MissingLine   Code = "missing_line"
	DoubledLine   Code = "doubled_line"
	WrongCustomer Code = "wrong_customer" // keyed by the wrong customer; one error, at two customers
	WrongRate     Code = "wrong_rate"
	WrongTax      Code = "tax"
	Cent          Code = "cent"
	NoRows        Code = "no_rows"      // a usage line without daily rows behind it
	NotImported   Code = "not_imported" // a charge that was never imported
	OffFormula    Code = "off_formula"  // neither price nor rate differs, and still the amount does
	InvoiceTotal  Code = "invoice_total"

	RowsOff        Code = "rows_off"        // rows cost something else than their amounts in the pricing currency come to
	OtherMonth     Code = "other_month"     // the statement is, or this invoice in it, of another month
	MissingInvoice Code = "missing_invoice" // the statement has nothing of an invoice of the month
	OtherPartner   Code = "other_partner"   // lines of an invoice name another partner
)

// Remedy is what to do about a difference.
type Remedy string

// The remedies.
const (
	Claim     Remedy = "claim"      // the provider is wrong: it has to correct its invoice
	Import    Remedy = "import"     // something was not imported yet
	CheckRows Remedy = "check_rows" // the imported rows are wrong, or what they were made from
	Statement Remedy = "statement"  // it is the wrong statement, or not all of it
)

// Remedy is what to do about differences of a code.
func (c Code) Remedy() Remedy {
	switch c {
	case NoRows, NotImported:
		return Import
	case RowsOff:
		return CheckRows
	case OtherMonth, MissingInvoice, OtherPartner:
		return Statement
	}
	return Claim
}

// Difference is one explained disagreement: Amount = statement − correct, in the billing currency.
type Difference struct {
	Code         Code           `json:"code"`
	Invoice      string         `json:"invoice"`
	Customer     string         `json:"customer"`
	Subscription string         `json:"subscription"`
	Product      string         `json:"product"`
	SKU          string         `json:"sku"`
	Meter        string         `json:"meter"`
	Currency     money.Currency `json:"currency"`
	Amount       money.Decimal  `json:"amount"`
	Explanation  string         `json:"explanation"`

	Names map[string]string `json:"names,omitempty"` // of customer, subscription and product, where anything says so
}

// MarshalJSON prints the amount as that of a Part.
func (d Difference) MarshalJSON() ([]byte, error) {
	type plain Difference
	return json.Marshal(struct {
		plain
		Amount string `json:"amount"`
		Remedy Remedy `json:"remedy"`
	}{plain(d), d.Amount.Fixed(d.Currency.Digits()), d.Code.Remedy()})
}

func difference(i usage.Identity, c Code, amount money.Decimal, why string) Difference {
	return Difference{
		Code: c, Invoice: i.Invoice, Customer: i.Customer, Subscription: i.Subscription, Product: i.Product, SKU: i.SKU, Meter: i.Meter,
		Currency: i.Currency, Amount: amount, Explanation: why,
	}
}
