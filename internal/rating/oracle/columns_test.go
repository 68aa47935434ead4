package oracle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// groupText is a group as text, with what of its entry is among the columns.
func groupText(g *rating.Group, columns []usage.Column) string {
	var b strings.Builder
	fmt.Fprint(&b, g.Sum, g.Span, g.Excluded, g.Unresolved, g.Ref, g.Base.Cost, g.Base.Currency, g.Base.CostBeforeCredit, g.Base.ListCurrency)
	if g.Customer != nil {
		fmt.Fprint(&b, g.Customer.Key)
	}
	if g.Base.List != nil {
		fmt.Fprint(&b, *g.Base.List)
	}
	if g.Charge != nil {
		fmt.Fprint(&b, *g.Charge)
	}
	for _, c := range columns {
		if g.Entry != nil {
			fmt.Fprint(&b, g.Entry[c])
		}
	}
	for _, s := range g.Steps {
		fmt.Fprint(&b, s.Edge.ID, s.Rate, s.Bought, s.Base, s.Exchange, s.Sold)
	}
	return b.String()
}

// Reading few columns of entries changes nothing about prices; nor does adding up to lines as previews do.
func fewColumnsRateTheSame(t *testing.T, _ *generator, n *installation) (groups, lines int) {
	for _, month := range []period.Month{august, september} {
		st := n.state(t, month)
		columns := []usage.Column{usage.MeterCategory, usage.ResourceGroup}
		var whole, few []string
		sold := map[string]money.Decimal{}
		must(t, n.rater.Rate(n.ctx, scope.All(), st, func(g *rating.Group) error {
			whole = append(whole, groupText(g, columns))
			for _, s := range g.Steps {
				sold[string(s.Edge.ID)] = sold[string(s.Edge.ID)].Add(s.Sold.Value)
			}
			return nil
		}))
		rater := n.rater
		rater.Columns = columns
		must(t, rater.Rate(n.ctx, scope.All(), st, func(g *rating.Group) error {
			few = append(few, groupText(g, columns))
			return nil
		}))
		if !slices.Equal(whole, few) {
			t.Errorf("%s: %d groups by whole entries, %d by few columns, and they differ", month, len(whole), len(few))
		}
		groups += len(whole)
		edges, tally, err := n.Invoices.Preview(n.ctx, st)
		must(t, err)
		for e, list := range edges {
			sum := money.Decimal{}
			for _, d := range list {
				sum = sum.Add(d)
			}
			if lines += len(list); !sum.Equal(sold[string(e.ID)]) {
				t.Errorf("%s: edge %s previews %s and sells %s", month, e.ID, sum, sold[string(e.ID)])
			}
		}
		if len(edges) != len(sold) || tally.Rows == 0 {
			t.Errorf("%s: %d edges of %d, %d rows", month, len(edges), len(sold), tally.Rows)
		}
	}
	return groups, lines
}
