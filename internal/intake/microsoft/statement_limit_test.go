package microsoft

import (
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// A statement of more lines than may be held in memory is refused; one of just as many is read.
func TestStatementsAreBounded(t *testing.T) {
	const header = "PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,ChargeType,UnitPrice,Quantity,Subtotal,TaxTotal,Total,Currency,ChargeStartDate,ChargeEndDate\n"
	text := header + strings.Repeat("p,c,G1,P1,0001,new,1,1,1,0,1,EUR,9/1/2026,9/30/2026\n", 5)
	for most, want := range map[int]string{4: "statement_too_large", 5: ""} {
		list, _, err := statement("s.csv", strings.NewReader(text), most)
		if got := fault.CodeOf(err); err == nil && want != "" || err != nil && got != want || err == nil && len(list) != 5 {
			t.Errorf("at most %d: %d lines, %v", most, len(list), err)
		}
	}
}
