package duckdb

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/resource"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

var _ resource.RowStore = (*Store)(nil)

// Resources yields the resources that rows of batches name. The provider writes one resource in several ways: its id and
// its group are the same in any letters, and of what differs between its rows the first in order is taken.
func (s *Store) Resources(ctx context.Context, sc scope.Scope, batches []usage.BatchRef, masks []usage.Mask, yield func(resource.Resource) error) error {
	if len(batches) == 0 {
		return nil
	}
	sql := `WITH g AS (SELECT f.load, f.batch, f.entry, min(f.day) AS first, max(f.day) AS last FROM facts f
			WHERE ` + inBatchesSQL(batches) + ` AND ` + visibleSQL(sc, "f.load", "f.entry", "f.day") + notMaskedSQL(masks) + ` GROUP BY f.load, f.batch, f.entry)
		SELECT min(e.resource_uri), min(e.resource_group), min(e.resource_location), min(e.consumed_service),
			lower(e.customer_id) AS tenant, lower(e.entitlement_id) AS entitlement, min(g.first), max(g.last)
		FROM g JOIN chosen b ON b.load = g.load AND b.batch = g.batch JOIN entries e ON e.load = g.load AND e.number = g.entry
		WHERE e.resource_uri <> '' GROUP BY tenant, entitlement, lower(e.resource_uri)
		ORDER BY tenant, entitlement, lower(min(e.resource_group)), lower(e.resource_uri)`
	return s.with(ctx, func(c *conn) error {
		if err := c.selectRows(ctx, sc, batches, masks); err != nil {
			return err
		}
		return c.query(ctx, sql, func(r rows) error {
			var texts [6][]text128
			for i := range texts {
				texts[i] = column[text128](r, i)
			}
			first, last := column[int32](r, 6), column[int32](r, 7)
			for i := range r.n {
				err := yield(resource.Resource{
					ID: text(texts[0], i), Group: text(texts[1], i), Location: text(texts[2], i), Service: text(texts[3], i),
					Tenant: text(texts[4], i), Entitlement: text(texts[5], i),
					First: period.FromDays(int(first[i])), Last: period.FromDays(int(last[i])),
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}
