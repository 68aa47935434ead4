package check

import (
	"cmp"
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/consistency"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// loads checks that every row of every import is accounted for, and that its sealed rows are in its batches.
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

// batches compares the rows of every sealed batch with what was sealed: their number, their cost, their currency, and
// the digest of their content.
func (v *Service) batches(ctx context.Context, s scope.Scope, st *stored, r *Report) error {
	for _, b := range st.batches {
		if b.Slot.Dataset != usage.DailyUsage {
			continue
		}
		list, err := star.Mismatches(ctx, v.Rows, s, b)
		if err != nil {
			return err
		}
		r.Checked[Batches]++
		r.Checked[Currencies]++
		r.Checked[Digests]++
		for _, d := range list {
			r.bad(checkOf[d.Of], string(b.ID), "%s", d.Text)
		}
	}
	return nil
}

// once finds rows that count in two batches: they were imported and sealed again while the usage store had lost them.
func (v *Service) once(ctx context.Context, s scope.Scope, st *stored, r *Report) error {
	masks, rows, err := consistency.Repeated(ctx, v.Rows, s, st.batches, st.masks)
	if err != nil {
		return err
	}
	of := map[uint32]int{}
	for _, m := range masks {
		of[m.Batch]++
	}
	for _, b := range st.batches {
		r.Checked[Twice]++
		if of[b.Number] > 0 {
			r.bad(Twice, string(b.ID), "of its rows, %d entitlement days are those of an earlier batch of the same month and count twice (%d rows in all batches): \"purveyor usage rebuild\" lets them count once; then draft the month again, which credits what was billed twice", of[b.Number], rows)
		}
	}
	return nil
}

// checkOf is the name of the check that fails if stored rows are not those that were sealed.
var checkOf = map[string]string{star.OfRows: Batches, star.OfContent: Digests, star.OfCurrency: Currencies}

// lineDigests recomputes the digests of batches of reconciliation lines.
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
		if star.LinesDigest(contents[b.Number]) != b.Digest {
			r.bad(Digests, string(b.ID), "the reconciliation lines are not those that were sealed")
		}
	}
}
