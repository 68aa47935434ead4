package invoice

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
)

// keep adds to the lines of a run the groups that were invoiced and now have no customer, chain, book, rate or list
// price: they stay as invoiced, by the records of the worksheets. Only rows that no longer count are credited.
func (r *run) keep(files Files, have []Invoice) error {
	if len(r.waiting) == 0 {
		return nil
	}
	recorded, err := r.recorded(files, have)
	if err != nil {
		return err
	}
	for i := range r.waiting {
		if err := r.keepGroup(&r.waiting[i], recorded); err != nil {
			return err
		}
	}
	return nil
}

// CodeWorksheetUnreadable is the code of the Unavailable fault with which drafting stops, so as not to credit amounts that it cannot look up.
const CodeWorksheetUnreadable = "worksheet_unreadable"

// record is a worksheet's record of a group on an edge.
type record struct {
	Group
	edge  id.Edge
	depth int // of the seller in its chain: the partner's own sale comes first
}

// recorded reads, from the worksheet of the newest document that is not void on each edge, the records of the groups
// that wait, by the hash of their entry or the id of their charge.
func (r *run) recorded(files Files, have []Invoice) (map[string][]record, error) {
	wanted := map[string]bool{}
	for i := range r.waiting {
		wanted[hashOf(&r.waiting[i])] = true
	}
	out := map[string][]record{}
	for i := range have {
		d := &have[i]
		if d.State != Issued || !newest(have, d) || d.Worksheet == "" {
			continue
		}
		depth := strings.Count(d.SellerPath, "/")
		err := Groups(files, d.Worksheet, func(g Group) error {
			if key := cmp.Or(g.Charge, g.Hash); wanted[key] {
				out[key] = append(out[key], record{g, d.Edge, depth})
			}
			return nil
		})
		if err != nil {
			return nil, fault.New(fault.Unavailable, CodeWorksheetUnreadable,
				"%d rows and charges of %s find no customer or price, and the worksheet of %s, which says how they were invoiced, cannot be read: nothing was drafted; restore %s into the file store from a backup",
				len(r.waiting), d.Period, d.Number, d.Worksheet).Because(err)
		}
	}
	return out, nil
}

// hashOf names a group by its content, as worksheets do.
func hashOf(g *rating.Group) string {
	if g.Charge != nil {
		return string(g.Charge.ID)
	}
	return hex.EncodeToString(g.Sum.EntryHash[:8])
}

// keepGroup adds one unresolved group to the lines it was invoiced on, if any.
func (r *run) keepGroup(g *rating.Group, recorded map[string][]record) error {
	by := map[id.Edge]*record{}
	list := recorded[hashOf(g)]
	for i := range list {
		x := &list[i]
		if !x.Span.Contains(g.Span.Start) || r.state.Index.Edge(x.edge) == nil {
			continue
		}
		if best := by[x.edge]; best == nil || x.similarity(g) > best.similarity(g) {
			by[x.edge] = x
		}
	}
	steps := r.soldBy(by, g.Span.Start)
	if len(steps) == 0 {
		return nil
	}
	kept := *g
	kept.Customer = r.state.Index.ByKey(steps[0].Customer)
	if !r.priceAsRecorded(&kept, steps) {
		return nil
	}
	r.open[g.Unresolved].Invoiced += max(g.Sum.Rows, 1)
	for i := range kept.Steps {
		if err := r.edge(kept.Steps[i].Edge).add(r.pack, &kept, &kept.Steps[i]); err != nil {
			return err
		}
	}
	return nil
}

// soldBy are the records of the chain along which a group was sold, the partner's own sale first. A customer that moved has records
// on edges that no longer sell to it: those of today's chain count, as far as it sold, and without any the deepest ones.
func (r *run) soldBy(by map[id.Edge]*record, on period.Date) (steps []*record) {
	var deepest *record
	for _, x := range by {
		if deepest == nil || cmp.Or(cmp.Compare(x.depth, deepest.depth), cmp.Compare(x.edge, deepest.edge)) > 0 {
			deepest = x
		}
	}
	if deepest == nil {
		return nil
	}
	customer := r.state.Index.ByKey(deepest.Customer)
	if customer == nil {
		return nil
	}
	for _, e := range r.state.Index.Chain(customer.ID, on) {
		if by[e.ID] == nil {
			break
		}
		steps = append(steps, by[e.ID])
	}
	if len(steps) > 0 {
		return steps
	}
	for x := deepest; x != nil; x = r.sellerRecord(by, x) {
		steps = slices.Insert(steps, 0, x)
	}
	return steps
}

// sellerRecord is the record of the edge on which the seller of another bought, or nil.
func (r *run) sellerRecord(by map[id.Edge]*record, x *record) *record {
	seller := r.state.Index.Edge(x.edge).Seller
	for _, o := range by {
		if o.depth < x.depth && r.state.Index.Edge(o.edge).Buyer == seller {
			return o
		}
	}
	return nil
}

// similarity counts the fields in which a record agrees with a group: one entry may have several tag sets, prices and exchange rates
// of the provider, and covered usage or not.
func (x *record) similarity(g *rating.Group) (n int) {
	if g.Charge != nil {
		return 1
	}
	for _, same := range [...]bool{
		x.Provider.Covered == g.Variant.Covered, x.Tags == g.Tags, x.Provider.UnitPrice == g.Variant.UnitPrice,
		x.Provider.ExchangeRate == g.Variant.ExchangeRate, x.Batch == g.Sum.Batch, x.Variant == g.Sum.Variant,
	} {
		n *= 2
		if same {
			n++
		}
	}
	return n
}

// priceAsRecorded prices a group by the rates of records. A group with unchanged base amounts keeps its amounts, even
// if this build would compute others from the row.
func (r *run) priceAsRecorded(g *rating.Group, steps []*record) bool {
	var rates []rating.EdgeRate
	for _, x := range steps {
		rates = append(rates, rating.EdgeRate{Edge: r.state.Index.Edge(x.edge), Rate: x.Rate})
	}
	g.Unresolved, g.Ref, g.Steps = "", "", nil
	same := true
	for _, x := range steps {
		same = same && x.Quantity.Equal(g.Base.Quantity) && x.Provider.Cost.Value.Equal(g.Base.Cost) && x.Span == g.Span
	}
	if !same {
		r.state.Reprice(g, rates)
		return g.Unresolved == ""
	}
	for _, x := range steps {
		e := r.state.Index.Edge(x.edge)
		sold := x.Bought
		sold.Value, sold.Currency = x.Sold, e.Terms.Currency
		g.Steps = append(g.Steps, rating.Step{Edge: e, Rate: x.Rate, Bought: x.Bought, Base: x.Base, Exchange: x.Exchange, Sold: sold})
	}
	return true
}
