package usage

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// AnswerAside closes rows and files that do not count. Faults: Invalid for what is no answer; NotFound for a reference that
// nothing open has; Conflict for an import that was before them, or brought nothing.
func (v *Service) AnswerAside(ctx context.Context, x aside.Answering, now time.Time) (aside.Settled, error) {
	grant, err := v.Access.Require(ctx, access.UnresolvedFix)
	if err != nil {
		return aside.Settled{}, err
	}
	x.Reason = strings.TrimSpace(x.Reason)
	if err := x.Valid(); err != nil {
		return aside.Settled{}, err
	}
	var out aside.Settled
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		all, err := v.Store.Asides(ctx, t, grant.Scope, aside.Filter{})
		if err != nil {
			return err
		}
		list, err := OpenOf(all, x.Ref)
		if err != nil {
			return err
		}
		answer := aside.Answer{How: aside.WrittenOff, Reason: x.Reason, At: now}
		if x.CorrectedBy != "" {
			answer = aside.Answer{How: aside.Corrected, Load: x.CorrectedBy, Reason: x.Reason, At: now}
			if err := v.brought(ctx, t, grant.Scope, list, x.CorrectedBy); err != nil {
				return err
			}
		}
		out = aside.Settled{Open: *aside.NewOpen(list), DryRun: x.DryRun}
		for i := range list {
			if x.DryRun {
				break
			}
			one := aside.Answered{Ref: list[i].Ref, Answer: answer}
			if err := v.Store.AnswerAside(ctx, t, grant.Scope, one); err != nil {
				return err
			}
			if err := v.Events.Append(ctx, t, event.AsideSettled, grant.Actor, one.Ref, one.Answer); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// OpenOf lists what is open under a reference, or of an import command. NotFound when there is no such thing; Conflict
// when it was answered before.
func OpenOf(all []aside.Item, ref string) (list []aside.Item, err error) {
	var before *aside.Item
	for i := range all {
		if all[i].Ref != ref && string(all[i].Load) != ref {
			continue
		}
		if all[i].Answer == nil {
			list = append(list, all[i])
		} else {
			before = &all[i]
		}
	}
	switch {
	case len(list) > 0:
		return list, nil
	case before != nil:
		by := ""
		if before.Answer.Load != "" {
			by = ", by import " + string(before.Answer.Load)
		}
		return nil, fault.New(fault.Conflict, "aside_answered", "%s was answered before (%s%s): nothing was changed. \"unresolved list\" names what is open",
			ref, strings.ReplaceAll(string(before.Answer.How), "_", " "), by)
	}
	return nil, fault.New(fault.NotFound, "aside_not_found",
		"nothing that is open is called %q; nothing was answered. \"unresolved list\" names what is open, with its reference", ref)
}

// brought is a fault unless a load came after everything on a list, and has rows that count.
func (v *Service) brought(ctx context.Context, r tx.Read, s scope.Scope, list []aside.Item, by id.Load) error {
	loads, err := v.Store.Loads(ctx, r, s)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(loads, func(l Load) bool { return l.ID == by })
	if i < 0 {
		return fault.New(fault.NotFound, "load_not_found", "there is no import %q; nothing was answered. \"usage list --loads\" lists them", by)
	}
	for _, a := range list {
		if a.LoadNumber >= loads[i].Number || loads[i].Rows.Sealed+loads[i].Rows.Skipped == 0 {
			return fault.New(fault.Conflict, "load_did_not_bring",
				"import %s was not after %s, or has no rows that count; nothing was answered. Name the import of the corrected file", by, a.Where())
		}
	}
	return nil
}
