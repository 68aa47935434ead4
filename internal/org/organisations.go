package org

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Revised is an organisation or an edge as it is stored, with its revision: who changes it says which one they have read.
type Revised[T any] struct {
	Of       T        `json:"of"`
	Revision int64    `json:"revision"`
	Notes    []string `json:"notes,omitempty"` // what of a change is doubtful, and was taken
}

// Get is one organisation, by its key. NotFound where the caller does not see it.
func (v *Service) Get(ctx context.Context, key string) (found Revised[Organisation], err error) {
	err = v.read(ctx, func(ctx context.Context, r tx.Read, x *Index, s scope.Scope) error {
		o, err := seenOrganisation(x, s, key)
		if err != nil {
			return err
		}
		found.Of = o.clone()
		found.Revision, err = v.Store.Revision(ctx, r, s, string(o.ID))
		return err
	})
	return found, err
}

// GetEdge is one edge. NotFound where the caller does not see both its ends.
func (v *Service) GetEdge(ctx context.Context, edge id.Edge) (found Revised[Edge], err error) {
	err = v.read(ctx, func(ctx context.Context, r tx.Read, x *Index, s scope.Scope) error {
		e, err := seenEdge(x, s, edge)
		if err != nil {
			return err
		}
		found.Of, found.Of.Later = *e, slices.Clone(e.Later)
		found.Revision, err = v.Store.Revision(ctx, r, s, string(e.ID))
		return err
	})
	return found, err
}

func (v *Service) read(ctx context.Context, f func(ctx context.Context, r tx.Read, x *Index, s scope.Scope) error) error {
	grant, err := v.Access.Require(ctx, access.WorldRead)
	if err != nil {
		return err
	}
	return v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		x, err := v.Store.Index(ctx, r, scope.All())
		if err != nil {
			return err
		}
		return f(ctx, r, x, grant.Scope)
	})
}

func seenOrganisation(x *Index, s scope.Scope, key string) (*Organisation, error) {
	o := x.ByKey(key)
	if o == nil || !s.Sees(x.Place(o.ID)) {
		return nil, unknown(key)
	}
	return o, nil
}

func seenEdge(x *Index, s scope.Scope, edge id.Edge) (*Edge, error) {
	e := x.Edge(edge)
	if e == nil || !s.Sees(x.Place(e.Seller)) || !s.Sees(x.Place(e.Buyer)) {
		return nil, fault.New(fault.NotFound, "edge_not_found", "no edge %q is known: nothing was changed", edge)
	}
	return e, nil
}

// Create adds an organisation, with the edges by which it buys. Ids follow from keys and first days. Conflict when its
// key is taken; Invalid with code organisation_refused when it does not fit what there is.
func (v *Service) Create(ctx context.Context, o Organisation, buys ...Edge) (Revised[Organisation], error) {
	o.ID, buys = OrganisationID(o.Key), slices.Clone(buys)
	for i := range buys {
		buys[i].Buyer = o.ID
	}
	made := Revised[Organisation]{Of: o}
	var err error
	made.Revision, made.Notes, err = v.one(ctx, event.OrganisationCreated, string(o.ID), func(x *Index, _ scope.Scope) (Change, error) {
		if x.ByKey(o.Key) != nil {
			return Change{}, fault.New(fault.Conflict, "key_taken", "the key %q is taken, and every organisation has its own: nothing was changed", o.Key)
		}
		c := named(World{Organisations: []Organisation{o}, Edges: buys})
		return Change{Organisations: c.Organisations, Edges: c.Edges, Expect: map[string]int64{string(o.ID): 0}}, nil
	})
	return made, err
}

// Change makes an organisation what the given one says: its kind, names, addresses and provider's ids. It is known by its
// key. Entitlements that it does not name stay as they are: they are ended, not deleted. Conflict when it has another
// revision.
func (v *Service) Change(ctx context.Context, o Organisation, revision int64) (Revised[Organisation], error) {
	o.ID = OrganisationID(o.Key)
	changed := Revised[Organisation]{}
	var err error
	changed.Revision, changed.Notes, err = v.one(ctx, event.OrganisationChanged, string(o.ID), func(x *Index, s scope.Scope) (Change, error) {
		was, err := seenOrganisation(x, s, o.Key)
		if err != nil {
			return Change{}, err
		}
		merged, _ := Merge(World{Organisations: []Organisation{*was}}, World{Organisations: []Organisation{o}})
		changed.Of = merged.Organisations[0]
		return Change{Organisations: merged.Organisations, Expect: map[string]int64{string(o.ID): revision}}, nil
	})
	return changed, err
}

// CreateEdge begins a sale: its id follows from seller, buyer and first day. Conflict when there is one.
func (v *Service) CreateEdge(ctx context.Context, e Edge) (Revised[Edge], error) {
	e.ID = EdgeID(e.Seller, e.Buyer, e.Start)
	made := Revised[Edge]{Of: e}
	var err error
	made.Revision, made.Notes, err = v.one(ctx, event.EdgeCreated, string(e.ID), func(x *Index, s scope.Scope) (Change, error) {
		if _, err := seenEdge(x, s, e.ID); err == nil {
			return Change{}, fault.New(fault.Conflict, "already_there", "this edge is there already, since that day: nothing was changed; change its terms instead")
		}
		return Change{Edges: []Edge{e}, Expect: map[string]int64{string(e.ID): 0}}, nil
	})
	return made, err
}

// EndEdge ends a sale: on is the first day on which it is over, or the first day of the edge, which takes it back. Terms
// from a later day go with it.
func (v *Service) EndEdge(ctx context.Context, edge id.Edge, on period.Date, revision int64) (Revised[Edge], error) {
	return v.alter(ctx, event.EdgeEnded, edge, revision, func(e *Edge) error {
		if on == 0 {
			return fault.New(fault.Invalid, "edge_refused", "give the first day after the end of the edge").With("until", "missing")
		}
		e.End = on
		return nil
	})
}

// ChangeTerms gives an edge other terms from a day on, until those of a later day; terms of that day are replaced. From the
// edge's first day they are its first terms. The edge keeps its id, and its documents the keys of their lines.
func (v *Service) ChangeTerms(ctx context.Context, edge id.Edge, from period.Date, terms Terms, revision int64) (Revised[Edge], error) {
	return v.alter(ctx, event.TermsChanged, edge, revision, func(e *Edge) error {
		switch {
		case from < e.Start || e.End != 0 && from >= e.End:
			return fault.New(fault.Invalid, "edge_refused", "the edge is not in force on %s: nothing was changed", from).With("since", "not a day of the edge")
		case from == e.Start:
			e.Terms = terms
		default:
			given := World{Edges: []Edge{*e}}
			given.Edges[0].Later = []DatedTerms{{from, terms}}
			merged, _ := Merge(World{Edges: []Edge{*e}}, given)
			*e = merged.Edges[0]
		}
		return nil
	})
}

// alter changes one edge that is there.
func (v *Service) alter(ctx context.Context, typ event.Type, edge id.Edge, revision int64, change func(*Edge) error) (Revised[Edge], error) {
	changed := Revised[Edge]{}
	var err error
	changed.Revision, changed.Notes, err = v.one(ctx, typ, string(edge), func(x *Index, s scope.Scope) (Change, error) {
		was, err := seenEdge(x, s, edge)
		if err != nil {
			return Change{}, err
		}
		e := *was
		if err := change(&e); err != nil {
			return Change{}, err
		}
		changed.Of = e.settled()
		return Change{Edges: []Edge{changed.Of}, Expect: map[string]int64{string(edge): revision}}, nil
	})
	return changed, err
}

// one makes one change in one transaction with one event, which says each field that is another one, and the digests of
// what was changed. prepare says what changes in the state there is. What changes nothing is not written.
func (v *Service) one(ctx context.Context, typ event.Type, subject string, prepare func(*Index, scope.Scope) (Change, error)) (revision int64, notes []string, err error) {
	grant, err := v.Access.Require(ctx, access.WorldApply)
	if err != nil {
		return 0, nil, err
	}
	used, err := v.usersOf(ctx, grant.Scope, func(x *Index) (Change, error) { return prepare(x, grant.Scope) })
	if err != nil {
		return 0, nil, err
	}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		have, err := v.Store.Index(ctx, t, scope.All())
		if err != nil {
			return err
		}
		c, err := prepare(have, grant.Scope)
		if err != nil {
			return err
		}
		now := have.With(c, "")
		if notes, err = v.fits(ctx, t, grant.Scope, have, now, c, used); err != nil {
			return err
		}
		changes := spelled(have, now, c)
		if len(changes) > 0 {
			if err := v.save(ctx, t, grant.Scope, have, now, c); err != nil {
				return err
			}
			if err := v.appendEvent(ctx, t, typ, grant.Actor, subject, c, changes); err != nil {
				return err
			}
		}
		revision, err = v.Store.Revision(ctx, t, scope.All(), subject)
		if want := c.Expect[subject]; err == nil && len(changes) == 0 && want != revision {
			err = fault.New(fault.Conflict, "changed_meanwhile", "it was changed since you read it; nothing was done. Read it again and repeat the change")
		}
		return err
	})
	return revision, notes, err
}

// fits validates what a change touches. What the caller does not see is NotFound.
func (v *Service) fits(ctx context.Context, r tx.Read, s scope.Scope, have, now *Index, c Change, used users) (notes []string, err error) {
	if err := v.inside(have, now, c, s); err != nil {
		return nil, err
	}
	books, err := v.published(ctx, r, nil)
	if err != nil {
		return nil, err
	}
	check := validateChange(have, now, c, hidden(have, s))
	if err := check.claims(have, c, s, used); err != nil {
		return nil, err
	}
	check.review(have, c, now.Taxes(), books)
	code := "organisation_refused"
	if len(c.Organisations) == 0 {
		code = "edge_refused"
	}
	return check.notes, check.refused(code, "this was refused and nothing was changed; correct it and try again")
}

// tell writes the event of one change.
func (v *Service) appendEvent(ctx context.Context, t tx.Tx, typ event.Type, actor, subject string, c Change, changes []Difference) error {
	digests, err := v.Store.Digests(ctx, t, scope.All())
	if err != nil {
		return err
	}
	for name, touched := range map[string]int{"organisations": len(c.Organisations), "edges": len(c.Edges), "rates": 0, "taxes": 0} {
		if touched == 0 {
			delete(digests, name)
		}
	}
	return v.Events.Append(ctx, t, typ, actor, subject, map[string]any{"changes": changes, event.Digests: digests})
}

// spelled lists every field that a change makes another one, also those of what is new.
func spelled(have, now *Index, c Change) []Difference {
	var was, is World
	for _, o := range c.Organisations {
		if old := have.Organisation(o.ID); old != nil {
			was.Organisations = append(was.Organisations, *old)
		}
		is.Organisations = append(is.Organisations, o)
	}
	for _, e := range c.Edges {
		if old := have.Edge(e.ID); old != nil {
			was.Edges = append(was.Edges, *old)
		}
		is.Edges = append(is.Edges, e)
	}
	before, after := things(was, now.Key), things(is, now.Key)
	for path := range after {
		if before[path] == nil {
			before[path] = &thing{fields: map[string]string{}}
		}
	}
	return differences(before, after)
}
