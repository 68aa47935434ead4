package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// edges is how many edges every chain of the benchmark's world has.
const edges = 3

// ratesWay writes what each edge charges for each (customer, product, meter) as PostgreSQL can apply it to a line: a
// base column and a factor, with markups of edges above and exchange rates multiplied in. Rates are taken from the
// store that importing the file left.
func ratesWay(ctx context.Context, file, dir, memory string) (result, error) {
	p, err := open(ctx, storeOf(file, dir), memory)
	if err != nil {
		return result{}, err
	}
	defer p.Close()
	st, err := p.state(ctx)
	if err != nil {
		return result{}, err
	}
	f, err := os.Create(filepath.Join(dir, "rates.csv"))
	if err != nil {
		return result{}, err
	}
	defer f.Close()
	out, seen := csv.NewWriter(f), map[string]bool{}
	err = rating.Rater{Rows: p.Rows, Sums: p.Rows}.Rate(ctx, scope.All(), st, func(g *rating.Group) error {
		if g.Variant == nil || g.Variant.Covered {
			return nil // covered usage sells at 0
		}
		record := []string{g.Entry[usage.CustomerID], g.Entry[usage.ProductID], g.Entry[usage.MeterID]}
		key := strings.Join(record, " ")
		if seen[key] {
			return nil
		}
		seen[key] = true
		if len(g.Steps) != edges {
			return fmt.Errorf("a chain of %d edges", len(g.Steps))
		}
		base, factor := "cost", money.FromInt(1)
		for _, s := range g.Steps {
			switch s.Rate.Price.Kind {
			case pricing.CostFactor:
				factor = factor.Mul(s.Rate.Price.Factor)
			case pricing.CostBeforeCreditFactor, pricing.ListFactor:
				base, factor = "before", s.Rate.Price.Factor
			case pricing.UnitPrice:
				base, factor = "quantity", s.Rate.Price.Unit
			default:
				return fmt.Errorf("the benchmark has no %s prices", s.Rate.Price.Kind)
			}
			for _, x := range s.Exchange {
				factor = factor.Mul(x.Rate)
			}
			record = append(record, base, factor.String(), string(s.Sold.Currency))
		}
		return out.Write(record)
	})
	if err != nil {
		return result{}, err
	}
	out.Flush()
	return result{}, out.Error()
}
