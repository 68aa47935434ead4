package org

import (
	"iter"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Chains yields whom a customer ever bought through: the keys from the partner down to its own, with the days on which
// it was so. There are none for other organisations, nor for days on which somebody on the way bought from nobody.
func (x *Index) Chains(customer id.Organisation) iter.Seq2[[]string, period.Period] {
	return func(yield func([]string, period.Period) bool) {
		if o := x.byID.Get(customer); o != nil && o.Kind == Customer {
			x.chains(o, period.Period{}, nil, yield)
		}
	}
}

// chains goes up from an organisation, below which the keys are, on the days of a period.
func (x *Index) chains(o *Organisation, days period.Period, below []string, yield func([]string, period.Period) bool) bool {
	keys := append([]string{o.Key}, below...)
	if o.Kind == Partner {
		return yield(keys, days)
	}
	for _, e := range x.buys.Get(o.ID) {
		seller := x.byID.Get(e.Seller)
		if both, ok := days.Intersect(e.Period); ok && seller != nil && len(keys) <= x.byID.Len() && !x.chains(seller, both, keys, yield) {
			return false
		}
	}
	return true
}
