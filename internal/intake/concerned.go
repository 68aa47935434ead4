package intake

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// readConcerned reads what of the ledger concerns the load: the sealed batches of its invoices and months, what hides
// parts of them, and which of its files are known. Nothing else is read, however much there is.
//
// What an invoice's own month is, its batches of all months say. So those of the load's invoices are read first, then all
// of the months that the load and these are of, then the rest of the invoices that these name.
func (s *sealing) readConcerned(ctx context.Context) error {
	have := map[uint32]usage.Batch{}
	return s.service.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		add := func(of usage.PeriodsOrInvoices) error {
			list, err := s.service.Store.Batches(ctx, r, s.grant.Scope, usage.BatchFilter{AnyOf: &of})
			for _, b := range list {
				have[b.Number] = b
			}
			return err
		}
		invoices := s.invoices()
		if err := add(usage.PeriodsOrInvoices{Invoices: invoices}); err != nil {
			return err
		}
		of := s.periods()
		for _, b := range have {
			of.Periods = append(of.Periods, b.Slot.Period)
		}
		if err := add(usage.PeriodsOrInvoices{Periods: slices.Compact(slices.Sorted(slices.Values(of.Periods)))}); err != nil {
			return err
		}
		if err := add(usage.PeriodsOrInvoices{Invoices: others(have, invoices)}); err != nil {
			return err
		}
		s.have = slices.SortedFunc(maps.Values(have), func(a, b usage.Batch) int { return cmp.Compare(a.Number, b.Number) })
		var err error
		if s.masks, err = s.service.Store.Masks(ctx, r, s.grant.Scope, usage.Numbers(s.have)); err != nil {
			return err
		}
		return s.readKnown(ctx, r)
	})
}

// readKnown finds out which files of the load earlier loads read.
func (s *sealing) readKnown(ctx context.Context, r tx.Read) error {
	var files []string
	for _, f := range s.files {
		if f.Digest != "" {
			files = append(files, f.Digest)
		}
	}
	loads, err := s.service.Store.LoadsOf(ctx, r, s.grant.Scope, nil, files)
	for _, x := range loads {
		for _, f := range x.Files {
			s.old[f.Digest] = true
		}
	}
	return err
}

// invoices are the provider's invoices that rows, lines and what is kept aside of the load name.
func (s *sealing) invoices() []string {
	named := map[string]bool{}
	for _, slot := range s.slots {
		named[slot.Invoice] = true
	}
	for _, f := range s.files {
		for i := range f.lines {
			named[f.lines[i].InvoiceNumber] = true
		}
		for _, a := range f.rows.List() {
			named[a.Invoice] = true
		}
	}
	delete(named, "")
	return slices.Sorted(maps.Keys(named))
}

// periods are the months that the load has rows of, or says that it is of.
func (s *sealing) periods() *usage.PeriodsOrInvoices {
	list := []period.Month{}
	for _, slot := range s.slots {
		list = append(list, slot.Period)
	}
	if s.req.Period != 0 {
		list = append(list, s.req.Period)
	}
	if s.req.answering != nil {
		for i := range s.req.answering.items {
			list = append(list, s.req.answering.items[i].Period)
		}
	}
	return &usage.PeriodsOrInvoices{Periods: slices.Compact(slices.Sorted(slices.Values(list)))}
}

// others are the invoices that batches name beside those that are known, which are the same in any letters.
func others(have map[uint32]usage.Batch, known []string) (list []string) {
	is := map[string]bool{"": true}
	for _, n := range known {
		is[strings.ToLower(n)] = true
	}
	for _, b := range have {
		if n := strings.ToLower(b.Slot.Invoice); !is[n] {
			is[n] = true
			list = append(list, n)
		}
	}
	return list
}
