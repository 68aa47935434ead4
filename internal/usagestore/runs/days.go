package runs

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// rowMask is on which days of a batch the rows of its entries count.
type rowMask struct {
	days uint64   // of entries that are not listed
	of   []uint64 // by number of entry, where they differ
}

func (s *rowMask) daysOf(entry uint32) uint64 {
	if s.of == nil {
		return s.days
	}
	if int(entry) < len(s.of) {
		return s.of[entry]
	}
	return 0
}

// scopeColumns are those that scopes and masks look at.
var scopeColumns = []usage.Column{usage.CustomerID, usage.EntitlementID, usage.ResourceGroup}

// rowMaskOf is what of a batch lies within a scope and a question's period and is not masked. The columns that are looked
// at must have been read.
func (l *load) rowMaskOf(b *batch, number uint32, s scope.Scope, q *usage.Query) rowMask {
	out := rowMask{days: b.days & b.within(q.Period)}
	entitlements := l.columns[usage.EntitlementID]
	if !s.IsAll() {
		out.of = l.visibleDays(b, s, out.days)
	}
	hidden := map[string]uint64{} // days, by entitlement
	for _, m := range q.Masks {
		if at := m.Day.Days() - b.first.Days(); m.Batch == number && at >= 0 && at < maxDays {
			hidden[strings.ToLower(m.Entitlement)] |= 1 << at
		}
	}
	if len(hidden) == 0 {
		return out
	}
	if out.of == nil {
		out.of = make([]uint64, len(entitlements.of))
		for i := range out.of {
			out.of[i] = out.days
		}
	}
	byText := make([]uint64, len(entitlements.folded))
	for i, name := range entitlements.folded {
		byText[i] = hidden[name]
	}
	for i, n := range entitlements.of {
		if n != missing {
			out.of[i] &^= byText[n]
		}
	}
	return out
}

// visibleDays is the days on which the scope sees each entry: those of its references to the entry's customer or entitlement
// that do not leave out its resource group.
func (l *load) visibleDays(b *batch, s scope.Scope, days uint64) []uint64 {
	refs := map[string][]visibleRef{}
	for _, r := range s.Refs() {
		key := strings.ToLower(r.ID)
		refs[key] = append(refs[key], visibleRef{strings.ToLower(r.Group), lower(r.Except), days & b.within(r.Days)})
	}
	customers, entitlements, groups := l.columns[usage.CustomerID], l.columns[usage.EntitlementID], l.columns[usage.ResourceGroup]
	find := func(t *texts) [][]visibleRef {
		list := make([][]visibleRef, len(t.folded))
		for i, name := range t.folded {
			list[i] = refs[name]
		}
		return list
	}
	ofCustomer, ofEntitlement := find(customers), find(entitlements)
	out := make([]uint64, len(customers.of))
	for i, n := range customers.of {
		if n == missing {
			continue
		}
		for _, list := range [...][]visibleRef{ofCustomer[n], ofEntitlement[entitlements.of[i]]} {
			for at := range list {
				if r := &list[at]; r.includes(groups.folded[groups.of[i]]) {
					out[i] |= r.days
				}
			}
		}
	}
	return out
}

// visibleRef is a reference of a scope, in lower case, with its days in a batch.
type visibleRef struct {
	group  string
	except []string
	days   uint64
}

// includes says whether a resource group is one that the reference shows.
func (r *visibleRef) includes(group string) bool {
	return (r.group == "" || r.group == group) && !slices.Contains(r.except, group)
}

func lower(list []string) (out []string) {
	for _, s := range list {
		out = append(out, strings.ToLower(s))
	}
	return out
}
