package org

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// claim says that an organisation has an entitlement on days on which it did not have it before.
type claim struct {
	Entitlement
	by *Organisation
}

// claimsOf are the claims of a change.
func claimsOf(have *Index, c Change) (list []claim) {
	for i := range c.Organisations {
		o := &c.Organisations[i]
		was := have.Organisation(o.ID)
		for _, e := range o.Entitlements {
			held := was != nil && slices.ContainsFunc(was.Entitlements, func(h Entitlement) bool {
				both, ok := h.Intersect(e.Period)
				return strings.EqualFold(h.Provider, e.Provider) && ok && both == e.Period
			})
			if !held && !never(e.Period) {
				list = append(list, claim{e, o})
			}
		}
	}
	return list
}

// users are the organisations that use entitlements, of those that were asked about.
type users map[string][]id.Organisation

// usersOf asks who uses the entitlements that a change would claim for a part of the tree. The partner may claim any. It is
// asked before the transaction that makes the change, for usage is not in the ledger.
func (v *Service) usersOf(ctx context.Context, s scope.Scope, prepare func(*Index) (Change, error)) (users, error) {
	if s.IsAll() {
		return nil, nil
	}
	var refs []string
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		x, err := v.Store.Index(ctx, r, scope.All())
		if err != nil {
			return err
		}
		c, err := prepare(x)
		for _, claimed := range claimsOf(x, c) {
			refs = append(refs, strings.ToLower(claimed.Provider))
		}
		return err
	})
	if err != nil || len(refs) == 0 {
		return nil, err
	}
	found, err := v.UsedBy(ctx, refs)
	if err != nil {
		return nil, err
	}
	by := users{}
	for _, ref := range refs {
		by[ref] = found[ref]
	}
	return by, nil
}

// claims checks that nobody whom a scope does not see uses what a change claims. It is said of them in the words for an
// entitlement that another organisation lists. Conflict where the change claims what was not asked about.
func (v *validation) claims(have *Index, c Change, s scope.Scope, by users) error {
	unseen := hidden(have, s)
	if unseen == nil {
		return nil
	}
	for _, claimed := range claimsOf(have, c) {
		ref := strings.ToLower(claimed.Provider)
		list, asked := by[ref]
		if !asked {
			return fault.New(fault.Conflict, "changed_meanwhile", "organisations were changed while this was looked at; nothing was done. Repeat the change")
		}
		for _, one := range list {
			if o := have.Organisation(one); o != nil && unseen(o) {
				v.twoOwners(claimed.by, ref, claimed.Start, o)
			}
		}
	}
	return nil
}

// twoOwners says that an entitlement of an organisation is another's on a day.
func (v *validation) twoOwners(by *Organisation, ref string, on period.Date, other *Organisation) {
	v.add(fmt.Sprintf("customer %s entitlement %s", v.name(by), ref),
		"on %s it belongs to %s as well: end it there first with until", cmp.Or(on.String(), "the first day"), v.name(other))
}
