package usage

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// Charges divides statement lines (money-path §2): lines with daily rows of the same invoice behind them are control
// totals; Azure usage without rows is an orphan, to be explained and not charged; the rest are charges.
func (b *Behind) Charges(lines []SealedLine) (charges []charge.Charge, controls, orphans []SealedLine) {
	seen := map[string]int{}
	printed := make([]*StatementLine, len(lines))
	for i := range lines {
		printed[i] = &lines[i].StatementLine
	}
	charged, controlled, missing := b.Divide(printed)
	for _, i := range charged {
		l := &lines[i]
		key := Content(l.StatementLine)
		seen[key]++
		c := asCharge(l, Family(&l.StatementLine), fmt.Sprint(seen[key]))
		c.RowsFamily = b.Family(&l.StatementLine)
		charges = append(charges, c)
	}
	for _, i := range controlled {
		controls = append(controls, lines[i])
	}
	for _, i := range missing {
		orphans = append(orphans, lines[i])
	}
	return charges, controls, orphans
}

// IsUsage says whether a line says itself that it sums metered Azure usage, and so should have daily rows behind it.
func IsUsage(l *StatementLine) bool {
	return l.MeterDescription != "" && Family(l) == pricing.FamilyAzure && !l.IsCredit() && l.Subtotal.Sign() >= 0
}

// Content is what makes a line the same line wherever it stands; identical lines are distinguished by their ordinal.
// It says what the reading of the line knew, and nothing about the reading: lines of two readings that print the same
// in all columns of both are the same. To compare lines of two readings, take each As the earlier one.
func Content(l StatementLine) string {
	l = l.As(l.ReadBy())
	l.Line, l.Reading = 0, 0
	b, err := json.Marshal(l)
	if err != nil {
		panic("usage: " + err.Error()) // every field of a StatementLine can be marshalled
	}
	return string(b)
}

func asCharge(l *SealedLine, family, ordinal string) charge.Charge {
	service := period.Period{Start: l.ChargeStart}
	if l.ChargeEnd != 0 {
		service.End = l.ChargeEnd.AddDays(1) // printed inclusive
	}
	quantity := l.BillableQuantity
	if quantity.IsZero() {
		quantity = l.Quantity
	}
	if l.Subtotal.Sign() < 0 { // credits print the quantity they take back, and a negative price
		quantity = quantity.Abs().Neg()
	}
	name := l.ProductName
	if l.SkuName != "" && !strings.EqualFold(l.SkuName, l.ProductName) {
		name += " – " + l.SkuName
	}
	return charge.Charge{
		ID: id.Charge("chg_" + id.Derive("charge", l.InvoiceNumber, Content(l.StatementLine), ordinal)), Period: l.Period,
		Invoice: l.InvoiceNumber, Customer: l.CustomerID, Subscription: l.SubscriptionID, Family: family,
		Product: l.ProductID, SKU: l.SkuID, Name: name, Meter: l.MeterDescription, Publisher: l.PublisherName,
		Plan: l.SubscriptionDescription, Type: l.ChargeType, Service: service, Quantity: quantity, Unit: l.UnitType,
		Amount: money.Of(l.Subtotal, l.Currency), Source: charge.Source{File: l.File, Line: l.Line},
	}
}
