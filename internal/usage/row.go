package usage

import "github.com/purveyor-csp/purveyor/internal/money"

// Column is one column of a daily rated usage row, in the provider's order. Decoders deliver every row as one
// value per column, whatever the file calls it and in whichever order it stands.
type Column int

// The columns of daily rated usage. PartOf says what a column belongs to: most are constant for one resource and meter,
// and part of the entry.
const (
	PartnerID Column = iota
	PartnerName
	CustomerID
	CustomerName
	CustomerDomainName
	CustomerCountry
	MPNID
	ResellerMPNID
	InvoiceNumber
	ProductID
	SkuID
	AvailabilityID
	SkuName
	ProductName
	PublisherName
	PublisherID
	SubscriptionDescription
	SubscriptionID
	ChargeStartDate
	ChargeEndDate
	UsageDate
	MeterType
	MeterCategory
	MeterID
	MeterSubCategory
	MeterName
	MeterRegion
	Unit
	ResourceLocation
	ConsumedService
	ResourceGroup
	ResourceURI
	ChargeType
	UnitPrice
	Quantity
	UnitType
	BillingPreTaxTotal
	BillingCurrency
	PricingPreTaxTotal
	PricingCurrency
	ServiceInfo1
	ServiceInfo2
	Tags
	AdditionalInfo
	EffectiveUnitPrice
	ExchangeRate
	ExchangeRateDate
	EntitlementID
	EntitlementDescription
	EarnedCredit // in percent: 15
	Credit       // in percent: 100
	CreditType
	BenefitOrderID
	BenefitID
	BenefitType
	ReservationID // derived from AdditionalInfo: see Derive
	NumColumns

	// NumPrinted is how many columns files have. Those that follow are derived from them.
	NumPrinted = ReservationID
)

// Derived says whether a column is derived from printed ones: no file has it, and it is no part of what makes rows the
// same, for what it is derived from is.
func Derived(c Column) bool { return c >= NumPrinted }

// Derive fills the columns of an entry that are derived from its printed ones. It says the same of entries of every
// reading: what a later version derives of them is found in earlier ones too.
func (e *Entry) Derive() { e[ReservationID] = ReservationOf(e[AdditionalInfo]) }

// Entry is what is constant for one resource and meter: every column but the day, the amounts, the tags and the
// variant.
type Entry [NumColumns]string

// Variant is what the provider may change inside one entry: its own price, exchange rate, credits and benefits.
// Covered says that a reservation or savings plan paid: BenefitType or AdditionalInfo names one and the printed amount
// is 0. Reversed says that amount and quantity have opposite signs though the unit price is not negative, as a refund
// may be printed: prices take the quantity with the sign of the amount. Unlisted says that the unit price is printed as
// 0 beside an amount: the provider's list price is not known.
type Variant struct {
	UnitPrice, ExchangeRate, ExchangeRateDate, EarnedCredit, Credit, CreditType string
	BenefitOrderID, BenefitID, BenefitType                                      string
	Covered, Reversed, Unlisted                                                 bool
}

// Refund says that usage is taken back: prices count the quantity with the other sign than it is printed with. A refund is
// printed with its quantity as it was used and a negative price, or with a negative amount alone.
func (v *Variant) Refund() bool {
	if v.Reversed {
		return true
	}
	price, err := money.Parse(v.UnitPrice)
	return err == nil && price.Sign() < 0 && !v.Unlisted
}

// Part says which part of the star a column belongs to.
type Part int

// The parts of the star (money-path §1).
const (
	PartEntry Part = iota
	PartVariant
	PartFact
	PartTags
)

// PartOf is the part of the star a column is stored in.
func PartOf(c Column) Part {
	switch c {
	case UsageDate, Quantity, EffectiveUnitPrice, BillingPreTaxTotal, PricingPreTaxTotal:
		return PartFact
	case UnitPrice, ExchangeRate, ExchangeRateDate, EarnedCredit, Credit, CreditType,
		BenefitOrderID, BenefitID, BenefitType:
		return PartVariant
	case Tags:
		return PartTags
	}
	return PartEntry
}
