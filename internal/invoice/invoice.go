package invoice

import (
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
)

// State is the state of a document: draft → approved → issued; void is derived from a full credit note.
type State string

// The states. Only an approved draft is issued; an issued document never changes, so Void is not stored.
const (
	Draft    State = "draft"
	Approved State = "approved"
	Issued   State = "issued"
	Void     State = "void"
)

// Kind is the type of a document. A document whose total is negative is a credit note.
type Kind string

// The document types, which have number series of their own.
const (
	KindInvoice    Kind = "invoice"
	KindCreditNote Kind = "credit_note"
)

// Invoice is one document of an edge for a period. Everything printed on it is a copy held here.
type Invoice struct {
	ID         id.Invoice      `json:"id"` // derived from edge, period and ordinal
	Kind       Kind            `json:"kind"`
	State      State           `json:"state"`
	Edge       id.Edge         `json:"edge"`
	Seller     id.Organisation `json:"seller"`
	Buyer      id.Organisation `json:"buyer"`
	SellerKey  string          `json:"seller_key"`
	BuyerKey   string          `json:"buyer_key"`
	SellerPath string          `json:"seller_path"` // place in the commercial tree when drafted
	BuyerPath  string          `json:"buyer_path"`
	Period     period.Month    `json:"period"`
	Ordinal    int             `json:"ordinal"` // 1 for the first document of edge and period

	Series    string      `json:"series"`
	Number    string      `json:"number,omitempty"` // given at issue
	IssueDate period.Date `json:"issue_date,omitzero"`
	DueDate   period.Date `json:"due_date,omitzero"`
	TaxPoint  period.Date `json:"tax_point,omitzero"`

	From           org.LegalEntity `json:"from"`
	To             org.LegalEntity `json:"to"`
	PaymentDays    int             `json:"payment_days"`
	PurchaseOrder  string          `json:"purchase_order,omitempty"`
	BuyerReference string          `json:"buyer_reference,omitempty"`
	Preceding      *Preceding      `json:"preceding,omitempty"` // the invoice a credit note answers
	Follows        []Preceding     `json:"follows,omitempty"`   // the documents whose amounts on the same lines a correction changes, newest first
	CustomerNumber string          `json:"customer_number,omitempty"`

	// How it is printed, fixed when it is drafted.
	Layout    int           `json:"layout,omitempty"`   // 0: the layout of documents that do not name one
	Language  string        `json:"language,omitempty"` // "" is English
	ZeroLines org.ZeroLines `json:"zero_lines,omitempty"`
	Subtotals org.Subtotals `json:"subtotals,omitempty"`

	Currency money.Currency `json:"currency"`
	Lines    []Line         `json:"lines"`
	Taxes    []TaxTotal     `json:"taxes"`
	Net      money.Decimal  `json:"net"` // Σ line nets
	Tax      money.Decimal  `json:"tax"` // Σ tax amounts
	Total    money.Decimal  `json:"total"`
	Prepaid  money.Decimal  `json:"prepaid"`
	Rounding money.Decimal  `json:"rounding"`
	Payable  money.Decimal  `json:"payable"`

	Exchange  []Exchange `json:"exchange,omitempty"` // rates used on the way to Currency
	Worksheet string     `json:"worksheet,omitempty"`
	Pins      Pins       `json:"pins"`
	Notes     []string   `json:"notes,omitempty"`

	// Fixed is what the document fixes for later ones of its edge and month; for the seller only.
	Fixed *rating.Fixed `json:"fixed,omitempty"`
	// Rebills says that the document is part of billing an edge and month again, and may only be issued with the
	// other parts.
	Rebills bool `json:"rebills,omitempty"`

	DraftedAt time.Time `json:"drafted_at,omitzero"`
	IssuedAt  time.Time `json:"issued_at,omitzero"`
}

// Line is one printed line: rounded once, from Exact to Net.
type Line struct {
	Number         int           `json:"number"`
	Key            string        `json:"key"` // what the line is for; the same in every document of the edge
	Kind           LineKind      `json:"kind"`
	Customer       string        `json:"customer"` // key of the customer whose use it is
	CustomerName   string        `json:"customer_name"`
	Subscription   string        `json:"subscription,omitempty"` // the provider's id
	SubscriptionOf string        `json:"subscription_name,omitempty"`
	Service        string        `json:"service"` // what the line is grouped by, as people read it
	Description    string        `json:"description"`
	Span           period.Period `json:"period"`
	ServicePeriod  period.Period `json:"service_period,omitzero"` // of a charge: its service period, which may extend beyond the month
	ChargeType     string        `json:"charge_type,omitempty"`   // of a charge, as the provider names it
	Quantity       money.Decimal `json:"quantity"`
	Unit           string        `json:"unit,omitempty"`
	UnitCode       string        `json:"unit_code"`        // UN/ECE Recommendation 20
	UnitPrice      money.Decimal `json:"unit_price"`       // net price of BaseQuantity units
	BaseQuantity   money.Decimal `json:"base_quantity"`    //
	Mixed          bool          `json:"mixed,omitempty"`  // several unit prices: quantity 1, price = net
	Exact          money.Decimal `json:"exact"`            // cumulative exact amount under this key
	Billed         money.Decimal `json:"already_billed"`   // Σ nets of earlier documents under this key
	Net            money.Decimal `json:"net"`              // round(Exact) − Billed
	Residue        money.Decimal `json:"residue"`          // Net + Billed − Exact
	Tax            LineTax       `json:"tax"`              //
	Cost           money.Totals  `json:"cost,omitempty"`   // what the seller pays for Net, exact: without what earlier documents carry; for the seller only
	Rows           int64         `json:"rows,omitempty"`   // usage rows behind it
	Charge         id.Charge     `json:"charge,omitempty"` // for a charge line
	Allowances     []Allowance   `json:"allowances,omitempty"`
}

// LineKind is where a line comes from.
type LineKind string

// Lines come from usage or from a charge.
const (
	UsageLine  LineKind = "usage"
	ChargeLine LineKind = "charge"
)

// Allowance is a reduction printed on a line, already contained in its net.
type Allowance struct {
	Reason string        `json:"reason"`
	Amount money.Decimal `json:"amount"`
}

// LineTax is the VAT category of a line (EN 16931 codes: S, AE, Z, E, G, K, O) with its rate in percent.
type LineTax struct {
	Category string        `json:"category"`
	Percent  money.Decimal `json:"percent"`
	Name     string        `json:"name,omitempty"`
	Code     string        `json:"exemption_code,omitempty"` // VATEX code
	Reason   string        `json:"exemption_reason,omitempty"`
	Place    string        `json:"place,omitempty"` // place of supply, country or territory
}

// TaxTotal is the tax of one category and rate: Amount = round(Taxable × Percent).
type TaxTotal struct {
	LineTax
	Taxable money.Decimal `json:"taxable"`
	Amount  money.Decimal `json:"amount"`
}

// Preceding names the document a credit note answers.
type Preceding struct {
	ID     id.Invoice  `json:"id"`
	Number string      `json:"number"`
	Date   period.Date `json:"date"`
}

// Exchange is an exchange rate used, as rating states it.
type Exchange = rating.Exchange

// Pins identify the input of a document: the same input gives the same document.
type Pins struct {
	Batches []string  `json:"batches"` // digests, sorted
	Books   []id.Book `json:"books"`
	Rater   string    `json:"rater"`            // version of the arithmetic
	Inputs  string    `json:"inputs,omitempty"` // digest of everything that rating depends on
	// Standing are the documents of the edge and month that were not void when the draft was made. If they change, it
	// is drafted again.
	Standing []id.Invoice `json:"standing,omitempty"`
}

// Posting is one side of a journal entry. Debit and credit of one document and organisation are equal.
type Posting struct {
	ID           id.Posting      `json:"id"`
	Organisation id.Organisation `json:"organisation"`
	Path         string          `json:"path"`
	Document     id.Invoice      `json:"document"`
	Account      Account         `json:"account"`
	Debit        money.Decimal   `json:"debit"`
	Credit       money.Decimal   `json:"credit"`
	Currency     money.Currency  `json:"currency"`
	On           period.Date     `json:"on"`
}

// Account is a ledger account of the journal.
type Account string

// The accounts documents post to.
const (
	Receivable Account = "receivable"
	Revenue    Account = "revenue"
	TaxPayable Account = "tax_payable"
	Payable    Account = "payable"
	Purchases  Account = "purchases"
	InputTax   Account = "input_tax"
)
