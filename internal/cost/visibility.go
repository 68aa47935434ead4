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

// visibility is what the caller may see of costs.
type visibility struct {
	organisation id.Organisation // whose buying and selling is shown
	money        scope.View      // which kinds of money are shown
	resources    bool            // the caller looks at resources, not along the commercial tree
	scope        scope.Scope
	refs         []scope.Ref // of the scope, with the references that were answered; none when it is All
}

// withAnswers adds to a scope what people answered: usage under a reference that no customer lists is also its customer's.
func (v visibility) withAnswers(st *rating.State) visibility {
	if v.scope.IsAll() {
		return v
	}
	refs := v.scope.Refs()
	for _, r := range v.scope.Refs() {
		o := st.Index.Organisation(r.Customer)
		if !r.Whole || o == nil {
			continue
		}
		for _, answer := range st.Resolver.Resolutions {
			if answer.Kind != usage.ProductRef && answer.Target == o.Key {
				refs = append(refs, scope.Ref{Customer: r.Customer, ID: answer.Ref, Whole: true, Days: r.Days})
			}
		}
	}
	return v.with(v.scope, refs)
}

// with is the visibility of other references in a scope.
func (v visibility) with(s scope.Scope, refs []scope.Ref) visibility {
	v.refs = refs
	v.scope = s.WithRefsOf(func() []scope.Ref { return refs })
	return v
}

// narrowedTo is what the caller sees of one customer; ok is false when the caller may not know the customer.
func (v visibility) narrowedTo(st *rating.State, customer *org.Organisation) (narrow visibility, ok bool) {
	if v.scope.IsAll() {
		refs := []scope.Ref{{Customer: customer.ID, ID: customer.Tenant, Whole: true}}
		for _, e := range customer.Entitlements {
			refs = append(refs, scope.Ref{Customer: customer.ID, ID: e.Provider, Whole: true, Days: e.Period})
		}
		refs = slices.DeleteFunc(refs, func(r scope.Ref) bool { return r.ID == "" })
		path := st.Index.Path(customer.ID, st.Period.Start())
		return v.with(scope.Of(path), refs).withAnswers(st), true
	}
	known := v.scope.Sees(st.Index.Path(customer.ID, st.Period.End().AddDays(-1)))
	refs := slices.DeleteFunc(slices.Clone(v.refs), func(r scope.Ref) bool { return r.Customer != customer.ID })
	return v.with(v.scope, refs), known || len(refs) > 0
}

// shows says whether the caller may see a group. The store was asked with the scope; this decides by whose the usage is
// according to all that is known. At list prices a caller sees what a subscription used, and no purchases (the
// provider's rule); a charge is shown to callers from whom nothing of its customer is hidden.
func (v *visibility) shows(g *rating.Group) bool {
	if v.resources && !v.money.Has(scope.Buy) && (g.Charge != nil || g.Entry[usage.EntitlementID] == "") {
		return false
	}
	if v.scope.IsAll() {
		return true
	}
	return g.Customer != nil && slices.ContainsFunc(v.refs, func(r scope.Ref) bool {
		return r.Customer == g.Customer.ID && r.Days.Contains(g.Span.Start) && (r.Whole || g.Charge == nil && isUnder(r.ID, g))
	})
}

// isUnder says whether usage is under an entitlement or a tenant.
func isUnder(ref string, g *rating.Group) bool {
	return strings.EqualFold(ref, g.Entry[usage.EntitlementID]) || strings.EqualFold(ref, g.Entry[usage.CustomerID])
}

// amounts are those of a group that the caller sees, each nil where there is none.
type amounts struct{ cost, buy, sell, list *money.Amount }

// amountsOf is the amounts of a group that the caller sees, and the kinds of money that are not known of it.
func (v *visibility) amountsOf(g *rating.Group) (a amounts, missing scope.View) {
	if v.money.Has(scope.Cost) {
		a.cost = &money.Amount{Value: g.Base.Cost, Currency: g.Base.Currency}
	}
	switch {
	case !v.money.Has(scope.List) || g.Charge != nil:
	case g.Base.List == nil:
		missing |= scope.List
	default:
		a.list = &money.Amount{Value: *g.Base.List, Currency: g.Base.ListCurrency}
	}
	if g.Unresolved != "" {
		return a, missing | v.money&(scope.Buy|scope.Sell)
	}
	for i := range g.Steps {
		s := &g.Steps[i]
		if v.money.Has(scope.Buy) && s.Edge.Buyer == v.organisation {
			a.buy = &s.Sold
		}
		if v.money.Has(scope.Sell) && s.Edge.Seller == v.organisation {
			a.sell = &s.Sold
		}
	}
	return a, missing
}

// stateOf is how much of the month's usage was imported.
func stateOf(st *rating.State) State {
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
