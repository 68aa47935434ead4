package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// The columns of the provider's files, in its order.
var (
	usageColumns = strings.Fields(`PartnerId PartnerName CustomerId CustomerName CustomerDomainName CustomerCountry MPNID ResellerMPNID
		InvoiceNumber ProductId SkuId AvailabilityId SkuName ProductName PublisherName PublisherId SubscriptionDescription
		SubscriptionId ChargeStartDate ChargeEndDate UsageDate MeterType MeterCategory MeterId MeterSubCategory MeterName
		MeterRegion Unit ResourceLocation ConsumedService ResourceGroup ResourceURI ChargeType UnitPrice Quantity UnitType
		BillingPreTaxTotal BillingCurrency PricingPreTaxTotal PricingCurrency ServiceInfo1 ServiceInfo2 Tags AdditionalInfo
		EffectiveUnitPrice PCToBCExchangeRate PCToBCExchangeRateDate EntitlementId EntitlementDescription
		PartnerEarnedCreditPercentage CreditPercentage CreditType BenefitOrderId BenefitId BenefitType`)
	lineColumns = strings.Fields(`PartnerId CustomerId CustomerName CustomerDomainName CustomerCountry InvoiceNumber MPNID ResellerMPNID
		OrderId OrderDate ProductId SkuId AvailabilityId SkuName ProductName ChargeType UnitPrice Quantity Subtotal TaxTotal
		Total Currency PriceAdjustmentDescription PublisherName PublisherId SubscriptionDescription SubscriptionId
		ChargeStartDate ChargeEndDate TermAndBillingCycle EffectiveUnitPrice UnitType AlternateId BillableQuantity
		BillingFrequency PricingCurrency PCToBCExchangeRate PCToBCExchangeRateDate MeterDescription ReservationOrderId
		CreditReasonCode SubscriptionStartDate SubscriptionEndDate ReferenceId ProductQualifiers PromotionId`)
)

// record is one usage row or statement line: column to value.
type record map[string]string

// with returns a copy with some fields changed: "Quantity=3".
func (r record) with(fields ...string) record {
	c := record{}
	for k, v := range r {
		c[k] = v
	}
	for _, f := range fields {
		k, v, ok := strings.Cut(f, "=")
		if !ok || !slices.Contains(usageColumns, k) && !slices.Contains(lineColumns, k) {
			panic("no column: " + f)
		}
		c[k] = v
	}
	return c
}

var number = map[string]string{"acme": "1", "deep": "2", "swiss": "3"}

// usageRow is a row of daily usage: units at 1.50 USD, which is 1.275 EUR each.
func usageRow(customer, day, units string, fields ...string) record {
	n, quantity := number[customer], money.MustParse(units)
	month := day[:7]
	end := map[string]string{"2026-08": "31", "2026-09": "30", "2026-10": "31"}[month]
	r := record{
		"PartnerId": "11111111-1111-4111-8111-111111111111", "CustomerId": "22222222-2222-4222-8222-22222222220" + n,
		"CustomerName": customer, "MPNID": "1234567", "InvoiceNumber": "G000000901", "ProductId": "DZH318Z0BNVX", "SkuId": "001T",
		"AvailabilityId": "DZH318Z0A222", "SkuName": "Storage", "ProductName": "Storage", "PublisherName": "Microsoft",
		"SubscriptionDescription": "Azure plan", "SubscriptionId": "aaaaaaaa-0000-4000-8000-00000000000" + n,
		"ChargeStartDate": month + "-01", "ChargeEndDate": month + "-" + end, "UsageDate": day, "MeterType": "1 GB/Month - LRS Data Stored",
		"MeterCategory": "Storage", "MeterId": "66666666-0000-4000-8000-000000000001", "MeterSubCategory": "Tables",
		"MeterName": "LRS Data Stored", "MeterRegion": "EU West", "Unit": "1 GB/Month", "ResourceGroup": "rg-app",
		"ResourceURI": "/subscriptions/x/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/s" + n, "ChargeType": "new",
		"UnitPrice": "1.5", "Quantity": units, "UnitType": "1 GB/Month", "BillingCurrency": "EUR", "PricingCurrency": "USD",
		"PricingPreTaxTotal": quantity.Mul(money.MustParse("1.5")).String(), "BillingPreTaxTotal": quantity.Mul(money.MustParse("1.275")).String(),
		"EffectiveUnitPrice": "1.5", "PCToBCExchangeRate": "0.85", "PCToBCExchangeRateDate": month + "-01",
		"EntitlementId": "33333333-3333-4333-8333-33333333330" + n, "PartnerEarnedCreditPercentage": "0", "CreditPercentage": "0",
		"CreditType": "Credit Not Applied",
	}
	return r.with(fields...)
}

// statementLine is the statement's line for such rows of September.
func statementLine(customer, units, subtotal string, fields ...string) record {
	r := usageRow(customer, "2026-09-01", units)
	r["Subtotal"], r["TaxTotal"], r["Total"], r["Currency"] = subtotal, "0.00", subtotal, "EUR"
	r["BillableQuantity"], r["MeterDescription"], r["OrderDate"] = units, r["MeterName"], "2026-09-01"
	return r.with(fields...)
}

// licenceLine is the statement's line for a licence in September.
func licenceLine(customer, units, subtotal string, fields ...string) record {
	price := "5"
	r := statementLine(customer, units, subtotal, "ProductId=CFQ7TTC0LH18", "SkuId=0001", "AvailabilityId=CFQ7TTC0K971", "UnitPrice="+price,
		"EffectiveUnitPrice="+price, "SkuName=Microsoft 365 Business Basic", "ProductName=Microsoft 365 Business Basic", "MeterDescription=",
		"SubscriptionDescription=Microsoft 365 Business Basic", "PricingCurrency=EUR", "PCToBCExchangeRate=1", "OrderId=ord1",
		"TermAndBillingCycle=One-Year commitment for monthly/yearly billing", "SubscriptionStartDate=2026-09-01", "SubscriptionEndDate=2027-08-31")
	r["SubscriptionId"] = "bbbbbbbb-0000-4000-8000-00000000000" + number[customer]
	return r.with(fields...)
}

// csvFile writes records as a CSV file, with the columns of their kind.
func csvFile(records ...record) string {
	columns := usageColumns
	if records[0]["Subtotal"] != "" {
		columns = lineColumns
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(columns)
	for _, r := range records {
		fields := make([]string, len(columns))
		for i, c := range columns {
			fields[i] = r[c]
		}
		_ = w.Write(fields)
	}
	w.Flush()
	return b.String()
}

// without returns a CSV file without some of its columns.
func without(file string, columns ...string) string {
	all, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, fields := range all {
		var kept []string
		for i, f := range fields {
			if !slices.Contains(columns, all[0][i]) {
				kept = append(kept, f)
			}
		}
		_ = w.Write(kept)
	}
	w.Flush()
	return b.String()
}

// apiName is what the provider's API calls a column.
func apiName(column string) string {
	switch column {
	case "MPNID":
		return "mpnId"
	case "ResellerMPNID":
		return "tier2MpnId"
	case "PCToBCExchangeRate", "PCToBCExchangeRateDate":
		return "pcToBC" + column[6:]
	case "Unit":
		return "unitOfMeasure"
	case "ResourceURI":
		return "resourceUri"
	}
	return strings.ToLower(column[:1]) + column[1:]
}

// objects are the records as JSON objects, as the provider's API writes them.
func objects(records ...record) (list []string) {
	amounts := strings.Fields("UnitPrice Quantity BillingPreTaxTotal PricingPreTaxTotal EffectiveUnitPrice PCToBCExchangeRate Subtotal TaxTotal Total BillableQuantity")
	for _, r := range records {
		columns := usageColumns
		if r["Subtotal"] != "" {
			columns = lineColumns
		}
		var members []string
		for _, c := range columns {
			v := r[c]
			if percent, ok := strings.CutSuffix(c, "Percentage"); ok { // which the API calls rateOf…, as a fraction
				members = append(members, fmt.Sprintf("%q:%s", "rateOf"+percent, money.MustParse(v).Mul(money.FromMinor(1, 2))))
				continue
			}
			if v == "" && c == "ResellerMPNID" {
				continue
			}
			if strings.HasSuffix(c, "Date") && len(v) == 10 {
				v += "T00:00:00Z"
			}
			text, _ := json.Marshal(v)
			if slices.Contains(amounts, c) && json.Valid([]byte(v)) {
				text = []byte(v)
			}
			members = append(members, fmt.Sprintf("%q:%s", apiName(c), text))
		}
		list = append(list, "{"+strings.Join(members, ",")+"}")
	}
	return list
}

// jsonLines writes records as JSON lines.
func jsonLines(records ...record) string { return strings.Join(objects(records...), "\n") + "\n" }

// zipped compresses a text with gzip.
func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.String()
}

// TestExampleFilesAreRead checks that the builders make correct files: CSV and JSON lines of the same rows are the
// same usage.
func TestExampleFilesAreRead(t *testing.T) {
	sequential(t)
	rows := []record{usageRow("acme", "2026-09-01", "10"), usageRow("deep", "2026-09-02", "20"), usageRow("swiss", "2026-09-30", "40")}
	for name, content := range map[string]string{"u.csv": csvFile(rows...), "u.jsonl": jsonLines(rows...), "u.csv.gz": zipped(csvFile(rows...)),
		"u.jsonl.gz": zipped(jsonLines(rows...)), "crlf.csv": "\ufeff" + strings.ReplaceAll(csvFile(rows...), "\n", "\r\n")} {
		s := newScenario(t)
		r := s.importFiles(s.file(name, content))
		if r.code != 0 || r.sealed != 3 || s.cost("2026-09") != "89.25" {
			t.Errorf("%s: exit code %d, %d rows, cost %s\n%s", name, r.code, r.sealed, s.cost("2026-09"), r.text)
		}
	}
}
