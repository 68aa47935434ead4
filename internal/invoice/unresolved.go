package invoice

import (
	"cmp"
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Unresolved is the worklist of a period: rows without a customer, chain, rule or rate, by reason; rows and files
// that do not count, also of files whose month is not known; and charges for other months that are not issued.
// Without a period it is the worklist of every month. It stores nothing.
func (v *Service) Unresolved(ctx context.Context, p period.Month) ([]Unresolved, error) {
	grant, err := v.Access.Require(ctx, access.UnresolvedFix)
	if err != nil {
		return nil, err
	}
	if p != 0 {
		list, unknown, err := v.unresolved(ctx, grant, p)
		return append(list, unknown...), err
	}
	months, err := v.months(ctx, grant)
	if err != nil {
		return nil, err
	}
	out, last := []Unresolved{}, []Unresolved(nil)
	for _, p := range months {
		list, unknown, err := v.unresolved(ctx, grant, p)
		if err != nil {
			return nil, err
		}
		out, last = append(out, list...), unknown
	}
	return append(out, last...), nil
}

// unresolved is the worklist of one period, with what has no known period.
func (v *Service) unresolved(ctx context.Context, grant access.Grant, p period.Month) (list, unknown []Unresolved, err error) {
	var st *rating.State
	var other []aside.OtherMonth
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		if st, err = v.Reader.Read(ctx, r, grant.Scope, p); err != nil {
			return err
		}
		other, err = v.otherMonths(ctx, r, st, grant)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	run := newRun(st)
	err = v.Rater.Rate(ctx, grant.Scope, st, func(g *rating.Group) error {
		if g.Unresolved == "" {
			return nil
		}
		return run.add(g)
	})
	waiting := waitingOf(st, other)
	nowhere := aside.Waiting{Unknown: waiting.Unknown}
	waiting.Unknown = nil
	list = append(run.worklist(), waitingList(&waiting)...)
	for i := range list {
		list[i].Period = p
	}
	return list, waitingList(&nowhere), err
}

// months lists the months in which anything may be unresolved: those with imported rows or lines, or with something that
// does not count. Rows of no known month are listed with any of them, so there is at least one.
func (v *Service) months(ctx context.Context, grant access.Grant) (out []period.Month, err error) {
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		batches, err := v.Reader.Usage.Batches(ctx, r, grant.Scope, usage.BatchFilter{})
		if err != nil {
			return err
		}
		for i := range batches {
			out = append(out, batches[i].Slot.Period)
		}
		asides, err := v.Reader.Usage.Asides(ctx, r, grant.Scope, aside.Filter{Open: true})
		for i := range asides {
			if asides[i].Period != 0 {
				out = append(out, asides[i].Period)
			}
		}
		return err
	})
	if len(out) == 0 {
		out = append(out, period.DateOf(v.Now()).Month())
	}
	slices.Sort(out)
	return slices.Compact(out), err
}

// worklist lists what could not be rated, by reason.
func (r *run) worklist() []Unresolved {
	out := []Unresolved{}
	for _, u := range r.open {
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b Unresolved) int { return cmp.Compare(a.Reason, b.Reason) })
	return out
}

// name is the name of a group's reference, if its row or line has one. Of several names it is
// the first in alphabetical order, whatever the order of reading.
func (u *Unresolved) name(st *rating.State, g *rating.Group) {
	name := nameOf(st, g)
	if name == "" || u.Names[g.Ref] != "" && u.Names[g.Ref] <= name {
		return
	}
	if u.Names == nil {
		u.Names = map[string]string{}
	}
	u.Names[g.Ref] = name
}

func nameOf(st *rating.State, g *rating.Group) string {
	switch {
	case g.Unresolved == rating.UnknownCustomer && g.Entry != nil:
		return g.Entry[usage.CustomerName]
	case g.Unresolved == rating.UnknownEntitlement && g.Entry != nil:
		return joined(g.Entry[usage.EntitlementDescription], g.Entry[usage.CustomerName])
	case g.Charge == nil:
		return ""
	case g.Unresolved == rating.UnknownProduct:
		return g.Charge.Name
	case g.Unresolved == rating.UnknownCustomer:
		for i := range st.Lines {
			if l := &st.Lines[i]; l.CustomerID == g.Charge.Customer && l.CustomerName != "" {
				return l.CustomerName
			}
		}
	}
	return ""
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}
