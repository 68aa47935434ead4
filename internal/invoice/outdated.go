package invoice

import (
	"context"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// outdated lists the documents whose input has changed: rows, organisations, books or answers, or the other documents
// of their edge. It leaves the state as drafting uses it.
func outdated(st *rating.State, list []Invoice, have []Summary) (names []string) {
	st.Unfix(beingRebilled(have, nil))
	digest := ""
	for i := range list {
		d := &list[i]
		if d.Preceding != nil { // a credit note depends only on the document it answers
			if !slices.ContainsFunc(have, func(s Summary) bool { return s.ID == d.Preceding.ID && s.State == Issued }) {
				names = append(names, d.SellerKey+" to "+d.BuyerKey)
			}
			continue
		}
		if digest == "" {
			digest = st.Digest()
		}
		if d.Pins.Inputs != digest || d.Pins.Rater != rating.Version || !slices.Equal(d.Pins.Standing, standing(have, d)) {
			names = append(names, d.SellerKey+" to "+d.BuyerKey)
		}
	}
	return names
}

// standing names, sorted, the documents beside which one is made: those on its edge that are not void, and none when
// its edge is billed again.
func standing(have []Summary, d *Invoice) (list []id.Invoice) {
	if d.Rebills {
		return d.Pins.Standing
	}
	for i := range have {
		if o := &have[i]; o.Edge == d.Edge && o.State == Issued && o.Answers == "" {
			list = append(list, o.ID)
		}
	}
	slices.Sort(list)
	return list
}

// refresh drafts a month again when documents that are to be issued are outdated. Drafts with the same content stay
// approved; it is a Conflict if the content of one changed.
func (v *Service) refresh(ctx context.Context, grant access.Grant, how Issuing) error {
	var before []Invoice
	stale := false
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err := v.pick(ctx, r, grant.Scope, how.Period, how.Invoices, Approved)
		if err != nil || len(list) == 0 {
			return err
		}
		st, err := v.Reader.Read(ctx, r, grant.Scope, how.Period)
		if err != nil {
			return err
		}
		have, err := v.Store.List(ctx, r, grant.Scope, Filter{Period: how.Period})
		before, stale = list, len(outdated(st, list, have)) > 0
		return err
	})
	if err != nil || !stale {
		return err
	}
	if _, err := v.draft(ctx, grant, how.Period, nil); err != nil {
		return err
	}
	var changed []string
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		for i := range before {
			now, err := v.Store.Get(ctx, r, grant.Scope, before[i].ID)
			switch {
			case fault.KindOf(err) == fault.NotFound:
			case err != nil:
				return err
			case now.State == Approved:
				continue
			}
			changed = append(changed, before[i].SellerKey+" to "+before[i].BuyerKey)
		}
		return nil
	})
	if err == nil && len(changed) > 0 {
		err = changedMeanwhile(changed)
	}
	return err
}

// maxNames is the maximum number of documents that an error lists.
const maxNames = 5

func changedMeanwhile(names []string) error {
	more := ""
	if len(names) > maxNames {
		names, more = names[:maxNames], " and others"
	}
	return fault.New(fault.Conflict, "drafted_anew",
		"what the approved documents of %s%s were made from has changed since (organisations, books or answers, new usage of the month, or documents beside them): nothing was issued, and the month was drafted anew. Look at the drafts and approve them again",
		strings.Join(names, ", "), more)
}
