package invoice

import (
	"context"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// rebillReason is the reason on the credit notes of a month that is billed again.
const rebillReason = "Billed anew"

// Rebill bills what a buyer bought in a month again, at the terms of today: book, grouping, currency, exchange rates
// and taxes. Each document that is not void gets a credit note, and the month is billed by a new document. They are
// drafts, and are issued together. NotFound when there is no such buyer, Conflict if no document is left that is not
// void.
func (v *Service) Rebill(ctx context.Context, p period.Month, buyer string) ([]Summary, error) {
	grant, edges, err := v.mayRebill(ctx, p, buyer)
	if err != nil {
		return nil, err
	}
	run, err := v.draft(ctx, grant, p, edges)
	return slices.DeleteFunc(run.Drafts, func(d Summary) bool { return !edges[d.Edge] }), err
}

// PlanRebill are the documents that Rebill would draft, and by how much the next documents of the month would be
// higher than without it: those of the buyer, and those of organisations that buy from it at prices that follow its
// cost. Nothing is changed.
func (v *Service) PlanRebill(ctx context.Context, p period.Month, buyer string) ([]Summary, []Impact, error) {
	grant, edges, err := v.mayRebill(ctx, p, buyer)
	if err != nil {
		return nil, nil, err
	}
	list, by := []Summary{}, map[impactKey]money.Decimal{}
	for _, with := range [...]bool{false, true} {
		how := adding{light: true}
		if with {
			how.rebilled = edges
		}
		run, have, err := v.rated(ctx, grant.Scope, p, how)
		if err != nil {
			return nil, nil, err
		}
		docs, err := run.documents(have)
		if err != nil {
			return nil, nil, err
		}
		for i := range docs {
			d := &docs[i].Invoice
			k := impactKey{d.SellerKey, d.BuyerKey, d.Currency}
			if !with {
				by[k] = by[k].Sub(d.Net)
				continue
			}
			by[k] = by[k].Add(d.Net)
			if edges[d.Edge] {
				list = append(list, Summarise(*d))
			}
		}
	}
	return list, impacts(p, by), nil
}

// mayRebill is the right to bill a buyer's month again, and the edges on which it is.
func (v *Service) mayRebill(ctx context.Context, p period.Month, buyer string) (grant access.Grant, edges map[id.Edge]bool, err error) {
	if grant, err = v.Access.Require(ctx, access.InvoiceVoid); err != nil {
		return grant, nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		edges, err = v.issuedEdges(ctx, r, grant, p, buyer)
		return err
	})
	return grant, edges, err
}

// issuedEdges are the caller's own sales to a buyer with documents of a month that are not void.
func (v *Service) issuedEdges(ctx context.Context, r tx.Read, grant access.Grant, p period.Month, buyer string) (map[id.Edge]bool, error) {
	list, err := v.Store.List(ctx, r, grant.Scope, Filter{Period: p})
	if err != nil {
		return nil, err
	}
	edges := map[id.Edge]bool{}
	for _, d := range list {
		if d.Buyer == buyer && d.State == Issued && d.Answers == "" && grant.Scope.Owns(org.OrganisationID(d.Seller)) {
			edges[d.Edge] = true
		}
	}
	if len(edges) == 0 {
		return nil, fault.New(fault.Conflict, "nothing_to_rebill",
			"no document to %q stands for %s: nothing was changed; \"invoice draft\" bills what was not billed yet, \"invoice list --period %s\" shows what there is", buyer, p, p)
	}
	return edges, nil
}

// CancelRebill cancels billing a buyer's month again: its drafts are discarded, and issued documents stay valid.
// Other drafts of the month are made again, because the prices of organisations that buy from it followed its cost.
// It returns how many were discarded.
func (v *Service) CancelRebill(ctx context.Context, p period.Month, buyer string) (discarded int, err error) {
	grant, err := v.Access.Require(ctx, access.InvoiceVoid)
	if err != nil {
		return 0, err
	}
	others := false
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		discarded, others = 0, false
		list, err := v.Store.List(ctx, t, grant.Scope, Filter{Period: p})
		anew := beingRebilled(list, nil)
		for _, d := range list {
			switch {
			case err != nil || !isDraft(d):
			case anew[d.Edge] && d.Buyer == buyer && grant.Scope.Owns(org.OrganisationID(d.Seller)):
				discarded++
				err = v.Store.Discard(ctx, t, grant.Scope, d.ID)
			default:
				others = true
			}
		}
		return err
	})
	if err == nil && discarded > 0 && others {
		_, err = v.draft(ctx, grant, p, nil)
	}
	return discarded, err
}

// beingRebilled are the edges given and those that are already being billed again: only then is a credit note a draft.
func beingRebilled(have []Summary, more map[id.Edge]bool) map[id.Edge]bool {
	out := maps.Clone(more)
	if out == nil {
		out = map[id.Edge]bool{}
	}
	for _, d := range have {
		if d.Answers != "" && isDraft(d) {
			out[d.Edge] = true
		}
	}
	return out
}

func isDraft(d Summary) bool { return d.State == Draft || d.State == Approved }

// reversed are the credit notes for the documents that are not void, as drafts.
func (p *edgeHistory) reversed() (notes []made) {
	for _, d := range p.standing {
		n := d.reverse(rebillReason)
		n.State, n.Rebills = Draft, true
		notes = append(notes, made{n, nil})
	}
	return notes
}

// withoutDocuments is a history without valid documents; the ordinals continue.
func (p *edgeHistory) withoutDocuments() edgeHistory { return edgeHistory{ordinal: p.ordinal} }

// together is a Conflict if only some of the documents that bill an edge and month again would be issued.
func together(list []Invoice, have []Summary) error {
	anew := beingRebilled(have, nil)
	for i := range list {
		if !anew[list[i].Edge] {
			continue
		}
		for _, o := range have {
			if o.Edge == list[i].Edge && isDraft(o) && !slices.ContainsFunc(list, func(x Invoice) bool { return x.ID == o.ID }) {
				return fault.New(fault.Conflict, "rebill_together",
					"%s to %s is billed anew for %s by credit notes and a new document, which are issued together, and %s is %s: nothing was issued. Approve and name all of them, or give \"invoice rebill --cancel\"",
					o.Seller, o.Buyer, o.Period, o.ID, o.State)
			}
		}
	}
	return nil
}
