package org

import (
	"context"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service shows and changes organisations and edges, one at a time or all that a world file names.
type Service struct {
	DB     tx.DB
	Store  Store
	Access access.Guard
	Events event.Log
	Places Places // is told the places of organisations
	Now    func() time.Time
	// Books are the keys of the price books that were published, by their owner's key.
	Books func(ctx context.Context, r tx.Read) (map[string][]string, error)
	// UsedBy says whose usage of entitlements there is, as far as the tenants tell that it is under: the organisations, by
	// the provider's id of an entitlement in small letters. It is asked outside of transactions.
	UsedBy func(ctx context.Context, entitlements []string) (map[string][]id.Organisation, error)
}

// Places follows the places of organisations, in the transaction that moves them.
type Places interface {
	// Placed takes over the nodes that were added, moved or changed; the others stay as they are.
	Placed(ctx context.Context, t tx.Tx, changed access.Tree) error
}

// World is everything the caller may see.
func (v *Service) World(ctx context.Context) (w World, err error) {
	grant, err := v.Access.Require(ctx, access.WorldRead)
	if err != nil {
		return w, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		x, err := v.Store.Index(ctx, r, grant.Scope)
		if err == nil {
			w = x.World().clone()
		}
		return err
	})
	return w, err
}

// today is the business day.
func (v *Service) today() period.Date { return period.DateOf(v.Now()) }

// save writes a change that leads from one state to another, and tells Places what moved by it. It validates nothing.
func (v *Service) save(ctx context.Context, t tx.Tx, s scope.Scope, have, now *Index, c Change) error {
	concerned := concernedBy(have, now, c)
	c.Paths = map[string]string{}
	for _, o := range concerned {
		key, place := now.Key(o), now.Path(o, v.today())
		if place == have.Place(o) {
			continue
		}
		c.Paths[key] = place
	}
	if err := v.Store.Save(ctx, t, s, c); err != nil {
		return err
	}
	return v.follow(ctx, t, concerned)
}

// concernedBy are the organisations that a change names, those it may put elsewhere, and all that ever bought through
// these. Other terms of an edge concern nobody's place.
func concernedBy(have, now *Index, c Change) (list []id.Organisation) {
	var moved []id.Organisation
	for i := range c.Organisations {
		o := &c.Organisations[i]
		list = append(list, o.ID)
		if was := have.Organisation(o.ID); was != nil && was.Kind != o.Kind {
			moved = append(moved, o.ID)
		}
	}
	for i := range c.Edges {
		e := &c.Edges[i]
		if was := have.Edge(e.ID); was == nil || was.Period != e.Period {
			moved = append(moved, e.Buyer)
		}
	}
	list = append(list, now.below(moved...)...)
	slices.Sort(list)
	return slices.Compact(list)
}

// follow tells Places of organisations as they are now.
func (v *Service) follow(ctx context.Context, t tx.Tx, list []id.Organisation) error {
	if len(list) == 0 {
		return nil
	}
	x, err := v.Store.Index(ctx, t, scope.All())
	if err != nil {
		return err
	}
	return v.Places.Placed(ctx, t, x.Tree(v.today(), list))
}

// Place puts every organisation at its place of today: edges that begin or end on a later day than they were applied
// move it without anybody asking. It is the installation's own, and needs no caller.
func (v *Service) Place(ctx context.Context) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		x, err := v.Store.Index(ctx, t, scope.All())
		if err != nil {
			return err
		}
		c, all := Change{Paths: map[string]string{}}, []id.Organisation{}
		for o, org := range x.byID.All() {
			all = append(all, o)
			if place := x.Path(o, v.today()); place != x.Place(o) {
				c.Paths[org.Key] = place
			}
		}
		if len(c.Paths) > 0 {
			if err := v.Store.Save(ctx, t, scope.All(), c); err != nil {
				return err
			}
		}
		return v.follow(ctx, t, all)
	})
}

// published are the price books there are and those that are coming.
func (v *Service) published(ctx context.Context, r tx.Read, coming map[string][]string) (map[string][]string, error) {
	there, err := v.Books(ctx, r)
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for _, books := range [...]map[string][]string{there, coming} {
		for owner, keys := range books {
			all[owner] = append(all[owner], keys...)
		}
	}
	return all, nil
}
