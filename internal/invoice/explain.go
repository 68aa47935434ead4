package invoice

import (
	"cmp"
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Explanation leads one printed amount back to the provider's rows. For a buyer, what the seller pays and how it
// prices are left out.
type Explanation struct {
	Invoice string        `json:"invoice"`
	Line    Line          `json:"line"`
	Groups  []Explained   `json:"groups"`
	Exact   money.Decimal `json:"exact"` // Σ of the groups
	Billed  money.Decimal `json:"already_billed"`
	Residue money.Decimal `json:"residue"` // what rounding added
	Net     money.Decimal `json:"net"`     // exact + residue − already billed: as printed
	Holds   bool          `json:"holds"`   // whether it does
}

// Explained is the arithmetic of one group, with the rows behind it.
type Explained struct {
	Meter         string            `json:"meter"`
	Resource      string            `json:"resource,omitempty"`
	ResourceGroup string            `json:"resource_group,omitempty"`
	Span          period.Period     `json:"span"`
	Quantity      money.Decimal     `json:"quantity"`
	Unit          string            `json:"unit,omitempty"`
	Amount        money.Decimal     `json:"amount"` // exact, in the document's currency
	Rows          []ExplainedRow    `json:"rows"`
	Exchange      []rating.Exchange `json:"exchange,omitempty"`

	// The seller's eyes only.
	Rate     *pricing.Rate `json:"rate,omitempty"`
	Base     *money.Amount `json:"base,omitempty"`
	Bought   *money.Amount `json:"bought,omitempty"`
	Provider *Provider     `json:"provider,omitempty"`
}

// ExplainedRow is one row of the provider's file. Printed is the line as it stands there: the seller's eyes only.
type ExplainedRow struct {
	File     string         `json:"file"`
	Line     int64          `json:"line"`
	Day      period.Date    `json:"day,omitzero"`
	Quantity money.Decimal  `json:"quantity"`
	Cost     *money.Decimal `json:"cost,omitempty"`
	Printed  string         `json:"printed,omitempty"`
}

// Lines reads archived sources line by line.
type Lines interface {
	Line(archive string, line int64, count int) (string, error)
}

// Explain leads a line of a document back to rows. asBuyer leaves out what only the seller may see; a caller whose
// view lacks cost gets that in any case.
func (v *Service) Explain(ctx context.Context, ref string, number int, asBuyer bool) (Explanation, error) {
	grant, err := v.Access.Require(ctx, access.Explain)
	if err != nil {
		return Explanation{}, err
	}
	d, err := v.Find(ctx, ref)
	if err != nil {
		return Explanation{}, err
	}
	if number < 1 || number > len(d.Lines) {
		return Explanation{}, fault.New(fault.NotFound, "no_such_line", "%s has lines 1 to %d", ref, len(d.Lines))
	}
	x := explaining{service: v, scope: grant.Scope, private: !asBuyer && grant.Scope.Owns(d.Seller) && paid(grant.View), files: map[uint32]map[uint16]usage.File{}}
	if err := x.readFiles(ctx, v); err != nil {
		return Explanation{}, err
	}
	l := d.Lines[number-1]
	e := Explanation{Invoice: orElse(d.Number, string(d.ID)), Line: l, Groups: []Explained{}, Billed: l.Billed, Residue: l.Residue, Net: l.Net}
	err = Groups(v.Files, d.Worksheet, func(g Group) error {
		if g.Line != l.Key {
			return nil
		}
		one, err := x.group(ctx, g)
		if d.Preceding != nil {
			one.Amount, one.Quantity = one.Amount.Neg(), one.Quantity.Neg()
		}
		e.Exact = e.Exact.Add(one.Amount)
		e.Groups = append(e.Groups, one)
		return err
	})
	if err != nil {
		return Explanation{}, err
	}
	e.Holds = e.Exact.Add(e.Residue).Sub(e.Billed).Equal(e.Net) && e.Exact.Equal(l.Exact)
	if !x.private {
		e.Line.Cost = nil
	}
	slices.SortFunc(e.Groups, func(a, b Explained) int {
		return cmp.Or(b.Amount.Abs().Cmp(a.Amount.Abs()), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Meter, b.Meter))
	})
	return e, nil
}

type explaining struct {
	service *Service
	scope   scope.Scope
	private bool
	files   map[uint32]map[uint16]usage.File
}

func (x *explaining) readFiles(ctx context.Context, v *Service) error {
	return v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		loads, err := v.Reader.Usage.Loads(ctx, r, x.scope)
		for _, l := range loads {
			x.files[l.Number] = map[uint16]usage.File{}
			for _, f := range l.Files {
				x.files[l.Number][f.Number] = f
			}
		}
		return err
	})
}

func (x *explaining) group(ctx context.Context, g Group) (Explained, error) {
	e := Explained{Meter: orElse(g.Meter, g.Product), Resource: g.Resource, ResourceGroup: g.ResourceGroup, Span: g.Span, Quantity: g.Quantity, Unit: g.Unit,
		Amount: g.Sold, Exchange: g.Exchange, Rows: []ExplainedRow{}}
	if x.private {
		e.Rate, e.Base, e.Bought, e.Provider = &g.Rate, &g.Base, &g.Bought, &g.Provider
	}
	if g.Charge != "" {
		return e, nil
	}
	q := usage.FactQuery{Batch: g.Batch, Entry: g.Entry, TagSet: g.TagSet, Variant: g.Variant, Period: g.Span}
	err := x.service.Rater.Rows.Facts(ctx, x.scope, q, func(f usage.Fact) error {
		file := x.files[g.Load][f.File]
		row := ExplainedRow{File: file.Name, Line: int64(f.Line), Day: f.Day, Quantity: f.Quantity.Decimal()}
		if x.private {
			cost := f.Cost.Decimal()
			row.Cost = &cost
			if x.service.Lines != nil && file.Archive != "" {
				printed, err := x.service.Lines.Line(file.Archive, row.Line, 1)
				if err != nil {
					return err
				}
				row.Printed = printed
			}
		}
		e.Rows = append(e.Rows, row)
		return nil
	})
	return e, err
}
