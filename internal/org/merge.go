package org

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// Merge is a world with a file laid over it, and what the file does not name, in words. Organisations are the same by
// key, edges by seller, buyer and first day, their later terms by their first day, entitlements by the provider's id and first day, rates by currencies and
// month. Tax rows are replaced as a whole when the file has any list of them.
func Merge(have, file World) (World, []string) {
	file = named(file)
	var kept []string
	keys := map[id.Organisation]string{}
	for _, o := range slices.Concat(have.Organisations, file.Organisations) {
		keys[o.ID] = o.Key
	}
	old := map[string]Organisation{}
	for _, o := range have.Organisations {
		old[o.Key] = o
	}
	merged := World{Taxes: have.Taxes}
	for _, o := range file.Organisations {
		o.Entitlements = overlay(old[o.Key].Entitlements, o.Entitlements,
			func(e Entitlement) string { return strings.ToLower(e.Provider) + " " + e.Start.String() },
			func(e Entitlement) { kept = append(kept, fmt.Sprintf("entitlement %s of %s", e.Provider, o.Key)) })
		merged.Organisations = append(merged.Organisations, o)
	}
	merged.Organisations = overlay(have.Organisations, merged.Organisations, func(o Organisation) string { return o.Key },
		func(o Organisation) { kept = append(kept, fmt.Sprintf("%s %s", o.Kind, o.Key)) })
	was := map[id.Edge][]DatedTerms{}
	for _, e := range have.Edges {
		was[e.ID] = e.Later
	}
	for i := range file.Edges {
		e := &file.Edges[i]
		e.Later = overlay(was[e.ID], e.Later, func(t DatedTerms) string { return t.Since.String() }, func(DatedTerms) {})
		slices.SortStableFunc(e.Later, func(a, b DatedTerms) int { return cmp.Compare(a.Since, b.Since) })
		*e = e.settled()
	}
	merged.Edges = overlay(have.Edges, file.Edges, func(e Edge) string { return string(e.ID) },
		func(e Edge) {
			kept = append(kept, fmt.Sprintf("%s buys from %s since %s", keys[e.Buyer], keys[e.Seller], cmp.Or(e.Start.String(), "ever")))
		})
	merged.Rates = overlay(have.Rates, file.Rates, func(r Rate) string { return fmt.Sprint(r.From, r.To, r.Month) }, func(Rate) {})
	if file.Taxes != nil {
		merged.Taxes = file.Taxes
	}
	slices.Sort(kept)
	return merged, kept
}

// overlay is the new list and what it does not name of the old one, each of which is reported.
func overlay[T any](old, now []T, key func(T) string, report func(T)) []T {
	named := map[string]bool{}
	for _, x := range now {
		named[key(x)] = true
	}
	all := slices.Clone(now)
	for _, x := range old {
		if !named[key(x)] {
			report(x)
			all = append(all, x)
		}
	}
	return all
}

// named gives organisations and edges the ids that follow from their keys.
func named(w World) World {
	w.Organisations, w.Edges = slices.Clone(w.Organisations), slices.Clone(w.Edges)
	now := map[id.Organisation]id.Organisation{}
	for i := range w.Organisations {
		o := &w.Organisations[i]
		derived := OrganisationID(o.Key)
		now[o.ID] = derived
		o.ID = derived
	}
	for i := range w.Edges {
		e := &w.Edges[i]
		e.Seller, e.Buyer = cmp.Or(now[e.Seller], e.Seller), cmp.Or(now[e.Buyer], e.Buyer)
		e.ID = EdgeID(e.Seller, e.Buyer, e.Start)
	}
	return w
}

// difference is what has to be written to get from one world to the other, but for their places in the tree.
func difference(have, now World) Change {
	c := Change{
		Organisations: different(have.Organisations, now.Organisations, func(o Organisation) string { return o.Key }),
		Edges:         different(have.Edges, now.Edges, func(e Edge) string { return string(e.ID) }),
		Rates:         different(have.Rates, now.Rates, func(r Rate) string { return fmt.Sprint(r.From, r.To, r.Month) }),
	}
	if !reflect.DeepEqual(taxWords(have), taxWords(now)) {
		c.Taxes, c.ReplaceTaxes = now.Taxes, true
	}
	return c
}

func taxWords(w World) map[string]map[string]string {
	all := map[string]map[string]string{}
	for path, t := range things(World{Taxes: w.Taxes}, nil) {
		all[path] = t.fields
	}
	return all
}

// different is what of a list is new, or says something else than the old list.
func different[T any](old, now []T, key func(T) string) []T {
	was := map[string]T{}
	for _, x := range old {
		was[key(x)] = x
	}
	return slices.DeleteFunc(slices.Clone(now), func(x T) bool {
		o, known := was[key(x)]
		return known && maps.Equal(words(o), words(x))
	})
}
