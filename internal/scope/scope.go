// Package scope owns two words: which places a caller may see, and which money.
//
// It does not decide who gets which: access does, and hands them to every store. Always true: the zero Scope sees
// nothing, and the zero View sees no money.
package scope

import (
	"slices"
	"strings"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Scope is a set of places in the commercial tree. A place is the path of an organisation from the root:
// "contoso/northwind/fabrikam". Seeing a place is seeing everything below it, but for what is taken out.
//
// Rows of usage carry the provider's references, not ours, and belong to the chain of their day; so a scope that is not
// All also lists the references (tenants and entitlements) of its places with the days they are seen on, for the stores
// that know nothing else. Documents belong to the two organisations stored on them, wherever those stand today; so a
// scope that is not All says whose it sees.
type Scope struct {
	all      bool
	places   []string
	without  []string
	refs     func() []Ref
	sides    []Side
	shunning []id.Organisation
}

// Side is the documents an organisation sold or bought; Other narrows them to those with one organisation on the
// other side, "" is whoever; Sold to those it sold.
type Side struct {
	Own, Other id.Organisation
	Sold       bool
}

// All sees every place and every document: the local operator's scope.
func All() Scope { return Scope{all: true} }

// Of sees the given places and what is below them.
func Of(places ...string) Scope {
	s := Scope{places: slices.Clone(places)}
	slices.Sort(s.places)
	return s
}

// Without is the scope with places, and what is below them, taken out.
func (s Scope) Without(places ...string) Scope {
	s.without = slices.Clone(places)
	slices.Sort(s.without)
	return s
}

// Ref is usage that is seen: rows that name one of the provider's ids, on some days. Ids and names of resource groups
// are the same in any letters.
type Ref struct {
	Customer id.Organisation // whose usage it is
	ID       string          // a tenant, or an entitlement
	Group    string          // this resource group alone; "" is all of them
	Except   []string        // resource groups that are taken out
	Whole    bool            // on these days nothing of the customer is hidden
	Days     period.Period   // the zero Period is always
}

// WithRefs is the scope with provider references, seen always.
func (s Scope) WithRefs(ids ...string) Scope {
	var refs []Ref
	for _, ref := range ids {
		refs = append(refs, Ref{ID: ref})
	}
	return s.WithRefsOf(func() []Ref { return refs })
}

// WithRefsOf is the scope with references that are gathered once, when somebody asks for them.
func (s Scope) WithRefsOf(f func() []Ref) Scope {
	s.refs = sync.OnceValue(f)
	return s
}

// WithDocuments is the scope with the documents of these sides.
func (s Scope) WithDocuments(sides ...Side) Scope {
	s.sides = slices.Clone(sides)
	return s
}

// WithoutDocumentsOf is the scope without any document that has one of these organisations on the other side.
func (s Scope) WithoutDocumentsOf(others ...id.Organisation) Scope {
	s.shunning = slices.Clone(others)
	return s
}

// Refs lists the provider references of a scope that is not All.
func (s Scope) Refs() []Ref {
	if s.refs == nil {
		return nil
	}
	return slices.Clone(s.refs())
}

// SeesRef says whether a reference of the provider is one of the scope's on a day; the zero Date is on any day.
func (s Scope) SeesRef(ref string, on period.Date) bool {
	return s.all || s.refs != nil && slices.ContainsFunc(s.refs(), func(r Ref) bool {
		return strings.EqualFold(r.ID, ref) && (on.IsZero() || r.Days.Contains(on))
	})
}

// IsAll says whether nothing is hidden.
func (s Scope) IsAll() bool { return s.all }

// Places lists the paths of a scope that is not All, sorted.
func (s Scope) Places() []string { return slices.Clone(s.places) }

// Excluded lists the paths taken out of it, sorted.
func (s Scope) Excluded() []string { return slices.Clone(s.without) }

// Documents lists whose documents a scope that is not All sees, and the other sides it does not see.
func (s Scope) Documents() (sides []Side, without []id.Organisation) {
	return slices.Clone(s.sides), slices.Clone(s.shunning)
}

// Sees says whether the place at path lies within the scope.
func (s Scope) Sees(path string) bool {
	return s.all || under(path, s.places) && !under(path, s.without)
}

func under(path string, places []string) bool {
	return slices.ContainsFunc(places, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
}

// SeesDocument says whether a document of this seller and buyer is seen.
func (s Scope) SeesDocument(seller, buyer id.Organisation) bool {
	return s.all || s.sees(seller, buyer, true) || s.sees(buyer, seller, false)
}

func (s Scope) sees(own, other id.Organisation, sold bool) bool {
	return !slices.Contains(s.shunning, other) &&
		slices.ContainsFunc(s.sides, func(x Side) bool { return x.Own == own && (sold || !x.Sold) && (x.Other == "" || x.Other == other) })
}

// Owns says whether the scope has the view of an organisation: only so may its prices, costs and postings be seen.
func (s Scope) Owns(o id.Organisation) bool {
	return s.all || slices.ContainsFunc(s.sides, func(x Side) bool { return x.Own == o })
}
