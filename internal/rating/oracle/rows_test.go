package oracle_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating/oracle"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// entry makes up what is constant for one resource and meter of a side.
func (m *generator) entry(s *side) oracle.Row {
	var r oracle.Row
	who := pick(m, m.entitlements...)
	r[usage.EntitlementID], r[usage.CustomerID] = who.entitlement, who.tenant
	switch {
	case m.in100(5):
		r[usage.CustomerID] = ""
	case m.in100(5):
		r[usage.CustomerID] = pick(m, m.entitlements...).tenant
	case m.in100(10):
		r[usage.CustomerID], r[usage.EntitlementID] = m.cased(who.tenant), m.cased(who.entitlement)
	}
	publisher := pick(m, publishers()...)
	if !strings.HasPrefix(strings.ToLower(publisher), "microsoft") {
		r[usage.PublisherID] = "28503520"
	}
	number := m.IntN(1000)
	for c, text := range map[usage.Column]string{
		usage.PartnerID: s.account, usage.PartnerName: "Contoso CSP", usage.CustomerName: "Customer, \"the\" " + who.tenant,
		usage.CustomerCountry: "DE", usage.MPNID: "1234567", usage.ProductID: m.cased(pick(m, products()...)), usage.SkuID: pick(m, skus()...),
		usage.AvailabilityID: pick(m, "", "", "DZH318Z0B5DK", "DZH318Z0AAAA"), usage.SkuName: "Pay-as-you-go", usage.ProductName: "A product", usage.PublisherName: publisher,
		usage.SubscriptionDescription: pick(m, plans()...), usage.SubscriptionID: fmt.Sprint("Plan-", m.IntN(4), "-xY"),
		usage.MeterType:     "1 Hour",
		usage.MeterCategory: m.cased(pick(m, categories()...)), usage.MeterID: m.cased(pick(m, meters()...)),
		usage.MeterSubCategory: pick(m, subCategories()...), usage.MeterName: fmt.Sprint("Meter name ", m.IntN(12)),
		usage.MeterRegion: pick(m, regions()...), usage.Unit: "1 Hour", usage.UnitType: "1 Hour", usage.ResourceLocation: "WESTEUROPE",
		usage.ConsumedService: "Microsoft.Compute", usage.ResourceGroup: fmt.Sprint("rg", m.IntN(5)),
		usage.ResourceURI: fmt.Sprint("/subscriptions/", who.entitlement, "/vm/", number), usage.ChargeType: pick(m, chargeTypes()...),
		usage.BillingCurrency: s.currency, usage.PricingCurrency: pick(m, "USD", s.currency), usage.AdditionalInfo: `{"ServiceType":"B1s"}`,
		usage.EntitlementDescription: "A subscription",
	} {
		r[c] = text
	}
	return r
}

// row is one row of an entry on a day.
func (m *generator) row(s *side, on period.Date) oracle.Row {
	r := s.entries[m.IntN(len(s.entries))]
	r[usage.UsageDate] = on.String()
	r[usage.ChargeStartDate], r[usage.ChargeEndDate] = on.Month().Start().String(), (on.Month() + 1).Start().String()
	r[usage.Quantity], r[usage.BillingPreTaxTotal] = m.amount(), m.amount()
	r[usage.PricingPreTaxTotal], r[usage.EffectiveUnitPrice] = m.amount(), pick(m, "", m.number(1, 6))
	r[usage.UnitPrice] = pick(m, s.prices...)
	r[usage.ExchangeRate], r[usage.ExchangeRateDate] = pick(m, s.rates...), "2026-08-31"
	r[usage.EarnedCredit], r[usage.Credit], r[usage.CreditType] = pick(m, "0", "0", "15"), "0", "Credit Not Applied"
	if m.in100(5) {
		r[usage.Credit], r[usage.CreditType] = pick(m, "100", "12.5"), "Azure Credit Applied"
	}
	if m.in100(12) {
		r[usage.BenefitType] = pick(m, "SavingsPlan", "savingsplan", "Reservation", "Charge")
		r[usage.BenefitID], r[usage.BenefitOrderID] = "benefit-1", "order-1"
		if m.in100(70) {
			r[usage.BillingPreTaxTotal] = pick(m, "0", "0.00", "-0.0", "0.0000000000000000000")
		}
	}
	if m.in100(6) {
		r[usage.AdditionalInfo] = pick(m, `{"ReservationId":"r-1"}`, `{"ServiceType":"B1s","reservationorderid":"o-1"}`, `{"CONSUMPTIONMETER":"meter-a"}`,
			`{"benefit":{"ReservationId":"r-2"}}`, `"{\"ReservationId\":\"r-3\",\"ReservationOrderId\":\"o-3\"}"`, `{"info":"{\"ReservationOrderId\":\"o-4\"}"}`,
			`{"ReservationId":""}`, `{"ReservationId":null}`, `{"ReservationId":"00000000-0000-0000-0000-000000000000"}`, `{"ReservationId":`)
		r[usage.BillingPreTaxTotal] = pick(m, "0", "0.00", m.amount())
	}
	if strings.HasPrefix(r[usage.UnitPrice], "-") && m.in100(90) { // as refunds are printed
		r[usage.Quantity], r[usage.BillingPreTaxTotal] = strings.Trim(r[usage.Quantity], "-"), "-"+strings.Trim(r[usage.BillingPreTaxTotal], "-")
	}
	r[usage.Tags] = pick(m, "", "{}", `{"env":"prod"}`, `{"Env":"TEST","env":"prod"}`, `"env": "prod","team": "A-17"`, `{"team":"a-17","cost-centre":"x"}`,
		`{"env":true,"Cost-Centre":17}`, `{"env":null,"team":"test"}`, `{"ENV":"Prüfung, \"zwei\""}`)
	return r
}

// amount is a number as rows have them: some negative, some nothing, some longer than a column holds.
func (m *generator) amount() string {
	if m.in100(4) {
		return pick(m, "0", "0.000")
	}
	s := m.number(5, m.IntN(19))
	if m.in100(3) {
		s = m.number(4, 19+m.IntN(21))
	}
	if m.in100(8) {
		s = "-" + s
	}
	return s
}

// spoil makes a row one that cannot be counted.
func (m *generator) spoil(r oracle.Row) oracle.Row {
	switch m.IntN(6) {
	case 0:
		r[usage.Quantity] = m.number(1, 40)
	case 1:
		r[usage.BillingPreTaxTotal] = "100000000000"
	case 2:
		r[usage.UsageDate] = "2026-09-31"
	case 3:
		r[usage.EntitlementID] = " "
	case 4:
		r[usage.BillingCurrency] = "EURO"
	case 5:
		r[usage.UnitPrice] = "1,5"
	}
	return r
}

// side is one account and billing currency: where unbilled and billed rows are the same usage.
type side struct {
	account, currency string
	entries           []oracle.Row
	prices, rates     []string
}

func (m *generator) side(account, currency string) *side {
	s := &side{account: account, currency: currency}
	for range 2 + m.rows/12 {
		s.entries = append(s.entries, m.entry(s))
	}
	for range 4 {
		s.prices = append(s.prices, m.number(2, m.IntN(15)))
		s.rates = append(s.rates, m.number(1, 1+m.IntN(9)), "1")
	}
	s.prices = append(s.prices, "1.5E-7", "0", "-"+m.number(2, m.IntN(6)))
	s.rates = append(s.rates, "")
	return s
}

// cells are the rows of a download by entitlement and day: the pieces in which overlap is settled.
type cells map[string][]oracle.Row

func cellOf(r oracle.Row) string {
	return strings.ToLower(r[usage.EntitlementID]) + " " + r[usage.UsageDate]
}

func (c cells) add(rows ...oracle.Row) {
	for _, r := range rows {
		c[cellOf(r)] = append(c[cellOf(r)], r)
	}
}

// download is about so many rows of a side.
func (m *generator) download(s *side, rows int) cells {
	c := cells{}
	for range rows {
		r := m.row(s, m.on())
		c.add(r)
		if m.in100(1) {
			c.add(r) // the provider does print rows twice
		}
	}
	return c
}

// again is a later download of the same: some cells are not in it, some changed, and with more there are new ones. In a
// cell that changed there is a row that was not there before, so that it is no mere part of the older one.
func (m *generator) again(s *side, c cells, more bool) cells {
	next := cells{}
	for _, k := range sorted(c) {
		rows := slices.Clone(c[k])
		switch n := m.IntN(100); {
		case n < 15:
			continue
		case n < 25:
			m.other(rows[m.IntN(len(rows)):][:1])
		case n < 30:
			rows = append(rows, rows[0])
			m.other(rows[len(rows)-1:])
		case n < 35 && len(rows) > 1:
			rows = rows[1:]
			m.other(rows[:1])
		}
		next.add(rows...)
	}
	for range len(c) / 10 {
		r := m.row(s, m.on())
		if more && len(c[cellOf(r)]) == 0 {
			next.add(r)
		}
	}
	return next
}

// otherwise is the same rows, but in some cells none is as it was.
func (m *generator) otherwise(c cells) cells {
	next := cells{}
	for _, k := range sorted(c) {
		rows := slices.Clone(c[k])
		if m.in100(20) {
			m.other(rows)
		}
		next.add(rows...)
	}
	return next
}

// some is a part of the rows: some cells whole, some not.
func (m *generator) some(c cells) cells {
	next := cells{}
	for _, k := range sorted(c) {
		for _, r := range c[k] {
			if m.in100(70) {
				next.add(r)
			}
		}
	}
	return next
}

// other gives rows quantities they did not have.
func (m *generator) other(rows []oracle.Row) {
	for i := range rows {
		rows[i][usage.Quantity] = m.number(3, 15)
	}
}

// billed is the same rows with an invoice number; rows of the month before are on an invoice of their own.
func (c cells) billed(invoice string) cells {
	next := cells{}
	for _, k := range sorted(c) {
		for _, r := range c[k] {
			r[usage.InvoiceNumber] = invoice
			if r.Day().Month() != september {
				r[usage.InvoiceNumber] += "A"
			}
			next.add(r)
		}
	}
	return next
}

// of keeps the rows of one month.
func (c cells) of(month period.Month) cells {
	next := cells{}
	for _, k := range sorted(c) {
		for _, r := range c[k] {
			if r.Day().Month() == month {
				next.add(r)
			}
		}
	}
	return next
}

// all lists the rows in some order.
func (m *generator) all(c cells) (rows []oracle.Row) {
	for _, k := range sorted(c) {
		rows = append(rows, c[k]...)
	}
	m.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return rows
}
