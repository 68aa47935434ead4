package org

import (
	"cmp"
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

// Apply makes the world what the given one says, in one transaction, or with dryRun only says what would change.
// It deletes nothing: what is not named is kept and listed. The result must be valid as a whole (see Review). A caller
// who may change a part of the tree applies that part: what else there is looks to it like what does not exist.
func (v *Service) Apply(ctx context.Context, file World, dryRun bool) (Result, error) {
	return v.ApplyBefore(ctx, file, nil, dryRun)
}

// AppliesPart says whether the caller may apply a part of the tree, and not all of it. Denied to who may apply nothing.
func (v *Service) AppliesPart(ctx context.Context) (bool, error) {
	grant, err := v.Access.Require(ctx, access.WorldApply)
	return err == nil && !grant.Scope.IsAll(), err
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
	used, err := v.usersOf(ctx, grant.Scope, func(x *Index) (Change, error) {
		part := *x.Within(grant.Scope).World()
		merged, _ := Merge(part, file)
		return difference(part, merged), nil
	})
	if err != nil {
		return Result{}, err
	}
	var p plan
	if dryRun {
		err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
			if err := v.holds(ctx, r, sees.Scope, unchanged); err != nil {
				return err
			}
			p, err = v.plan(ctx, r, grant.Scope, file, coming, used)
			return err
		})
		return p.result, err
	}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.holds(ctx, t, sees.Scope, unchanged); err != nil {
			return err
		}
		p, err = v.plan(ctx, t, grant.Scope, file, coming, used)
		if err != nil || len(p.result.Diff) == 0 {
			return err
		}
		if err := v.save(ctx, t, grant.Scope, p.have, p.now, p.change); err != nil {
			return err
		}
		p.result.Applied = true
		digests, err := v.Store.Digests(ctx, t, scope.All())
		if err != nil {
			return err
		}
		c := p.change
		return v.Events.Append(ctx, t, event.WorldApplied, grant.Actor, string(p.subject(grant.Scope)), map[string]any{
			"organisations": len(c.Organisations), "edges": len(c.Edges), "rates": len(c.Rates), "taxes": len(c.Taxes),
			event.Digests: digests,
		})
	})
	if err != nil {
		return Result{}, err
	}
	return p.result, nil
}

// holds checks conditions on the world that a scope sees.
func (v *Service) holds(ctx context.Context, r tx.Read, s scope.Scope, conditions []func(World) error) error {
	if len(conditions) == 0 {
		return nil
	}
	x, err := v.Store.Index(ctx, r, s)
	for _, condition := range conditions {
		if err == nil {
			err = condition(*x.World())
		}
	}
	return err
}

// plan is what a file changes, and the state it changes.
type plan struct {
	result Result
	have   *Index // the whole state
	change Change
	now    *Index // the whole state after it
}

// subject is whose world is applied: the partner's, or that of the first organisation that a part of the tree begins with.
func (p *plan) subject(s scope.Scope) id.Organisation {
	if s.IsAll() {
		return p.now.Partner().ID
	}
	var top *Organisation
	for o, place := range p.now.places.All() {
		if org := p.now.Organisation(o); slices.Contains(s.Places(), place) && (top == nil || org.Key < top.Key) {
			top = org
		}
	}
	if top == nil {
		return ""
	}
	return top.ID
}

func (v *Service) plan(ctx context.Context, r tx.Read, s scope.Scope, file World, coming map[string][]string, used users) (p plan, err error) {
	if p.have, err = v.Store.Index(ctx, r, scope.All()); err != nil {
		return p, err
	}
	part := *p.have.Within(s).World()
	merged, kept := Merge(part, file)
	books, err := v.published(ctx, r, coming)
	if err != nil {
		return p, err
	}
	p.change = difference(part, merged)
	p.now = p.have.With(p.change, "")
	var notes []string
	if s.IsAll() {
		notes, err = Review(part, merged, books)
	} else {
		notes, err = v.reviewPart(&p, s, books, used)
	}
	if err != nil {
		return p, err
	}
	p.result = Result{Diff: Diff(part, merged), Kept: kept, Notes: notes, World: merged}
	if !s.IsAll() {
		p.result.World = *p.now.World()
	}
	p.result.Edges, p.result.Rates = altered(part, merged, v.today())
	return p, nil
}

// reviewPart validates a change of a part of the tree.
func (v *Service) reviewPart(p *plan, s scope.Scope, books map[string][]string, used users) ([]string, error) {
	have, now, c := p.have, p.now, p.change
	if len(c.Rates)+len(c.Taxes) > 0 || c.ReplaceTaxes {
		return nil, fault.New(fault.Denied, "denied", "exchange rates and tax rows apply to all organisations: only the partner may change them")
	}
	if err := v.inside(have, now, c, s); err != nil {
		return nil, err
	}
	check := validateChange(have, now, c, hidden(have, s))
	if err := check.claims(have, c, s, used); err != nil {
		return nil, err
	}
	check.review(have, c, now.taxes, books)
	return check.notes, check.fault()
}

// hidden says which organisations a scope does not see; nil where it sees all.
func hidden(have *Index, s scope.Scope) func(*Organisation) bool {
	if s.IsAll() {
		return nil
	}
	return func(o *Organisation) bool {
		place := have.Place(o.ID)
		return place != "" && !s.Sees(place) // what is new is the caller's own
	}
}

// inside says that a change stays in the part of the tree that a scope sees: NotFound when it names an organisation, or an
// edge with an end, that is not seen, and for a new organisation that would stand elsewhere, in the same words; Denied for
// one that would leave.
func (v *Service) inside(have, now *Index, c Change, s scope.Scope) error {
	unseen := hidden(have, s)
	if unseen == nil {
		return nil
	}
	for i := range c.Organisations {
		if o := &c.Organisations[i]; have.Organisation(o.ID) != nil && unseen(o) {
			return unplaced(o.Key)
		}
	}
	for i := range c.Edges {
		e := &c.Edges[i]
		for _, end := range []id.Organisation{e.Seller, e.Buyer} {
			if o := now.Organisation(end); o == nil || unseen(o) {
				return unknown(cmp.Or(now.Key(end), string(end)))
			}
		}
	}
	for _, o := range concernedBy(have, now, c) {
		switch was, place := have.Place(o), now.Path(o, v.today()); {
		case s.Sees(place) || was != "" && !s.Sees(was):
		case was == "" && now.Organisation(o).Kind != Partner: // a second partner is refused as such
			return unplaced(now.Key(o))
		case was != "":
			return fault.New(fault.Denied, "leaves_your_part",
				"%s would no longer be in the part of the tree that you may change: nothing was changed; end its edge on a later day, or ask the partner", now.Key(o))
		}
	}
	return nil
}

// unplaced is said of organisations that are not seen, and of new ones that would not be.
func unplaced(key string) error {
	return fault.New(fault.NotFound, "organisation_not_found",
		"no organisation %q is known: nothing was changed; a new one needs an edge from somebody in your part of the tree that begins today or earlier", key)
}

func unknown(key string) error {
	return fault.New(fault.NotFound, "organisation_not_found", "no organisation %q is known: nothing was changed", key)
}

// altered lists what is not the same in both worlds of what the first document issued for a month fixes: edges that have
// had another book, grouping or currency on some day until today, and exchange rates.
func altered(have, now World, today period.Date) (edges []id.Edge, rates []Rate) {
	x := have.Index()
	for i := range now.Edges {
		e := &now.Edges[i]
		if was := x.Edge(e.ID); was != nil && pricedOtherwise(was, e, today) {
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

// pricedOtherwise says whether two states of an edge differ in what prices depend on: in their first terms, or on a day
// until today.
func pricedOtherwise(was, is *Edge, today period.Date) bool {
	other := func(a, b Terms) bool { return a.Book != b.Book || a.Grouping != b.Grouping || a.Currency != b.Currency }
	if other(was.Terms, is.Terms) {
		return true
	}
	for _, l := range slices.Concat(was.Later, is.Later) {
		if l.Since <= today && other(was.TermsOn(l.Since), is.TermsOn(l.Since)) {
			return true
		}
	}
	return false
}
