package document

import (
	"encoding/json"
	"io"

	"github.com/purveyor-csp/purveyor/internal/document/first"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// buyersInvoice is what a buyer may see of a document: exactly the fields listed here.
type buyersInvoice struct {
	ID             string              `json:"id"`
	Kind           invoice.Kind        `json:"kind"`
	State          invoice.State       `json:"state"`
	Number         string              `json:"number,omitempty"`
	Period         period.Month        `json:"period"`
	IssueDate      period.Date         `json:"issue_date,omitzero"`
	DueDate        period.Date         `json:"due_date,omitzero"`
	TaxPoint       period.Date         `json:"tax_point,omitzero"`
	Seller         party               `json:"seller"`
	Buyer          party               `json:"buyer"`
	PaymentDays    int                 `json:"payment_days"`
	CustomerNumber string              `json:"customer_number,omitempty"`
	PurchaseOrder  string              `json:"purchase_order,omitempty"`
	BuyerReference string              `json:"buyer_reference,omitempty"`
	Preceding      *invoice.Preceding  `json:"preceding,omitempty"`
	Follows        []invoice.Preceding `json:"follows,omitempty"`
	Language       string              `json:"language"`
	Currency       money.Currency      `json:"currency"`
	Lines          []buyersLine        `json:"lines"`
	Taxes          []invoice.TaxTotal  `json:"taxes"`
	Net            string              `json:"net"`
	Tax            string              `json:"tax"`
	Total          string              `json:"total"`
	Payable        string              `json:"payable"`
	Exchange       []invoice.Exchange  `json:"exchange,omitempty"`
	Notes          []string            `json:"notes,omitempty"`
}

type party struct {
	org.LegalEntity
	Logo string `json:"logo,omitempty"` // left out: JSON has no pictures
}

// buyersLine has the description as it is printed, and the service period in days: the end is the first day after it.
type buyersLine struct {
	Number           int             `json:"number"`
	Kind             string          `json:"kind"`
	Customer         string          `json:"customer"`
	CustomerName     string          `json:"customer_name"`
	Subscription     string          `json:"subscription,omitempty"`
	SubscriptionName string          `json:"subscription_name,omitempty"`
	Description      string          `json:"description"`
	ChargeType       string          `json:"charge_type,omitempty"` // as the provider names it
	Period           period.Period   `json:"period"`
	Quantity         money.Decimal   `json:"quantity"`
	Unit             string          `json:"unit,omitempty"`
	UnitCode         string          `json:"unit_code"`
	UnitPrice        money.Decimal   `json:"unit_price"`
	Mixed            bool            `json:"mixed,omitempty"`
	Exact            money.Decimal   `json:"exact"`
	AlreadyBilled    money.Decimal   `json:"already_billed"`
	Net              string          `json:"net"`
	Tax              invoice.LineTax `json:"tax"`
}

// JSON writes a document as its buyer may see it, amounts as text.
func JSON(w io.Writer, v invoice.Invoice) error {
	if v.Layout == 0 {
		return first.JSON(w, v)
	}
	n, words := v.Currency.Digits(), wordingOf(v.Language)
	out := buyersInvoice{
		ID: string(v.ID), Kind: v.Kind, State: v.State, Number: v.Number, Period: v.Period, IssueDate: v.IssueDate, DueDate: v.DueDate,
		TaxPoint: v.TaxPoint, Seller: party{LegalEntity: v.From}, Buyer: party{LegalEntity: v.To}, PaymentDays: v.PaymentDays,
		CustomerNumber: v.CustomerNumber, PurchaseOrder: v.PurchaseOrder, BuyerReference: v.BuyerReference, Preceding: v.Preceding, Follows: v.Follows,
		Language: words.Code, Currency: v.Currency, Taxes: v.Taxes, Net: v.Net.Fixed(n), Tax: v.Tax.Fixed(n), Total: v.Total.Fixed(n),
		Payable: v.Payable.Fixed(n), Exchange: v.Exchange, Notes: v.Notes, Lines: []buyersLine{},
	}
	for i := range v.Lines {
		l := &v.Lines[i]
		out.Lines = append(out.Lines, buyersLine{
			l.Number, string(l.Kind), l.Customer, l.CustomerName, l.Subscription, l.SubscriptionOf, words.describe(l), l.ChargeType, l.ServiceDates(), l.Quantity,
			l.Unit, l.UnitCode, l.UnitPrice, l.Mixed, l.Exact, l.Billed, l.Net.Fixed(n), l.Tax,
		})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}
