package microsoft

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// usageNames is what files call the columns of daily rated usage, in lower case: file names and API names. The two
// rateOf… names carry fractions.
func usageNames() map[string]int {
	names := strings.Fields(`partnerid partnername customerid customername customerdomainname customercountry mpnid
		resellermpnid invoicenumber productid skuid availabilityid skuname productname publishername publisherid
		subscriptiondescription subscriptionid chargestartdate chargeenddate usagedate metertype metercategory meterid
		metersubcategory metername meterregion unit resourcelocation consumedservice resourcegroup resourceuri chargetype
		unitprice quantity unittype billingpretaxtotal billingcurrency pricingpretaxtotal pricingcurrency serviceinfo1
		serviceinfo2 tags additionalinfo effectiveunitprice pctobcexchangerate pctobcexchangeratedate entitlementid
		entitlementdescription partnerearnedcreditpercentage creditpercentage credittype benefitorderid benefitid benefittype`)
	m := make(map[string]int, len(names)+8)
	for i, n := range names {
		m[n] = i
	}
	for alias, c := range map[string]usage.Column{
		"tier2mpnid": usage.ResellerMPNID, "unitofmeasure": usage.Unit,
		"rateofpartnerearnedcredit": earnedFraction, "rateofcredit": creditFraction,
	} {
		m[alias] = int(c)
	}
	return ignoring(m)
}

// ignored is the column of members that the provider is known to add and that are not needed.
const ignored = -2

func ignoring(m map[string]int) map[string]int {
	for _, n := range []string{"invoicelineitemtype", "billingprovider", "attributes", "attributes/objecttype", "discountdetails"} {
		m[n] = ignored
	}
	return m
}

// Two columns that exist under API names only: credits as fractions, which decoding turns into percent.
const (
	earnedFraction = usage.NumColumns + iota
	creditFraction
	numUsage
)

// usageRequired is without which a row could not be counted.
func usageRequired() []usage.Column {
	return []usage.Column{
		usage.PartnerID, usage.CustomerID, usage.InvoiceNumber, usage.ProductID, usage.SkuID, usage.SubscriptionID,
		usage.UsageDate, usage.MeterID, usage.UnitPrice, usage.Quantity, usage.BillingPreTaxTotal, usage.BillingCurrency,
		usage.PricingPreTaxTotal, usage.PricingCurrency, usage.ExchangeRate, usage.EntitlementID,
	}
}

// ColumnName is what a column is called in files with PascalCase headers; a column that no file has is called like the
// one it is derived from.
func ColumnName(c usage.Column) string {
	if c == usage.ReservationID {
		c = usage.AdditionalInfo
	}
	names := strings.Fields(`PartnerId PartnerName CustomerId CustomerName CustomerDomainName CustomerCountry MPNID
		ResellerMPNID InvoiceNumber ProductId SkuId AvailabilityId SkuName ProductName PublisherName PublisherId
		SubscriptionDescription SubscriptionId ChargeStartDate ChargeEndDate UsageDate MeterType MeterCategory MeterId
		MeterSubCategory MeterName MeterRegion Unit ResourceLocation ConsumedService ResourceGroup ResourceURI ChargeType
		UnitPrice Quantity UnitType BillingPreTaxTotal BillingCurrency PricingPreTaxTotal PricingCurrency ServiceInfo1
		ServiceInfo2 Tags AdditionalInfo EffectiveUnitPrice PCToBCExchangeRate PCToBCExchangeRateDate EntitlementId
		EntitlementDescription PartnerEarnedCreditPercentage CreditPercentage CreditType BenefitOrderId BenefitId BenefitType`)
	return names[c]
}

// The columns of reconciliation lines, in the provider's order.
const (
	stPartnerID = iota
	stCustomerID
	stCustomerName
	stCustomerDomainName
	stCustomerCountry
	stInvoiceNumber
	stMPNID
	stResellerMPNID
	stOrderID
	stOrderDate
	stProductID
	stSkuID
	stAvailabilityID
	stSkuName
	stProductName
	stChargeType
	stUnitPrice
	stQuantity
	stSubtotal
	stTaxTotal
	stTotal
	stCurrency
	stPriceAdjustment
	stPublisherName
	stPublisherID
	stSubscriptionDescription
	stSubscriptionID
	stChargeStart
	stChargeEnd
	stTerm
	stEffectiveUnitPrice
	stUnitType
	stAlternateID
	stBillableQuantity
	stBillingFrequency
	stPricingCurrency
	stExchangeRate
	stExchangeRateDate
	stMeterDescription
	stReservationOrderID
	stCreditReasonCode
	stSubscriptionStart
	stSubscriptionEnd
	stReferenceID
	stProductQualifiers
	stPromotionID
	numStatement
)

func statementNames() map[string]int {
	names := strings.Fields(`partnerid customerid customername customerdomainname customercountry invoicenumber mpnid
		resellermpnid orderid orderdate productid skuid availabilityid skuname productname chargetype unitprice quantity
		subtotal taxtotal total currency priceadjustmentdescription publishername publisherid subscriptiondescription
		subscriptionid chargestartdate chargeenddate termandbillingcycle effectiveunitprice unittype alternateid
		billablequantity billingfrequency pricingcurrency pctobcexchangerate pctobcexchangeratedate meterdescription
		reservationorderid creditreasoncode subscriptionstartdate subscriptionenddate referenceid productqualifiers promotionid`)
	m := make(map[string]int, len(names)+1)
	for i, n := range names {
		m[n] = i
	}
	m["totalforcustomer"] = stTotal
	return ignoring(m)
}

// statementColumn is what a column of reconciliation lines is called in files with PascalCase headers.
func statementColumn(c int) string {
	names := strings.Fields(`PartnerId CustomerId CustomerName CustomerDomainName CustomerCountry InvoiceNumber MPNID ResellerMPNID OrderId
		OrderDate ProductId SkuId AvailabilityId SkuName ProductName ChargeType UnitPrice Quantity Subtotal TaxTotal Total Currency
		PriceAdjustmentDescription PublisherName PublisherId SubscriptionDescription SubscriptionId ChargeStartDate ChargeEndDate
		TermAndBillingCycle EffectiveUnitPrice UnitType AlternateId BillableQuantity BillingFrequency PricingCurrency PCToBCExchangeRate
		PCToBCExchangeRateDate MeterDescription ReservationOrderId CreditReasonCode SubscriptionStartDate SubscriptionEndDate ReferenceId
		ProductQualifiers PromotionId`)
	return names[c]
}

func statementRequired() []int {
	return []int{stCustomerID, stInvoiceNumber, stProductID, stSkuID, stSubtotal, stTaxTotal, stTotal, stCurrency}
}

// layout is how the fields of a file lead to columns.
type layout struct {
	dataset usage.Dataset
	names   map[string]int
	of      []int // CSV: column of each field, −1 for unknown fields
	plan    []fieldRun
}

func layoutFor(d usage.Dataset) *layout {
	if d == usage.Reconciliation {
		return &layout{dataset: d, names: statementNames()}
	}
	return &layout{dataset: d, names: usageNames()}
}

// datasetByNames says which dataset names belong to, or "" when to neither.
func datasetByNames(has func(string) bool) usage.Dataset {
	switch {
	case has("usagedate") && has("billingpretaxtotal"):
		return usage.DailyUsage
	case has("subtotal") && (has("taxtotal") || has("total") || has("totalforcustomer")):
		return usage.Reconciliation
	}
	return ""
}
