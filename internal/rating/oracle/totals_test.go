package oracle_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// drawGrouping makes up what totals are kept apart by.
func (m *maker) drawGrouping() (by rating.Grouping) {
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

// item is what a grouping tells apart of a group, but its days: those are cut in another way.
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

// Totals that are added up in the store, by whatever grouping, are multiplied to the same amounts as the groups of a
// rating, to the last digit; day by day too.
func TestTotalsRateTheSame(t *testing.T) {
	groups, fewer := 0, 0
	for world := range 4 {
		m := newMaker(20261127, world, 400)
		n, _ := m.build(t, newFired())
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
	}
	if fewer == 0 || groups <= fewer {
		t.Errorf("%d groups rated, %d totals: nothing was shown", groups, fewer)
	}
	t.Logf("%d groups, %d totals", groups, fewer)
}
