package invoice

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
)

// Remade is a stored document held against the same one made again: its lines, taxes and worksheet. Inputs says that
// all it was made from is as it was, or at least every group of its worksheet; then it must be the Same, or at least its
// lines.
type Remade struct {
	Document id.Invoice
	Name     string // number, or id
	Same     bool
	Inputs   bool
}

// Again makes the documents of a period once more and holds them against the stored ones: drafts, approved ones, and
// of issued ones the newest that stands on each edge. It stores nothing. Each rated group is shown to look, which may
// be nil.
func (v *Service) Again(ctx context.Context, p period.Month, look func(*rating.Group) error) ([]Remade, error) {
	_, out, err := v.AgainOf(ctx, p, look)
	return out, err
}

// AgainOf is Again, and says from which state of the ledger it was made: another may be there by now.
func (v *Service) AgainOf(ctx context.Context, p period.Month, look func(*rating.Group) error) (*rating.State, []Remade, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceRead)
	if err != nil {
		return nil, nil, err
	}
	run, have, err := v.rated(ctx, grant.Scope, p, adding{look: look})
	if err != nil {
		return nil, nil, err
	}
	var out []Remade
	for i := range have {
		if d := &have[i]; !d.Rebills && (d.State == Draft || d.State == Approved) || d.State == Issued && newest(have, d) && !run.rebilled[d.Edge] {
			one, err := run.again(d, have)
			if err != nil {
				return nil, nil, err
			}
			out = append(out, one)
		}
	}
	return run.state, out, nil
}

// newest says whether an issued document is the last that stands on its edge.
func newest(have []Invoice, d *Invoice) bool {
	for i := range have {
		o := &have[i]
		if o.Edge == d.Edge && o.State == Issued && o.Preceding == nil && o.Ordinal > d.Ordinal {
			return false
		}
	}
	return d.Preceding == nil
}

// again makes one document once more, after those that were issued before it.
func (r *run) again(d *Invoice, have []Invoice) (Remade, error) {
	out := Remade{Document: d.ID, Name: orElse(d.Number, string(d.ID))}
	e := r.state.Index.Edge(d.Edge)
	if e == nil {
		return out, nil // the edge is gone from the world: nothing can be made on it
	}
	var before []Invoice
	for i := range have {
		if have[i].Ordinal < d.Ordinal {
			before = append(before, have[i])
		}
	}
	was, draft := history(before, e), r.edge(e)
	doc, err := r.document(draft, was)
	if err != nil {
		return out, err
	}
	draft.worksheet.flush(r.pack)
	sum := sha256.Sum256(draft.worksheet.packed.Bytes())
	doc.Worksheet = hex.EncodeToString(sum[:]) // as the file store names it
	out.Same, out.Inputs = sameContent(doc, *d), doc.Pins.Inputs == d.Pins.Inputs && doc.Pins.Rater == d.Pins.Rater
	if !out.Inputs && doc.Worksheet == d.Worksheet { // parties, taxes or what concerns others may have changed
		out.Same, out.Inputs = bytes.Equal(priced(doc.laidOut(d.Layout)), priced(*d)), true
	}
	out.Inputs = out.Inputs && !voidedSince(d, doc, before, was) && (d.Fixed == nil || slices.Equal(d.Pins.Standing, was.ids()))
	return out, nil
}

// voidedSince says whether an earlier document was voided after one was made: a line of the one counts it as billed, or
// its cost as carried, or what is on the voided one was not worth a line then and is now.
func voidedSince(d *Invoice, again Invoice, before []Invoice, was past) bool {
	void, made := map[string]bool{}, map[string]Line{}
	for i := range before {
		if before[i].Edge == d.Edge && before[i].State == Void {
			for _, l := range before[i].Lines {
				void[l.Key] = true
			}
		}
	}
	for _, l := range d.Lines {
		if made[l.Key] = l; !l.Billed.Equal(was.billed[l.Key]) {
			return true
		}
	}
	return slices.ContainsFunc(again.Lines, func(l Line) bool {
		return void[l.Key] && (made[l.Key].Key == "" || !less(l.Cost, made[l.Key].Cost).IsZero())
	})
}

// priced is what of a document follows from its worksheet alone.
func priced(v Invoice) []byte {
	x := Invoice{ID: v.ID, Period: v.Period, Ordinal: v.Ordinal, Currency: v.Currency, Exchange: v.Exchange, Net: v.Net, Worksheet: v.Worksheet}
	for _, l := range v.Lines {
		l.CustomerName, l.Tax = "", LineTax{}
		x.Lines = append(x.Lines, l)
	}
	return canonical(x)
}
