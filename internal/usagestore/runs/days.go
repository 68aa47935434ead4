package runs

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// rowMask says on which days of a batch the rows of each entry count.
type rowMask struct {
	days uint64   // for entries without one of their own
	of   []uint64 // by number of entry; nil if all are alike
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

// scopeColumns are the columns that scopes and masks depend on.
var scopeColumns = []usage.Column{usage.CustomerID, usage.EntitlementID, usage.ResourceGroup}

// rowMaskOf selects the rows of a batch that are in the scope and the query's period and are not masked. The columns
// it depends on must have been read.
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

// visibleDays are the days on which the scope includes each entry: those of the references to the entry's customer or
// entitlement that do not exclude its resource group.
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

// includes reports whether the reference includes a resource group.
func (r *visibleRef) includes(group string) bool {
	return (r.group == "" || r.group == group) && !slices.Contains(r.except, group)
}

func lower(list []string) (out []string) {
	for _, s := range list {
		out = append(out, strings.ToLower(s))
	}
	return out
}
