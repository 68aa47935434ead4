package invoice

import (
	"context"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Preview rates a state and adds it up to the lines that its documents would have: per edge and line key the exact
// amount, in the edge's currency and not rounded. Nothing is stored. A state with other books shows their effect.
func (v *Service) Preview(ctx context.Context, st *rating.State) (map[*org.Edge]map[string]money.Decimal, Tally, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceRead)
	if err != nil {
		return nil, Tally{}, err
	}
	rater := v.Rater
	rater.Columns = groupedBy(st)
	run, edges := newRun(st), map[*org.Edge]map[placeKey]*money.Decimal{}
	err = rater.Rate(ctx, grant.Scope, st, func(g *rating.Group) error {
		run.count(g, max(g.Sum.Rows, 1), money.Of(g.Base.Cost, g.Base.Currency))
		if g.OwnUse {
			run.tally.ownUse(max(g.Sum.Rows, 1), money.Of(g.Base.Cost, g.Base.Currency))
		}
		if g.Unresolved != "" {
			run.tally.Unresolved += max(g.Sum.Rows, 1)
		}
		for i := range g.Steps {
			s := &g.Steps[i]
			lines := edges[s.Edge]
			if lines == nil {
				lines = map[placeKey]*money.Decimal{}
				edges[s.Edge] = lines
			}
			at := placeKeyOf(g, s.Edge.Terms.Grouping)
			sum := lines[at]
			if sum == nil {
				sum = &money.Decimal{}
				lines[at] = sum
			}
			*sum = sum.Add(s.Sold.Value)
		}
		return nil
	})
	if err != nil {
		return nil, Tally{}, err
	}
	out := map[*org.Edge]map[string]money.Decimal{}
	for e, lines := range edges {
		out[e] = map[string]money.Decimal{}
		for at, sum := range lines {
			key := at.place(e.Terms.Grouping).key()
			out[e][key] = out[e][key].Add(*sum)
		}
	}
	return out, run.tally, nil
}

// groupedBy is the columns that the lines of any edge are grouped by.
func groupedBy(st *rating.State) []usage.Column {
	list := []usage.Column{usage.MeterCategory, usage.ProductName}
	for e := range st.Index.Edges() {
		switch grouping := string(e.Terms.Grouping); {
		case grouping == "resource_group":
			list = append(list, usage.ResourceGroup)
		case strings.HasPrefix(grouping, "tag:"):
			list = append(list, usage.Tags)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// placeKey names a place by its entry: a rating of few columns has one entry for all that do not differ in them. Of tags it
// has the value that is grouped by.
type placeKey struct {
	customer *org.Organisation
	entry    *usage.Entry
	tag      string
	charge   id.Charge
}

func placeKeyOf(g *rating.Group, grouping org.Grouping) placeKey {
	if g.Charge != nil {
		return placeKey{charge: g.Charge.ID}
	}
	at := placeKey{customer: g.Customer, entry: g.Entry}
	if name, ok := strings.CutPrefix(string(grouping), "tag:"); ok {
		at.tag = tagValue(g.TagPairs, name)
	}
	return at
}

func (s placeKey) place(grouping org.Grouping) place {
	if s.charge != "" {
		return place{charge: s.charge}
	}
	p := place{customer: s.customer, subscription: s.entry[usage.EntitlementID], service: s.tag}
	if !strings.HasPrefix(string(grouping), "tag:") {
		p.service = serviceOf(&rating.Group{Entry: s.entry}, grouping)
	}
	return p
}
