package intake

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Withdrawal asks for a provider's invoice to be taken out, because the provider voided it or never sent it to us.
type Withdrawal struct {
	Invoice string `json:"invoice"`
	Account string `json:"account,omitempty"` // of the partner at the provider; needed where two accounts have such an invoice
	Reason  string `json:"reason,omitempty"`
	DryRun  bool   `json:"dry_run,omitempty"` // say what would be taken out, and change nothing
}

// Withdrawn is what was taken out; without batches, none of the invoice counted any more.
type Withdrawn struct {
	Withdrawal
	Batches []WithdrawnBatch `json:"batches"`
	Effects json.RawMessage  `json:"effects,omitempty"` // of a dry run: what it does to months that are issued
}

// WithdrawnBatch is what counted of a batch that was taken out.
type WithdrawnBatch struct {
	ID       id.Batch       `json:"id"`
	Dataset  usage.Dataset  `json:"dataset"`
	Period   period.Month   `json:"period"`
	Rows     int64          `json:"rows"`
	Cost     money.Decimal  `json:"cost"`
	Currency money.Currency `json:"currency"`

	number uint32
}

// Withdraw takes all rows and reconciliation lines of a provider's invoice out of what counts, until they are imported
// again. Doing it twice is doing it once. NotFound for an invoice of which nothing was ever imported; Conflict where
// several accounts have one of this number and none is named.
func (v *Service) Withdraw(ctx context.Context, w Withdrawal) (out Withdrawn, err error) {
	grant, err := v.Access.Require(ctx, access.UsageImport)
	if err != nil {
		return out, err
	}
	v.settling.Lock() // an import decides by what is sealed
	defer v.settling.Unlock()
	w.Invoice, w.Account = strings.TrimSpace(w.Invoice), strings.ToLower(strings.TrimSpace(w.Account))
	out.Withdrawal = w
	batches, masks, err := v.ofInvoice(ctx, grant, w)
	if err != nil {
		return out, err
	}
	out.Batches = []WithdrawnBatch{}
	for _, b := range batches {
		if b.State != usage.Sealed {
			continue
		}
		x, err := v.counted(ctx, grant, b, masks)
		if err != nil {
			return out, err
		}
		out.Batches = append(out.Batches, x)
	}
	if w.DryRun {
		out.Effects, err = v.effects(ctx, usage.Seal{Supersede: numbersOf(out.Batches)})
		return out, err
	}
	if len(out.Batches) == 0 {
		return out, nil
	}
	return out, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Store.Withdraw(ctx, t, grant.Scope, usage.Numbers(batches)); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.UsageWithdrawn, grant.Actor, w.Invoice, out)
	})
}

func numbersOf(list []WithdrawnBatch) (out []uint32) {
	for _, b := range list {
		out = append(out, b.number)
	}
	return out
}

// ofInvoice lists the batches of a provider's invoice, those that do not count too, and the masks on them.
func (v *Service) ofInvoice(ctx context.Context, grant access.Grant, w Withdrawal) (of []usage.Batch, masks []usage.Mask, err error) {
	if w.Invoice == "" {
		return nil, nil, fault.New(fault.Invalid, "no_invoice", "no invoice was named; nothing was withdrawn. Name the provider's invoice number")
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		all, err := v.Store.Batches(ctx, r, grant.Scope, usage.BatchFilter{Superseded: true, AnyOf: &usage.PeriodsOrInvoices{Invoices: []string{w.Invoice}}})
		if err != nil {
			return err
		}
		for _, b := range all {
			if strings.EqualFold(b.Slot.Invoice, w.Invoice) && (w.Account == "" || b.Slot.Account == "" || b.Slot.Account == w.Account) {
				of = append(of, b)
			}
		}
		masks, err = v.Store.Masks(ctx, r, grant.Scope, usage.Numbers(of))
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	var accounts []string
	for _, b := range of {
		if a := b.Slot.Account; a != "" && !slices.Contains(accounts, a) {
			accounts = append(accounts, a)
		}
	}
	switch {
	case len(of) == 0:
		return nil, nil, fault.New(fault.NotFound, "invoice_not_imported",
			"nothing imported is of the provider's invoice %s; nothing was withdrawn. \"usage list\" says which invoices there are", w.Invoice)
	case len(accounts) > 1:
		return nil, nil, fault.New(fault.Conflict, "several_accounts",
			"the accounts %s each have an invoice %s; nothing was withdrawn. Name one with --account", strings.Join(accounts, ", "), w.Invoice)
	}
	return of, masks, nil
}

// counted is what counts of a batch.
func (v *Service) counted(ctx context.Context, grant access.Grant, b usage.Batch, masks []usage.Mask) (WithdrawnBatch, error) {
	out := WithdrawnBatch{ID: b.ID, Dataset: b.Slot.Dataset, Period: b.Slot.Period, Currency: b.Slot.Currency, number: b.Number}
	if b.Slot.Dataset != usage.DailyUsage {
		out.Rows, out.Cost = b.Rows, b.Cost
		return out, nil
	}
	q := usage.Query{Batches: []usage.BatchRef{{Load: b.LoadNumber, Batch: b.Number}}}
	for _, m := range masks {
		if m.Batch == b.Number {
			q.Masks = append(q.Masks, m)
		}
	}
	return out, v.Rows.Sums(ctx, grant.Scope, q, func(x usage.Sum) error {
		out.Rows, out.Cost = out.Rows+x.Rows, out.Cost.Add(x.Cost)
		return nil
	})
}

// effects asks Preview what a seal would do to months that are issued.
func (v *Service) effects(ctx context.Context, s usage.Seal) (json.RawMessage, error) {
	what, err := v.Preview(ctx, s)
	if err != nil || what == nil {
		return nil, err
	}
	text, err := json.Marshal(what)
	if err != nil {
		return nil, fault.New(fault.Internal, "effects", "the result of the dry run cannot be written as JSON").Because(err)
	}
	return text, nil
}
