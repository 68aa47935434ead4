// Package scope owns two words: which places a caller may see, and which money.
//
// It does not decide who gets which: access does, and hands them to every store. Always true: the zero Scope sees
// nothing, and the zero View sees no money.
package scope

import (
	"slices"
	"strings"
)

// Scope is a set of places in the commercial tree. A place is the path of an organisation from the root:
// "contoso/northwind/fabrikam". Seeing a place is seeing everything below it.
//
// Rows of usage carry the provider's references, not ours; so a scope that is not All also lists the references
// (tenants and entitlements) of its places, for the stores that know nothing else.
type Scope struct {
	all    bool
	places []string
	refs   []string
}

// All sees every place: the local operator's scope.
func All() Scope { return Scope{all: true} }

// Of sees the given places and what is below them.
func Of(places ...string) Scope {
	s := Scope{places: slices.Clone(places)}
	slices.Sort(s.places)
	return s
}

// WithRefs is the scope with the provider references of its places.
func (s Scope) WithRefs(refs ...string) Scope {
	s.refs = slices.Clone(refs)
	slices.Sort(s.refs)
	return s
}

// Refs lists the provider references of a scope that is not All, sorted.
func (s Scope) Refs() []string { return slices.Clone(s.refs) }

// IsAll says whether nothing is hidden.
func (s Scope) IsAll() bool { return s.all }

// Places lists the paths of a scope that is not All, sorted.
func (s Scope) Places() []string { return slices.Clone(s.places) }

// Sees says whether the place at path lies within the scope.
func (s Scope) Sees(path string) bool {
	if s.all {
		return true
	}
	for _, p := range s.places {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

// View is a set of {cost, buy, sell, list}: which money a caller may see. The zero View is nothing.
type View uint8

// The four kinds of money: what the provider charges the partner; what an organisation pays its seller; what it
// charges its buyers; the provider's public price.
const (
	Cost View = 1 << iota
	Buy
	Sell
	List
)

// Everything is all four.
const Everything = Cost | Buy | Sell | List

// Has says whether every kind in want is in v.
func (v View) Has(want View) bool { return v&want == want }
