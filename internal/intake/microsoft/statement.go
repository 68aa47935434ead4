package microsoft

import (
	"io"

	"bytes"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Statement decodes a block of reconciliation lines. A number or date that cannot be read fails the whole file: a
// control with a hole in it controls nothing.
func (b *block) Statement(yield func(*usage.StatementLine) error) error {
	values := make([][]byte, numStatement)
	each := func(line int64) error {
		s := reading{b: b, values: values, line: line}
		l := s.lineOf()
		if s.err != nil {
			return s.err
		}
		return yield(l)
	}
	if b.d.json {
		return b.objects(values, each)
	}
	return b.records(values, each)
}

// reading reads one statement line and keeps the first thing that went wrong.
type reading struct {
	b      *block
	values [][]byte
	line   int64
	err    error
}

func (s *reading) text(c int) string { return string(bytes.TrimSpace(s.values[c])) }

func (s *reading) fail(c int, code, what string) {
	if s.err == nil {
		name := nameOf(s.b.d.layout.names, c)
		s.err = s.b.d.refuse(s.line, name, code, "%q is not %s", s.text(c), what)
	}
}

func (s *reading) number(c int) money.Decimal {
	t := s.text(c)
	if t == "" {
		return money.Decimal{}
	}
	d, err := money.Parse(t)
	if err != nil {
		s.fail(c, "not_a_number", "a number")
	}
	return d
}

// needed is a number that must be there: blank is not 0.
func (s *reading) needed(c int) money.Decimal {
	if s.text(c) == "" {
		s.fail(c, "not_a_number", "a number")
	}
	return s.number(c)
}

func (s *reading) day(c int) period.Date {
	if s.text(c) == "" {
		return 0
	}
	d, ok := ParseDay(s.values[c])
	if !ok {
		s.fail(c, "impossible_date", "a day")
	}
	return d
}

func (s *reading) currency(c int) money.Currency {
	if s.text(c) == "" && c != stCurrency {
		return ""
	}
	x, err := money.ParseCurrency(s.text(c))
	if err != nil {
		s.fail(c, "unknown_currency", "an ISO 4217 currency code")
	}
	return x
}

func (s *reading) lineOf() *usage.StatementLine {
	l := &usage.StatementLine{
		Line: s.line, PartnerID: s.text(stPartnerID), CustomerID: s.text(stCustomerID), CustomerName: s.text(stCustomerName),
		InvoiceNumber: s.text(stInvoiceNumber), ResellerMPNID: s.text(stResellerMPNID), OrderID: s.text(stOrderID),
		OrderDate: string(plainDay([]byte(s.text(stOrderDate)))), ProductID: s.text(stProductID), SkuID: s.text(stSkuID),
		AvailabilityID: s.text(stAvailabilityID), SkuName: s.text(stSkuName), ProductName: s.text(stProductName),
		ChargeType: s.text(stChargeType), UnitPrice: s.number(stUnitPrice), EffectiveUnitPrice: s.number(stEffectiveUnitPrice),
		Quantity: s.number(stQuantity), BillableQuantity: s.number(stBillableQuantity), Subtotal: s.needed(stSubtotal),
		TaxTotal: s.number(stTaxTotal), Total: s.number(stTotal), Currency: s.currency(stCurrency),
		PricingCurrency: s.currency(stPricingCurrency), ExchangeRate: s.number(stExchangeRate),
		PriceAdjustment: s.text(stPriceAdjustment), PublisherName: s.text(stPublisherName), PublisherID: s.text(stPublisherID),
		SubscriptionDescription: s.text(stSubscriptionDescription), SubscriptionID: s.text(stSubscriptionID),
		ChargeStart: s.day(stChargeStart), ChargeEnd: s.day(stChargeEnd), TermAndBillingCycle: s.text(stTerm),
		BillingFrequency: s.text(stBillingFrequency), UnitType: s.text(stUnitType), MeterDescription: s.text(stMeterDescription),
		ReservationOrderID: s.text(stReservationOrderID), CreditReasonCode: s.text(stCreditReasonCode),
		SubscriptionStart: s.day(stSubscriptionStart), SubscriptionEnd: s.day(stSubscriptionEnd),
		ReferenceID: s.text(stReferenceID), PromotionID: s.text(stPromotionID),
	}
	if s.text(stExchangeRate) == "" {
		l.ExchangeRate = money.FromInt(1)
	}
	return l
}

// maxLines bounds the lines of a statement, which are held in memory: a small compressed file may hold very many.
const maxLines = 4 << 20

// Statement reads a reconciliation file whole, without keeping it anywhere.
func Statement(name string, r io.Reader) ([]usage.StatementLine, error) {
	return statement(name, r, maxLines)
}

func statement(name string, r io.Reader, most int) ([]usage.StatementLine, error) {
	dec, _, err := Open(name, usage.Reconciliation, r)
	if err != nil {
		return nil, err
	}
	out := []usage.StatementLine{}
	for {
		b, err := dec.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		err = b.Statement(func(l *usage.StatementLine) error {
			if len(out) == most {
				return fault.New(fault.Invalid, "statement_too_large", "%s has more than %d lines; nothing was compared: compare its invoices one by one", name, most)
			}
			out = append(out, *l)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
}
