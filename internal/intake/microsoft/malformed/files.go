package malformed

import (
	"bytes"
	"slices"
	"strings"
)

// Files is every malformed file.
func Files() []File {
	return slices.Concat(containers(), headers(), records(), amounts(), others(), objects(), kinds(), pages(), impossible(), doubtful())
}

// containers go wrong before there is any text.
func containers() []File {
	good := file(day("1"), day("2"))
	var random []byte
	for i := range 60_000 { // hard to compress, so that cutting it off is noticed
		random = append(random, byte(i*i*2654435761>>11))
	}
	long := file(day("1"), row("ResourceGroup", strings.Repeat("x", 1<<20+1)))
	packed := zipped(bytes.Repeat(good, 50))
	return []File{
		refused("empty file", nil, "empty_file", 0),
		refused("truncated gzip", packed[:len(packed)/2], "truncated", 0),
		refused("gzip with trailing garbage", append(zipped(good), "garbage!"...), "gzip_garbage", 0),
		refused("gzip with a wrong checksum", func() []byte { z := zipped(good); z[len(z)-8] ^= 1; return z }(), "gzip_checksum", 0),
		refused("gzip bomb", zipped(append(file(day("1")), bytes.Repeat([]byte{'\n'}, 200<<20)...)), "gzip_bomb", 0),
		refused("gzip of gzip", zipped(packed), "gzip_twice", 0),
		loads("gzip of two members", append(zipped(file(day("1"))), zipped([]byte(day("2")+"\n"))...), 2, "6"),
		refused("zip archive", []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00"), "zip", 0),
		refused("binary", append([]byte("\x7fELF\x02\x00"), random...), "binary", 0),
		refused("zero byte in a field", file(day("1"), row("ResourceGroup", "a\x00b")), "binary", 3),
		loads("byte order mark", append([]byte("\xef\xbb\xbf"), good...), 2, "6"),
		refused("UTF-16", utf16(good), "utf16", 0),
		refused("UTF-32", append([]byte{0, 0, 0xfe, 0xff}, utf16(good)...), "utf16", 0),
		refused("Latin-1", file(day("1"), row("CustomerName", "M\xfcller")), "not_utf8", 3),
		refused("field over 1 MiB", long, "record_too_long", 3),
	}
}

// headers name the wrong columns.
func headers() []File {
	good := file(day("1"), day("2"))
	names := strings.Split(columns, ",")
	reversed := func(line string) string {
		v := strings.Split(line, ",")
		slices.Reverse(v)
		return strings.Join(v, ",")
	}
	return []File{
		loads("reordered columns", []byte(reversed(columns)+"\n"+reversed(day("1"))+"\n"), 1, "3"),
		loads("header in small letters", append([]byte(strings.ToLower(columns)+"\n"), day("1")+"\n"...), 1, "3"),
		loads("quoted header", append([]byte(`"`+strings.Join(names, `","`)+`"`+"\n"), day("1")+"\n"...), 1, "3"),
		refused("missing columns", replace(good, ",Quantity,", ",Amount,"), "missing_column", 1),
		refused("duplicate column", replace(good, ",SkuName,", ",SkuId,"), "duplicate_column", 1),
		warned("unknown column", replace(good, ",SkuName,", ",Nonsense,"), "unknown_column", 2, "6"),
		refused("no header", []byte(day("1")+"\n"+day("2")+"\n"), "unknown_format", 1),
		warned("header only", []byte(columns+"\n"), "no_rows", 0, "0"),
		refused("semicolons", bytes.ReplaceAll(good, []byte(","), []byte(";")), "delimiter", 1),
		refused("tabs", bytes.ReplaceAll(good, []byte(","), []byte("\t")), "delimiter", 1),
		refused("reconciliation lines", []byte("CustomerId,InvoiceNumber,ProductId,SkuId,Subtotal,TaxTotal,Total,Currency\nt,G,p,s,1,0,1,EUR\n"), "other_dataset", 1),
		refused("carriage returns alone", bytes.ReplaceAll(good, []byte("\n"), []byte("\r")), "line_ends", 1),
		refused("a page instead of a file", []byte("<!DOCTYPE html>\n<html><body>Sign in</body></html>\n"), "web_page", 0),
	}
}

// records go wrong between fields.
func records() []File {
	good := file(day("1"), day("2"))
	return []File{
		loads("CRLF", bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), 2, "6"),
		loads("no newline at the end", bytes.TrimSuffix(good, []byte("\n")), 2, "6"),
		loads("blank lines", bytes.ReplaceAll(good, []byte("\n"), []byte("\n\n")), 2, "6"),
		loads("quotes inside fields", file(row("Tags", `"{""env"":""prod, ""}"`), day("2")), 2, "6"),
		loads("newline inside quotes", file(row("ResourceGroup", "\"a\nb\""), day("2")), 2, "6"),
		loads("CRLF after a quoted last field", bytes.ReplaceAll(file(row("BenefitType", `""`), day("2")), []byte("\n"), []byte("\r\n")), 2, "6"),
		refused("too few fields", file(day("1"), "a,b,c"), "field_count", 3),
		refused("too many fields", file(day("1"), day("2")+",x"), "field_count", 3),
		refused("quote never closed", file(day("1"), row("ResourceGroup", `"open`), day("3")), "quote", 3),
		refused("quote in an unquoted field", file(day("1"), row("ResourceGroup", `12" disk`), day("3")), "quote", 3),
		refused("text after a closing quote", file(day("1"), row("ResourceGroup", `"a"b`)), "quote", 3),
		{Name: "two header lines", Bytes: file(columns, day("2")), Verdict: Quarantined, Code: "impossible_date", Line: 2, Rows: counts(2, 1), Cost: "3"},
		{Name: "totals row", Bytes: file(day("1"), strings.Repeat(",", 26)+"3,"+strings.Repeat(",", 12)), Verdict: Quarantined, Code: "impossible_date", Line: 3, Rows: counts(2, 1), Cost: "3"},
	}
}

// amounts are numbers that are none, or hardly.
func amounts() []File {
	const c = "BillingPreTaxTotal"
	wide := "3.0000000000000000000000000001" // 28 decimals
	return []File{
		aside("NaN", "not_a_number", c, c, "NaN"),
		aside("infinity", "not_a_number", c, c, "Infinity"),
		aside("1e400", "not_a_number", c, c, "1e400"),
		aside("blank amount", "not_a_number", c, c, ""),
		aside("blank quantity", "not_a_number", "Quantity", "Quantity", ""),
		aside("decimal comma", "not_a_number", c, c, `"1,5"`),
		aside("parentheses for minus", "not_a_number", c, c, "(3.00)"),
		aside("thousands separators", "not_a_number", c, c, `"1,234.50"`),
		aside("currency sign", "not_a_number", c, c, "€3"),
		aside("space before a number", "not_a_number", c, c, " 3"),
		aside("no-break space in a number", "not_a_number", c, c, "1\u00a0000"),
		aside("NULL", "not_a_number", c, c, "NULL"),
		aside("two points", "not_a_number", c, c, "1.2.3"),
		aside("hexadecimal", "not_a_number", c, c, "0x10"),
		aside("40 decimals", "too_long", c, c, "3."+strings.Repeat("1", 40)),
		aside("10^11", "too_large", "Quantity", "Quantity", "100000000000"),
		aside("unit price that is no number", "not_a_number", "UnitPrice", "UnitPrice", "free"),
		aside("exchange rate that is no number", "not_a_number", "PCToBCExchangeRate", "PCToBCExchangeRate", "n/a"),
		loads("28 decimals", file(row(c, wide)), 1, wide),
		loads("29 decimals", file(row(c, wide+"7")), 1, wide+"7"),
		loads("39 decimals", file(row(c, "3."+strings.Repeat("0", 38)+"1")), 1, "3."+strings.Repeat("0", 38)+"1"),
		loads("exponent", file(row(c, "0.3E1", "Quantity", "20e-1")), 1, "3"),
		loads("plus sign", file(row(c, "+3")), 1, "3"),
		loads("negative rows", file(day("1"), row("Quantity", "-2", c, "-3", "PricingPreTaxTotal", "-6")), 2, "0"),
		loads("zero row", file(row("Quantity", "0", c, "0", "PricingPreTaxTotal", "0")), 1, "0"),
		warned("ten times unit times quantity", file(day("1"), row(c, "30", "PricingPreTaxTotal", "60")), "amount_mismatch", 2, "33"),
		warned("credit stated and not taken", file(row("PartnerEarnedCreditPercentage", "15")), "amount_mismatch", 1, "3"),
		loads("credit stated and taken", file(row("PartnerEarnedCreditPercentage", "15", c, "2.55", "PricingPreTaxTotal", "5.1")), 1, "2.55"),
	}
}

// others are days, currencies, and rows that come twice.
func others() []File {
	return []File{
		aside("30 February", "impossible_date", "UsageDate", "UsageDate", "2/30/2026"),
		aside("day before month", "day_month_dates", "UsageDate", "UsageDate", "30/9/2026"),
		aside("year 1", "impossible_date", "UsageDate", "UsageDate", "1/1/0001"),
		aside("blank day", "impossible_date", "UsageDate", "UsageDate", ""),
		aside("unknown currency", "unknown_currency", "BillingCurrency", "BillingCurrency", "EUX"),
		aside("blank currency", "unknown_currency", "BillingCurrency", "BillingCurrency", ""),
		aside("blank entitlement", "no_entitlement", "EntitlementId", "EntitlementId", ""),
		loads("ISO days", file(row("UsageDate", "2026-09-13"), row("UsageDate", "2026-09-14T00:00:00Z")), 2, "6"),
		loads("mixed currencies", file(day("1"), row("BillingCurrency", "USD", "BillingPreTaxTotal", "6", "PCToBCExchangeRate", "1")), 2, "9"),
		loads("two months", file(day("1"), row("UsageDate", "8/31/2026", "ChargeStartDate", "8/1/2026", "ChargeEndDate", "8/31/2026")), 2, "6"),
		loads("blank customer", file(row("CustomerId", "")), 1, "3"),
		loads("billed and unbilled", file(day("1"), row("InvoiceNumber", "", "UsageDate", "9/14/2026")), 2, "6"),
		warned("identical rows", file(day("1"), day("1"), day("2")), "duplicate_rows", 3, "9"),
		loads("same key with another amount", file(day("1"), row("UsageDate", "9/1/2026", "Quantity", "4", "BillingPreTaxTotal", "6", "PricingPreTaxTotal", "12")), 2, "9"),
	}
}

// objects are JSON lines.
func objects() []File {
	lines := func(l ...string) []byte { return []byte(strings.Join(l, "\n") + "\n") }
	return []File{
		loads("JSON lines", lines(object(), object("usageDate", `"2026-09-14"`)), 2, "6"),
		loads("JSON with numbers as text", lines(object("billingPreTaxTotal", `"3"`, "quantity", `"2"`)), 1, "3"),
		loads("JSON with a nested value", lines(object("tags", `{"env":"prod"}`)), 1, "3"),
		loads("JSON fraction of a credit", lines(object("rateOfPartnerEarnedCredit", "0.15", "billingPreTaxTotal", "2.55", "pricingPreTaxTotal", "5.1")), 1, "2.55"),
		loads("JSON with escapes", lines(object("meterName", `"D2 \"fast\" \u00fc"`)), 1, "3"),
		{Name: "JSON null amount", Bytes: lines(object(), object("billingPreTaxTotal", "null")), Verdict: Quarantined, Code: "not_a_number", Line: 2, Rows: counts(2, 1), Cost: "3"},
		refused("JSON with an escaped zero character", lines(object(), object("meterName", `"D2\u0000hours"`)), "binary", 2),
		refused("JSON line cut off", lines(object(), object()[:60]), "json", 2),
		refused("JSON member twice", lines(object(), strings.Replace(object(), `"skuId"`, `"productId"`, 1)), "duplicate_member", 2),
		loads("JSON array", []byte("["+object()+","+object("usageDate", `"2026-09-14"`)+"]"), 2, "6"),
	}
}
