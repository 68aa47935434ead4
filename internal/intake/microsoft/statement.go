package microsoft

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/intake/plausible"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Statement decodes a block of reconciliation lines. A line of which a number, day or currency cannot be read comes with
// the problem for which it is to be kept aside.
func (b *block) Statement(yield func(*usage.StatementLine, *usage.Problem) error) error {
	values := make([][]byte, numStatement)
	each := func(line int64) error {
		s := reading{b: b, values: values, line: line}
		l := s.lineOf()
		if s.bad != nil {
			s.bad.Reason += s.rest(l)
		}
		return yield(l, s.bad)
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
	bad    *usage.Problem
	failed [numStatement]bool

	charged bool // what went wrong is one of what the line is billed by
}

// charged says whether a column is one of those a line is billed by.
func charged(c int) bool { return c == stSubtotal || c == stCurrency }

// rest says of a line that is kept aside whose it is and what of its amounts can be read.
func (s *reading) rest(l *usage.StatementLine) string {
	text := "; the line is kept aside, and does not control any rows. It is of invoice " + l.InvoiceNumber
	if l.CustomerName != "" || l.CustomerID != "" {
		text += ", customer " + cmp.Or(l.CustomerName, l.CustomerID)
	}
	text += ", " + cmp.Or(l.ProductName, l.SkuName, l.ProductID)
	for _, c := range [...]int{stSubtotal, stTaxTotal, stTotal} {
		if t := s.text(c); t != "" && !s.failed[c] {
			text += fmt.Sprintf(", %s %s %s", statementColumn(c), t, s.text(stCurrency))
		}
	}
	return text
}

func (s *reading) text(c int) string { return string(bytes.TrimSpace(s.values[c])) }

func (s *reading) fail(c int, code, what string) {
	s.failed[c] = true
	if s.bad == nil || charged(c) && !s.charged { // without its subtotal and currency a line cannot even be taken as printed
		s.charged = charged(c)
		s.bad = &usage.Problem{
			File: s.b.d.file, Line: s.line, Column: statementColumn(c), Code: code, Verdict: usage.Quarantined,
			Reason: fmt.Sprintf("%q is not %s", s.text(c), what), Value: s.text(c)[:min(60, len(s.text(c)))],
		}
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
	d, ok := ParseDay(s.b.d.reading, s.values[c])
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
		OrderDate: string(plainDay(s.b.d.reading, []byte(s.text(stOrderDate)))), ProductID: s.text(stProductID), SkuID: s.text(stSkuID),
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
const maxLines = 1 << 18

// Statement reads a reconciliation file, by today's rules and without keeping it anywhere: its lines, and what is wrong
// with those that cannot be read. These are not among the lines.
func Statement(name string, r io.Reader) (lines []usage.StatementLine, problems []usage.Problem, err error) {
	return statement(name, r, maxLines)
}

func statement(name string, r io.Reader, most int) (lines []usage.StatementLine, problems []usage.Problem, err error) {
	dec, _, err := Open(name, usage.Reconciliation, usage.Reading, r)
	if err != nil {
		return nil, nil, err
	}
	lines = []usage.StatementLine{}
	var damaged damagedIDs
	for {
		b, err := dec.Next()
		if err == io.EOF {
			return lines, append(append(problems, damaged.list...), slices.Concat(dec.Warnings(), partial(name, dec))...), nil
		}
		if err != nil {
			return nil, nil, err
		}
		err = b.Statement(func(l *usage.StatementLine, bad *usage.Problem) error {
			if len(lines)+len(problems) == most {
				return fault.New(fault.Invalid, "statement_too_large", "%s has more than %d lines; nothing was compared: compare its invoices one by one", name, most)
			}
			if bad != nil {
				problems = append(problems, *bad)
				return nil
			}
			damaged.add(name, l)
			lines = append(lines, l.As(usage.Reading))
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
}

// partial warns of a statement that is pages of an answer of which others are missing.
func partial(name string, dec intake.Decoder) []usage.Problem {
	p, ok := dec.(intake.Pager)
	if !ok || p.Pages() == nil || p.Pages().Missing() == "" {
		return nil
	}
	return []usage.Problem{{
		File: name, Code: usage.PagesMissing, Verdict: usage.Warned,
		Reason: p.Pages().Missing() + "; the lines of the others are compared with nothing. Save the pages that follow (nextLink) too, and join all of them in one file, one behind the other",
	}}
}

// damagedIDs are identifiers that a spreadsheet has changed: of each way the first, and on how many lines.
type damagedIDs struct{ list []usage.Problem }

func (s *damagedIDs) add(file string, l *usage.StatementLine) {
	for _, p := range plausible.DamagedLine(l) {
		at := slices.IndexFunc(s.list, func(o usage.Problem) bool { return o.Code == p.Code })
		if p.File, p.Rows = file, 1; at < 0 {
			s.list = append(s.list, p)
		} else {
			s.list[at].Rows++
		}
	}
}
