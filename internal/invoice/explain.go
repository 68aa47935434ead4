package invoice

import (
	"cmp"
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// Explanation traces one printed amount back to the provider's rows. For a buyer, it leaves out what the seller pays and
// how it prices.
type Explanation struct {
	Invoice string        `json:"invoice"`
	State   State         `json:"state"`
	Answers string        `json:"answers,omitempty"` // the invoice that a credit note reverses
	Line    Line          `json:"line"`
	Groups  []Explained   `json:"groups"`
	Exact   money.Decimal `json:"exact"` // Σ of the groups
	Billed  money.Decimal `json:"already_billed"`
	Residue money.Decimal `json:"residue"` // added by rounding
	Net     money.Decimal `json:"net"`     // exact + residue − already billed: as printed
	Holds   bool          `json:"holds"`   // whether that equation is true

	Seller, Buyer id.Organisation `json:"-"` // of the document
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

	// For the seller only.
	Rate     *pricing.Rate `json:"rate,omitempty"`
	Base     *money.Amount `json:"base,omitempty"`
	Bought   *money.Amount `json:"bought,omitempty"`
	Provider *Provider     `json:"provider,omitempty"`
}

// ExplainedRow is one row of the provider's file: of usage, or the reconciliation line of a charge. Printed is the
// record as the file has it, and Cost its cost; both are for the seller only.
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

// Explain traces a line of a document back to rows. asBuyer leaves out what only the seller may see; callers of other
// organisations never get it. The provider's records are for callers who may see the partner's cost.
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
	private := !asBuyer && grant.Scope.Owns(d.Seller) && seesCost(grant.View)
	x := explainer{service: v, scope: grant.Scope, private: private, provider: private && grant.View.Has(scope.Cost), document: &d}
	if err := x.readFiles(ctx, v); err != nil {
		return Explanation{}, err
	}
	return x.line(ctx, d.Lines[number-1])
}

// line explains one line. A credit note reverses the sign of every amount of the document it answers; the rows behind
// them are not changed.
func (x *explainer) line(ctx context.Context, l Line) (Explanation, error) {
	d := x.document
	e := Explanation{
		Invoice: orElse(d.Number, string(d.ID)), State: d.State, Line: l, Groups: []Explained{}, Billed: l.Billed, Residue: l.Residue, Net: l.Net,
		Seller: d.Seller, Buyer: d.Buyer,
	}
	if d.Preceding != nil {
		e.Answers = d.Preceding.Number
	}
	err := Groups(x.service.Files, d.Worksheet, func(g Group) error {
		if g.Line != l.Key {
			return nil
		}
		if d.Preceding != nil {
			g = g.reversed()
		}
		one, err := x.group(ctx, g)
		e.Exact = e.Exact.Add(one.Amount)
		e.Groups = append(e.Groups, one)
		return err
	})
	if err != nil {
		return Explanation{}, err
	}
	e.Holds = e.Exact.Add(e.Residue).Sub(e.Billed).Equal(e.Net) && e.Exact.Equal(l.Exact)
	if !x.private {
		e.Line = l.forBuyer()
	}
	slices.SortFunc(e.Groups, func(a, b Explained) int {
		return cmp.Or(b.Amount.Abs().Cmp(a.Amount.Abs()), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Meter, b.Meter), cmp.Compare(a.Span.Start, b.Span.Start))
	})
	return e, nil
}

// reversed is a group with the signs of a credit note.
func (g Group) reversed() Group {
	g.Quantity, g.Sold = g.Quantity.Neg(), g.Sold.Neg()
	g.Bought.Value, g.Provider.Cost.Value = g.Bought.Value.Neg(), g.Provider.Cost.Value.Neg()
	if g.Rate.Price.Kind != pricing.UnitPrice { // whose base is the price of one unit
		g.Base.Value = g.Base.Value.Neg()
	}
	return g
}

// forBuyer is what a buyer may see of a line: exactly the fields listed here.
func (l Line) forBuyer() Line {
	return Line{
		Number: l.Number, Kind: l.Kind, Customer: l.Customer, CustomerName: l.CustomerName, Subscription: l.Subscription,
		SubscriptionOf: l.SubscriptionOf, Service: l.Service, Description: l.Description, Span: l.Span,
		ServicePeriod: l.ServicePeriod, ChargeType: l.ChargeType, Quantity: l.Quantity, Unit: l.Unit,
		UnitCode: l.UnitCode, UnitPrice: l.UnitPrice, BaseQuantity: l.BaseQuantity, Mixed: l.Mixed, Exact: l.Exact, Billed: l.Billed,
		Net: l.Net, Residue: l.Residue, Tax: l.Tax, Allowances: l.Allowances,
	}
}
