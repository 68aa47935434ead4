package org

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service applies worlds and shows the one there is.
type Service struct {
	DB     tx.DB
	Store  Store
	Access access.Guard
	Events event.Log
	Places Places // who is told where organisations stand
	Now    func() time.Time
	// Books are the keys of the price books that were published, by their owner's key.
	Books func(ctx context.Context, r tx.Read) (map[string][]string, error)
}

// Places follows where organisations stand, in the transaction that moves them.
type Places interface {
	Placed(ctx context.Context, t tx.Tx) error
}

// Result is what an apply did, or would do.
type Result struct {
	Diff    []Difference `json:"differences"`
	Kept    []string     `json:"kept,omitempty"`  // what the file does not name and stays as it is
	Notes   []string     `json:"notes,omitempty"` // what is doubtful, and was taken
	Applied bool         `json:"applied"`         // something was written

	World World     `json:"-"` // as it is then
	Edges []id.Edge `json:"-"` // edges that were there and have other terms
	Rates []Rate    `json:"-"` // exchange rates that are other ones
}

// World is everything the caller may see.
func (v *Service) World(ctx context.Context) (w World, err error) {
	grant, err := v.Access.Require(ctx, access.WorldRead)
	if err != nil {
		return w, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		w, err = v.Store.World(ctx, r, grant.Scope)
		return err
	})
	return w, err
}

// Apply makes the world what the given one says, in one transaction, or with dryRun only says what would change.
// It deletes nothing: what is not named is kept and listed. The result must be valid as a whole (see Review).
func (v *Service) Apply(ctx context.Context, file World, dryRun bool) (Result, error) {
	return v.ApplyBefore(ctx, file, nil, dryRun)
}

// ApplyBefore is Apply where these books are published right after, so that edges may name them. Unchanged are conditions
// that must hold of the world as the caller sees it when it is changed; their error ends the apply.
func (v *Service) ApplyBefore(ctx context.Context, file World, coming map[string][]string, dryRun bool, unchanged ...func(World) error) (Result, error) {
	grant, err := v.Access.Require(ctx, access.WorldApply)
	if err != nil {
		return Result{}, err
	}
	sees := access.Grant{}
	if len(unchanged) > 0 {
		if sees, err = v.Access.Require(ctx, access.WorldRead); err != nil {
			return Result{}, err
		}
	}
	var result Result
	plan := func(ctx context.Context, r tx.Read) (Change, World, error) {
		if err := v.holds(ctx, r, sees.Scope, unchanged); err != nil {
			return Change{}, World{}, err
		}
		have, err := v.Store.World(ctx, r, grant.Scope)
		if err != nil {
			return Change{}, World{}, err
		}
		merged, kept := Merge(have, file)
		books, err := v.published(ctx, r, coming)
		if err != nil {
			return Change{}, merged, err
		}
		notes, err := Review(have, merged, books)
		if err != nil {
			return Change{}, merged, err
		}
		result = Result{Diff: Diff(have, merged), Kept: kept, Notes: notes, World: merged}
		result.Edges, result.Rates = altered(have, merged)
		return change(have, merged, period.DateOf(v.Now())), merged, nil
	}
	if dryRun {
		err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
			_, _, err := plan(ctx, r)
			return err
		})
		return result, err
	}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		c, merged, err := plan(ctx, t)
		if err != nil || len(result.Diff) == 0 {
			return err
		}
		if err := v.Store.Save(ctx, t, grant.Scope, c); err != nil {
			return err
		}
		if err := v.Places.Placed(ctx, t); err != nil {
			return err
		}
		result.Applied = true
		digests, err := v.Store.Digests(ctx, t, scope.All())
		if err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.WorldApplied, grant.Actor, string(merged.Index().Partner().ID), map[string]any{
			"organisations": len(c.Organisations), "edges": len(c.Edges), "rates": len(c.Rates), "taxes": len(c.Taxes),
			event.Digests: digests,
		})
	})
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

// holds checks conditions on the world that a scope sees.
func (v *Service) holds(ctx context.Context, r tx.Read, s scope.Scope, conditions []func(World) error) error {
	if len(conditions) == 0 {
		return nil
	}
	seen, err := v.Store.World(ctx, r, s)
	for _, condition := range conditions {
		if err == nil {
			err = condition(seen)
		}
	}
	return err
}

// published are the price books there are and those that are coming.
func (v *Service) published(ctx context.Context, r tx.Read, coming map[string][]string) (map[string][]string, error) {
	all, err := v.Books(ctx, r)
	if err != nil {
		return nil, err
	}
	for owner, keys := range coming {
		all[owner] = append(all[owner], keys...)
	}
	return all, nil
}

// altered lists what is not the same in both worlds of what the first document issued for a month fixes: edges of another
// book, grouping or currency, and exchange rates.
func altered(have, now World) (edges []id.Edge, rates []Rate) {
	x := have.Index()
	for i := range now.Edges {
		t := now.Edges[i].Terms
		if was := x.Edge(now.Edges[i].ID); was != nil && (was.Terms.Book != t.Book || was.Terms.Grouping != t.Grouping || was.Terms.Currency != t.Currency) {
			edges = append(edges, was.ID)
		}
	}
	for _, r := range now.Rates {
		if was := x.Rate(r.From, r.To, r.Month); was != nil && !was.Value.Equal(r.Value) {
			rates = append(rates, r)
		}
	}
	return edges, rates
}

// Place puts every organisation where it stands today: edges that begin or end on a later day than they were applied
// move it without anybody asking. It is the installation's own, and needs no caller.
func (v *Service) Place(ctx context.Context) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		w, err := v.Store.World(ctx, t, scope.All())
		if err != nil {
			return err
		}
		if err := v.Store.Save(ctx, t, scope.All(), change(w, w, period.DateOf(v.Now()))); err != nil {
			return err
		}
		return v.Places.Placed(ctx, t)
	})
}

// Merge is a world with a file laid over it, and what the file does not name, in words. Organisations are the same by
// key, edges by seller, buyer and first day, entitlements by the provider's id and first day, rates by currencies and
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

// change is what has to be written to get from one world to the other.
func change(have, now World, on period.Date) Change {
	c := Change{Paths: map[string]string{}}
	c.Organisations = different(have.Organisations, now.Organisations, func(o Organisation) string { return o.Key })
	c.Edges = different(have.Edges, now.Edges, func(e Edge) string { return string(e.ID) })
	c.Rates = different(have.Rates, now.Rates, func(r Rate) string { return fmt.Sprint(r.From, r.To, r.Month) })
	if !reflect.DeepEqual(taxWords(have), taxWords(now)) {
		c.Taxes, c.ReplaceTaxes = now.Taxes, true
	}
	x := now.Index()
	for _, o := range now.Organisations {
		c.Paths[o.Key] = x.Path(o.ID, on)
	}
	return c
}

func taxWords(w World) map[string]map[string]string {
	all := map[string]map[string]string{}
	for path, t := range things(World{Taxes: w.Taxes}) {
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
