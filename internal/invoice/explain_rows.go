package invoice

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// explainer traces one document back to its rows.
type explainer struct {
	service  *Service
	scope    scope.Scope
	private  bool // whether the caller is the seller
	provider bool // whether the caller may see what the provider charges the partner
	document *Invoice
	files    map[uint32]map[uint16]usage.File // by load and number
	digests  map[string]usage.File
	wide     map[uint32]map[usage.Place][]usage.WideValue // by batch
	masks    map[usage.Mask]bool                          // rows of these batches that do not count now
	masked   map[uint32]bool                              // batches whose masks were read
}

func (x *explainer) readFiles(ctx context.Context, v *Service) error {
	x.files, x.digests, x.wide = map[uint32]map[uint16]usage.File{}, map[string]usage.File{}, map[uint32]map[usage.Place][]usage.WideValue{}
	x.masks, x.masked = map[usage.Mask]bool{}, map[uint32]bool{}
	return v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		loads, err := v.Reader.Usage.Loads(ctx, r, x.scope)
		for _, l := range loads {
			x.files[l.Number] = map[uint16]usage.File{}
			for _, f := range l.Files {
				x.files[l.Number][f.Number] = f
				if x.digests[f.Digest].Archive == "" {
					x.digests[f.Digest] = f
				}
			}
		}
		return err
	})
}

func (x *explainer) group(ctx context.Context, g Group) (Explained, error) {
	e := Explained{Meter: orElse(g.Meter, g.Product), Resource: g.Resource, ResourceGroup: g.ResourceGroup, Span: g.Span, Quantity: g.Quantity, Unit: g.Unit,
		Amount: g.Sold, Exchange: g.Exchange, Rows: []ExplainedRow{}}
	if x.private {
		e.Rate, e.Base, e.Bought = &g.Rate, &g.Base, &g.Bought
	}
	if x.provider {
		e.Provider = &g.Provider
	}
	if g.Charge != "" {
		return e, x.charge(g, &e)
	}
	facts, err := x.facts(ctx, g)
	for _, f := range facts {
		quantity, cost := x.amounts(f)
		row := ExplainedRow{Line: int64(f.Line), Day: f.Day, Quantity: quantity, Cost: &cost}
		if err := x.printed(&row, x.files[g.Load][f.File]); err != nil {
			return e, err
		}
		e.Rows = append(e.Rows, row)
	}
	return e, err
}

// charge adds the reconciliation line a charge was read from.
func (x *explainer) charge(g Group, e *Explained) error {
	row := ExplainedRow{Line: g.Source.Line, Quantity: g.Quantity, Cost: &g.Provider.Cost.Value}
	if x.document.Preceding != nil {
		cost := g.Provider.Cost.Value.Neg()
		row.Quantity, row.Cost = g.Quantity.Neg(), &cost
	}
	if err := x.printed(&row, x.digests[g.Source.File]); err != nil {
		return err
	}
	e.Rows = append(e.Rows, row)
	return nil
}

// recordLines is how many lines a printed record may take.
const recordLines = 50

// printed adds the file of a row and the record as printed there, or removes what only the partner may see.
func (x *explainer) printed(row *ExplainedRow, f usage.File) error {
	row.File = f.Name
	if !x.provider {
		row.Cost = nil
		if row.File != "" {
			row.File = path.Base(f.Name)
		}
		return nil
	}
	if f.Archive == "" {
		return nil
	}
	for n := 1; n <= recordLines; n++ {
		text, err := x.service.Lines.Line(f.Archive, row.Line, n)
		if err != nil {
			return err
		}
		row.Printed = text
		if strings.HasPrefix(text, "{") || strings.Count(text, `"`)%2 == 0 {
			break // one JSON object a line; a CSV record goes on while a quote is open
		}
	}
	return nil
}

// facts are the rows behind a group. If the batch has more rows of the group than the document was made from, rows
// that do not count now are left out: a newer download replaced them, or unbilled rows shadow them. If other rows
// counted when the document was made, they are found as the days whose rows match the sums of the group.
func (x *explainer) facts(ctx context.Context, g Group) ([]usage.Fact, error) {
	q := usage.FactQuery{Batch: g.Batch, Entry: g.Entry, TagSet: g.TagSet, Variant: g.Variant, Period: g.Span}
	var all []usage.Fact
	err := x.service.Rater.Rows.Facts(ctx, x.scope, q, func(f usage.Fact) error {
		all = append(all, f)
		return nil
	})
	if err == nil {
		err = x.readWide(ctx, g.Batch)
	}
	if err != nil || int64(len(all)) == g.Rows {
		return all, err
	}
	if err := x.readMasks(ctx, g.Batch); err != nil {
		return nil, err
	}
	left := slices.DeleteFunc(slices.Clone(all), func(f usage.Fact) bool {
		return x.masks[usage.Mask{Batch: f.Batch, Entitlement: strings.ToLower(g.Entitlement), Day: f.Day}]
	})
	if x.matches(left, g) {
		return left, nil
	}
	if then := x.onDays(all, g); then != nil {
		return then, nil
	}
	return all, nil
}

func (x *explainer) readWide(ctx context.Context, batch uint32) error {
	if x.wide[batch] != nil {
		return nil
	}
	x.wide[batch] = map[usage.Place][]usage.WideValue{}
	list, err := x.service.Rater.Rows.Wide(ctx, x.scope, []uint32{batch})
	for _, w := range list {
		at := usage.Place{File: w.Fact.File, Line: w.Fact.Line}
		x.wide[batch][at] = append(x.wide[batch][at], w)
	}
	return err
}

func (x *explainer) readMasks(ctx context.Context, batch uint32) error {
	if x.masked[batch] {
		return nil
	}
	x.masked[batch] = true
	var st *rating.State
	var masks []usage.Mask
	err := x.service.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		if masks, err = x.service.Reader.Usage.Masks(ctx, r, x.scope, []uint32{batch}); err != nil {
			return err
		}
		st, err = x.service.Reader.Read(ctx, r, x.scope, x.document.Period)
		return err
	})
	if err != nil {
		return err
	}
	shadowed, err := x.service.Rater.Shadowed(ctx, x.scope, st)
	for _, m := range slices.Concat(masks, shadowed) {
		m.Entitlement = strings.ToLower(m.Entitlement)
		x.masks[m] = true
	}
	return err
}
