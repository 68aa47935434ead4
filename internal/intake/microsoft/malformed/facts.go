package malformed

import "strings"

// impossible are rows whose texts are days and numbers and cannot be true, beside the same rows without the fault.
func impossible() []File {
	rate := "PCToBCExchangeRate"
	european := func(changes ...string) string {
		return row(append([]string{"ChargeStartDate", "01/09/2026", "ChargeEndDate", "30/09/2026", "PCToBCExchangeRateDate", "01/09/2026"}, changes...)...)
	}
	negative := func(price, quantity, amount string) []byte {
		return file(day("1"), row("UnitPrice", price, "Quantity", quantity, "BillingPreTaxTotal", amount, "PricingPreTaxTotal", amount, rate, "1"))
	}
	return []File{
		aside("exchange rate 0", "rate_not_positive", rate, rate, "0"),
		aside("exchange rate 0 in many digits", "rate_not_positive", rate, rate, "0.00000000000000000000"),
		aside("negative exchange rate", "rate_not_positive", rate, rate, "-0.5"),
		loads("exchange rate that is blank", file(day("1"), row(rate, "", "BillingPreTaxTotal", "6", "BillingCurrency", "USD")), 2, "9"),
		loads("exchange rate that is small", file(day("1"), row(rate, "0.0001", "BillingPreTaxTotal", "0.0006")), 2, "3.0006"),

		aside("hour 30", "impossible_date", "UsageDate", "UsageDate", "2026-09-30T30:00:00Z"),
		aside("minute 61", "impossible_date", "UsageDate", "UsageDate", "2026-09-30T10:61:00Z"),
		aside("second 61", "impossible_date", "UsageDate", "UsageDate", "9/30/2026 10:00:61"),
		aside("hour 13 PM", "impossible_date", "UsageDate", "UsageDate", "9/30/2026 13:00:00 PM"),
		aside("half past twenty-four", "impossible_date", "UsageDate", "UsageDate", "2026-09-30T24:30:00Z"),
		aside("offset of 99 hours", "impossible_date", "UsageDate", "UsageDate", "2026-09-30T10:00:00+99:00"),
		aside("time that is none", "impossible_date", "UsageDate", "UsageDate", "2026-09-30Tnoon"),
		loads("times of day", file(row("UsageDate", "2026-09-30T23:59:59.9999999Z"), row("UsageDate", "9/29/2026 11:59:59 PM"), row("UsageDate", "2026-09-28T00:00:00+00:00"),
			row("UsageDate", "9/27/2026 0:00"), row("UsageDate", "2026-09-26 10:00:00 UTC"), row("UsageDate", "2026-09-29T24:00:00Z", "Quantity", "4", "BillingPreTaxTotal", "6", "PricingPreTaxTotal", "12")), 6, "21"),
		loads("time with an offset, on another day in UTC", file(day("1"), row("UsageDate", "2026-09-30T23:30:00-02:00"), row("UsageDate", "2026-09-01T00:30:00+02:00")), 3, "9"),

		aside("day before the charge period", "outside_charge_period", "UsageDate", "UsageDate", "8/31/2026"),
		aside("day after the charge period", "outside_charge_period", "UsageDate", "UsageDate", "10/1/2026"),
		aside("month for the day beside a charge period in ISO", "outside_charge_period", "UsageDate", "UsageDate", "2/9/2026", "ChargeStartDate", "2026-09-01", "ChargeEndDate", "2026-09-30"),
		loads("charge period up to the first of the next month", file(row("ChargeEndDate", "10/1/2026", "UsageDate", "9/30/2026"), day("1")), 2, "6"),
		loads("charge period that is blank", file(row("ChargeStartDate", "", "ChargeEndDate", ""), day("1")), 2, "6"),
		misread("day before month in the whole file", file(european("UsageDate", "01/09/2026"), european("UsageDate", "02/09/2026")), "day_month_dates", 2),
		misread("day before month, some of them past the twelfth", file(european("UsageDate", "12/09/2026"), european("UsageDate", "13/09/2026")), "day_month_dates", 2),
		misread("day before month in a short charge period", file(row("UsageDate", "02/09/2026", "ChargeStartDate", "01/09/2026", "ChargeEndDate", "05/09/2026"), row("UsageDate", "03/09/2026", "ChargeStartDate", "01/09/2026", "ChargeEndDate", "05/09/2026")), "day_month_dates", 2),
		loads("short charge period", file(row("UsageDate", "09/02/2026", "ChargeStartDate", "09/01/2026", "ChargeEndDate", "09/05/2026")), 1, "3"),

		aside("negative price of a charge", "amount_sign", "UnitPrice", "UnitPrice", "-3"),
		loads("refund with a negative price", negative("-3", "1", "-3"), 2, "0"),
		loads("refund with a negative quantity", negative("3", "-1", "-3"), 2, "0"),
	}
}

// doubtful are rows that count and are odd, beside the same rows without the doubt.
func doubtful() []File {
	paid := func(unit, quantity, amount string) []byte {
		return file(day("1"), row("UnitPrice", unit, "Quantity", quantity, "BillingPreTaxTotal", amount, "PricingPreTaxTotal", amount, "PCToBCExchangeRate", "1"))
	}
	return []File{
		warned("refund with a negative amount alone", paid("3", "1", "-3"), "amount_mismatch", 2, "0"),
		warned("1 % more than unit price times quantity", paid("10", "10", "101"), "amount_mismatch", 2, "104"),
		warned("three hundredths more than unit price times quantity", paid("1", "1000", "1000.03"), "amount_mismatch", 2, "1003.03"),
		loads("a hundredth less than unit price times quantity", paid("1.005", "100", "100.49"), 2, "103.49"),
		loads("many digits of unit price times quantity", paid("0.0209496384791679", "23.200004", "0.486031696515249"), 2, "3.486031696515249"),
		warned("list price 0 beside an amount", paid("0", "10", "12.75"), "amount_mismatch", 2, "15.75"),
		loads("list price 0 beside an amount of 0", paid("0", "10", "0"), 2, "3"),
		loads("reservation in the additional information", file(day("1"), row("AdditionalInfo", `"{""reservationID"":""d-1""}"`, "BillingPreTaxTotal", "0", "PricingPreTaxTotal", "0")), 2, "3"),
		loads("reservation in text that was encoded twice", file(day("1"), row("AdditionalInfo", `"""{\""ReservationOrderId\"":\""o-1\""}"""`, "BillingPreTaxTotal", "0", "PricingPreTaxTotal", "0")), 2, "3"),
		loads("reservation in an object of the additional information", file(day("1"), row("AdditionalInfo", `"{""benefit"":{""ReservationId"":""d-1""}}"`, "BillingPreTaxTotal", "0", "PricingPreTaxTotal", "0")), 2, "3"),
		warned("no reservation in the additional information", file(day("1"), row("AdditionalInfo", `"{""reservationID"":""""}"`, "BillingPreTaxTotal", "0", "PricingPreTaxTotal", "0")), "amount_mismatch", 2, "3"),
		warned("tags that cannot be read", file(row("Tags", `"{""env"":""prod"`), day("2")), "unreadable_tags", 2, "6"),
		loads("tags without brackets", file(row("Tags", `"""env"":""prod"""`), day("2")), 2, "6"),
		warned("SKU without its leading zeros", file(day("1"), row("SkuId", "1")), "leading_zeros", 2, "6"),
		warned("identifier in scientific notation", file(day("1"), row("ProductId", "1.23E+15")), "scientific_notation", 2, "6"),
		warned("SKU turned into a date", file(day("1"), row("SkuId", "1-Mar")), "date_for_identifier", 2, "6"),
		loads("SKUs of digits and letters", file(row("SkuId", "003J", "UsageDate", "9/1/2026"), row("SkuId", "00E1"), row("SkuId", strings.Repeat("0", 3)+"1")), 3, "9"),
	}
}
