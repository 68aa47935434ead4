package intake

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// reportCredited says of an invoice just read that comes to exactly what another one came to, with the opposite sign: the
// provider has credited that one as a whole, most often to bill it again.
func (s *sealing) reportCredited(ctx context.Context, slot usage.Slot, lines []freshLine) error {
	total := money.Decimal{}
	for _, l := range lines {
		total = total.Add(l.Subtotal)
	}
	if !slot.Billed || total.Sign() >= 0 {
		return nil
	}
	all, err := s.allStatements(ctx)
	if err != nil {
		return err
	}
	of := map[string]money.Decimal{} // by invoice
	for _, b := range all {
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
	return nil
}

// allStatements lists the batches of reconciliation lines that count: those of the ledger, and those of this load. It reads
// invoices of all times, for any of them may be credited; few imports come to less than nothing.
func (s *sealing) allStatements(ctx context.Context) (list []usage.Batch, err error) {
	err = s.service.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = s.service.Store.Batches(ctx, r, s.grant.Scope, usage.BatchFilter{Dataset: usage.Reconciliation})
		return err
	})
	return append(list, s.out.Batches...), err
}
