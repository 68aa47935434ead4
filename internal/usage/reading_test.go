package usage

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Lines that are sealed keep their content, by which their batches' digests and their charges' ids are made.
func TestContentStays(t *testing.T) {
	const sealed = `{"line":0,"partner_id":"p","customer_id":"t-1","customer_name":"","invoice_number":"G1","product_id":"DZH1","sku_id":"0001","sku_name":"","product_name":"","charge_type":"","unit_price":"0","effective_unit_price":"0","quantity":"0","billable_quantity":"0","subtotal":"1.5","tax_total":"0","total":"0","currency":"EUR","exchange_rate":"1","publisher_name":"","subscription_description":"","subscription_id":"","charge_start":"2026-09-01","charge_end":"2026-09-30"}`
	l := StatementLine{
		Line: 7, PartnerID: "p", CustomerID: "t-1", InvoiceNumber: "G1", ProductID: "DZH1", SkuID: "0001", Subtotal: money.MustParse("1.50"), Currency: "EUR",
		ExchangeRate: money.FromInt(1), ChargeStart: period.NewDate(2026, 9, 1), ChargeEnd: period.NewDate(2026, 9, 30),
	}
	for reading := 0; reading <= Reading; reading++ {
		l.Reading = reading
		if got := Content(l); got != sealed {
			t.Errorf("reading %d: %s", reading, got)
		}
	}
}

// A column that a later reading brings is no part of lines as an earlier one has them.
func TestLaterLineColumn(t *testing.T) {
	later := []lineColumn{{Reading + 1, func(l *StatementLine) { l.PromotionID = "" }}}
	l := StatementLine{CustomerID: "t-1", PromotionID: "x"}
	if got := l.without(Reading, later); got.PromotionID != "" || got.CustomerID != "t-1" || got.Reading != Reading {
		t.Errorf("as the reading before had it: %+v", got)
	}
	if got := l.without(Reading+1, later); got.PromotionID != "x" {
		t.Errorf("as its own reading has it: %+v", got)
	}
}
