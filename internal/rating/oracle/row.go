package oracle

import (
	"encoding/json"
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
	price, quantity, amount := must(r[usage.UnitPrice]).Sign(), must(r[usage.Quantity]).Sign(), must(r[usage.BillingPreTaxTotal]).Sign()
	if rate, ok := Parse(r[usage.ExchangeRate]); ok && r[usage.ExchangeRate] != "" && rate.Sign() <= 0 {
		return false
	}
	if price < 0 && price*quantity*amount < 0 { // what is taken back cannot cost more
		return false
	}
	if on := r.Day(); dayOf(r[usage.ChargeStartDate]) > on || r[usage.ChargeEndDate] != "" && dayOf(r[usage.ChargeEndDate]) < on {
		return false
	}
	return r.Day() != 0 && strings.TrimSpace(r[usage.EntitlementID]) != "" && len(r[usage.BillingCurrency]) == 3
}

// Covered says that a reservation or savings plan paid: one is named, and the printed amount is 0.
func (r *Row) Covered() bool {
	kind := strings.ToLower(r[usage.BenefitType])
	return (kind == "savingsplan" || kind == "reservation" || r.reserved()) && must(r[usage.BillingPreTaxTotal]).IsZero()
}

// reserved says that the additional information names a reservation, or the meter that a reservation stood in for.
func (r *Row) reserved() bool {
	named := r.reservations()
	return named["reservationid"] != "" || named["reservationorderid"] != "" || named["consumptionmeter"] != ""
}

// Reservation is the reservation that the additional information names: its id, or else that of its order.
func (r *Row) Reservation() string {
	named := r.reservations()
	if named["reservationid"] != "" {
		return named["reservationid"]
	}
	return named["reservationorderid"]
}

// At is the text of a column, also of one that is derived.
func (r *Row) At(c usage.Column) string {
	if c == usage.ReservationID {
		return r.Reservation()
	}
	return r[c]
}

// reservations are the ids that the additional information names, by the name of the member in lower case. It is an
// object, or a text that holds one, at any depth.
func (r *Row) reservations() map[string]string {
	named := map[string]string{}
	var look func(name string, value any)
	look = func(name string, value any) {
		switch v := value.(type) {
		case map[string]any:
			for name, inner := range v {
				look(strings.ToLower(name), inner)
			}
		case []any:
			for _, inner := range v {
				look("", inner)
			}
		case string:
			if name == "reservationid" || name == "reservationorderid" || name == "consumptionmeter" {
				if strings.Trim(v, "0- ") != "" && !strings.EqualFold(v, "null") {
					named[name] = v
				}
				return
			}
			var inner any
			if json.Unmarshal([]byte(v), &inner) == nil {
				look("", inner)
			}
		}
	}
	look("", r[usage.AdditionalInfo])
	return named
}

// turned says that the units of a row are taken back, or a charge printed as if they were: its unit price is negative, or
// amount and quantity have opposite signs.
func (r *Row) turned() bool {
	return must(r[usage.UnitPrice]).Sign() < 0 || must(r[usage.BillingPreTaxTotal]).Sign()*must(r[usage.Quantity]).Sign() < 0
}

// unlisted says that the unit price is printed as 0 beside an amount, so it is not the provider's list price.
func (r *Row) unlisted() bool {
	return must(r[usage.UnitPrice]).IsZero() && !must(r[usage.BillingPreTaxTotal]).IsZero()
}

// base is the provider's amounts of a row. Its list price is what it says itself: quantity × unit price × the exchange
// rate it prints; where it prints none, in the currency of its prices.
func (r *Row) base() Base {
	quantity, price := must(r[usage.Quantity]), must(r[usage.UnitPrice])
	if minus := must("-1"); r.turned() {
		quantity = quantity.Mul(minus)
		if price.Sign() < 0 {
			price = price.Mul(minus)
		}
	}
	billing := money.Currency(r[usage.BillingCurrency])
	full := Amount{quantity.Mul(price), billing}
	switch {
	case r[usage.ExchangeRate] != "":
		full.Value = full.Value.Mul(must(r[usage.ExchangeRate]))
	case r[usage.PricingCurrency] != "":
		full.Currency = money.Currency(r[usage.PricingCurrency])
	}
	base := Base{Quantity: quantity, Cost: Amount{must(r[usage.BillingPreTaxTotal]), billing}, CostBeforeCredit: full}
	if r.unlisted() {
		base.NoUnitPrice = true
		return base
	}
	base.List = &full
	if r.Covered() {
		base.List = &Amount{Currency: full.Currency}
	}
	return base
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
	return w.priceAlong(o, &subject{
		customer: o.Customer.Key, family: family, product: r[usage.ProductID], sku: r[usage.SkuID],
		category: r[usage.MeterCategory], subCategory: r[usage.MeterSubCategory], meter: r[usage.MeterID],
		region: r[usage.MeterRegion], publisher: r[usage.PublisherName], chargeType: r[usage.ChargeType],
		plan: r[usage.SubscriptionDescription], covered: r.Covered(), tags: r[usage.Tags],
	}, r.Day(), monthOf(r.Day()))
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
