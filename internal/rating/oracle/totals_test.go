package oracle_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/runs"
)

// drawGrouping makes up what totals are kept apart by.
func (m *generator) drawGrouping() (by rating.Grouping) {
	for _, c := range []usage.Column{usage.EntitlementID, usage.ResourceGroup, usage.ResourceURI, usage.MeterCategory, usage.ProductName, usage.ChargeType} {
		if m.in100(40) {
			by.Columns = append(by.Columns, c)
		}
	}
	for _, name := range []string{"env", "OWNER", "cost center"} {
		if m.in100(30) {
			by.Tags = append(by.Tags, name)
		}
	}
	by.Daily = m.in100(30)
	return by
}

// item is what a grouping distinguishes of a group, but its days: those are cut in another way.
func item(by rating.Grouping, e *usage.Entry, covered bool, tag func(n int) string) string {
	var b strings.Builder
	for _, c := range by.Columns {
		b.WriteString(e[c] + "|")
	}
	for n := range by.Tags {
		b.WriteString(tag(n) + "|")
	}
	return fmt.Sprint(b.String(), covered)
}

// Whatever way usage is added up before it is multiplied, the amounts are the same to the last digit, in the same worlds.
func TestWaysOfAddingUpRateTheSame(t *testing.T) {
	ways := []struct {
		name string
		same func(t *testing.T, m *generator, n *installation) (whole, fewer int)
	}{
		{"totals of the store", totalsRateTheSame}, {"views from memory", viewsAreTheSame}, {"few columns", fewColumnsRateTheSame},
	}
	whole, fewer := make([]int, len(ways)), make([]int, len(ways))
	for world := range 4 {
		m := newGenerator(20261126, world, 400)
		n, _ := m.build(t, newCoverage())
		for i, w := range ways {
			t.Run(fmt.Sprintf("%s, world %d", w.name, world), func(t *testing.T) {
				many, few := w.same(t, m, n)
				whole[i], fewer[i] = whole[i]+many, fewer[i]+few
			})
		}
	}
	for i, w := range ways {
		if fewer[i] == 0 || whole[i] <= fewer[i] {
			t.Errorf("%s: %d groups one by one, %d added up: nothing was shown", w.name, whole[i], fewer[i])
		}
		t.Logf("%s: %d groups one by one, %d added up", w.name, whole[i], fewer[i])
	}
}

// Totals that are added up in the store, by whatever grouping, are multiplied to the same amounts as the groups of a
// rating, to the last digit; day by day too.
func totalsRateTheSame(t *testing.T, m *generator, n *installation) (groups, fewer int) {
	for _, month := range []period.Month{august, september} {
		st := n.state(t, month)
		for range 3 {
			by := m.drawGrouping()
			whole, totals := newTally[money.Decimal](), newTally[money.Decimal]()
			must(t, n.rater.Rate(n.ctx, scope.All(), st, func(g *rating.Group) error {
				groups++
				if g.Charge != nil {
					group(whole, month, g, chargeOf(g.Charge.Source.File, g.Charge.Source.Line), 1)
					return nil
				}
				group(whole, month, g, item(by, g.Entry, g.Variant.Covered, func(n int) string {
					for _, p := range g.TagPairs {
						if strings.EqualFold(p.Key, by.Tags[n]) {
							return p.Value
						}
					}
					return "none"
				}), g.Sum.Rows)
				return nil
			}))
			must(t, n.rater.Totals(n.ctx, scope.All(), st, by, func(g *rating.Group, x *rating.Total) error {
				fewer++
				if g.Charge != nil {
					group(totals, month, g, chargeOf(g.Charge.Source.File, g.Charge.Source.Line), 1)
					return nil
				}
				if by.Daily != g.Span.Contains(x.Day) {
					t.Errorf("a total of %s lies in %v", x.Day, g.Span)
				}
				group(totals, month, g, item(by, g.Entry, g.Variant.Covered, func(n int) string {
					if value, ok := x.TagOf(n); ok {
						return value
					}
					return "none"
				}), g.Sum.Rows)
				return nil
			}))
			report(t, differences(totals.said(), whole.said()))
		}
	}
	return groups, fewer
}

// tallyVisible adds up what a viewer sees of a group.
func tallyVisible(out tally[money.Decimal], by rating.Grouping, viewer rating.Viewer, g *rating.Group, x *rating.Total) {
	at := "charge "
	if g.Charge == nil {
		at = fmt.Sprint(x.Day, " ", item(by, g.Entry, false, func(n int) string {
			value, tagged := x.TagOf(n)
			return fmt.Sprint(value, tagged)
		}))
	} else {
		at += chargeOf(g.Charge.Source.File, g.Charge.Source.Line)
	}
	if viewer.PerCustomer && g.Customer != nil {
		at += g.Customer.Key
	}
	b := g.Base
	out.count(max(g.Sum.Rows, 1), at, "rows")
	out.add(b.Quantity, at, "quantity")
	out.add(b.Cost, at, "cost ", b.Currency)
	out.add(b.CostBeforeCredit, at, "before credit ", b.ListCurrency)
	if b.List != nil {
		out.add(*b.List, at, "list ", b.ListCurrency)
	} else {
		out.count(max(g.Sum.Rows, 1), at, "without a list")
	}
	if g.Unresolved != "" {
		out.count(max(g.Sum.Rows, 1), at, "unresolved")
	}
	for _, s := range g.Steps {
		if s.Edge.Seller == viewer.Organisation {
			out.add(s.Sold.Value, at, "sold ", s.Sold.Currency)
		}
		if s.Edge.Buyer == viewer.Organisation {
			out.add(s.Sold.Value, at, "bought ", s.Sold.Currency)
		}
	}
}

// What views add up in memory before it is multiplied is, whoever looks and whatever they may see of it, the same to the
// last digit as what the store's totals come to one by one.
func viewsAreTheSame(t *testing.T, m *generator, n *installation) (groups, fewer int) {
	held := n.rater
	kept := &answering{RunStore: runs.New(n.rater.Rows.(runs.Source), 1<<26)}
	held.Runs, held.Memory = kept, &rating.Memory{}
	for _, month := range []period.Month{august, september} {
		st := n.state(t, month)
		for range 12 {
			few, many := m.compareViews(t, n, held, st)
			fewer, groups = fewer+few, groups+many
		}
	}
	if kept.passed > 0 {
		t.Errorf("%d questions were passed on to the store", kept.passed)
	}
	return groups, fewer
}

// compareViews makes up a view, and compares what a rater that holds rows in memory yields with what one that asks the store
// does. It returns the number of groups of both.
func (m *generator) compareViews(t *testing.T, n *installation, held rating.Rater, st *rating.State) (fewer, groups int) {
	t.Helper()
	by, looked := m.drawGrouping(), m.drawScope()
	viewer := rating.Viewer{Organisation: m.world.Organisations[m.IntN(len(m.world.Organisations))].ID, PerCustomer: m.in100(50)}
	odd := m.in100(30)
	viewer.Sees = func(g *rating.Group) bool {
		return !odd || g.Charge == nil && len(g.Entry[usage.EntitlementID])%2 == 0 && (g.Unresolved != "" || len(g.Steps) > 1)
	}
	stored, views := newTally[money.Decimal](), newTally[money.Decimal]()
	must(t, n.rater.View(n.ctx, looked, st, by, viewer, func(g *rating.Group, x *rating.Total) error {
		groups++
		tallyVisible(stored, by, viewer, g, x)
		return nil
	}))
	must(t, held.View(n.ctx, looked, st, by, viewer, func(g *rating.Group, x *rating.Total) error {
		fewer++
		tallyVisible(views, by, viewer, g, x)
		return nil
	}))
	report(t, differences(views.said(), stored.said()))
	return fewer, groups
}

// answering counts what is not answered from memory.
type answering struct {
	rating.RunStore
	passed int
}

func (a *answering) Runs(ctx context.Context, s scope.Scope, q usage.Query, r rating.Reading, yield func(int, *rating.Total) error) (bool, error) {
	held, err := a.RunStore.Runs(ctx, s, q, r, yield)
	if !held {
		a.passed++
	}
	return held, err
}

// drawScope makes up what somebody may look at: everything, or some tenants and entitlements on some days.
func (m *generator) drawScope() scope.Scope {
	if m.in100(40) {
		return scope.All()
	}
	var refs []scope.Ref
	for _, o := range m.world.Organisations {
		for _, held := range o.Entitlements {
			if m.in100(40) {
				refs = append(refs, scope.Ref{ID: strings.ToUpper(held.Provider), Days: held.Period})
			}
		}
		if o.Tenant != "" && m.in100(30) {
			r := scope.Ref{ID: o.Tenant}
			if m.in100(50) {
				r.Days.Start = september.Start().AddDays(m.IntN(20))
			}
			refs = append(refs, r)
		}
	}
	return scope.Of("p").WithRefsOf(func() []scope.Ref { return refs })
}
