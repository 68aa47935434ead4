package usage

// Column is one column of a daily rated usage row, in the provider's order. Decoders deliver every row as one
// value per column, whatever the file calls it and in whichever order it stands.
type Column int

// The columns of daily rated usage. Entry columns first come to mind as what is constant for one
// resource and meter; what else a column belongs to says Part.
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
	NumColumns
)

// Row is one data record as a decoder reached it: the text of every column, unquoted, not otherwise touched. The
// bytes are only valid until the next row.
type Row struct {
	Line   int64 // 1-based line in the file on which the record starts
	Values [NumColumns][]byte

	// Shared is, where a decoder can say, the text of every column that is no part of the fact: rows of one file with
	// equal Shared have equal values there. Then only the columns of the fact are in Values; Whole fills in the others.
	// Runs are where its pieces stand in the block.
	Shared []byte
	Runs   []Run
	Whole  func()
}

// Run is a piece of a block, from one byte to before another.
type Run struct{ From, To int32 }

// Entry is what is constant for one resource and meter: every column but the day, the amounts, the tags and the
// variant.
type Entry [NumColumns]string

// Variant is what the provider may change inside one entry: its own price, exchange rate, credits and benefits.
// Covered says that a reservation or savings plan paid: BenefitType names one and the printed amount is 0.
type Variant struct {
	UnitPrice, ExchangeRate, ExchangeRateDate, EarnedCredit, Credit, CreditType string
	BenefitOrderID, BenefitID, BenefitType                                      string
	Covered                                                                     bool
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
