package usage

import (
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// StatementLine is one line of the provider's invoice reconciliation, as printed. Amounts that the
// line left blank are 0.
type StatementLine struct {
	Line                    int64          `json:"line"`
	PartnerID               string         `json:"partner_id"`
	CustomerID              string         `json:"customer_id"`
	CustomerName            string         `json:"customer_name"`
	InvoiceNumber           string         `json:"invoice_number"`
	ResellerMPNID           string         `json:"reseller_mpn_id,omitempty"`
	OrderID                 string         `json:"order_id,omitempty"`
	OrderDate               string         `json:"order_date,omitempty"`
	ProductID               string         `json:"product_id"`
	SkuID                   string         `json:"sku_id"`
	AvailabilityID          string         `json:"availability_id,omitempty"`
	SkuName                 string         `json:"sku_name"`
	ProductName             string         `json:"product_name"`
	ChargeType              string         `json:"charge_type"`
	UnitPrice               money.Decimal  `json:"unit_price"`
	EffectiveUnitPrice      money.Decimal  `json:"effective_unit_price"`
	Quantity                money.Decimal  `json:"quantity"`
	BillableQuantity        money.Decimal  `json:"billable_quantity"`
	Subtotal                money.Decimal  `json:"subtotal"`
	TaxTotal                money.Decimal  `json:"tax_total"`
	Total                   money.Decimal  `json:"total"`
	Currency                money.Currency `json:"currency"`
	PricingCurrency         money.Currency `json:"pricing_currency,omitempty"`
	ExchangeRate            money.Decimal  `json:"exchange_rate"` // 1 when blank
	PriceAdjustment         string         `json:"price_adjustment,omitempty"`
	PublisherName           string         `json:"publisher_name"`
	PublisherID             string         `json:"publisher_id,omitempty"`
	SubscriptionDescription string         `json:"subscription_description"`
	SubscriptionID          string         `json:"subscription_id"`
	ChargeStart             period.Date    `json:"charge_start,omitzero"`
	ChargeEnd               period.Date    `json:"charge_end,omitzero"` // inclusive, as printed
	TermAndBillingCycle     string         `json:"term_and_billing_cycle,omitempty"`
	BillingFrequency        string         `json:"billing_frequency,omitempty"`
	UnitType                string         `json:"unit_type,omitempty"`
	MeterDescription        string         `json:"meter_description,omitempty"`
	ReservationOrderID      string         `json:"reservation_order_id,omitempty"`
	CreditReasonCode        string         `json:"credit_reason_code,omitempty"`
	SubscriptionStart       period.Date    `json:"subscription_start,omitzero"`
	SubscriptionEnd         period.Date    `json:"subscription_end,omitzero"`
	ReferenceID             string         `json:"reference_id,omitempty"`
	PromotionID             string         `json:"promotion_id,omitempty"`
	Reading                 int            `json:"reading,omitempty"` // version of the rules by which it was read; 0 means 1
}
