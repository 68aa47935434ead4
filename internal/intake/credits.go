package intake

import (
	"fmt"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// sayCredited says of an invoice just read that comes to exactly what another one came to, with the opposite sign: the
// provider has credited that one as a whole, most often to bill it again.
func (s *sealing) sayCredited(slot usage.Slot, lines []freshLine) {
	total := money.Decimal{}
	for _, l := range lines {
		total = total.Add(l.Subtotal)
	}
	if !slot.Billed || total.Sign() >= 0 {
		return
	}
	of := map[string]money.Decimal{} // by invoice
	for _, b := range s.have {
		if o := b.Slot; o.Dataset == usage.Reconciliation && o.Billed && o.Account == slot.Account && o.Currency == slot.Currency && o.Invoice != slot.Invoice && !s.superseded(b.Number) {
			of[o.Invoice] = of[o.Invoice].Add(b.Cost)
		}
	}
	for _, invoice := range slices.Sorted(maps.Keys(of)) {
		if !of[invoice].Equal(total.Neg()) {
			continue
		}
		s.out.Load.Problems = append(s.out.Load.Problems, usage.Problem{
			File: slotName(slot), Code: "credits_invoice", Verdict: usage.Warned, Rows: int64(len(lines)),
			Reason: fmt.Sprintf("the %d lines come to %s %s, which is all of invoice %s: the provider credits it as a whole. Its customers get the credit with the next documents. If the provider has voided it and bills it again, take both out instead, so that nothing is credited and charged twice: purveyor usage withdraw --invoice %s, and --invoice %s",
				len(lines), total, slot.Currency, invoice, invoice, slot.Invoice),
		})
	}
}
