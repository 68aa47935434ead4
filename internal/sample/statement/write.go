package statement

import (
	"encoding/csv"
	"io"
	"math/big"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/sample"
)

// Options say what to plant, and in which shape lines are written.
type Options struct {
	Plant int    // how many errors
	Seed  uint64 // which
	Shape Shape
}

// Shape is which columns a statement has.
type Shape int

// The shapes: all columns; all columns, and no text in that of the meter; the provider's basic set, which has none.
const (
	Full Shape = iota
	BlankMeter
	Basic
)

// has says whether a statement has a column.
func (s Shape) has(column string) bool {
	return s != Basic || !slices.Contains(strings.Fields(`CustomerDomainName CustomerCountry MPNID Quantity PublisherId SubscriptionDescription
		UnitType AlternateId BillingFrequency PCToBCExchangeRateDate MeterDescription ProductQualifiers`), column)
}

// Write writes the provider's reconciliation lines for a sample as CSV, and says which errors it planted.
func Write(w io.Writer, s sample.Spec, o Options) ([]Planted, error) {
	lines, err := usageLines(s)
	if err != nil {
		return nil, err
	}
	lines = append(lines, chargeLines(s)...)
	var planted []Planted
	if o.Plant > 0 {
		if lines, planted, err = plant(lines, o.Plant, s.Customers, o.Seed); err != nil {
			return nil, err
		}
	}
	out := csv.NewWriter(w)
	header := strings.Fields(`PartnerId CustomerId CustomerName CustomerDomainName CustomerCountry InvoiceNumber MPNID ResellerMPNID OrderId
		OrderDate ProductId SkuId AvailabilityId SkuName ProductName ChargeType UnitPrice Quantity Subtotal TaxTotal Total Currency
		PriceAdjustmentDescription PublisherName PublisherId SubscriptionDescription SubscriptionId ChargeStartDate ChargeEndDate
		TermAndBillingCycle EffectiveUnitPrice UnitType AlternateId BillableQuantity BillingFrequency PricingCurrency PCToBCExchangeRate
		PCToBCExchangeRateDate MeterDescription ReservationOrderId CreditReasonCode SubscriptionStartDate SubscriptionEndDate ReferenceId
		ProductQualifiers PromotionId`)
	print := func(record []string) error {
		var kept []string
		for i, column := range header {
			if o.Shape.has(column) {
				kept = append(kept, record[i])
			}
		}
		return out.Write(kept)
	}
	if err := print(header); err != nil {
		return nil, err
	}
	if o.Shape != Full {
		for _, l := range lines {
			l.meter = ""
		}
		for i := range planted {
			planted[i].Meter = ""
		}
	}
	first, last := lastDay(s)
	for _, l := range lines {
		n := l.customer
		record := []string{sample.Partner(), l.tenant, sample.CustomerName(n), sample.Domain(n), sample.Country(n), l.invoice, sample.ResellerMPN(0),
			sample.ResellerMPN(1 + n%3), l.order, first, l.product, l.sku, "DZH318Z0B5DK", l.skuName, l.productName, l.kind, exact(l.price), exact(l.quantity),
			money(l.subtotal), money(l.tax), money(l.subtotal + l.tax), l.currency, l.adjustment, l.publisher, l.publisherID, l.plan, l.subscription,
			first, last, l.term, exact(l.effective), l.unit, l.order, exact(l.quantity), l.frequency, l.pricingIn, exact(l.rate), first, l.meter, "",
			l.reason, "", "", "", "", ""}
		if err := print(record); err != nil {
			return nil, err
		}
	}
	out.Flush()
	return planted, out.Error()
}

// exact prints a number whose decimals end.
func exact(r *big.Rat) string {
	s := r.FloatString(24)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
