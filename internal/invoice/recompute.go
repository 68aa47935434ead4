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

// Recomputed compares a stored document with the same one computed again: its lines, taxes and worksheet. Inputs says
// that all of its input is unchanged, or at least every group of its worksheet; then the document must be the Same,
// or at least its lines.
type Recomputed struct {
	Document id.Invoice
	Name     string // number, or id
	Same     bool
	Inputs   bool
}

// Recompute computes the documents of a period again and compares them with the stored ones: drafts, approved ones,
// and of the issued ones the newest on each edge that is not void. It stores nothing. visit, which may be nil, is
// called for each rated group.
func (v *Service) Recompute(ctx context.Context, p period.Month, visit func(*rating.Group) error) ([]Recomputed, error) {
	_, out, err := v.RecomputeWithState(ctx, p, visit)
	return out, err
}

// RecomputeWithState is Recompute, and returns the state of the ledger that it used: the ledger may have changed since.
func (v *Service) RecomputeWithState(ctx context.Context, p period.Month, visit func(*rating.Group) error) (*rating.State, []Recomputed, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceRead)
	if err != nil {
		return nil, nil, err
	}
	run, have, err := v.rated(ctx, grant.Scope, p, adding{visit: visit})
	if err != nil {
		return nil, nil, err
	}
	var out []Recomputed
	for i := range have {
		if d := &have[i]; !d.Rebills && (d.State == Draft || d.State == Approved) || d.State == Issued && newest(have, d) && !run.rebilled[d.Edge] {
			one, err := run.recompute(d, have)
			if err != nil {
				return nil, nil, err
			}
			out = append(out, one)
		}
	}
	return run.state, out, nil
}

// newest says whether an issued document is the last on its edge that is not void.
func newest(have []Invoice, d *Invoice) bool {
	for i := range have {
		o := &have[i]
		if o.Edge == d.Edge && o.State == Issued && o.Preceding == nil && o.Ordinal > d.Ordinal {
			return false
		}
	}
	return d.Preceding == nil
}

// recompute computes one document again, after those that were issued before it.
func (r *run) recompute(d *Invoice, have []Invoice) (Recomputed, error) {
	out := Recomputed{Document: d.ID, Name: orElse(d.Number, string(d.ID))}
	e := r.state.Index.Edge(d.Edge)
	if e == nil {
		return out, nil // the world no longer has the edge
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
	if !out.Inputs && doc.Worksheet == d.Worksheet { // parties, taxes or the input of other documents may have changed
		out.Same, out.Inputs = bytes.Equal(priced(doc.inLayout(d.Layout)), priced(*d)), true
	}
	out.Inputs = out.Inputs && !voidedSince(d, doc, before, was) && (d.Fixed == nil || slices.Equal(d.Pins.Standing, was.ids()))
	return out, nil
}

// voidedSince says whether an earlier document was voided after d was made: then a line of d counts an amount as billed, or
// a cost as carried, that now is not; or a line is needed now for what the voided document billed.
func voidedSince(d *Invoice, recomputed Invoice, before []Invoice, was edgeHistory) bool {
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
	return slices.ContainsFunc(recomputed.Lines, func(l Line) bool {
		return void[l.Key] && (made[l.Key].Key == "" || !minus(l.Cost, made[l.Key].Cost).IsZero())
	})
}

// priced is the part of a document that follows from its worksheet alone.
func priced(v Invoice) []byte {
	x := Invoice{ID: v.ID, Period: v.Period, Ordinal: v.Ordinal, Currency: v.Currency, Exchange: v.Exchange, Net: v.Net, Worksheet: v.Worksheet}
	for _, l := range v.Lines {
		l.CustomerName, l.Tax = "", LineTax{}
		x.Lines = append(x.Lines, l)
	}
	return canonical(x)
}
