package check

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// sources compares the groups of worksheets with the rows in the usage store. A group may have fewer rows than the
// store, because some did not count when the document was made. Which ones is not recorded, so the check is that a
// group never has more rows than the store.
func (v *Service) sources(ctx context.Context, s scope.Scope, m *month, r *Report) error {
	for _, span := range m.sortedSpans() {
		q := usage.Query{Period: span}
		for _, batch := range slices.Sorted(maps.Keys(m.spans[span])) {
			q.Batches = append(q.Batches, usage.BatchRef{Load: m.spans[span][batch], Batch: batch})
		}
		var doubtful []usage.Sum // of quantities with the other sign, as those of refunds are
		err := v.Rows.Sums(ctx, s, q, func(x usage.Sum) error {
			if m.hasRefund(span, &x) {
				doubtful = append(doubtful, x)
				return nil
			}
			m.compare(span, x, r)
			return nil
		})
		if err == nil {
			err = v.refunds(ctx, s, doubtful, func(x usage.Sum) { m.compare(span, x, r) })
		}
		if err != nil {
			return err
		}
	}
	for _, list := range m.groups {
		for _, f := range list {
			if f.stored < f.rows {
				r.bad(Sources, f.document, "%d rows with a cost of %s are on its worksheet, and %d in the usage store", f.rows, f.cost, f.stored)
			}
		}
	}
	return nil
}

func (m *month) sortedSpans() []period.Period {
	return slices.SortedFunc(maps.Keys(m.spans), func(a, b period.Period) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
}

// compare compares a group of the store with the worksheets' sums of it.
func (m *month) compare(span period.Period, x usage.Sum, r *Report) {
	list := m.groups[nameOf("", x.Batch, x.Entry, x.TagSet, x.Variant, span, "")]
	for i := range list {
		f := &list[i]
		f.stored = max(f.stored, x.Rows)
		if x.Rows != f.rows {
			continue
		}
		r.Checked[Sources]++
		if !x.Quantity.Equal(f.quantity) || !x.Cost.Equal(f.cost) {
			r.bad(Sources, f.document, "the %d rows of a group come to %s for %s on its worksheet, and to %s for %s in the usage store", f.rows, f.quantity, f.cost, x.Quantity, x.Cost)
		}
	}
}

// hasRefund says whether a worksheet has a group with its quantity refunded.
func (m *month) hasRefund(span period.Period, x *usage.Sum) bool {
	return slices.ContainsFunc(m.groups[nameOf("", x.Batch, x.Entry, x.TagSet, x.Variant, span, "")], func(f figures) bool {
		return f.rows == x.Rows && !f.quantity.Equal(x.Quantity) && f.quantity.Equal(x.Quantity.Neg())
	})
}

// refunds compares sums with the sign that prices use, which is the opposite of the printed one for a refund.
func (v *Service) refunds(ctx context.Context, s scope.Scope, list []usage.Sum, compare func(usage.Sum)) error {
	taken := map[[2]uint32]bool{} // load and variant
	read := map[uint32]bool{}
	for _, x := range list {
		if !read[x.Load] {
			variants, err := v.Rows.Variants(ctx, s, x.Load)
			if err != nil {
				return err
			}
			for i := range variants {
				taken[[2]uint32{x.Load, variants[i].Number}] = variants[i].Value.Refund()
			}
			read[x.Load] = true
		}
		if taken[[2]uint32{x.Load, x.Variant}] {
			x.Quantity = x.Quantity.Neg()
		}
		compare(x)
	}
	return nil
}
