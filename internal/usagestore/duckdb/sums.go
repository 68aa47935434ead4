package duckdb

import (
	"context"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Sums adds rows exactly per (batch, entry, tag set, variant, span), ordered by entry hash, tag set hash, variant hash,
// span, batch. It yields while DuckDB still reads out its sorted groups; an error of yield ends it and is returned.
func (s *Store) Sums(ctx context.Context, sc scope.Scope, q usage.Query, yield func(usage.Sum) error) error {
	if len(q.Batches) == 0 {
		return nil
	}
	return s.with(ctx, func(c *conn) error {
		if err := c.selectRows(ctx, sc, q.Batches, q.Masks); err != nil {
			return err
		}
		wide, err := c.any(ctx, `FROM wide WHERE batch IN (SELECT batch FROM chosen)`)
		if err != nil {
			return err
		}
		return c.query(ctx, sumsSQL(sc, q, wide), func(r rows) error { return eachSum(r, wide, yield) })
	})
}

// any says whether a table expression has a row.
func (c *conn) any(ctx context.Context, from string) (bool, error) {
	found := false
	err := c.query(ctx, from+` LIMIT 1`, func(rows) error {
		found = true
		return nil
	})
	return found, err
}

// sumsSQL adds up facts first, and only for the groups looks up hashes and whether batch and load belong together. Wide
// literals, which are rare, are added up beside them and joined where there are any.
func sumsSQL(sc scope.Scope, q usage.Query, wide bool) string {
	key := `f.batch, f.entry, f.tag_set, f.variant, ` + span(q.Cuts, "f.day") + ` AS span`
	from := ` FROM %t f WHERE ` + inBatchesSQL(q.Batches) + ` AND ` + within(q.Period, "f.day")
	if !sc.IsAll() {
		from += ` AND ` + visibleSQL(sc, "f.load", "f.entry", "f.day")
	}
	from += notMaskedSQL(q.Masks)
	from += ` GROUP BY f.batch, f.entry, f.tag_set, f.variant, span`
	sql := `WITH g AS (SELECT ` + key + `, any_value(f.load) AS load, count(*) AS n, sum(f.quantity_hi)::HUGEINT AS qh,
		sum(f.quantity_lo)::HUGEINT AS ql, sum(f.cost_hi)::HUGEINT AS ch, sum(f.cost_lo)::HUGEINT AS cl,
		sum(f.pricing_hi)::HUGEINT AS ph, sum(f.pricing_lo)::HUGEINT AS pl` + strings.Replace(from, "%t", "facts", 1) + `)`
	extra, join := ``, ``
	if wide {
		parts := ``
		for i, name := range [...]string{"q", "c", "p"} {
			is := ` FILTER (f.kind = ` + numbers([]uint32{uint32(summed[i])}) + `), 0) AS `
			parts += `, coalesce(sum(f.head)` + is + name + `h, coalesce(sum(f.tail)` + is + name + `t`
			extra += `, coalesce(w.` + name + `h, 0)::HUGEINT, coalesce(w.` + name + `t, 0)::HUGEINT`
		}
		sql += `, w AS (SELECT ` + key + parts + strings.Replace(from, "%t", "wide", 1) + `)`
		join = ` LEFT JOIN w ON w.batch = g.batch AND w.entry = g.entry AND w.tag_set = g.tag_set
			AND w.variant = g.variant AND w.span = g.span`
	}
	return sql + ` SELECT b.load, g.batch, g.entry, g.tag_set, g.variant, coalesce(e.hash, 0) AS eh, coalesce(t.hash, 0) AS th,
			(e.number IS NOT NULL AND v.number IS NOT NULL AND (g.tag_set = 0 OR t.number IS NOT NULL)) AS known,
			g.span, g.n, g.qh, g.ql, g.ch, g.cl, g.ph, g.pl` + extra + `
		FROM g JOIN chosen b ON b.load = g.load AND b.batch = g.batch
		LEFT JOIN entries e ON e.load = b.load AND e.number = g.entry
		LEFT JOIN tag_sets t ON t.load = b.load AND t.number = g.tag_set
		LEFT JOIN variants v ON v.load = b.load AND v.number = g.variant` + join + `
		ORDER BY eh, th, v.hash, g.span, g.batch`
}

// summed are the columns that are added up, in the order in which sumsSQL has them.
var summed = [...]usage.Column{usage.Quantity, usage.BillingPreTaxTotal, usage.PricingPreTaxTotal}

// eachSum yields the groups of one chunk; behind the other columns stand the sums of wide literals, if there are any.
func eachSum(r rows, withWide bool, yield func(usage.Sum) error) error {
	load, batch, entry, tagSet, variant := column[uint32](r, 0), column[uint32](r, 1), column[uint32](r, 2), column[uint32](r, 3), column[uint32](r, 4)
	entryHash, tagHash, known := column[wide128](r, 5), column[wide128](r, 6), column[bool](r, 7)
	spans, n := column[int32](r, 8), column[int64](r, 9)
	var halves, wide [2 * len(summed)][]wide128
	for i := range halves {
		if halves[i] = column[wide128](r, 10+i); withWide {
			wide[i] = column[wide128](r, 10+len(halves)+i)
		}
	}
	amount := func(row, i int) money.Decimal {
		sum := joinHalves(halves[2*i][row].fixed(), halves[2*i+1][row].fixed())
		if !withWide {
			return sum
		}
		return addWide(sum, wide[2*i][row], wide[2*i+1][row])
	}
	for i := range r.n {
		if !known[i] {
			return fault.New(fault.Internal, "usage_dictionary", "load %d has rows of entry %d, tag set %d, variant %d but lacks one of them; nothing was summed: import it again",
				load[i], entry[i], tagSet[i], variant[i])
		}
		x := usage.Sum{
			Load: load[i], Batch: batch[i], Entry: entry[i], TagSet: tagSet[i], Variant: variant[i],
			EntryHash: entryHash[i].hash(), TagHash: tagHash[i].hash(), Span: int(spans[i]), Rows: n[i],
			Quantity: amount(i, 0), Cost: amount(i, 1), Pricing: amount(i, 2),
		}
		if err := yield(x); err != nil {
			return err
		}
	}
	return nil
}

// joinHalves is the sum of amounts whose halves add up to hi and lo; below 10^19 it fits a Fixed again.
func joinHalves(hi, lo money.Fixed) money.Decimal {
	return money.Fixed{Hi: int64(hi.Lo) + lo.Hi, Lo: lo.Lo}.Decimal()
}
