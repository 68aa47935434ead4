package usage

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// key is what the provider publishes as common to a line of its statement and the daily rows behind it (money-path §2).
// Its parts are written so that ids which are the same are equal: without spaces around them, in lower case.
type key struct {
	Invoice, Subscription, Product, SKU, Availability string // the availability may be blank: some exports leave it out
}

func keyOf(invoice, subscription, product, sku, availability string) key {
	return key{strings.TrimSpace(invoice), idText(subscription), idText(product), idText(sku), idText(availability)}
}

func idText(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// Key is the key under which daily rows stand behind the line, if any do.
func (l *StatementLine) Key() key {
	return keyOf(l.InvoiceNumber, l.SubscriptionID, l.ProductID, l.SkuID, l.AvailabilityID)
}

// Key is the key of the line that rows of an entry stand behind.
func (e *Entry) Key() key {
	return keyOf(e[InvoiceNumber], e[SubscriptionID], e[ProductID], e[SkuID], e[AvailabilityID])
}

// Columns are those of rows that decide which statement lines they stand behind.
func (*Behind) Columns() []Column {
	return []Column{InvoiceNumber, SubscriptionID, ProductID, SkuID, AvailabilityID, ChargeType, PublisherName, PublisherID}
}

// blankOr says whether two ids are the same, or one of them was left out.
func blankOr(a, b string) bool { return a == b || a == "" || b == "" }

// withoutZeros is an id as a spreadsheet leaves it that takes it for a number: "0001" becomes "1".
func withoutZeros(s string) string {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return s
	}
	if t := strings.TrimLeft(s, "0"); t != "" {
		return t
	}
	return "0"
}

// IsCredit says whether a line gives something back by what it says of itself: a credit, a refund, a cancellation.
func (l *StatementLine) IsCredit() bool {
	return creditType(l.ChargeType) || l.Subtotal.Sign() < 0 && l.CreditReasonCode != ""
}

func creditType(s string) bool {
	s = strings.ToLower(s)
	for _, word := range [...]string{"credit", "refund", "cancel", "offset", "discount"} {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}

// hasTerm says whether a line is for a term that was bought; daily rows are never of that.
func hasTerm(l *StatementLine) bool {
	switch Family(l) {
	case pricing.FamilyReservation, pricing.FamilySavingsPlan, pricing.FamilySoftware, pricing.FamilyLicence:
		return true
	case pricing.FamilyMarketplace:
		return strings.TrimSpace(l.TermAndBillingCycle) != ""
	}
	return false
}

// meterText is what rows say of their meter; a statement line has it in one text.
type meterText struct{ category, subCategory, name, unit, unitType, region string }

func (e *Entry) meter() meterText {
	return meterText{e[MeterCategory], e[MeterSubCategory], e[MeterName], e[Unit], e[UnitType], e[MeterRegion]}
}

// spells says whether a line's text is one of the documented spellings of a meter: its name, with its category or
// sub-category in front ("Tables - LRS Data Stored"), and its unit and region behind ("Bandwidth - Data Transfer In (GB)
// - Zone 2").
func (m *meterText) spells(text string) bool {
	text = plainText(text)
	name := plainText(m.name)
	if text == name {
		return true
	}
	if name == "" || !strings.Contains(text, name) {
		return false
	}
	category, sub, region := plainText(m.category), plainText(m.subCategory), plainText(m.region)
	for _, front := range [...]string{"", category, sub, join(category, sub)} {
		for _, unit := range [...]string{"", withoutCount(m.unit), withoutCount(m.unitType)} {
			middle := name
			if unit != "" {
				middle += " (" + unit + ")"
			}
			if s := join(front, middle); text == s || region != "" && text == join(s, region) {
				return true
			}
		}
	}
	return false
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " - " + b
}

func plainText(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// withoutCount is a unit without the number in front of it: "1 GB/Month" is counted in "gb/month".
func withoutCount(unit string) string {
	unit = plainText(unit)
	if count, rest, ok := strings.Cut(unit, " "); ok && strings.Trim(count, "0123456789.,") == "" {
		return rest
	}
	return unit
}

// Identity is what a difference is told by: whose and what, as printed. Customer and Subscription are in lower case.
type Identity struct {
	Invoice, Customer, Subscription, Product, SKU, Meter string
	Currency                                             money.Currency
}

// Identity is what the line says it is of.
func (l *StatementLine) Identity() Identity {
	return Identity{
		l.InvoiceNumber, idText(l.CustomerID), idText(l.SubscriptionID), l.ProductID, l.SkuID, l.MeterDescription, l.Currency,
	}
}

// Identity is what rows of the entry are of.
func (e *Entry) Identity() Identity {
	return Identity{
		e[InvoiceNumber], idText(e[CustomerID]), idText(e[SubscriptionID]), e[ProductID], e[SkuID], e[MeterName],
		money.Currency(e[BillingCurrency]),
	}
}
