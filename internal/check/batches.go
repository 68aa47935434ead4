package check

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// loads checks that every row of every import went somewhere, and that what it sealed is in its batches.
func loads(st *stored, r *Report) {
	sealed := map[uint32]int64{}
	for _, b := range st.batches {
		sealed[b.LoadNumber] += b.Rows
	}
	for _, l := range st.loads {
		r.Checked[Loads]++
		r.Rows[Quarantined] += l.Rows.Quarantined
		sum := usage.Counts{}
		for _, f := range l.Files {
			sum = sum.Add(f.Rows)
		}
		if c := l.Rows; c.In != c.Sealed+c.Skipped+c.Quarantined+c.Refused || sum != c {
			r.bad(Loads, string(l.ID), "%d rows in, and %d sealed, %d skipped, %d quarantined, %d refused; its files count %+v", c.In, c.Sealed, c.Skipped, c.Quarantined, c.Refused, sum)
		}
		if sealed[l.Number] != l.Rows.Sealed {
			r.bad(Loads, string(l.ID), "%d rows were sealed, and its batches have %d", l.Rows.Sealed, sealed[l.Number])
		}
	}
}

// batches holds the rows of every sealed batch against what was sealed: their number, their cost, their currency, and
// the digest of all they say.
func (v *Service) batches(ctx context.Context, s scope.Scope, st *stored, r *Report) error {
	for _, b := range st.batches {
		if b.Slot.Dataset != usage.DailyUsage {
			continue
		}
		if err := v.sums(ctx, s, b, r); err != nil {
			return err
		}
		if err := v.rows(ctx, s, b, r); err != nil {
			return err
		}
	}
	return nil
}

func (v *Service) sums(ctx context.Context, s scope.Scope, b usage.Batch, r *Report) error {
	rows, cost := int64(0), money.Decimal{}
	entries := map[uint32]bool{}
	q := usage.Query{Batches: []usage.BatchRef{{Load: b.LoadNumber, Batch: b.Number}}}
	err := v.Rows.Sums(ctx, s, q, func(x usage.Sum) error {
		rows, cost = rows+x.Rows, cost.Add(x.Cost)
		entries[x.Entry] = true
		return nil
	})
	if err != nil {
		return err
	}
	r.Checked[Batches]++
	if rows != b.Rows || !cost.Equal(b.Cost) {
		r.bad(Batches, string(b.ID), "sealed with %d rows and %s, and the usage store has %d rows and %s", b.Rows, b.Cost, rows, cost)
	}
	r.Checked[Currencies]++
	return v.Rows.Entries(ctx, s, b.LoadNumber, nil, func(e usage.EntryRecord) error {
		if c := e.Value[usage.BillingCurrency]; entries[e.Number] && c != string(b.Slot.Currency) {
			r.bad(Currencies, string(b.ID), "a batch in %s has rows in %q", b.Slot.Currency, c)
		}
		return nil
	})
}

// rows makes the digest of a batch again from its rows, and compares it cell by cell with what the store keeps.
func (v *Service) rows(ctx context.Context, s scope.Scope, b usage.Batch, r *Report) error {
	cells, err := v.Rows.Cells(ctx, s, []uint32{b.Number})
	if err != nil {
		return err
	}
	r.Checked[Digests]++
	if intake.CellsDigest(cells) != b.Digest {
		r.bad(Digests, string(b.ID), "the usage store no longer has the cells that were sealed")
	}
	again, err := intake.Recount(ctx, v.Rows, s, cells)
	if err != nil {
		return err
	}
	have := map[string]usage.Cell{}
	for _, c := range again {
		have[c.Entitlement+" "+c.Day.String()] = c
	}
	for _, c := range cells {
		if x := have[strings.ToLower(c.Entitlement)+" "+c.Day.String()]; x.Rows != c.Rows || x.Hash != c.Hash {
			r.bad(Digests, string(b.ID), "the rows of entitlement %s on %s are not those that were sealed", c.Entitlement, c.Day)
			break // one tells
		}
	}
	return nil
}

// lineDigests makes the digests of batches of reconciliation lines again.
func lineDigests(st *stored, r *Report) {
	contents, cost := map[uint32][]string{}, map[uint32]money.Decimal{}
	for i := range st.lines {
		l := &st.lines[i]
		contents[l.Batch] = append(contents[l.Batch], usage.Content(l.StatementLine))
		cost[l.Batch] = cost[l.Batch].Add(l.Subtotal)
		if c := l.Currency; c == "" {
			r.bad(Currencies, l.InvoiceNumber, "line %d has no currency", l.Line)
		}
	}
	batches := slices.Clone(st.batches)
	slices.SortFunc(batches, func(a, b usage.Batch) int { return cmp.Compare(a.Number, b.Number) })
	for _, b := range batches {
		if b.Slot.Dataset != usage.Reconciliation || b.State != usage.Sealed {
			continue
		}
		r.Checked[Batches]++
		r.Checked[Digests]++
		if n := int64(len(contents[b.Number])); n != b.Rows || !cost[b.Number].Equal(b.Cost) {
			r.bad(Batches, string(b.ID), "sealed with %d lines and %s, and the ledger has %d lines and %s", b.Rows, b.Cost, n, cost[b.Number])
		}
		if intake.LinesDigest(contents[b.Number]) != b.Digest {
			r.bad(Digests, string(b.ID), "the reconciliation lines are not those that were sealed")
		}
	}
}
