package oracle

import (
	"strconv"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Row is one row of daily rated usage: the text of every column as printed, credits in percent.
type Row [usage.NumColumns]string

// Day is the day of "2026-09-30", with or without a time behind it, or of "9/30/2026"; 0 when it is none.
func (r *Row) Day() period.Date { return dayOf(r[usage.UsageDate]) }

func dayOf(s string) period.Date {
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	s, _, _ = strings.Cut(s, "T")
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		if t, err = time.Parse("1/2/2006", s); err != nil {
			return 0
		}
	}
	return period.Date(t.Unix()/86400 + 1)
}

func monthOf(d period.Date) period.Month {
	t := time.Unix(int64(d-1)*86400, 0).UTC()
	return period.Month(t.Year()*12 + int(t.Month()) - 1)
}

// counts says whether the row can be counted at all; one that cannot is kept aside.
func (r *Row) counts() bool {
	for _, c := range []usage.Column{usage.Quantity, usage.BillingPreTaxTotal, usage.PricingPreTaxTotal, usage.UnitPrice} {
		if n, ok := Parse(r[c]); !ok || !n.row() {
			return false
		}
	}
	for _, c := range []usage.Column{usage.EffectiveUnitPrice, usage.ExchangeRate} {
		if n, ok := Parse(r[c]); r[c] != "" && (!ok || !n.row()) {
			return false
		}
	}
	return r.Day() != 0 && strings.TrimSpace(r[usage.EntitlementID]) != "" && len(r[usage.BillingCurrency]) == 3
}

// Covered says that a reservation or savings plan paid: one is named, and the printed amount is 0.
func (r *Row) Covered() bool {
	kind := strings.ToLower(r[usage.BenefitType])
	return (kind == "savingsplan" || kind == "reservation") && must(r[usage.BillingPreTaxTotal]).IsZero()
}

// base is the provider's amounts of a row. Its list price is what it says itself: quantity × unit price × the exchange
// rate it prints; where it prints none, in the currency of its prices.
func (r *Row) base() Base {
	quantity := must(r[usage.Quantity])
	billing := money.Currency(r[usage.BillingCurrency])
	full := Amount{quantity.Mul(must(r[usage.UnitPrice])), billing}
	switch {
	case r[usage.ExchangeRate] != "":
		full.Value = full.Value.Mul(must(r[usage.ExchangeRate]))
	case r[usage.PricingCurrency] != "":
		full.Currency = money.Currency(r[usage.PricingCurrency])
	}
	list := full
	if r.Covered() {
		list.Value = Number{}
	}
	return Base{quantity, Amount{must(r[usage.BillingPreTaxTotal]), billing}, full, &list}
}

// Usage says what becomes of one row that counts.
func (w *World) Usage(r *Row) Outcome {
	o := w.whose(Outcome{Base: r.base()}, r[usage.EntitlementID], r[usage.CustomerID], r.Day())
	if o.Customer == nil {
		return o
	}
	family := pricing.FamilyAzure
	if thirdParty(r[usage.PublisherName], r[usage.PublisherID]) {
		family = pricing.FamilyMarketplace
	}
	return w.walk(o, &subject{
		customer: o.Customer.Key, family: family, product: r[usage.ProductID], sku: r[usage.SkuID],
		category: r[usage.MeterCategory], subCategory: r[usage.MeterSubCategory], meter: r[usage.MeterID],
		region: r[usage.MeterRegion], publisher: r[usage.PublisherName], chargeType: r[usage.ChargeType],
		plan: r[usage.SubscriptionDescription], covered: r.Covered(), tags: r[usage.Tags],
	}, r.Day())
}

// same is the text by which two rows are the same row: every column as printed, but the day and the four amounts by
// what they say.
func (r *Row) same() string {
	text := *r
	text[usage.UsageDate] = strconv.Itoa(int(r.Day()))
	for _, c := range []usage.Column{usage.Quantity, usage.BillingPreTaxTotal, usage.PricingPreTaxTotal, usage.EffectiveUnitPrice} {
		n, _ := Parse(text[c])
		text[c] = n.String()
	}
	if text[usage.Tags] == "{}" {
		text[usage.Tags] = ""
	}
	return strings.Join(text[:], "\x00")
}
