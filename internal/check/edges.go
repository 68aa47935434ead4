package check

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/consistency"
)

// edges checks Σ lines = Σ rated usage and charges on every edge: the newest document that is not void was made from
// all of the month, so each line key comes to its worksheet's sum, rounded once, over all documents that are not
// void.
func (m *month) edges(r *Report) {
	by := map[id.Edge][]*invoice.Invoice{}
	for _, d := range m.documents {
		if d.Preceding == nil {
			by[d.Edge] = append(by[d.Edge], d)
		}
	}
	for _, e := range slices.Sorted(maps.Keys(by)) {
		m.edge(by[e], r)
	}
}

func (m *month) edge(list []*invoice.Invoice, r *Report) {
	var last *invoice.Invoice
	for _, d := range list {
		if counts(d) && (last == nil || d.Ordinal > last.Ordinal) {
			last = d
		}
	}
	if last == nil || m.exact[last.ID] == nil {
		return
	}
	billed := map[string]money.Decimal{}
	for _, d := range list {
		if !counts(d) && d.Ordinal > last.Ordinal {
			continue
		}
		if !counts(d) {
			counted, known := m.wasValidBeside(d, last)
			if !known {
				return
			}
			if !counted {
				continue // void before the last one was made
			}
		}
		for _, l := range d.Lines {
			billed[l.Key] = billed[l.Key].Add(l.Net)
		}
	}
	for key, exact := range m.exact[last.ID] {
		r.Checked[Edges]++
		if whole := money.Of(exact, last.Currency).Round().Value; !whole.Equal(billed[key]) {
			r.bad(Edges, last.Number, "%s comes to %s, and the documents of %s to %s bill %s for it", key, whole, last.SellerKey, last.BuyerKey, billed[key])
		}
		delete(billed, key)
	}
	for _, key := range slices.Sorted(maps.Keys(billed)) {
		r.Checked[Edges]++
		if !billed[key].IsZero() {
			r.bad(Edges, last.Number, "%s is billed at %s, and nothing stands behind it", key, billed[key])
		}
	}
}

// wasValidBeside reports whether a document that is void now was not yet void when a later one was drafted: then the
// later one bills the difference. Documents of earlier builds do not name the documents of that time; then the order
// of events decides, unless both events were exported and pruned.
func (m *month) wasValidBeside(d, later *invoice.Invoice) (counted, known bool) {
	if later.Fixed != nil {
		return slices.Contains(later.Pins.Standing, d.ID), true
	}
	void, made := m.voided[string(d.ID)], m.drafted[string(later.ID)]
	return void > made, void > 0 || made > 0
}

// recompute rates the month again: drafts and documents must come out the same when everything they were made from is as it
// was, and every row that counts is rated once.
func (v *Service) recompute(ctx context.Context, s scope.Scope, m *month, r *Report) error {
	var rated int64
	st, list, err := v.Documents.RecomputeWithState(ctx, m.period, func(g *rating.Group) error {
		rated += g.Sum.Rows
		m.state(g, r)
		return nil
	})
	if code := fault.CodeOf(err); code == consistency.CodeRowsLost || code == invoice.CodeWorksheetUnreadable {
		r.Checked[States] += rated
		r.bad(States, m.period.String(), "%v", err)
		return nil
	}
	if err != nil {
		return err
	}
	for _, d := range list {
		if d.Same || d.Inputs {
			r.Checked[Recomputed]++
		}
		if d.Inputs && !d.Same {
			r.bad(Recomputed, d.Name, "made once more from the same, it says something else")
		}
	}
	counting, err := v.countedRows(ctx, s, st)
	if err != nil {
		return err
	}
	sealed := int64(0)
	for _, b := range m.batches {
		sealed += b.Rows
	}
	r.Checked[States] += counting
	r.Rows[Replaced] += max(sealed-counting, 0) // rows that were sealed after the ledger was read are not in sealed
	if rated != counting {
		r.bad(States, m.period.String(), "%d rows count, and %d were rated", counting, rated)
	}
	return nil
}

// state counts a rated group on each edge of its chain.
func (m *month) state(g *rating.Group, r *Report) {
	n := max(g.Sum.Rows, 1)
	if g.Unresolved != "" {
		r.Rows[Unresolved] += n
		return
	}
	if g.OwnUse {
		r.Rows[OwnUse] += n
		return
	}
	charge := ""
	if g.Charge != nil {
		charge = string(g.Charge.ID)
	}
	on := func(e id.Edge) bool {
		return m.invoiced[nameOf(string(e), g.Sum.Batch, g.Sum.Entry, g.Sum.TagSet, g.Sum.Variant, g.Span, charge)]
	}
	for i := range g.Steps {
		if on(g.Steps[i].Edge.ID) {
			r.Rows[Invoiced] += n
		} else {
			r.Rows[Open] += n
		}
	}
	if g.Excluded {
		r.Rows[Excluded] += n
	}
}

// countedRows is how many rows of a month count in the state that it was rated from: an import may have sealed more since.
func (v *Service) countedRows(ctx context.Context, s scope.Scope, st *rating.State) (n int64, err error) {
	shadowed, err := v.Documents.Rater.Shadowed(ctx, s, st)
	if err != nil {
		return 0, err
	}
	masked := map[usage.Mask]bool{}
	for _, x := range slices.Concat(st.Masks, shadowed) {
		x.Entitlement = strings.ToLower(x.Entitlement)
		masked[x] = true
	}
	var numbers []uint32
	for _, b := range st.Batches {
		numbers = append(numbers, b.Number)
	}
	cells, err := v.Rows.Cells(ctx, s, numbers)
	for _, c := range cells {
		if !masked[usage.Mask{Batch: c.Batch, Entitlement: strings.ToLower(c.Entitlement), Day: c.Day}] {
			n += c.Rows
		}
	}
	return n, err
}
