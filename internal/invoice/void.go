package invoice

import (
	"context"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Void answers an issued invoice with a credit note for all of it; its rows are open again on this edge, and the next
// draft gets the next ordinal. A document that is void already is a Conflict. Unchanged are conditions that must hold
// of the document as the caller sees it when it is voided; their error ends it.
func (v *Service) Void(ctx context.Context, invoice id.Invoice, on period.Date, reason string, unchanged ...func(Invoice) error) (Summary, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceVoid)
	if err != nil {
		return Summary{}, err
	}
	sees := access.Grant{}
	if len(unchanged) > 0 {
		if sees, err = v.Access.Require(ctx, access.InvoiceRead); err != nil {
			return Summary{}, err
		}
	}
	if on == 0 {
		on = period.DateOf(v.Now())
	}
	var note Invoice
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		d, err := v.Store.Get(ctx, t, grant.Scope, invoice)
		if err != nil {
			return err
		}
		for _, condition := range unchanged {
			if err := condition(d.shownTo(sees)); err != nil {
				return err
			}
		}
		if !grant.Scope.Owns(d.Seller) {
			return requireSeller(d)
		}
		if d.State != Issued || d.Preceding != nil {
			return fault.New(fault.Conflict, "invoice_not_issued",
				"%s is %s and cannot be voided; nothing was changed", orElse(d.Number, string(d.ID)), d.State)
		}
		note = d.reverse(reason)
		note, err = v.issue(ctx, t, grant, note, on)
		return err
	})
	return Summarise(note), err
}

// requireSeller refuses a buyer: only the seller may void a document.
func requireSeller(d Invoice) error {
	return fault.New(fault.Denied, "not_seller", "%s was made by %s, which alone may approve or void it; nothing was changed",
		orElse(d.Number, string(d.ID)), d.SellerKey)
}

// reverse is the credit note for the whole of a document: the same lines with the opposite sign.
func (v Invoice) reverse(reason string) Invoice {
	n := v
	n.ID = id.Invoice("inv_" + id.Derive("void", string(v.ID)))
	n.State, n.Preceding, n.Layout = Approved, &Preceding{v.ID, v.Number, v.IssueDate}, layout
	n.Number, n.IssueDate, n.DueDate, n.IssuedAt = "", 0, 0, time.Time{}
	n.Fixed, n.Follows, n.Rebills = nil, nil, false
	if n.Notes = nil; reason != "" {
		n.Notes = []string{reason}
	}
	n.Lines = slices.Clone(v.Lines)
	for i := range n.Lines {
		l := &n.Lines[i]
		l.Exact, l.Billed, l.Net, l.Residue = l.Exact.Neg(), l.Billed.Neg(), l.Net.Neg(), l.Residue.Neg()
		l.Quantity = l.Quantity.Neg()
		cost := money.Totals{}
		for c, d := range l.Cost {
			cost[c] = d.Neg()
		}
		l.Cost = cost
	}
	n.Taxes = nil
	n.total()
	n.Kind = KindCreditNote
	if v.Kind == KindCreditNote {
		n.Kind = KindInvoice
	}
	return n
}
