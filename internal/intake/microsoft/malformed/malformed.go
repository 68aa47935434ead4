// Package malformed makes the files that have gone wrong before, each with what must become of it. It is for tests.
//
// Always true: the verdict of a file is stated here, beside the file, and not by the code that reads it.
package malformed

import (
	"bytes"
	"compress/gzip"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Verdict is what becomes of a file as a whole.
type Verdict string

// A file loads, loads with a warning, loads but for rows kept aside, or is refused whole.
const (
	Loads       Verdict = "loads"
	Warned      Verdict = "warned"
	Quarantined Verdict = "quarantined"
	Refused     Verdict = "refused"
)

// File is one malformed file and its verdict. Code is the problem's; Line and Column are where it must be reported, 0
// and "" where that does not matter.
type File struct {
	Name    string
	Bytes   []byte
	Verdict Verdict
	Code    string
	Line    int64
	Column  string
	Rows    usage.Counts // In and Refused of refused files are not compared
	Cost    string       // Σ of what was sealed
	Read    bool         // the decoder delivers its rows, and only all of them together show that it is to be refused
}

// columns is the header of the base file.
const columns = "PartnerId,CustomerId,CustomerName,InvoiceNumber,ProductId,SkuId,SkuName,ProductName,PublisherName,PublisherId," +
	"SubscriptionDescription,SubscriptionId,ChargeStartDate,ChargeEndDate,UsageDate,MeterCategory,MeterId,MeterName,MeterRegion," +
	"AdditionalInfo,ResourceGroup,ResourceURI,ChargeType,UnitPrice,Quantity,UnitType,BillingPreTaxTotal,BillingCurrency,PricingPreTaxTotal," +
	"PricingCurrency,Tags,EffectiveUnitPrice,PCToBCExchangeRate,PCToBCExchangeRateDate,EntitlementId,EntitlementDescription," +
	"PartnerEarnedCreditPercentage,CreditPercentage,CreditType,BenefitType"

// base is one good row: 2 hours at 3, no credit, rate 0.5, so 6 USD and 3 EUR.
func base() map[string]string {
	return map[string]string{
		"PartnerId": "p-1", "CustomerId": "t-1", "CustomerName": "Fabrikam", "InvoiceNumber": "G1", "ProductId": "DZH1", "SkuId": "0001",
		"SkuName": "D2", "ProductName": "Virtual Machines", "PublisherName": "Microsoft", "SubscriptionDescription": "Azure plan",
		"SubscriptionId": "plan-1", "ChargeStartDate": "9/1/2026", "ChargeEndDate": "9/30/2026", "UsageDate": "9/13/2026",
		"MeterCategory": "Virtual Machines", "MeterId": "m-1", "MeterName": "D2 hours", "MeterRegion": "EU West", "ResourceGroup": "rg",
		"ResourceURI": "/subscriptions/e-1/vm", "ChargeType": "new", "UnitPrice": "3", "Quantity": "2", "UnitType": "1 Hour",
		"BillingPreTaxTotal": "3", "BillingCurrency": "EUR", "PricingPreTaxTotal": "6", "PricingCurrency": "USD", "EffectiveUnitPrice": "3",
		"PCToBCExchangeRate": "0.5", "PCToBCExchangeRateDate": "9/1/2026", "EntitlementId": "e-1", "EntitlementDescription": "Production",
		"PartnerEarnedCreditPercentage": "0", "CreditPercentage": "0", "CreditType": "Credit Not Applied",
	}
}

// row is the base row with some values changed; values are written as given, quotes and all.
func row(changes ...string) string {
	values := base()
	for i := 0; i < len(changes); i += 2 {
		values[changes[i]] = changes[i+1]
	}
	var out []string
	for _, c := range strings.Split(columns, ",") {
		out = append(out, values[c])
	}
	return strings.Join(out, ",")
}

func file(rows ...string) []byte { return []byte(columns + "\n" + strings.Join(rows, "\n") + "\n") }

// day is a good row of its own on a day of the month.
func day(d string) string { return row("UsageDate", "9/"+d+"/2026") }

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b) // into memory
	_ = z.Close()
	return out.Bytes()
}

func utf16(b []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, c := range b {
		out = append(out, c, 0)
	}
	return out
}

func replace(b []byte, old, with string) []byte {
	return []byte(strings.Replace(string(b), old, with, 1))
}

// object is the base row as a JSON line with API names, some members replaced; raw values.
func object(changes ...string) string {
	members := [][2]string{
		{"partnerId", `"p-1"`}, {"customerId", `"t-1"`}, {"invoiceNumber", `"G1"`}, {"productId", `"DZH1"`}, {"skuId", `"0001"`},
		{"subscriptionId", `"plan-1"`}, {"usageDate", `"2026-09-13T00:00:00Z"`}, {"meterId", `"m-1"`}, {"meterName", `"D2 hours"`},
		{"meterCategory", `"Virtual Machines"`}, {"unitPrice", "3"}, {"quantity", "2"}, {"billingPreTaxTotal", "3"},
		{"billingCurrency", `"EUR"`}, {"pricingPreTaxTotal", "6"}, {"pricingCurrency", `"USD"`}, {"pcToBCExchangeRate", "0.5"},
		{"entitlementId", `"e-1"`}, {"rateOfPartnerEarnedCredit", "0"}, {"tags", `""`},
	}
	var out []string
	for _, m := range members {
		for i := 0; i < len(changes); i += 2 {
			if changes[i] == m[0] {
				m[1] = changes[i+1]
			}
		}
		out = append(out, `"`+m[0]+`":`+m[1])
	}
	return "{" + strings.Join(out, ",") + "}"
}

func counts(in, quarantined int64) usage.Counts {
	return usage.Counts{In: in, Sealed: in - quarantined, Quarantined: quarantined}
}

func loads(name string, b []byte, in int64, cost string) File {
	return File{Name: name, Bytes: b, Verdict: Loads, Rows: counts(in, 0), Cost: cost}
}

func warned(name string, b []byte, code string, in int64, cost string) File {
	return File{Name: name, Bytes: b, Verdict: Warned, Code: code, Rows: counts(in, 0), Cost: cost}
}

// aside is a file of a good row and one that must be kept aside, on line 3.
func aside(name, code, column string, changes ...string) File {
	return File{Name: name, Bytes: file(day("1"), row(changes...)), Verdict: Quarantined, Code: code, Line: 3, Column: column, Rows: counts(2, 1), Cost: "3"}
}

func refused(name string, b []byte, code string, line int64) File {
	return File{Name: name, Bytes: b, Verdict: Refused, Code: code, Line: line, Cost: "0"}
}

// misread is a file that is refused because of what its rows say together.
func misread(name string, b []byte, code string, in int64) File {
	return File{Name: name, Bytes: b, Verdict: Refused, Code: code, Rows: usage.Counts{In: in}, Cost: "0", Read: true}
}
