package malformed

import (
	"bytes"
	"strings"
)

// kinds are sound files of another kind than those that are taken: each is refused as what it is.
func kinds() []File {
	good := file(day("1"), day("2"))
	of := func(name, code, header string) File {
		return refused(name, []byte(header+"\n"+strings.Repeat("x,", strings.Count(header, ","))+"x\n"), code, 0)
	}
	long := strings.Repeat("x", 3<<20)
	return []File{
		of("Azure cost export of a partner", "cost_export", "billingAccountName,partnerName,resellerName,customerTenantId,date,meterId,meterName,SubscriptionId,effectivePrice,quantity,unitOfMeasure,costInBillingCurrency,costInUsd,PayGPrice"),
		of("Azure cost export of a customer agreement", "cost_export", "invoiceId,billingProfileId,invoiceSectionId,date,meterId,quantity,costInBillingCurrency,paygCostInUsd"),
		of("Azure cost export of an enterprise agreement", "cost_export", "BillingAccountId,BillingProfileId,AccountOwnerId,SubscriptionId,Date,MeterId,MeterCategory,Quantity,EffectivePrice,Cost,UnitPrice,BillingCurrency,OfferId"),
		of("Azure cost export with German and English headings", "cost_export", "Abonnement-GUID (SubscriptionGuid),Ressourcengruppe (ResourceGroup),UsageDateTime (UsageDateTime),Kategorie der Verbrauchseinheit (MeterCategory),PreTaxCost (PreTaxCost)"),
		of("Azure cost export with German headings", "cost_export", "Datum,Abonnement,Ressourcengruppe,Kosten,Währung"),
		refused("Azure cost export in Latin-1 with semicolons", []byte("Datum;Abonnement;Ressourcengruppe;Kosten;W\xe4hrung\n1;2;3;4;5\n"), "cost_export", 0),
		refused("Azure cost export in UTF-16", utf16([]byte("date,meterId,quantity,costInBillingCurrency,effectivePrice,costInUsd\n1,2,3,4,5,6\n")), "cost_export", 0),
		of("FOCUS", "focus", "BilledCost,BillingAccountId,BillingCurrency,ChargeCategory,ChargePeriodStart,EffectiveCost,ListCost,SubAccountId"),
		refused("FOCUS as JSON", []byte(`{"BilledCost":1,"ChargeCategory":"Usage","EffectiveCost":1,"ListCost":1}`+"\n"), "focus", 0),
		of("AWS cost and usage report", "aws_cur", "identity/LineItemId,identity/TimeInterval,bill/PayerAccountId,lineItem/UsageAccountId,lineItem/UnblendedCost"),
		of("AWS cost and usage report 2.0", "aws_cur", "bill_payer_account_id,identity_line_item_id,line_item_usage_account_id,line_item_unblended_cost"),
		of("Oracle Cloud cost report", "oci_cost", "lineItem/referenceNo,lineItem/tenantId,lineItem/intervalUsageStart,usage/billedQuantity,cost/myCost"),
		refused("Google Cloud billing export", []byte(`{"billing_account_id":"1","service":{"id":"2","description":"x"},"sku":{"id":"3"},"usage_start_time":"2026-09-01","cost":1}`+"\n"), "gcp_billing", 0),
		of("price sheet of new commerce", "price_sheet", "ProductTitle,ProductId,SkuId,SkuTitle,Publisher,TermDuration,BillingPlan,Market,Currency,UnitPrice,PricingTierRangeMin,EffectiveStartDate,ERP Price,Segment"),
		of("reconciliation file of older offers", "legacy_reconciliation", "PartnerId,CustomerId,CustomerName,MpnId,OrderId,SubscriptionId,SyndicationPartnerSubscriptionNumber,OfferId,DurableOfferId,ChargeCycleStartDate,UnitPrice,Quantity,Amount"),
		refused("workbook", []byte("PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00[Content_Types].xml \xa2\x04"), "spreadsheet", 0),
		refused("old workbook", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00"), "spreadsheet", 0),
		refused("PDF", []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), "pdf", 0),
		refused("picture", []byte("\x89PNG\r\n\x1a\n\x00\x00"), "picture", 0),
		refused("Parquet", []byte("PAR1\x15\x04\x15\x00"), "data_file", 0),
		refused("XML document", []byte("<?xml version=\"1.0\"?>\n<Invoice xmlns=\"urn:oasis\"></Invoice>\n"), "xml", 0),
		refused("answer of an error", []byte("{\"error\": {\n  \"code\": \"Unauthorized\", \"message\": \"no\"}}\n"), "error_answer", 0),
		refused("separator stated on the first line", append([]byte("sep=;\n"), bytes.ReplaceAll(good, []byte(","), []byte(";"))...), "delimiter", 1),
		refused("quote never closed in a large file", append(file(day("1"), row("ResourceGroup", `"lost`)), bytes.Repeat([]byte(day("2")+"\n"), 16_000)...), "record_too_long", 3),
		refused("line without an end", append(good, long...), "record_too_long", 4),
		refused("header without an end", []byte(long), "record_too_long", 1),
		refused("JSON line without an end", []byte(object()+"\n"+`{"x":"`+long), "record_too_long", 2),
		refused("compressed line without an end", zipped(append(good, long...)), "record_too_long", 4),
	}
}

// pages are what the provider's interface answers, each beside one that goes wrong.
func pages() []File {
	other := object("usageDate", `"2026-09-14"`)
	third := object("usageDate", `"2026-09-15"`)
	page := func(total string, items ...string) string {
		return `{"totalCount":` + total + `,"items":[` + strings.Join(items, ",") + `],"links":{"self":{"uri":"/x"}},"attributes":{"objectType":"Collection"}}`
	}
	spread := func(s string) []byte { // over several lines
		return []byte(strings.NewReplacer(`{"`, "{\r\n  \"", `,"`, ",\r\n  \"", `},{`, "},\r\n{", `}]`, "}\r\n]").Replace(s) + "\r\n")
	}
	return []File{
		loads("page of the interface", []byte(page("2", object(), other)), 2, "6"),
		loads("page over several lines", append([]byte("\xef\xbb\xbf"), spread(page("2", object(), other))...), 2, "6"),
		loads("compressed page", zipped([]byte(page("2", object(), other))), 2, "6"),
		loads("two pages one after the other", []byte(page("3", object(), other)+"\n"+page("3", third)), 3, "9"),
		loads("page of another interface", []byte(`{"@odata.count":1,"value":[`+object()+`],"@odata.nextLink":""}`), 1, "3"),
		loads("object over several lines", spread(object()), 1, "3"),
		{Name: "page with an amount that is none", Bytes: []byte(page("3", object(), object("billingPreTaxTotal", `"n/a"`), other)), Verdict: Quarantined, Code: "not_a_number", Line: 2, Rows: counts(3, 1), Cost: "6"},
		warned("page of which another is missing", []byte(page("5", object(), other)), "pages_missing", 2, "6"),
		warned("page that names the next", []byte(strings.Replace(page("2", object(), other), `"links":{`, `"links":{"next":{"uri":"/y"},`, 1)), "pages_missing", 2, "6"),
		refused("page cut off", []byte(page("2", object(), other)[:900]), "json", 1),
		refused("page without a comma between items", []byte(strings.Replace(page("2", object(), other), "},{", "} {", 1)), "json", 1),
		refused("page of numbers", []byte(page("2", "1", "2")), "json", 1),
		refused("price sheet as a page", []byte(`{"BillingCurrency":"USD","Items":[{"currencyCode":"USD","tierMinimumUnits":0,"retailPrice":1,"armRegionName":"x","armSkuName":"y"}],"NextPageLink":null}`), "price_sheet", 0),
	}
}
