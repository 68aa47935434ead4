package invoice

import (
	"context"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Waiting is a month in which the provider's invoices of another month charge something that no document bills yet.
type Waiting struct {
	Period    period.Month `json:"period"`
	Invoices  []string     `json:"invoices"`  // the provider's, sorted
	Rows      int64        `json:"rows"`      // of those invoices in that month
	Cost      money.Totals `json:"cost"`      // of those rows
	Documents int          `json:"documents"` // to be drafted, or drafted and not issued
	Net       money.Totals `json:"net"`       // of these documents
}

// waitingMonths lists the other months that the provider's invoices of a month charge, until what they bring is issued.
func (v *Service) waitingMonths(ctx context.Context, grant access.Grant, p period.Month) ([]Waiting, error) {
	var invoiced []usage.Batch
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		invoiced, _, err = usage.InvoicedIn(ctx, r, v.Reader.Usage, grant.Scope, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	by := map[period.Month]*Waiting{}
	for _, b := range invoiced {
		if b.Slot.Period == p {
			continue
		}
		w := by[b.Slot.Period]
		if w == nil {
			w = &Waiting{Period: b.Slot.Period, Cost: money.Totals{}, Net: money.Totals{}}
			by[b.Slot.Period] = w
		}
		w.Invoices, w.Rows = append(w.Invoices, b.Slot.Invoice), w.Rows+b.Rows
		w.Cost.Add(money.Of(b.Cost, b.Slot.Currency))
	}
	var out []Waiting
	for _, month := range slices.Sorted(maps.Keys(by)) {
		w := by[month]
		slices.Sort(w.Invoices)
		w.Invoices = slices.Compact(w.Invoices)
		if err := v.pending(ctx, grant, w); err != nil {
			return nil, err
		}
		if w.Documents > 0 {
			out = append(out, *w)
		}
	}
	return out, nil
}

// pending counts the documents that drafting a month would leave to be issued.
func (v *Service) pending(ctx context.Context, grant access.Grant, w *Waiting) error {
	run, have, err := v.rated(ctx, grant.Scope, w.Period, adding{light: true})
	if err != nil {
		return err
	}
	docs, err := run.documents(have)
	for i := range docs {
		w.Documents++
		w.Net.Add(money.Of(docs[i].Net, docs[i].Currency))
	}
	return err
}
