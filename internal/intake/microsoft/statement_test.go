package microsoft

import (
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// A line without its amount is damaged: nobody may be billed 0 for it, nor may it control rows.
func TestStatementNeedsAmounts(t *testing.T) {
	const head = "CustomerId,InvoiceNumber,ProductId,SkuId,Subtotal,TaxTotal,Total,Currency\n"
	for text, want := range map[string]string{
		head + "t,G,p,s,1.50,,,EUR\n":   "",
		head + "t,G,p,s,0,0,0,EUR\n":    "",
		head + "t,G,p,s,,0.29,1.79,EUR": "Subtotal",
		head + "t,G,p,s, ,0,0,EUR\n":    "Subtotal",
		`{"customerId":"t","invoiceNumber":"G","productId":"p","skuId":"s","subtotal":null,"taxTotal":0,"totalForCustomer":0,"currency":"EUR"}`: "Subtotal",
		`{"customerId":"t","invoiceNumber":"G","productId":"p","skuId":"s","taxTotal":0,"totalForCustomer":0,"currency":"EUR"}`:                 "Subtotal",
	} {
		lines, err := Statement("f", strings.NewReader(text))
		if want == "" && (err != nil || len(lines) != 1) || want != "" && (fault.CodeOf(err) != "not_a_number" || !strings.Contains(strings.ToLower(err.Error()), "subtotal")) {
			t.Errorf("%q: %d lines, %v", text, len(lines), err)
		}
	}
}
