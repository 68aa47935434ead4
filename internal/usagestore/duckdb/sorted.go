package duckdb

import (
	"context"
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// SortedRows yields the rows of a batch in the order of entry, tag set, variant and day, after begin was told how many
// there are and the first of their days. What is yielded is only valid until yield returns. Of a load that is not closed there are none, and closed
// is false.
func (s *Store) SortedRows(ctx context.Context, b usage.BatchRef, begin func(rows int64, first period.Date) error, yield func(*rating.Rows) error) (closed bool, err error) {
	where := fmt.Sprintf(`WHERE load = %d AND batch = %d`, b.Load, b.Batch)
	err = s.with(ctx, func(c *conn) error {
		if closed, err = c.any(ctx, fmt.Sprintf(`FROM loads WHERE closed AND number = %d`, b.Load)); err != nil || !closed {
			return err
		}
		err := c.query(ctx, `SELECT count(*), coalesce(min(day), DATE '1970-01-01') FROM facts `+where, func(r rows) error {
			return begin(column[int64](r, 0)[0], period.FromDays(int(column[int32](r, 1)[0])))
		})
		if err != nil {
			return err
		}
		sql := `SELECT entry, tag_set, variant, day, quantity_hi, quantity_lo, cost_hi, cost_lo FROM facts ` + where +
			` ORDER BY entry, tag_set, variant, day`
		return c.query(ctx, sql, func(r rows) error {
			return yield(&rating.Rows{
				Entry: column[uint32](r, 0), TagSet: column[uint32](r, 1), Variant: column[uint32](r, 2), Day: column[int32](r, 3),
				Quantity: fixedColumn(r, 4), Cost: fixedColumn(r, 6),
			})
		})
	})
	return closed, err
}
