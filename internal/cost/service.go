package cost

import (
	"context"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service shows costs.
type Service struct {
	DB     tx.DB
	Access access.Guard
	Reader rating.Reader
	Rater  rating.Rater
}

// maxRows bounds the groups of an answer: nobody reads more, and they fill memory.
const maxRows = 50_000

// List is what a month costs, as far as the caller may see it, in groups sorted by their dimensions. Staff of partner and
// resellers see what they may read of usage along the commercial tree. A customer's people, people with delegated access,
// and everybody who asks for a place among resources see resources, as far as the customer's policy shows their costs.
// Faults: Invalid for an unknown dimension, and for more than 50,000 groups; NotFound for a customer or place that is not
// the caller's; Denied where usage charges are not shown.
func (v *Service) List(ctx context.Context, q Query) (Costs, error) {
	visible, err := v.visibility(ctx, q)
	if err != nil {
		return Costs{}, err
	}
	by, err := newGrouping(q.By)
	if err != nil {
		return Costs{}, err
	}
	var st *rating.State
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		st, err = v.Reader.Read(ctx, r, scope.All(), q.Period) // prices come from above the caller; what is shown is chosen below
		return err
	})
	if err != nil {
		return Costs{}, err
	}
	if visible, err = visible.within(st, q); err != nil {
		return Costs{}, err
	}
	t := table{by: by, visible: &visible, rows: map[string]*Row{}}
	viewer := rating.Viewer{Organisation: visible.organisation, PerCustomer: slices.Contains(q.By, "customer"), Sees: t.sees}
	if err := v.Rater.View(ctx, visible.scope, st, by.rating, viewer, t.add); err != nil {
		return Costs{}, err
	}
	return Costs{Period: q.Period, State: stateOf(st), By: slices.Concat([]string{}, q.By), Shown: visible.money, Rows: t.sorted(), OwnUse: t.ownUse, Customers: t.customers}, nil
}

// visibility asks access what the caller may see.
func (v *Service) visibility(ctx context.Context, q Query) (out visibility, err error) {
	who, _ := identity.Caller(ctx)
	out.organisation = who.Realm
	var grant access.Grant
	if q.At != "" {
		name, ok := strings.CutPrefix(q.At, "@")
		if !ok {
			return out, fault.New(fault.Invalid, "bad_place", "%q is not a place of resources: write @CUSTOMER, @CUSTOMER/SUBSCRIPTION or @CUSTOMER/SUBSCRIPTION/GROUP", q.At).With("at", "no place")
		}
		var in access.Within
		in.Customer, name, _ = strings.Cut(name, "/")
		in.Entitlement, in.Group, _ = strings.Cut(name, "/")
		grant, err = v.Access.RequireWithin(ctx, access.CostRead, in)
		if out.resources = true; grant.Kind == access.Partner { // the local operator sees there what the partner's people do
			grant.View &= scope.List
		}
	} else if grant, err = v.Access.Require(ctx, access.UsageRead); fault.KindOf(err) == fault.Denied || err == nil && grant.Kind == access.Customer {
		grant, err = v.Access.Require(ctx, access.CostRead)
		out.resources = true
	}
	out.scope, out.money = grant.Scope, grant.View
	return out, err
}

// within completes a visibility by what the state knows, and narrows it to the customer asked for.
func (v visibility) within(st *rating.State, q Query) (visibility, error) {
	if p := st.Index.Partner(); p != nil && (v.organisation == "" || v.organisation == p.ID) {
		v.organisation = p.ID
		v.money &^= scope.Buy // nobody sells to the partner; what it pays is cost
	}
	v = v.withAnswers(st)
	if q.Customer == "" {
		return v, nil
	}
	o := st.Index.ByKey(q.Customer)
	if o == nil || o.Kind != org.Customer {
		return v, noCustomer(q.Customer)
	}
	narrow, ok := v.narrowedTo(st, o)
	if !ok {
		return v, noCustomer(q.Customer)
	}
	return narrow, nil
}

func noCustomer(key string) error {
	return fault.New(fault.NotFound, "customer_not_found", "no customer %q is known", key)
}

// table is the rows of an answer while they are added up.
type table struct {
	by        grouping
	visible   *visibility
	rows      map[string]*Row
	customers []id.Organisation
	known     map[id.Organisation]bool
	values    []string
	ownUse    money.Totals
}

// sees says whether the caller sees anything of a group, and remembers whose the group is.
func (t *table) sees(g *rating.Group) bool {
	if !t.visible.shows(g) {
		return false
	}
	if a, missing := t.visible.amountsOf(g); a == (amounts{}) && missing == 0 { // nothing is charged for it, or the caller may see none of its amounts
		return false
	}
	if g.Customer != nil && !g.OwnUse && !t.known[g.Customer.ID] {
		if t.known == nil {
			t.known = map[id.Organisation]bool{}
		}
		t.known[g.Customer.ID] = true
		t.customers = append(t.customers, g.Customer.ID)
	}
	return true
}

// add adds a rated group to its row.
func (t *table) add(g *rating.Group, x *rating.Total) error {
	a, missing := t.visible.amountsOf(g)
	t.values = t.by.values(t.values, g, x)
	key := strings.Join(t.values, "\x00")
	row := t.rows[key]
	if row == nil {
		if len(t.rows) == maxRows {
			return fault.New(fault.Invalid, "too_many_rows",
				"grouped like this there are more than %d rows: name a customer or a place, or group by less", maxRows).With("by", "too fine")
		}
		row = &Row{Group: make(map[string]string, len(t.values)), values: slices.Clone(t.values)}
		for i, d := range t.by.by {
			row.Group[d.name] = t.values[i]
		}
		t.rows[key] = row
	}
	row.add(a, missing, max(g.Sum.Rows, 1))
	if g.OwnUse && a.cost != nil {
		if t.ownUse == nil {
			t.ownUse = money.Totals{}
		}
		t.ownUse.Add(*a.cost)
	}
	return nil
}

func (r *Row) add(a amounts, missing scope.View, n int64) {
	for _, kind := range []struct {
		sum    *money.Totals
		amount *money.Amount
	}{{&r.Cost, a.cost}, {&r.Buy, a.buy}, {&r.Sell, a.sell}, {&r.List, a.list}} {
		if kind.amount == nil {
			continue
		}
		if *kind.sum == nil {
			*kind.sum = money.Totals{}
		}
		kind.sum.Add(*kind.amount)
	}
	for _, kind := range []scope.View{scope.Buy, scope.Sell, scope.List} {
		if missing.Has(kind) {
			if r.Missing == nil {
				r.Missing = map[string]int64{}
			}
			r.Missing[kind.String()] += n
		}
	}
}

// sorted is the rows by their groups, dimension by dimension.
func (t *table) sorted() []Row {
	slices.Sort(t.customers)
	rows := make([]Row, 0, len(t.rows))
	for _, r := range t.rows {
		rows = append(rows, *r)
	}
	slices.SortFunc(rows, func(a, b Row) int { return slices.Compare(a.values, b.values) })
	return rows
}
