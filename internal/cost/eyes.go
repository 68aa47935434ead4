package cost

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// eyes are with whom the caller looks, at what, and which money they see.
type eyes struct {
	of        id.Organisation // whose buying and selling
	view      scope.View
	resources bool // among resources, not along the commercial tree
	scope     scope.Scope
	refs      []scope.Ref // of the scope, with the references that were answered; none when it is All
}

// looking completes a scope by what people answered: usage under a reference that nobody lists is its customer's too.
func (e eyes) looking(st *rating.State) eyes {
	if e.scope.IsAll() {
		return e
	}
	e.refs = e.scope.Refs()
	for _, r := range e.scope.Refs() {
		o := st.Index.Organisation(r.Customer)
		if !r.Whole || o == nil {
			continue
		}
		for _, answer := range st.Resolver.Resolutions {
			if answer.Kind != usage.ProductRef && answer.Target == o.Key {
				e.refs = append(e.refs, scope.Ref{Customer: r.Customer, ID: answer.Ref, Whole: true, Days: r.Days})
			}
		}
	}
	refs := e.refs
	e.scope = e.scope.WithRefsOf(func() []scope.Ref { return refs })
	return e
}

// only narrows what is looked at to one customer; ok is false when that is not there to be seen.
func (e eyes) only(st *rating.State, customer *org.Organisation) (eyes, bool) {
	if e.scope.IsAll() {
		refs := []scope.Ref{{Customer: customer.ID, ID: customer.Tenant, Whole: true}}
		for _, held := range customer.Entitlements {
			refs = append(refs, scope.Ref{Customer: customer.ID, ID: held.Provider, Whole: true, Days: held.Period})
		}
		refs = slices.DeleteFunc(refs, func(r scope.Ref) bool { return r.ID == "" })
		path := st.Index.Path(customer.ID, st.Period.Start())
		e.scope = scope.Of(path).WithRefsOf(func() []scope.Ref { return refs })
		return e.looking(st), true
	}
	known := e.scope.Sees(st.Index.Path(customer.ID, st.Period.End().AddDays(-1)))
	e.refs = slices.DeleteFunc(slices.Clone(e.refs), func(r scope.Ref) bool { return r.Customer != customer.ID })
	refs := e.refs
	e.scope = e.scope.WithRefsOf(func() []scope.Ref { return refs })
	return e, known || len(refs) > 0
}

// see says whether a group is the caller's to see. The store was asked with the scope; this is whose the usage is by
// all that is known, and what of it may be seen there. At list prices that is what a subscription used, and no
// purchases (the provider's rule); a charge is shown to those from whom nothing of its customer is hidden.
func (e *eyes) see(g *rating.Group) bool {
	if e.resources && !e.view.Has(scope.Buy) && (g.Charge != nil || g.Entry[usage.EntitlementID] == "") {
		return false
	}
	if e.scope.IsAll() {
		return true
	}
	return g.Customer != nil && slices.ContainsFunc(e.refs, func(r scope.Ref) bool {
		return r.Customer == g.Customer.ID && r.Days.Contains(g.Span.Start) && (r.Whole || g.Charge == nil && named(r.ID, g))
	})
}

func named(ref string, g *rating.Group) bool {
	return strings.EqualFold(ref, g.Entry[usage.EntitlementID]) || strings.EqualFold(ref, g.Entry[usage.CustomerID])
}

// amounts are what the caller sees of a group, each nil where there is none.
type amounts struct{ cost, buy, sell, list *money.Amount }

// look is what of a group's money the caller sees, and which kinds are not known of it.
func (e *eyes) look(g *rating.Group) (a amounts, missing scope.View) {
	if e.view.Has(scope.Cost) {
		a.cost = &money.Amount{Value: g.Base.Cost, Currency: g.Base.Currency}
	}
	switch {
	case !e.view.Has(scope.List) || g.Charge != nil:
	case g.Base.List == nil:
		missing |= scope.List
	default:
		a.list = &money.Amount{Value: *g.Base.List, Currency: g.Base.ListCurrency}
	}
	if g.Unresolved != "" {
		return a, missing | e.view&(scope.Buy|scope.Sell)
	}
	for i := range g.Steps {
		s := &g.Steps[i]
		if e.view.Has(scope.Buy) && s.Edge.Buyer == e.of {
			a.buy = &s.Sold
		}
		if e.view.Has(scope.Sell) && s.Edge.Seller == e.of {
			a.sell = &s.Sold
		}
	}
	return a, missing
}

// state is how much of the month's usage there is.
func state(st *rating.State) State {
	if len(st.Batches) == 0 && len(st.Lines) == 0 {
		return Nothing
	}
	if slices.ContainsFunc(aside.OfMonth(st.Aside, st.Period), func(a aside.Item) bool { return !a.Unbilled }) {
		return Open
	}
	complete := false
	for _, b := range st.Batches {
		if b.Slot.Billed && !b.Complete {
			return Open
		}
		complete = complete || b.Complete
	}
	if complete {
		return Complete
	}
	return Open
}
