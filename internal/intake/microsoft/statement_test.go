package microsoft

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

const statementHead = "CustomerId,CustomerName,InvoiceNumber,ProductId,SkuId,ProductName,ChargeStartDate,Subtotal,TaxTotal,Total,Currency\n"

// A line without its amount is damaged: nobody may be billed 0 for it, nor may it control rows. It is kept aside with what
// of it can be read, and the lines around it are read.
func TestLinesThatCannotBeRead(t *testing.T) {
	const sound = "t,Acme,G,p,0001,Storage,9/1/2026,1.50,0.29,1.79,EUR\n"
	object := func(subtotal string) string {
		return `{"customerId":"t","invoiceNumber":"G","productId":"p","skuId":"s",` + subtotal + `"taxTotal":0,"totalForCustomer":1.79,"currency":"EUR"}` + "\n"
	}
	for text, want := range map[string]string{
		statementHead + sound: "",
		statementHead + "t,Acme,G,p,0001,Storage,,1.50,,,EUR\n" + sound:                "",
		statementHead + "t,Acme,G,p,0001,Storage,,0,0,0,EUR\n":                         "",
		statementHead + "t,Acme,G,p,0001,Storage,,,0.29,1.79,EUR\n" + sound:            "Subtotal 2 not_a_number TaxTotal 0.29 EUR, Total 1.79 EUR",
		statementHead + sound + "t,Acme,G,p,0001,Storage,, ,0,0,EUR\n":                 "Subtotal 3 not_a_number Acme",
		statementHead + sound + "t,Acme,G,p,0001,Storage,,1.50,n/a,1.79,EUR\n" + sound: "TaxTotal 3 not_a_number Subtotal 1.50 EUR, Total 1.79 EUR",
		statementHead + sound + "t,Acme,G,p,0001,Storage,9/31/2026,1.50,0,1.50,EUR\n":  "ChargeStartDate 3 impossible_date Subtotal 1.50 EUR",
		statementHead + sound + "t,Acme,G,p,0001,Storage,,1.50,0,1.50,EURO\n":          "Currency 3 unknown_currency invoice G, customer Acme, Storage",
		object(`"subtotal":1.79,`) + object(`"subtotal":null,`):                        "Subtotal 2 not_a_number Total 1.79 EUR",
		object(`"subtotal":"1.79",`) + object(""):                                      "Subtotal 2 not_a_number Total 1.79 EUR",
	} {
		lines, problems, err := Statement("f", strings.NewReader(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		aside := slices.DeleteFunc(problems, func(p usage.Problem) bool { return p.Verdict != usage.Quarantined })
		records := strings.Count(text, "\n") - boolInt(strings.HasPrefix(text, "Customer"))
		if len(lines)+len(aside) != records || len(aside) != boolInt(want != "") {
			t.Errorf("%q: %d lines and %+v", text, len(lines), aside)
			continue
		}
		if want == "" {
			continue
		}
		p, words := aside[0], strings.SplitN(want, " ", 4)
		if p.Column != words[0] || fmt.Sprint(p.Line) != words[1] || p.Code != words[2] || !strings.Contains(p.Reason, words[3]) {
			t.Errorf("%q: %+v; want %s", text, p, want)
		}
	}
}

// Every column that the provider documents for reconciliation lines is known, under its name in files and under that of
// the interface; so are those that answers of the interface have besides.
func TestColumnsOfReconciliationLines(t *testing.T) {
	const names = `PartnerId CustomerId CustomerName CustomerDomainName CustomerCountry InvoiceNumber MPNID ResellerMPNID OrderId OrderDate ProductId
		SkuId AvailabilityId SkuName ProductName ChargeType UnitPrice Quantity Subtotal TaxTotal Total Currency PriceAdjustmentDescription PublisherName
		PublisherId SubscriptionDescription SubscriptionId ChargeStartDate ChargeEndDate TermAndBillingCycle EffectiveUnitPrice UnitType AlternateId
		BillableQuantity BillingFrequency PricingCurrency PCToBCExchangeRate PCToBCExchangeRateDate MeterDescription ReservationOrderId CreditReasonCode
		SubscriptionStartDate SubscriptionEndDate ReferenceId ProductQualifiers PromotionId discountDetails invoiceLineItemType billingProvider attributes`
	columns := strings.Fields(names)
	_, problems, err := Statement("f", strings.NewReader(strings.Join(columns, ",")+"\n"+strings.Repeat(",", len(columns)-1)+"\n"))
	if err != nil || len(problems) != 1 || problems[0].Code != "not_a_number" {
		t.Errorf("%v, %+v; want the amount missed and every column known", err, problems)
	}
	for i := range numStatement {
		if statementColumn(i) != columns[i] || statementNames()[strings.ToLower(columns[i])] != i {
			t.Errorf("column %d is called %s, not %s", i, statementColumn(i), columns[i])
		}
	}
	sample, err := os.ReadFile("../../../../shared/data/official-sample-invoice-recon-lineitems.jsonl")
	if err != nil {
		t.Skip("the provider's own sample is not at hand")
	}
	lines, problems, err := Statement("f", strings.NewReader(string(sample)))
	if err != nil || len(lines) != 6 || len(problems) != 0 {
		t.Errorf("the provider's sample: %d lines, %+v, %v", len(lines), problems, err)
	}
}

// What a spreadsheet does to identifiers is said to be that, with what can be said for certain of what was there.
func TestSpoiltIdentifiers(t *testing.T) {
	for id, want := range map[string]string{"1": "leading_zeros 0001", "12": "leading_zeros 0012", "0001": "", "1234": "", "3J": "", "": "", "1.00E+10": "scientific_notation", "1E-05": "scientific_notation", "00E1": "", "1-Mar": "date_for_identifier", "Mar-26": "date_for_identifier"} {
		_, problems, err := Statement("f", strings.NewReader(statementHead+strings.Repeat("t,Acme,G,p,"+id+",Storage,,1,0,1,EUR\n", 2)))
		code, restored, _ := strings.Cut(want, " ")
		if err != nil || len(problems) != boolInt(want != "") || want != "" && (problems[0].Code != code || problems[0].Rows != 2 || !strings.Contains(problems[0].Reason, restored)) {
			t.Errorf("SKU %q: %+v, %v; want %s", id, problems, err, want)
		}
	}
}
